#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# Two programs that contend for one link: each alone gets all of it, both together share it.
set -eu
program='block = bytearray(4000 * 4096)
for round in range(2):
    for page in range(0, len(block), 4096):
        block[page] = 1'

emulate() {
  dime run --local 1000p --latency 20us --bandwidth 1Gbit/s --link backbone --allow-floor -- python3 -c "$program"
}
timed() {
  start=$(date +%s%N)
  "$@"
  echo $((($(date +%s%N) - start) / 1000000))
}
both() {
  emulate &
  emulate
  wait $!
}
alone=$(timed emulate)
together=$(timed both)
echo "one program alone: $alone ms"
echo "two programs at once: $together ms"
