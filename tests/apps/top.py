# SPDX-License-Identifier: GPL-2.0
"""`dime top` in a terminal of tmux: what it shows, keys that change an instance, a small window, no colours, no terminal. Some 6 s."""
import json
import subprocess

import dime_test

SOCKET = dime_test.scratch / "tmux"


def tmux(*words):
    done = subprocess.run(["tmux", "-S", SOCKET, "-f", "/dev/null", *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False)
    return done.stdout


def screen():
    return tmux("capture-pane", "-p", "-t", "top")


def wait_for(text):
    dime_test.wait_until(lambda: text in screen(), f"'{text}' on the screen")


def keys(*words):
    tmux("send-keys", "-t", "top", *words)


def config():
    return json.loads(dime_test.dime("status", "--json").out)["instances"][0]["config"]


def any_came_in():
    """A line of the heat: begin, local, away, pages that came a second."""
    lines = [line.split("[")[0].split() for line in screen().splitlines() if line.endswith("(anonymous)")]
    return any(int(line[-1]) > 0 for line in lines)


def watch():
    tmux("new-session", "-d", "-s", "top", "-x", 80, "-y", 24,
         f"TERM=vt100 {dime_test.DIME} top --interval 200ms; echo ended with $?; sleep 100")
    wait_for("latency 200 us")
    wait_for("alternate")
    dime_test.wait_until(lambda: "remote/s       0.00" not in screen(), "remote accesses")

    keys("h")
    wait_for("where its pages come in")
    dime_test.wait_until(any_came_in, "pages that come in")
    keys("h")
    wait_for("stalled ")

    keys("l")
    wait_for("--latency (such as")
    keys("300us", "Enter")
    wait_for("--latency 300us: done")
    dime_test.equal(config()["latency_ns"], 300_000, "latency")

    keys("l")
    keys("soon", "Enter")
    wait_for("--latency soon:")
    dime_test.equal(config()["latency_ns"], 300_000, "latency after a bad one")

    keys("m")
    keys("20p", "Enter")
    wait_for("local pages become remote: y")
    keys("n")
    wait_for("nothing was changed")
    dime_test.equal(config()["local_npages"], 300, "local pages after a no")
    keys("m")
    keys("20p", "Enter")
    wait_for("local pages become remote: y")
    keys("y")
    wait_for("--local 20p: done")
    dime_test.equal(config()["local_npages"], 20, "local pages after a yes")

    tmux("resize-window", "-t", "top", "-x", 50, "-y", 10)
    wait_for("0: local 20 pages")
    dime_test.check(all(len(line) <= 50 for line in screen().splitlines()), screen())
    keys("q")
    wait_for("ended with 0")


def test():
    dime_test.requires_emulation()
    dime_test.requires("tmux")
    refused = dime_test.dime("top")
    dime_test.equal(refused.status, 2, "status without a terminal")
    dime_test.check(refused.err.startswith("dime: error: dime top needs a terminal"), refused.err)
    program = dime_test.start_emulated([dime_test.PROGRAMS / "alternate", 1000, 100_000], "300p",
                                       ("--latency", "200us", "--bandwidth", "10Gbit/s"))
    try:
        dime_test.wait_until(lambda: json.loads(dime_test.dime("status", "--json").out)["instances"], "the instance")
        watch()
    finally:
        tmux("kill-server")
        program.process.terminate()
        program.wait()


if __name__ == "__main__":
    dime_test.main(test)
