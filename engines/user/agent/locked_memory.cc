// SPDX-License-Identifier: GPL-2.0
#include "engines/user/agent/locked_memory.h"

#include "engines/user/agent/mappings.h"
#include "engines/user/agent/process.h"
#include "engines/user/agent/syscalls.h"

namespace dime::agent::locked_memory {

long lock(AddressRange range, long flags) {
  const AddressRange own = process::own_memory();
  if (!range.intersects(own)) {
    return system_call(__NR_mlock2, range.begin, range.bytes(), flags);
  }
  long result = 0;
  const AddressRange parts[] = {{range.begin, own.begin}, {own.end, range.end}};
  for (const AddressRange& part : parts) {
    if (!part.empty() && result == 0) {
      result = system_call(__NR_mlock2, part.begin, part.bytes(), flags);
    }
  }
  return result;
}

// Not inlined: what reads the mappings needs much of the stack, and its callers go on to fetch
// pages.
[[gnu::noinline]] unsigned accessible(AddressRange& range, AddressRange* parts, unsigned capacity) {
  const AddressRange own = process::own_memory();
  MappingReader reader;
  Mapping mapping{};
  unsigned count = 0;
  while (reader.next(mapping) && mapping.range.begin < range.end) {
    const AddressRange part = mapping.range.intersection(range);
    if (part.empty() || !mapping.readable || part.intersects(own)) {
      continue;
    }
    parts[count++] = part;
    range.begin = part.end;
    if (count == capacity) {
      return count;
    }
  }
  range.begin = range.end;
  return count;
}

}  // namespace dime::agent::locked_memory
