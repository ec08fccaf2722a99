# SPDX-License-Identifier: GPL-2.0
# source: xz-utils
# packages: xz-utils gcc
# copy: tests
# seconds: 200
# Not generated_*: they compress some hundred times, which takes an hour with 5 % of it local.
cases() { echo files scripts prepared_bcj_sparc prepared_bcj_x86; }
prepare() {
  : >tests/config.h
  gcc -w -O1 -DHAVE_STDBOOL_H -DHAVE_INTTYPES_H -DHAVE_STDINT_H -DHAVE_STDLIB_H -DHAVE_STRING_H -DSIZEOF_SIZE_T=8 -Itests -Isrc/common -Isrc/liblzma/api \
    -include stdint.h -include stdbool.h -include stdlib.h -include string.h -o tests/create_compress_files tests/create_compress_files.c
}
run_case() {
  mkdir -p src/xz src/xzdec src/scripts
  for program in xz/xz xzdec/xzdec scripts/xzdiff scripts/xzgrep; do ln -sf "/usr/bin/${program#*/}" "src/$program"; done
  sed -nE 's/^ *case \$I.*//; s/.*have_feature ([A-Z_0-9]+) .*/#define HAVE_\1 1/p' tests/test_files.sh >config.h
  printf '#define HAVE_%s 1\n' ENCODERS DECODERS CHECK_CRC32 CHECK_CRC64 CHECK_SHA256 LZIP_DECODER >>config.h
  cd "$WORK/tests" || return 99
  case $1 in
    files | scripts) srcdir=. sh "./test_$1.sh" ;;
    *) srcdir=. sh ./test_compress.sh "compress_$1" ;;
  esac
}
