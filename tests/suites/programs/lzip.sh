# SPDX-License-Identifier: GPL-2.0
# source: lzip
# packages: lzip
# copy: testsuite
# seconds: 300
run_case() { ln -sf /usr/bin/lzip.lzip lzip && sh testsuite/check.sh testsuite "$(lzip.lzip --version | sed -nE '1s/.* //p')"; }
