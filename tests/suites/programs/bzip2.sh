# SPDX-License-Identifier: GPL-2.0
# source: bzip2
# packages: bzip2
# copy: sample1.ref sample2.ref sample3.ref sample1.bz2 sample2.bz2 sample3.bz2
cases() { echo 1 2 3; }
run_case() {
  bzip2 "-$1" <"sample$1.ref" | cmp - "sample$1.bz2" && bzip2 -d <"sample$1.bz2" | cmp - "sample$1.ref" && bzip2 -ds <"sample$1.bz2" | cmp - "sample$1.ref"
}
