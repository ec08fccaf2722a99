# SPDX-License-Identifier: GPL-2.0
"""attach_forks.py LOCAL: a shell is attached to while it forks and executes programs all the time; its children become members of the
same instance, and its output is as natively.
"""
import dime_test

# Children see the shell's large variable by fork, and programs by pipe.
SCRIPT = """
lines=$(seq 1 8000)
for round in $(seq 1 "$1"); do
  sum=$(echo "$lines" | tail -n "$round" | md5sum)
  (copy="$lines$round"; echo "$copy" | md5sum | cut -c1-8)
  echo "$round $sum"
  # Goes on forking for as long as the attaching takes.
  while [ "$round" = 5 ] && ! [ -e "$2" ]; do (:); /bin/true; done
done
"""


def is_member(pid):
    listed = dime_test.json.loads(dime_test.dime("status", "--json").out)["instances"]
    return any(member["pid"] == pid and member["state"] == "active" for one in listed for member in one["members"])


def test(local):
    attached = dime_test.scratch / "attached"
    command = ["bash", "-c", SCRIPT, "bash", 40]
    native = dime_test.native([*command, "/"])
    shell = dime_test.start([*command, attached])
    dime_test.wait_until(lambda: shell.out_path.read_bytes().count(b"\n") > 3, "the first rounds")
    watching = dime_test.start([dime_test.DIME, "attach", "-p", shell.pid, "--local", local, "--json", "result.json", *dime_test.UNDELAYED])
    dime_test.wait_until(lambda: is_member(shell.pid) or watching.process.poll() is not None, "the shell to be a member")
    attached.touch()
    end = watching.wait()
    dime_test.equal(end.status, 0, f"status of attach ({end.err})")
    run = shell.wait()
    dime_test.equal((run.status, run.out), (native.status, native.out), f"the shell's end ({run.err[-1000:]})")
    result = dime_test.json.loads((dime_test.scratch / "result.json").read_text())
    dime_test.check(len(result["processes"]) > 3, f"no child became a member: {result['processes']}")


if __name__ == "__main__":
    dime_test.main(test)
