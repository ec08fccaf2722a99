#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# A network that gets slow after a second, fails a second later, and is back soon after: how many rounds over its data does a
# program finish in each half second? During the outage it waits, and loses nothing.
set -eu
program='import time
block = bytearray(600 * 4096)
begin = time.monotonic()
rounds = {}
while time.monotonic() - begin < 4:
    for page in range(0, len(block), 4096):
        block[page] = 1
    half_second = int((time.monotonic() - begin) * 2)
    rounds[half_second] = rounds.get(half_second, 0) + 1
for half_second in range(8):
    print(f"{half_second / 2:.1f} s: {rounds.get(half_second, 0)} rounds")
assert all(block[page] == 1 for page in range(0, len(block), 4096))'

dime run --local 2000p --latency 100us --jitter lognormal,20us,corr=25% --seed 1 --allow-floor \
  --at 1s latency=400us,bandwidth=1Gbit/s --at 2s down --at 2500ms up --at 3s latency=100us,bandwidth=40Gbit/s \
  -- python3 -c "$program"
