/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The version, from which every other part takes it: CMake, `dime --version`, the kernel module, packages, manual pages.
 * What cannot read it (changelogs, CITATION.cff, python/) is compared by tests/docs/version.py.
 */
#ifndef DIME_VERSION_H
#define DIME_VERSION_H

/* Major, minor, patch. */
#define DIME_VERSION "1.0.0"

#endif
