# SPDX-License-Identifier: GPL-2.0
# source: units
# packages: units
# seconds: 300
# Its own check of all definitions.
run_case() { units --check && units --check --verbose | md5sum; }
result() { cat; }
