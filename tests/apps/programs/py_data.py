# SPDX-License-Identifier: GPL-2.0
"""Dictionaries, sorting, big strings and garbage collection; prints checksums."""
import gc
import hashlib
import random

generator = random.Random(42)
table = {generator.randrange(1 << 40): str(index) for index in range(120_000)}
for key in [key for key in table if key % 5 == 0]:
    del table[key]
ordered = sorted(table.items(), key=lambda item: (item[1], item[0]))
print(len(ordered), hashlib.sha256(repr(ordered).encode()).hexdigest())

blocks = [bytes([index % 256]) * 5000 for index in range(2000)]
generator.shuffle(blocks)
print(hashlib.sha256(b"".join(blocks)).hexdigest())

rings = []
for _ in range(20_000):
    ring = []
    ring.append(ring)
    rings.append(ring)
rings.clear()
ring = None
print(gc.collect() >= 20_000, sum(len(value) for value in table.values()))
