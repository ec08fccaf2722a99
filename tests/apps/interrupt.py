# SPDX-License-Identifier: GPL-2.0
"""Ctrl-C on a terminal ends the program, and the summary is still printed; SIGTERM sent to dime alone reaches the program."""
import os
import pty
import signal
import sys

import dime_test

PROGRAM = "import time; block = bytearray(8 << 20); print('ready', flush=True); time.sleep(100)"


def summary_is_in(text):
    return "remote" in text and "local" in text


def on_terminal():
    result = dime_test.scratch / "interrupted.json"
    command = [dime_test.DIME, "run", "--local", "25%", *dime_test.UNDELAYED, "--json", result, "--", sys.executable, "-c", PROGRAM]
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(dime_test.DIME, dime_test.prepared(command))
    seen = b""
    while b"ready" not in seen:
        seen += os.read(terminal, 1000)
    os.write(terminal, b"\x03")
    try:
        while part := os.read(terminal, 1000):
            seen += part
    except OSError:
        pass  # the terminal reports EIO when its last user is gone
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    text = seen.decode(errors="replace")
    dime_test.check(status in (130, -signal.SIGINT), f"status {status} after Ctrl-C:\n{text}")
    dime_test.check(summary_is_in(text), f"no summary after Ctrl-C:\n{text}")
    dime_test.check(result.exists(), "no result after Ctrl-C")


def by_signal():
    started = dime_test.start_emulated([sys.executable, "-c", PROGRAM])
    dime_test.wait_until(lambda: b"ready" in started.out_path.read_bytes(), "the program")
    started.process.send_signal(signal.SIGTERM)
    run = started.wait()
    dime_test.equal(run.status, 128 + signal.SIGTERM, "status after SIGTERM to dime")
    dime_test.check(summary_is_in(run.err), f"no summary after SIGTERM:\n{run.err}")


def test():
    on_terminal()
    by_signal()


if __name__ == "__main__":
    dime_test.main(test)
