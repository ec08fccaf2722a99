# SPDX-License-Identifier: GPL-2.0
# source: indent
# packages: indent
# copy: regression
run_case() { mkdir -p src; ln -sf /usr/bin/indent src/indent; cd "$WORK/regression" && PATH=$WORK/src:$PATH sh ./TEST; }
result() { md5sum; }
