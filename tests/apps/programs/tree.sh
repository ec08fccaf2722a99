#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# tree.sh COUNT: coreutils and their neighbours over a folder tree.
set -e
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
for n in $(seq 1 "$1"); do
  mkdir -p "d$((n % 7))/e$n"
  seq "$n" "$((n + 3000))" > "d$((n % 7))/e$n/numbers"
done
find . -type f | sort | xargs md5sum | md5sum
cp -r . ../"$(basename "$folder")-copy"
diff -r . ../"$(basename "$folder")-copy" && echo equal
rm -rf ../"$(basename "$folder")-copy"
find . -type f -print0 | sort -z | xargs -0 cat | sort -n | uniq -c | awk '$1 > 20 { n++ } END { print n }'
tar cf - --sort=name --mtime=@0 --owner=0 --group=0 . | gzip -n -9 | gunzip | tar tf - | sort | tail -n 3
find . -type f | sort | xargs wc -l | tail -n 1
du -a --apparent-size . | wc -l
grep -rl '^3039$' . | sort | head -n 3
