# SPDX-License-Identifier: GPL-2.0
"""sqlite.py LOCAL: an in-memory SQLite database answers many queries as natively, and passes integrity_check."""
import dime_test
from limits import check_limit

SCRIPT = """
PRAGMA temp_store = MEMORY;
CREATE TABLE item (id INTEGER PRIMARY KEY, kind INTEGER, weight INTEGER, label TEXT);
WITH RECURSIVE row(id, value) AS (
  VALUES (1, 12345) UNION ALL SELECT id + 1, (value * 1103515245 + 12345) % 2147483648 FROM row WHERE id < ROWS)
INSERT INTO item SELECT id, value % 97, value % 10007, printf('item-%08x-%s', value, hex(value * 7919)) FROM row;
CREATE INDEX by_kind ON item (kind, weight);
CREATE INDEX by_label ON item (label);
SELECT count(*), sum(weight), min(label), max(label) FROM item;
SELECT kind, count(*), sum(weight), max(label) FROM item GROUP BY kind ORDER BY kind;
SELECT a.id, b.id FROM item a JOIN item b ON a.label = b.label AND a.id < b.id ORDER BY 1, 2 LIMIT 50;
UPDATE item SET weight = weight + kind WHERE kind % 3 = 1;
DELETE FROM item WHERE kind = 5;
SELECT count(*), sum(weight * kind) FROM item;
SELECT label FROM item ORDER BY label DESC LIMIT 500;
"""


def test(local):
    dime_test.requires("sqlite3")
    queries = "".join(f"SELECT id, weight FROM item WHERE kind = {n % 97} AND weight > {n * 13 % 9000} ORDER BY weight, id LIMIT 5;\n"
                      for n in range(dime_test.machine.work(3000)))
    script = dime_test.scratch / "script.sql"
    script.write_text(SCRIPT.replace("ROWS", str(dime_test.machine.work(60_000))) + queries + "PRAGMA integrity_check;\n")
    command = ["sqlite3", ":memory:", f".read {script}"]
    expected = dime_test.native(command)
    dime_test.check(expected.out.endswith(b"ok\n"), f"the native run failed: {expected.err}")
    run = dime_test.emulated(command, local)
    dime_test.same(expected, run)
    check_limit(local, run)
    print(f"native {expected.seconds:.2f} s, emulated {run.seconds:.2f} s, {run.result['faults']}")


if __name__ == "__main__":
    dime_test.main(test)
