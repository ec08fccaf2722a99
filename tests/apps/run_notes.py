# SPDX-License-Identifier: GPL-2.0
"""What `dime run` says of what it cannot do: an emulated program that starts `dime run`, a core dump, sanitizers, a filter that holds for the
agent; and `dime status` of files that are no control blocks."""
import os
import resource
import shutil
import subprocess

import dime_test


def nested():
    run = dime_test.start_emulated([dime_test.DIME, "run", "--", "true"], "100%").wait()
    dime_test.equal(run.status, 125, f"status of dime run inside of a program ({run.err})")
    lines = [line for line in run.err.splitlines() if "emulated already" in line]
    dime_test.check(len(lines) == 1 and lines[0].startswith("dime: error: "), f"not one line of error: {run.err}")


def core_dump():
    resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY,) * 2)
    command = ["/usr/bin/python3", "-c", "import os; block = bytearray(1 << 20); os.abort()"]
    child = os.spawnvp(os.P_NOWAIT, command[0], command)
    _, status = os.waitpid(child, 0)
    run = dime_test.emulated(command, "25%")
    dime_test.equal(run.status, 134, "status of a program that aborts")
    dime_test.equal("zeros in the core dump" in run.err, os.WCOREDUMP(status), f"a note where there is a core dump ({run.err})")


def emulated(*command, **environment):
    words = [dime_test.DIME, "run", "--local", "100%", *dime_test.UNDELAYED, "--", *command]
    return dime_test.start(words, env={**os.environ, **environment}).wait()


def sanitizers():
    source = dime_test.scratch / "sanitized.c"
    source.write_text("int main(void) { return 0; }")
    program = dime_test.scratch / "sanitized"
    build = ["gcc", "-fsanitize=address", source, "-o", program]
    if not shutil.which("gcc") or subprocess.run(build, stderr=subprocess.DEVNULL, check=False).returncode:
        print("no AddressSanitizer here")
        return
    run = emulated(program, ASAN_OPTIONS="detect_leaks=0")
    dime_test.equal(run.status, 125, "status where AddressSanitizer does not start")
    dime_test.check("verify_asan_link_order=0" in run.err, f"what lets it start is not named: {run.err}")
    dime_test.check("LeakSanitizer" not in run.err, f"a note of what is off: {run.err}")
    run = emulated(program, ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0")
    dime_test.equal((run.status, "Sanitizer" in run.err), (0, False), f"status and notes of a program that was told ({run.err})")
    run = emulated("sh", "-c", "exit 3", LSAN_OPTIONS="")
    dime_test.equal((run.status, "Sanitizer" in run.err), (3, False), "status and notes of a plain program")
    lines = emulated(program).err.splitlines()
    dime_test.equal(len([line for line in lines if "looks for leaks" in line and "detect_leaks=0" in line]), 1, f"notes in {lines}")


def filtered():
    if dime_test.FAULT_PATH != "thread":
        return
    run = dime_test.emulated([dime_test.PROGRAMS / "process_edges", "here", "few-calls-all"], "64p")
    dime_test.equal(run.status, 159, "status of a program whose filter holds for the agent's thread")
    dime_test.check("use --fault-path inline" in run.err, f"the summary does not say what helps: {run.err}")


def no_block():
    path = dime_test.runtime / f"dime-{os.geteuid()}-7"
    path.write_bytes(b"short")
    run = dime_test.dime("status")
    path.unlink()
    dime_test.equal((run.status, run.out), (0, b"no instances\n"), "status")
    dime_test.check(str(path) in run.err and len(run.err.splitlines()) == 1, f"not one line about what was left out: {run.err}")


def test():
    nested()
    sanitizers()
    filtered()
    no_block()
    os.chdir(dime_test.scratch)
    core_dump()


if __name__ == "__main__":
    dime_test.main(test)
