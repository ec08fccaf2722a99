# SPDX-License-Identifier: GPL-2.0
# source: unifdef
# packages: unifdef
# copy: tests scripts
run_case() { ln -sf /usr/bin/unifdef unifdef; cd "$WORK/tests" && for script in *.sh; do sh "./$script" >/dev/null 2>&1; echo "$script $?"; done; }
result() { md5sum; }
