// SPDX-License-Identifier: GPL-2.0
// Writes pages of this process whatever the rights of their mappings: a page that was evicted while
// it was writable may be read-only by now, or not accessible at all.
//
// Needs neither a privilege nor a descriptor. For a process with one thread.
#pragma once

#include "core/units.h"

namespace dime::agent {

class PageWriter {
 public:
  /// Copies the page at `from` to the page at `to`; nothing where that is not mapped.
  void write(std::uint64_t to, std::uint64_t from);

 private:
  void look_up(std::uint64_t address);

  AddressRange known_;  ///< the last mapping without the right to write
  long rights_ = 0;     ///< its PROT_ bits
};

}  // namespace dime::agent
