# SPDX-License-Identifier: GPL-2.0
"""py_data.py PERCENT: dictionaries, sorting, big strings and garbage collection; prints checksums."""
import gc
import hashlib
import random
import sys

percent = int(sys.argv[1])
generator = random.Random(42)
table = {generator.randrange(1 << 40): str(index) for index in range(1200 * percent)}
for key in [key for key in table if key % 5 == 0]:
    del table[key]
ordered = sorted(table.items(), key=lambda item: (item[1], item[0]))
print(len(ordered), hashlib.sha256(repr(ordered).encode()).hexdigest())

blocks = [bytes([index % 256]) * 5000 for index in range(20 * percent)]
generator.shuffle(blocks)
print(hashlib.sha256(b"".join(blocks)).hexdigest())

rings = []
for _ in range(200 * percent):
    ring = []
    ring.append(ring)
    rings.append(ring)
rings.clear()
ring = None
print(gc.collect() >= 200 * percent, sum(len(value) for value in table.values()))
