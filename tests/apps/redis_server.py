# SPDX-License-Identifier: GPL-2.0
"""A redis-server on a Unix socket in the scratch folder, native or emulated."""
import subprocess

import dime_test


class Redis:
    def __init__(self, name, local=None):
        dime_test.requires("redis-server", "redis-cli", "redis-benchmark")
        self.folder = dime_test.scratch / name
        self.folder.mkdir(exist_ok=True)
        self.socket = self.folder / "socket"
        command = ["redis-server", "--port", "0", "--unixsocket", self.socket, "--dir", self.folder, "--save", "",
                   "--enable-debug-command", "yes"]
        self.server = dime_test.start_emulated(command, local) if local else dime_test.start(command)
        dime_test.wait_until(self.answers, f"redis-server: {self.server.err_path.read_text()} {self.server.out_path.read_text()}")

    def answers(self):
        dime_test.check(self.server.process.poll() is None, f"redis-server ended: {self.server.err_path.read_text()}")
        return self.socket.exists() and self.cli("ping", check=False) == "PONG"

    def cli(self, *words, check=True):
        run = subprocess.run(["redis-cli", "-s", str(self.socket), *map(str, words)], stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, check=check)
        return run.stdout.decode(errors="replace").strip()

    def load(self, keys):
        """Deterministic content: strings, hashes, lists and sets."""
        script = ("for i = 1, tonumber(ARGV[1]) do redis.call('set', 'string:' .. i, string.rep(i .. ':', 40));"
                  " redis.call('hset', 'hash:' .. i % 500, 'field' .. i, i * 7); redis.call('rpush', 'list:' .. i % 300, i);"
                  " redis.call('sadd', 'set:' .. i % 200, i) end return 'done'")
        for _ in range(2):
            dime_test.equal(self.cli("eval", script, 0, keys), "done", "loading")

    def benchmark(self, requests, tests="set,get,incr,lpush,hset,mset"):
        """Starts redis-benchmark; its seed is fixed, but the interleaving of its clients is not."""
        return dime_test.start(["redis-benchmark", "-s", self.socket, "-n", requests, "-r", 10000, "-d", 500, "-c", 20, "-t", tests,
                                "--csv"])

    def digest(self):
        return self.cli("debug", "digest")

    def shutdown(self):
        self.cli("shutdown", "nosave", check=False)
        run = self.server.wait()
        dime_test.equal(run.status, 0, f"status of redis-server ({run.err[-2000:]})")
        return run
