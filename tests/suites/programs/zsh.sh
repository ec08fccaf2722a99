# SPDX-License-Identifier: GPL-2.0
# source: zsh
# packages: zsh
# copy: Test Misc Functions
# seconds: 200
cases() { (cd Test && ls *.ztst | grep -vE '^(V08|X0|Y0|W0)' | sed 's/\.ztst$//'); }
run_case() { mkdir -p Src; ln -sf /bin/zsh Src/zsh; cd "$WORK/Test" && ZTST_exe=/bin/zsh ZTST_testdir=$PWD ZTST_srcdir=$PWD zsh +Z -f ./ztst.zsh "./$1.ztst"; }
result() { grep -aE '^(Test .* (failed|unexpected)|\*\*\*|.*: (all|failed|skipped))' | sed -E 's/[0-9]{3,}/N/g'; :; }
