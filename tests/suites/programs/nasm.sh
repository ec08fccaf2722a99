# SPDX-License-Identifier: GPL-2.0
# source: nasm
# packages: nasm
# copy: travis/test
# Of each source file of the suite what the assembler makes, and says.
cases() { (cd travis/test && ls *.asm | sed 's/\.asm$//'); }
run_case() {
  cd "$WORK/travis/test" || return 99
  for format in bin elf32 elf64; do
    nasm -w+all -f "$format" -o "$1.$format" "$1.asm"
    echo "$format: $?, $(md5sum <"$1.$format")"
  done
}
result() { md5sum; }
