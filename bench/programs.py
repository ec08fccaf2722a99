# SPDX-License-Identifier: GPL-2.0
"""Real programs and what they work on, for benchmarks of recordings and predictions. `work` is how much: 1 takes some seconds and 50 MB each."""
import subprocess

# Numbers, rows, entries, MiB.
WORK = {"sort": 600_000, "sqlite3": 150_000, "python3": 200_000, "bfs": 32, "key_value": 32, "hash_join": 32}
SETUP = {
    "sort": "seq {work} | shuf --random-source={folder}/random > {folder}/numbers",
    "sqlite3": "sqlite3 {folder}/table.db 'create table t(a integer primary key, b int, c text); with recursive n(i) as (select 1 union all "
               "select i + 1 from n where i < {work}) insert into t select i, (i * 7919) % {work}, hex(i * 31) from n;'",
}
COMMANDS = {
    "sort": ["sort", "-n", "--parallel=1", "-S", "{cache}M", "{folder}/numbers", "-o", "{folder}/sorted"],
    "sqlite3": ["sqlite3", "{folder}/table.db", "pragma cache_size = -{cache}000; select sum(x.b * y.a) from t x join t y on x.b = y.a group by "
                "x.a % 7; create temp table u as select * from t order by c; select count(*) from u;"],
    "python3": ["/usr/bin/python3", "-c", "d = {(i * 7919) % 200003: str(i) for i in range({work})}\nprint(sum(len(d[k]) for k in sorted(d)))"],
    "bfs": ["{build}/bench/workloads/bfs", "--size", "{work}MiB", "--seed", "1"],
    "key_value": ["{build}/bench/workloads/key_value", "--size", "{work}MiB", "--seed", "1"],
    "hash_join": ["{build}/bench/workloads/hash_join", "--size", "{work}MiB", "--seed", "1"],
}
# MiB that a program is told it may use.
CACHE = {"sort": 40, "sqlite3": 20}
ENVIRONMENT = {"LC_ALL": "C", "PYTHONHASHSEED": "0"}


def prepared(name, folder, build, work):
    """The command of a program, whose input is made in `folder`."""
    def filled(text):
        values = {"work": int(WORK[name] * work), "cache": int(CACHE.get(name, 0) * max(work, 1)), "folder": folder, "build": build}
        for key, value in values.items():
            text = text.replace("{" + key + "}", str(value))
        return text

    (folder / "random").write_bytes(bytes(range(256)) * 40_000)
    if name in SETUP:
        subprocess.run(filled(SETUP[name]), shell=True, check=True)
    return [filled(word) for word in COMMANDS[name]]
