// SPDX-License-Identifier: GPL-2.0
#include "engines/user/agent/environment.h"

#include "engines/user/agent/entry.h"
#include "engines/user/agent/process.h"
#include "engines/user/agent/program_memory.h"

namespace dime::agent::environment {

char* value_of(char* variable, const char* name) {
  while (*name != '\0' && *variable == *name) {
    ++variable;
    ++name;
  }
  return *name == '\0' && *variable == '=' ? variable + 1 : nullptr;
}

bool take_required(char* control) {
  if (*control != DIME_ENV_REQUIRED) {
    return false;
  }
  for (; *control != '\0'; ++control) {
    control[0] = control[1];
  }
  return true;
}

char* append(char* to, const char* end, const char* text) {
  while (*text != '\0' && to + 1 < end) {
    *to++ = *text++;
  }
  *to = '\0';
  return to;
}

namespace {

bool ends_with_agent(const char* begin, const char* end) {
  constexpr unsigned kLength = sizeof(DIME_AGENT_FILE) - 1;
  return end - begin >= static_cast<long>(kLength) &&
         __builtin_memcmp(end - kLength, DIME_AGENT_FILE, kLength) == 0;
}

const char* end_of_entry(const char* entry) {
  while (*entry != '\0' && *entry != ':' && *entry != ' ') {
    ++entry;
  }
  return entry;
}

/// Copies the colon-separated `list` without the agent's own path. Returns the new end.
char* append_without_agent(char* to, const char* end, const char* list) {
  bool first = true;
  while (*list != '\0') {
    const char* const stop = end_of_entry(list);
    if (!ends_with_agent(list, stop) && stop != list) {
      if (!first) {
        to = append(to, end, ":");
      }
      for (const char* c = list; c < stop && to + 1 < end; ++c) {
        *to++ = *c;
      }
      *to = '\0';
      first = false;
    }
    list = *stop == '\0' ? stop : stop + 1;
  }
  return to;
}

}  // namespace

void find_agent(const char* preload, char* path, unsigned bytes) {
  path[0] = '\0';
  while (*preload != '\0') {
    const char* const stop = end_of_entry(preload);
    if (ends_with_agent(preload, stop) && stop - preload < static_cast<long>(bytes)) {
      char* to = path;
      while (preload < stop) {
        *to++ = *preload++;
      }
      *to = '\0';
      return;
    }
    preload = *stop == '\0' ? stop : stop + 1;
  }
}

namespace {

unsigned length_of(const char* text) {
  unsigned bytes = 0;
  while (text[bytes] != '\0') {
    ++bytes;
  }
  return bytes;
}

bool begins_with(const char* text, const char* name) {
  while (*name != '\0' && *text == *name) {
    ++text;
    ++name;
  }
  return *name == '\0';
}

constexpr unsigned kLooked = 16;  // bytes, enough for both names
constexpr char kPreload[] = "LD_PRELOAD=";
constexpr char kControl[] = DIME_ENV_CONTROL "=";

}  // namespace

unsigned Known::text_bytes(bool followed) const {
  const unsigned fixed = sizeof(kPreload) + sizeof(kControl) + 2;  // and ':', and NULs
  const unsigned own =
      followed ? length_of(process::agent_file()) + length_of(process::control_file()) : 0;
  return fixed + preload_bytes + own;
}

Known find(char* const* envp, unsigned count) {
  Known known;
  for (unsigned i = 0; i < count; ++i) {
    char begin[kLooked] = {};
    const unsigned read = program_memory::read_some(envp[i], begin, kLooked - 1);
    // Shorter where what lies behind it cannot be read; the kernel sees whether it ends before.
    begin[read] = '\0';
    known.control = known.control || begins_with(begin, kControl);
    if (!begins_with(begin, kPreload)) {
      continue;
    }
    known.preload = envp[i] + sizeof(kPreload) - 1;
    known.preload_bytes = 0;
    for (char c = ' '; c != '\0'; ++known.preload_bytes) {
      if (!program_memory::read(known.preload + known.preload_bytes, &c, 1)) {
        known.bad = true;
        return known;
      }
    }
  }
  return known;
}

void follow(char* const* envp, unsigned count, const Known& known, bool followed, char** fresh,
            char* text) {
  unsigned kept = 0;
  for (unsigned i = 0; i < count; ++i) {
    char begin[kLooked] = {};
    begin[program_memory::read_some(envp[i], begin, kLooked - 1)] = '\0';
    if (!begins_with(begin, kPreload) && !begins_with(begin, kControl)) {
      fresh[kept++] = envp[i];
    }
  }
  const char* const end = text + known.text_bytes(followed);
  char* const preload = text;
  char* at = append(text, end, kPreload);
  char* const value = at;
  if (followed) {
    at = append(at, end, process::agent_file());
  }
  if (known.preload != nullptr) {
    char* const before = at;
    at = append(at, end, followed ? ":" : "");
    char* const list = at;
    at = append_without_agent(at, end, known.preload);
    at = at == list ? before : at;
    *at = '\0';
  }
  if (at != value) {
    fresh[kept++] = preload;
  }
  if (followed) {
    char* const control = ++at;
    at = append(at, end, kControl);
    append(at, end, process::control_file());
    fresh[kept++] = control;
  }
  fresh[kept] = nullptr;
}

}  // namespace dime::agent::environment
