# SPDX-License-Identifier: GPL-2.0
"""Whatever happens to the outputs of `dime run`, the program's exit status and the result survive: closed pipes, full devices, closed
descriptors, and limits of file sizes. The result goes nowhere that somebody else has prepared.
"""
import json
import os
import subprocess

import dime_test

PROGRAM = ["python3", "-c", "import sys; data = list(range(200000)); sys.exit(4)"]


def run(shell, **environment):
    result = dime_test.scratch / "result.json"
    result.unlink(missing_ok=True)
    command = [dime_test.DIME, "run", "--local", "50%", *dime_test.UNDELAYED, "--json", result, "--", *PROGRAM]
    done = subprocess.run(["/bin/bash", "-c", shell, "bash", *map(str, dime_test.prepared(command))], timeout=100,
                          stdin=subprocess.DEVNULL, env={**os.environ, **environment}, capture_output=True, check=False)
    return done, result


def survives(shell):
    done, result = run(shell)
    dime_test.equal(done.returncode, 4, f"status with {shell} ({done.stderr})")
    dime_test.equal(json.loads(result.read_text())["exit_status"], 4, f"exit_status in the result with {shell}")


def standard_descriptors_stay_closed():
    """The program finds closed what the caller closed; nothing of dime's is in its place."""
    look = 'import os; os.write(9, b"".join(b"%d " % fd for fd in range(3) if os.path.exists(f"/proc/self/fd/{fd}")))'
    out = dime_test.scratch / "descriptors"
    for closed, kept in (("<&-", b"1 2 "), (">&-", b"0 2 "), ("<&- >&- 2>&-", b"")):
        command = [dime_test.DIME, "run", "--local", "50%", *dime_test.UNDELAYED, "--", "/usr/bin/python3", "-c", look]
        subprocess.run(["/bin/bash", "-c", f'exec "$@" {closed} 9>{out}', "bash", *map(str, dime_test.prepared(command))],
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=100, check=False)
        dime_test.equal(out.read_bytes(), kept, f"descriptors of the program with {closed}")


def commands_say_that_nobody_got_their_output():
    done = subprocess.run(["/bin/bash", "-c", '"$@" >/dev/full', "bash", str(dime_test.DIME), "status", "--json"], check=False, timeout=60)
    dime_test.equal(done.returncode, 1, "status of dime status > /dev/full")


def results_wait_for_nobody():
    fifo = dime_test.scratch / "fifo"
    os.mkfifo(fifo)
    command = [dime_test.DIME, "run", "--local", "50%", *dime_test.UNDELAYED, "--json", fifo, "--", *PROGRAM]
    done = subprocess.run(list(map(str, dime_test.prepared(command))), timeout=100, stdin=subprocess.DEVNULL, capture_output=True,
                          check=False)
    dime_test.equal(done.returncode, 4, f"status with a FIFO that nobody reads ({done.stderr})")
    dime_test.check(b"--json" in done.stderr, f"not said: {done.stderr}")


def test():
    for shell in ('"$@" 2>&1 | true; exit ${PIPESTATUS[0]}', '"$@" 2>/dev/full', '"$@" >/dev/full 2>&1', '"$@" <&- >&- 2>&-', '"$@" 2>&-'):
        survives(shell)
    standard_descriptors_stay_closed()
    commands_say_that_nobody_got_their_output()
    results_wait_for_nobody()
    done, _ = run('ulimit -f 0; exec "$@"')
    dime_test.check(done.returncode in (4, 125) and (done.returncode == 4 or b"dime: error: " in done.stderr),
                    f"with ulimit -f 0: {done.returncode} {done.stderr}")
    done, _ = run('ulimit -s 256; exec "$@"')
    dime_test.equal(done.returncode, 4, f"status with ulimit -s 256 ({done.stderr})")


if __name__ == "__main__":
    dime_test.main(test)
