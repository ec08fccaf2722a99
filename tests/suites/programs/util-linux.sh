# SPDX-License-Identifier: GPL-2.0
# source: util-linux
# packages: util-linux bsdextrautils
# copy: tests
cases() { (cd tests/ts && ls -d {col,colcrt,colrm,column,getopt,hexdump,ipcs,kill,look,lscpu,lsmem,misc,more,rename,schedutils,ul,uuid,wipefs}/* | grep -vE '/(files|.*\.(in|out|txt|conf|sh))$' | while read -r name; do [ -f "$name" ] && [ -x "$name" ] && echo "$name"; done); }
run_case() { cd "$WORK/tests/ts/${1%/*}" && "./${1#*/}" --use-system-commands --srcdir="$WORK" --builddir="$WORK" --parsable; }
result() { sed -E 's/ *\.\.\. /: /'; }
