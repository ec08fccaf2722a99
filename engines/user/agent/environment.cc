// SPDX-License-Identifier: GPL-2.0
#include "engines/user/agent/environment.h"

#include "engines/user/agent/entry.h"
#include "engines/user/agent/process.h"

namespace dime::agent::environment {

char* value_of(char* variable, const char* name) {
  while (*name != '\0' && *variable == *name) {
    ++variable;
    ++name;
  }
  return *name == '\0' && *variable == '=' ? variable + 1 : nullptr;
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

void follow(char* const* envp, unsigned count, char** fresh, char* text, unsigned text_bytes) {
  const bool wanted = process::follows();
  const char* others = nullptr;
  unsigned kept = 0;
  for (unsigned i = 0; i < count; ++i) {
    if (char* const list = value_of(envp[i], "LD_PRELOAD"); list != nullptr) {
      others = list;
    } else if (value_of(envp[i], DIME_ENV_CONTROL) == nullptr) {
      fresh[kept++] = envp[i];
    }
  }
  const char* const end = text + text_bytes;
  char* const preload = text;
  char* at = append(text, end, "LD_PRELOAD=");
  char* const value = at;
  if (wanted) {
    at = append(at, end, process::agent_file());
  }
  if (others != nullptr) {
    char* const before = at;
    at = append(at, end, wanted ? ":" : "");
    char* const list = at;
    at = append_without_agent(at, end, others);
    at = at == list ? before : at;
    *at = '\0';
  }
  if (at != value) {
    fresh[kept++] = preload;
  }
  if (wanted && at + 2 < end) {
    char* const control = ++at;
    at = append(at, end, DIME_ENV_CONTROL "=");
    append(at, end, process::control_file());
    fresh[kept++] = control;
  }
  fresh[kept] = nullptr;
}

}  // namespace dime::agent::environment
