#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# How GNU sort slows down as its local share shrinks: one line a share, from the results' wall time.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
seq 1 100000 | shuf > "$folder/numbers"

for share in 100% 75% 50% 25%; do
  dime run --local "$share" --latency 50us --bandwidth 40Gbit/s --allow-floor --json "$folder/result.json" -- \
    sort -n "$folder/numbers" > "$folder/sorted" 2> "$folder/summary"
  wall=$(grep -o '"wall_s": *[0-9.]*' "$folder/result.json" | grep -o '[0-9.]*$')
  remote=$(grep -o '"remote": *[0-9]*' "$folder/result.json" | head -n 1 | grep -o '[0-9]*$')
  echo "local $share: $wall s, $remote remote accesses"
done
