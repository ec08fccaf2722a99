#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# many_forks.sh COUNT: hundreds of forks, execs and pipes; prints results that depend on every one of them.
set -u
declare -A seen
for number in $(seq 1 "$1"); do
  word=$(printf '%s\n' "$number" | sed 's/^/n/' | tr n N)
  seen[$word]=$((number * number))
done
total=0
for word in "${!seen[@]}"; do
  total=$((total + seen[$word]))
done
echo "squares $total"

depth() {
  if [ "$1" -gt 0 ]; then
    (depth $(($1 - 1)))
  else
    echo bottom
  fi
}
depth 15

for number in 1 2 3 4 5 6 7 8; do
  (
    sum=0
    for inner in $(seq 1 200); do
      sum=$((sum + inner * number))
    done
    exit $((sum % 251))
  ) &
  wait $!
  echo "child $number ended with $?"
done
seq 1 3000 | sort -R --random-source=/dev/zero | sort -n | awk '{ total += $1 } END { print total }'
big=$(seq 1 $(($1 * 300)))
echo "${#big}" "$(echo "$big" | md5sum)"
# shellcheck disable=SC2016  # expanded by the inner shells
env -i /bin/bash -c 'for n in 1 2 3; do env -i /bin/sh -c "exec env -i /bin/echo chain $n"; done'
