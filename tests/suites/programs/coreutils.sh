# SPDX-License-Identifier: GPL-2.0
# source: coreutils
# packages: coreutils perl
# copy: tests init.cfg
. "$SUITES/gnulib.sh"
cases() { grep -oE "tests/[a-z0-9-]+/[A-Za-z0-9_.-]+\.(sh|pl)" tests/local.mk | sed "s,^tests/,," | grep -vE "^factor/(run|create-test)" | sort -u; }
run_case() {
  GNULIB_FOLDER=. gnulib_case "tests/$1" "$(cp --version | sed -nE '1s/.* //p')" \
    "[ arch b2sum base32 base64 basename basenc cat chgrp chmod chown chroot cksum comm cp csplit cut date dd df dir dircolors dirname du echo env" \
    "expand expr factor false fmt fold groups head hostid id install join link ln logname ls md5sum mkdir mkfifo mknod mktemp mv nice nl nohup" \
    "nproc numfmt od paste pathchk pinky pr printenv printf ptx pwd readlink realpath rm rmdir seq sha1sum sha224sum sha256sum sha384sum sha512sum" \
    "shred shuf sleep sort split stat stdbuf stty sum sync tac tail tee test timeout touch tr true truncate tsort tty uname unexpand uniq unlink" \
    "users vdir wc who whoami yes"
}
