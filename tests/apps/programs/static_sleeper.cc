// SPDX-License-Identifier: GPL-2.0
// Linked statically: a running program that cannot be attached.
#include <unistd.h>

int main() {
  for (;;) {
    pause();
  }
}
