# SPDX-License-Identifier: GPL-2.0
"""attach_programs.py LOCAL: Python, sqlite3 and redis-server are attached to in the middle of their work, and detached; their answers
are as natively, and they run on.
"""
import subprocess
import sys

import dime_test
from redis_server import Redis

PYTHON = """
import hashlib, sys
table = {}
for line in sys.stdin:
    first, count = map(int, line.split())
    for number in range(first, first + count):
        table[number * 7919 % 1000003] = [number, str(number) * 3]
    digest = hashlib.sha256(repr(sorted(table.items())).encode()).hexdigest()
    print(digest, flush=True)
"""


class Emulated:
    """Emulation of a running process for the life of a block."""

    def __init__(self, pid, local):
        self.pid = pid
        self.local = local

    def __enter__(self):
        run = dime_test.dime("attach", "-p", self.pid, "--local", self.local, *dime_test.UNDELAYED)
        dime_test.equal(run.status, 0, f"status of attach ({run.err})")

    def __exit__(self, *_):
        run = dime_test.dime("detach", "-p", self.pid)
        dime_test.equal(run.status, 0, f"status of detach ({run.err})")
        dime_test.equal(dime_test.instances(), [], "instances after detach")


class Talker:
    """A program that answers lines."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().decode().strip()

    def finish(self):
        self.process.stdin.close()
        dime_test.equal(self.process.wait(), 0, "status of the program")


def python(local):
    count = dime_test.machine.work(12_000)
    questions = [f"{first} {count}" for first in range(0, 6 * count, count)]
    native = Talker([sys.executable, "-c", PYTHON])
    expected = [native.ask(question) for question in questions]
    native.finish()
    program = Talker([sys.executable, "-c", PYTHON])
    answers = [program.ask(questions[0])]
    for part in (questions[1:3], questions[3:5]):
        with Emulated(program.process.pid, local):
            answers += [program.ask(question) for question in part]
    answers.append(program.ask(questions[5]))
    dime_test.equal(answers, expected, "digests of Python's table")
    program.finish()


def sqlite(local):
    program = Talker(["sqlite3", ":memory:"])
    rows = f"WITH RECURSIVE n(i) AS (VALUES(1) UNION ALL SELECT i + 1 FROM n WHERE i < {dime_test.machine.work(30_000)})"
    insert = f"INSERT INTO item {rows} SELECT NULL, i * 7919 % 10007, hex(i * 104729) FROM n; SELECT count(*), sum(kind) FROM item;"
    program.process.stdin.write(b"CREATE TABLE item(id INTEGER PRIMARY KEY, kind INT, label TEXT); CREATE INDEX k ON item(kind, label);\n")
    first = program.ask(insert)
    with Emulated(program.process.pid, local):
        second = program.ask(insert)
        dime_test.equal(program.ask("PRAGMA integrity_check;"), "ok", "integrity_check under emulation")
    count, total = map(int, first.split("|"))
    dime_test.equal(second, f"{2 * count}|{2 * total}", "sums after the second insert")
    dime_test.equal(program.ask("PRAGMA integrity_check;"), "ok", "integrity_check after detach")
    program.finish()


def redis(local):
    server = Redis("attached")
    server.load(dime_test.machine.work(20_000))
    digest = server.digest()
    for _ in range(3):
        with Emulated(server.server.pid, local):
            dime_test.equal(server.digest(), digest, "digest under emulation")
            bench = server.benchmark(dime_test.machine.work(5_000), "get,ping")
            dime_test.equal(bench.wait().status, 0, "status of redis-benchmark")
        dime_test.equal(server.digest(), digest, "digest after detach")
    server.shutdown()


def test(local):
    dime_test.requires("sqlite3", "redis-server")
    python(local)
    sqlite(local)
    redis(local)


if __name__ == "__main__":
    dime_test.main(test)
