// SPDX-License-Identifier: GPL-2.0
#include "cli/code_file.h"

#include <cxxabi.h>
#include <dwarf.h>
#include <elfutils/libdw.h>
#include <elfutils/libdwfl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include "cli/elf_headers.h"

namespace dime {
namespace {

const Dwfl_Callbacks kCallbacks = {dwfl_build_id_find_elf, dwfl_build_id_find_debuginfo,
                                   dwfl_offline_section_address, nullptr};

constexpr unsigned kStackPointer = 7;  // to DWARF

// Several names may begin at one place: `read`, `__read`, `__libc_read`.
unsigned rank_of(const GElf_Sym& symbol, const std::string& name) {
  constexpr unsigned kBinding = 1000;
  const auto underscores =
      static_cast<unsigned>(std::min<std::size_t>(name.find_first_not_of('_'), 9));
  const unsigned binding = GELF_ST_BIND(symbol.st_info) == STB_LOCAL ? 1 : 0;
  return binding * kBinding + underscores * 100 +
         static_cast<unsigned>(std::min<std::size_t>(name.size(), 99));
}

// Calls `visit(elf, header, bias)` for each program header of `type`.
template <class Visit>
void for_each_header(Dwfl_Module* module, GElf_Word type, Visit&& visit) {
  GElf_Addr bias = 0;
  Elf* const elf = ::dwfl_module_getelf(module, &bias);
  for_each_program_header(elf, [&](const GElf_Phdr& header) {
    if (header.p_type == type) {
      visit(elf, header, bias);
    }
  });
}

std::string demangled(const std::string& name) {
  int status = 0;
  char* const plain = abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status);
  std::string result = status == 0 && plain != nullptr ? plain : name;
  std::free(plain);
  return result;
}

}  // namespace

void CodeFile::End::operator()(Dwfl* dwfl) const {
  ::dwfl_end(dwfl);
}

CodeFile::CodeFile(const std::string& path) : dwfl_(::dwfl_begin(&kCallbacks)) {
  if (dwfl_ == nullptr) {
    return;
  }
  ::dwfl_report_begin(dwfl_.get());
  module_ = ::dwfl_report_elf(dwfl_.get(), path.c_str(), path.c_str(), -1, 0, true);
  ::dwfl_report_end(dwfl_.get(), nullptr, nullptr);
  if (module_ != nullptr) {
    read_segments();
    read_symbols();
    read_begins();
    read_build_id();
  }
}

CodeFile::~CodeFile() = default;

void CodeFile::read_segments() {
  for_each_header(module_, PT_LOAD, [this](Elf* /*elf*/, const GElf_Phdr& header, GElf_Addr bias) {
    segments_.push_back({header.p_offset, header.p_filesz, header.p_vaddr + bias});
  });
}

void CodeFile::read_symbols() {
  const int count = ::dwfl_module_getsymtab(module_);
  for (int i = 1; i < count; ++i) {
    GElf_Sym symbol;
    GElf_Addr address = 0;
    GElf_Word section = 0;
    const char* const name =
        ::dwfl_module_getsym_info(module_, i, &symbol, &address, &section, nullptr, nullptr);
    const int type = GELF_ST_TYPE(symbol.st_info);
    if (name == nullptr || *name == '\0' || section == SHN_UNDEF ||
        (type != STT_FUNC && type != STT_GNU_IFUNC)) {
      continue;
    }
    const std::string plain(name, std::strcspn(name, "@"));  // without its version
    symbols_.push_back({address, symbol.st_size, rank_of(symbol, plain), plain});
  }
  std::sort(symbols_.begin(), symbols_.end(), [](const Symbol& a, const Symbol& b) {
    return std::pair(a.begin, b.rank) < std::pair(b.begin, a.rank);
  });
}

// .eh_frame_hdr in the form that linkers write: pairs of 32-bit differences from its own address,
// ascending.
void CodeFile::read_begins() {
  constexpr std::uint8_t kForm[] = {1, DW_EH_PE_pcrel | DW_EH_PE_sdata4, DW_EH_PE_udata4,
                                    DW_EH_PE_datarel | DW_EH_PE_sdata4};
  constexpr std::size_t kTable = 12;
  constexpr std::size_t kEntry = 8;
  const auto read = [this, &kForm](Elf* elf, const GElf_Phdr& header, GElf_Addr bias) {
    const Elf_Data* const data = ::elf_getdata_rawchunk(
        elf, static_cast<std::int64_t>(header.p_offset), header.p_filesz, ELF_T_BYTE);
    if (data == nullptr || data->d_size < kTable ||
        std::memcmp(data->d_buf, kForm, sizeof kForm) != 0) {
      return;
    }
    const auto* const bytes = static_cast<const char*>(data->d_buf);
    for (std::size_t at = kTable; at + kEntry <= data->d_size; at += kEntry) {
      std::int32_t difference = 0;
      std::memcpy(&difference, bytes + at, sizeof difference);
      begins_.push_back(header.p_vaddr + bias +
                        static_cast<std::uint64_t>(std::int64_t{difference}));
    }
  };
  for_each_header(module_, PT_GNU_EH_FRAME, read);
  std::sort(begins_.begin(), begins_.end());
}

void CodeFile::read_build_id() {
  const unsigned char* bits = nullptr;
  GElf_Addr address = 0;
  const int bytes = ::dwfl_module_build_id(module_, &bits, &address);
  for (int i = 0; i < bytes; ++i) {
    build_id_ += fmt::format("{:02x}", bits[i]);
  }
}

bool CodeFile::address_of(std::uint64_t offset, std::uint64_t& address) const {
  for (const Segment& segment : segments_) {
    if (offset >= segment.offset && offset - segment.offset < segment.bytes) {
      address = segment.address + (offset - segment.offset);
      return true;
    }
  }
  return false;
}

// Symbols of one begin stand with the best one last.
std::string CodeFile::function_at(std::uint64_t offset) const {
  std::uint64_t address = 0;
  if (!address_of(offset, address)) {
    return {};
  }
  constexpr int kNested = 8;  // a function may lie inside another one
  auto next = std::upper_bound(
      symbols_.begin(), symbols_.end(), address,
      [](std::uint64_t wanted, const Symbol& symbol) { return wanted < symbol.begin; });
  for (int i = 0; i < kNested && next != symbols_.begin(); ++i) {
    --next;
    if (next->bytes == 0 || address - next->begin < next->bytes) {
      return demangled(next->name);
    }
  }
  return {};
}

std::uint64_t CodeFile::begin_of(std::uint64_t offset) const {
  std::uint64_t address = 0;
  if (!address_of(offset, address)) {
    return offset;
  }
  const auto next = std::upper_bound(begins_.begin(), begins_.end(), address);
  const std::uint64_t back = next == begins_.begin() ? 0 : address - *std::prev(next);
  return back <= offset ? offset - back : offset;
}

bool CodeFile::returns_to_top(std::uint64_t offset) const {
  std::uint64_t address = 0;
  Dwarf_Addr bias = 0;
  Dwarf_CFI* const table = module_ == nullptr ? nullptr : ::dwfl_module_eh_cfi(module_, &bias);
  Dwarf_Frame* frame = nullptr;
  if (table == nullptr || !address_of(offset, address) ||
      ::dwarf_cfi_addrframe(table, address - bias, &frame) != 0) {
    return false;
  }
  // The frame begins 8 bytes above the stack pointer.
  Dwarf_Op* rule = nullptr;
  std::size_t count = 0;
  const bool known = ::dwarf_frame_cfa(frame, &rule, &count) == 0;
  const bool top = known && count == 1 && rule[0].atom == DW_OP_bregx &&
                   rule[0].number == kStackPointer && rule[0].number2 == 8;
  std::free(frame);
  return top;
}

}  // namespace dime
