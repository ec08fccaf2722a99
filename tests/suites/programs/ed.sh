# SPDX-License-Identifier: GPL-2.0
# source: ed
# packages: ed
# copy: testsuite
run_case() { ln -sf /usr/bin/ed ed && sh testsuite/check.sh testsuite "$(ed --version | sed -nE '1s/.* //p')"; }
result() { tail -n 30; }
