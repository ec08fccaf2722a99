// SPDX-License-Identifier: GPL-2.0
#include "cli/shared_object.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include "base/unique_fd.h"
#include "cli/command.h"
#include "cli/elf_headers.h"
#include "core/choice_text.h"
#include "dime/abi.h"

namespace dime {
namespace {

// dlopen() waits for a FIFO, and what it finds beyond the end of a file that was cut ends this
// process.
Result<void> check_whole(std::string_view label, const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat about {};
  if (!file.valid() || ::fstat(file.get(), &about) != 0) {
    return {};  // dlopen() says why
  }
  if (!S_ISREG(about.st_mode)) {
    return fail(0, "{}{}: not a regular file, so not a shared object", label, path);
  }
  ::elf_version(EV_CURRENT);
  Elf* const elf = ::elf_begin(file.get(), ELF_C_READ, nullptr);
  const auto bytes = static_cast<std::uint64_t>(about.st_size);
  bool inside = true;
  const bool read = for_each_program_header(elf, [&](const GElf_Phdr& part) {
    inside = inside && part.p_filesz <= bytes && part.p_offset <= bytes - part.p_filesz;
  });
  ::elf_end(elf);
  return read && inside ? Result<void>()
                        : fail(0, "{}{}: is cut: not a whole shared object", label, path);
}

Result<const void*> exported(std::string_view label, const std::string& path, const char* symbol) {
  DIME_TRY_VOID(check_whole(label, path));
  void* const object = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (object == nullptr) {
    return fail(0, "{}{}: cannot be loaded: {}", label, path, dlerror());
  }
  const void* const found = dlsym(object, symbol);
  if (found == nullptr) {
    return fail(0, "{}{}: exports no {}", label, path, symbol);
  }
  return found;
}

Result<void> check_version(std::string_view label, const std::string& path, std::uint32_t abi,
                           std::uint32_t own) {
  if (abi != own) {
    return fail_with_hint("build it against this version's headers",
                          "{}{}: made for version {} of the interface; this dime has version {}",
                          label, path, abi, own);
  }
  return {};
}

}  // namespace

bool names_shared_object(std::string_view text) {
  return text.substr(0, text.find(',')).find('/') != std::string_view::npos;
}

SharedObjectText split_shared_object(const std::string& text) {
  const std::size_t comma = std::min(text.find(','), text.size());
  return {text.substr(0, comma), text.substr(comma)};
}

Result<OwnChoice> own_choice(std::string_view label, const std::string& text,
                             const SharedObjectText& parts, const char* name) {
  OwnChoice own{parts.path, name + parts.parameters};
  if (!choice_text::is_well_formed(own.text) || own.text.size() >= DIME_NAME_BYTES) {
    return fail(0,
                "{}{}: {}: allowed: up to {} lower-case letters, digits and '-', with parameters",
                label, text, own.text, DIME_NAME_BYTES - 1);
  }
  return own;
}

Result<const dime_policy_ops*> load_policy(std::string_view label, const std::string& path) {
  DIME_TRY(const void* const found, exported(label, path, DIME_POLICY_SYMBOL));
  const auto* const policy = static_cast<const dime_policy_ops*>(found);
  DIME_TRY_VOID(check_version(label, path, policy->abi, DIME_POLICY_ABI));
  const bool whole = policy->name != nullptr && policy->add_page != nullptr &&
                     policy->clean != nullptr &&
                     (policy->victim == nullptr || policy->remove_page != nullptr) &&
                     (policy->parameter_count == 0 || policy->parameters != nullptr);
  if (!whole) {
    return fail(0, "{}{}: needs a name, add_page, clean, and remove_page with victim", label, path);
  }
  if (policy->state_bytes > DIME_POLICY_STATE_BYTES ||
      policy->page_bytes > DIME_POLICY_PAGE_BYTES ||
      policy->parameter_count > DIME_POLICY_PARAMETERS) {
    return fail(0, "{}{}: asks for more than {} bytes of state, {} bytes a page or {} parameters",
                label, path, DIME_POLICY_STATE_BYTES, DIME_POLICY_PAGE_BYTES,
                DIME_POLICY_PARAMETERS);
  }
  return policy;
}

Result<const dime_prefetch_ops*> load_prefetcher(std::string_view label, const std::string& path) {
  DIME_TRY(const void* const found, exported(label, path, DIME_PREFETCHER_SYMBOL));
  const auto* const prefetcher = static_cast<const dime_prefetch_ops*>(found);
  DIME_TRY_VOID(check_version(label, path, prefetcher->abi, DIME_PREFETCH_ABI));
  if (prefetcher->name == nullptr ||
      (prefetcher->parameter_count != 0 && prefetcher->parameters == nullptr)) {
    return fail(0, "{}{}: needs a name", label, path);
  }
  if (prefetcher->state_bytes > DIME_PREFETCH_STATE_BYTES ||
      prefetcher->parameter_count > DIME_PREFETCH_PARAMETERS) {
    return fail(0, "{}{}: asks for more than {} bytes of state or {} parameters", label, path,
                DIME_PREFETCH_STATE_BYTES, DIME_PREFETCH_PARAMETERS);
  }
  return prefetcher;
}

}  // namespace dime
