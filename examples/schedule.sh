#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A network that gets slow after a second, fails a second later, and is back soon after: how many pages does a program that goes
# round 3000 of them touch in each half second? During the outage it waits, and loses nothing.
set -eu
program='import time
block = bytearray(3000 * 4096)
begin = time.monotonic()
touched = [0] * 8
while (now := time.monotonic() - begin) < 3.9:
    for page in range(0, len(block), 30 * 4096):
        for neighbour in range(page, page + 30 * 4096, 4096):
            block[neighbour] = 1
        touched[min(int((time.monotonic() - begin) * 2), 7)] += 30
for half_second in range(8):
    print(f"{half_second / 2:.1f} s: {touched[half_second]} pages")
assert all(block[page] == 1 for page in range(0, len(block), 4096))'

dime run --local 2500p --latency 100us --jitter lognormal,20us,corr=25% --seed 1 --allow-floor \
  --at 1s latency=400us,bandwidth=1Gbit/s --at 2s down --at 2500ms up --at 3s latency=100us,bandwidth=40Gbit/s \
  -- python3 -c "$program"
