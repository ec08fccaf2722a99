# SPDX-License-Identifier: GPL-2.0
"""Bad command lines: each ends with status 2 or 125 and one line of error, without control characters, and leaves nothing.

What happens to be right may run: then the program is /bin/true, and the status 0.
"""
import os
import subprocess

from fuzz_test import dime_test, judge, main, randomly, rounds

NUMBERS = ["0", "-1", "-0", "+1", "1e309", "-1e309", "NaN", "inf", "-inf", "0x10", "1_000", "٣us", "１０us", "9223372036854775808",
           "18446744073709551616", "9" * 26, "1e-400", ".", "", "-", "--", "%", "25%%", "101%", "-5%", "0.001%", "1 us x", "10uss", "10US", "61s",
           "1e9s", "0p", "-1p", "1.5p", "18446744073709551616p", "5000000000000GiB", "0B", "1TiBB", "0Gbit/s", "-1Gbit/s", "1e308Gbit/s", "40Gbps",
           "unlimitedx", "\x01", "a\nb", "\u202e10us", "10us\n", "%s%n", "{0}", "'", '"', "\\", "$(id)", "A" * 5000, "0" * 1000 + "x", "../..",
           "\x1b[31m10us"]
WORDS = {
    "--local": NUMBERS, "--latency": NUMBERS, "--bandwidth": NUMBERS, "--seed": NUMBERS, "--outage-max": NUMBERS, "--instance": NUMBERS,
    "--policy": ["nope", "fifo\n", "", "FIFO", "a" * 33, "../x", "fifo random", "-", "%s", "fifo,x=1", "s3-fifo,small=", "s3-fifo,small=101%"],
    "--preset": ["nope", "", "..", "a" * 1000, "\n"],
    "--jitter": ["", "normal", "normal,", "normal,-1us", "normal,1us,corr=101%", "gauss,1us", "table:", "table:/nonexistent", "table:/", "table:/dev/zero",
                 ",,,,", "normal,1e309us", "none,1us"],
    "--fetch-times": ["", "/nonexistent", "/", "/dev/zero", "4096:1"],
    "--at": ["", "10s", "10s,down", "x down", "-1s down", "10s latency=", "10s latency=61s", "1e309s down", "10s up down", "NaN down"],
    "--link": ["", "a/b", "..", "a" * 64, "a b", "\n", "é", "link;x"],
    "--wait": ["", "SPIN", "x"], "--engine": ["", "USER", "user,kernel"], "--fault-path": ["", "INLINE", "both"],
    "--json": ["", "/", "/nonexistent/x", "/proc/x", "a" * 300, "--local"],
    "--tier": ["", "far", "far:", "far: latency=", "far: latency=61s", "far: local=0", "local: latency=1us", ": latency=1us", "far: x=1",
               "a" * 32 + ": latency=1us", "far: latency=1us,,", "far: local=101%", "far: bandwidth=1e309Gbit/s"],
    "--place": ["", "heap", "heap:", "heap: nosuch", "size>=: local", "range=0x2000-0x1000: local", "name=: local", "name=" + "a" * 96 + ": local",
                "comm=" + "a" * 16 + ": local", "size>=99999999999999999999GiB: local"],
    "--config": ["", "/", "/nonexistent", "/dev/zero", "bad-0.toml", "bad-1.toml", "bad-2.toml", "bad-3.toml"],
}
FILES = ["local = ", "nosuch = 1", "[tier]\nx=1", "[[place]]\nwhat=1\ntier=\"x\"", "x = " + "[" * 10000]
GOOD = [[], ["--local", "50%"], ["--latency", "100us"], ["--allow-floor"], ["--no-follow"], ["--policy", "random"], ["--seed", "5"]]
STRINGS = ["", "x", "instance_id", "instance_id=", "instance_id=-1", "instance_id=4294967296", "latency_ns=1", "instance_id=0 latency_ns=",
           "instance_id=0 latency_ns=60000000001", "instance_id=0 local_npages=0", "instance_id=0 local_npages=5 pid=0",
           "instance_id=0 local_npages=5 pid=1,,2", "instance_id=0 local_npages=5 policy=nope", "instance_id=0 local_npages=5 link=../x",
           "instance_id=0 local_npages=5 jitter=x", "instance_id=0 local_npages=5 fetch_times=1:2,1:3", "instance_id=0 remove=1",
           "instance_id=0 local_npages=5 schedule=20s:down;10s:up", "instance_id=0\nlocal_npages=x", "instance_id=0 " + "a=1 " * 20000, "=", "é=1",
           "instance_id=0 \x01=1"]
PIDS = ["", "0", "-1", "1,", "x", ",", "1,,2", "4294967297", "9" * 20, "99999999", "1-2", "٣", "0x1", "-"]
OTHERS = [[], [""], ["nosuch"], ["-"], ["--"], ["--", "true"], ["--nosuch"], ["RUN"], ["run", "run", "--", "true"], ["a" * 100000], ["run"],
          ["run", "--local"], ["run", "--"], ["policies", "x"], ["doctor", "--nosuch"], ["status", "--json=x", "y"], ["calibrate", "x"]]


def bad_option():
    name = randomly.choice(list(WORDS))
    return [name, randomly.choice(WORDS[name])]


def mutated():
    """A good line with some bytes of one word changed."""
    words = list(randomly.choice([["run", "--local", "25%", "--latency", "100us", "--bandwidth", "10Gbit/s", "--", "/bin/true"],
                                  ["config", "instance_id=0 latency_ns=1000 bandwidth_bps=1000 pid=99999999"],
                                  ["set", "--instance", "0", "--latency", "50us"]]))
    # Not the program's name: what it would be then is nobody's fault.
    place = randomly.randrange(1, len(words) - (words[0] == "run"))
    word = bytearray(words[place].encode())
    for _ in range(randomly.randint(1, 4)):
        what = randomly.random()
        if what < 0.4 and word:
            word[randomly.randrange(len(word))] = randomly.randint(1, 255)
        elif what < 0.7:
            word.insert(randomly.randint(0, len(word)), randomly.randint(1, 255))
        elif word:
            del word[randomly.randrange(len(word))]
    words[place] = bytes(word)
    return words


def line():
    what = randomly.random()
    if what < 0.45:
        words = ["run", *randomly.choice(GOOD)]
        for _ in range(randomly.randint(1, 3)):
            words += bad_option()
        return [*words, *randomly.choice(GOOD), "--", "/bin/true"]
    if what < 0.55:
        return ["set", *randomly.choice(GOOD), *bad_option()]
    if what < 0.65:
        return [randomly.choice(["attach", "detach"]), "-p", randomly.choice(PIDS), *randomly.choice(GOOD)]
    if what < 0.82:
        return ["config", randomly.choice(STRINGS)]
    return randomly.choice(OTHERS) if what < 0.87 else mutated()


def test():
    for number, text in enumerate(FILES):
        (dime_test.scratch / f"bad-{number}.toml").write_text(text)
    for _ in rounds():
        words = [word if isinstance(word, bytes) else word.encode() for word in line()]
        shown = [word[:200] for word in words]
        done = subprocess.run([os.fsencode(dime_test.DIME), *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              cwd=dime_test.scratch, check=False)
        said = done.stderr
        # A changed option may become the program's name, which then cannot be found or executed.
        program = said.startswith(b"dime: error: program '")
        judge(done.returncode in ((126, 127) if program else (0, 1, 2, 125)), f"status {done.returncode} of {shown}: {said[-1000:]}")
        if done.returncode:
            lines = said.decode(errors="replace").splitlines()
            judge(sum(text.startswith("dime: error: ") for text in lines) == 1, f"not one line of error of {shown}: {said[-1000:]}")
            judge(all(text.startswith("dime: ") for text in lines), f"other lines of {shown}: {said[-1000:]}")
            judge(not any(byte < 0x20 and byte != 0x0A or byte == 0x7F for byte in said), f"control characters of {shown}: {said[-1000:]}")
            judge(len(said) < 4000, f"a long line of {shown}")
        if dime_test.instances():
            # A configuration string that happens to be right makes an instance, which is to be removed.
            judge(words[0] == b"config" and done.returncode == 0, f"instances left of {shown}: {dime_test.instances()}")
            for name in dime_test.instances():
                dime_test.dime("config", f"instance_id={name.rsplit('-', 1)[1]} remove=1")


if __name__ == "__main__":
    main(test)
