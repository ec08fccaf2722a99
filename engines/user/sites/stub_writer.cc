// SPDX-License-Identifier: GPL-2.0
// A stub:
//
//        [instructions of the window before the syscall]
//        lea  -128(%rsp),%rsp            the red zone belongs to the function
//        call *thunk(%rip)               the thunk returns with `ret $128`
//     R: nopl (return site - R)(%rax)    does nothing: tells the thunk's unwind rule where the
//                                        syscall would have returned to
//        [instructions behind it]
//        jmp  end of the window
//
// Where the number is not constant, the thunk looks at the registers, and for a call that has to
// run without a stack it goes on at R + 9 with the registers as they were:
//
//     R: nopl ...
//        jmp  .+14
//        jmp  *0(%rip); .quad gate       the gate makes the system call and returns behind the cell
//
// kRawEntry in the agent's patch/thunk.cc is that 9.
#include "engines/user/sites/stub_writer.h"

#include <algorithm>
#include <cstring>
#include <initializer_list>

namespace dime::sites {
namespace {

constexpr std::uint32_t kStubAlignment = 32;  // most stubs have 28 bytes
constexpr std::uint32_t kPage = 4096;
constexpr std::uint32_t kWord = 4;
constexpr std::uint8_t kInt3 = 0xcc;

class StubWriter {
 public:
  explicit StubWriter(const Instructions& instructions) : instructions_(instructions) {
    put_address();  // kThunkCell
    put_address();  // kTestedThunkCell
  }

  /// Appends the site's stub and returns its offset.
  std::uint32_t add(const FoundSite& found) {
    while (code_.size() % kStubAlignment != 0) {
      put({kInt3});
    }
    const std::uint32_t stub = here();
    const auto all = instructions_.all();
    for (std::size_t i = found.first; i < found.call; ++i) {
      move(all[i]);
    }
    const bool tested = found.site.verdict == Verdict::kPatchTested;
    put({0x48, 0x8d, 0x64, 0x24, 0x80});  // lea -128(%rsp),%rsp
    put({0xff, 0x15});                    // call *(%rip)
    put_word((tested ? kTestedThunkCell : kThunkCell) - (here() + kWord));
    const std::uint32_t returned = here();
    put({0x0f, 0x1f, 0x80});  // nopl (%rax)
    put_library_word(all[found.call].end() - returned);
    if (tested) {
      put({0xeb, 0x0e});                          // jmp .+14
      put({0xff, 0x25, 0x00, 0x00, 0x00, 0x00});  // jmp *0(%rip)
      gates_.push_back(here());
      put_address();
    }
    for (std::size_t i = found.call + 1; i < found.end; ++i) {
      move(all[i]);
    }
    put({0xe9});  // jmp
    put_library_word(all[found.end - 1].end() - (here() + kWord));
    return stub;
  }

  [[nodiscard]] const std::vector<std::uint8_t>& code() const { return code_; }
  [[nodiscard]] const std::vector<Fixup>& fixups() const { return fixups_; }
  [[nodiscard]] const std::vector<Gate>& gates() const { return gates_; }

 private:
  [[nodiscard]] std::uint32_t here() const { return static_cast<std::uint32_t>(code_.size()); }

  void put(std::initializer_list<std::uint8_t> bytes) { code_.insert(code_.end(), bytes); }

  void put_word(std::uint32_t value) {
    for (unsigned shift = 0; shift < 32; shift += 8) {
      code_.push_back(static_cast<std::uint8_t>(value >> shift));
    }
  }

  // A displacement to the library, as it is where library and stubs both lie at 0.
  void put_library_word(std::uint32_t value) {
    fixups_.push_back(here());
    put_word(value);
  }

  void put_address() { code_.insert(code_.end(), sizeof(std::uint64_t), 0); }

  void move(const Instruction& instruction) {
    const std::uint32_t at = here();
    const auto bytes = instructions_.bytes_at(instruction.address, instruction.bytes);
    code_.insert(code_.end(), bytes.begin(), bytes.end());
    if (instruction.displacement != 0) {
      const std::uint32_t field = at + instruction.displacement;
      std::uint32_t value = 0;
      std::memcpy(&value, code_.data() + field, sizeof value);
      value += instruction.address - at;
      std::memcpy(code_.data() + field, &value, sizeof value);
      fixups_.push_back(field);
    }
  }

  const Instructions& instructions_;
  std::vector<std::uint8_t> code_;
  std::vector<Fixup> fixups_;
  std::vector<Gate> gates_;
};

template <class T>
void append(std::vector<std::uint8_t>& file, const T* items, std::size_t count) {
  const auto* const bytes = reinterpret_cast<const std::uint8_t*>(items);
  file.insert(file.end(), bytes, bytes + count * sizeof(T));
  file.resize((file.size() + 7) & ~std::size_t{7});
}

bool is_patched(const FoundSite& found) {
  return found.site.verdict == Verdict::kPatch || found.site.verdict == Verdict::kPatchTested;
}

}  // namespace

std::vector<std::uint8_t> write_table(const ElfCode& code, const Instructions& instructions,
                                      std::vector<FoundSite> found, const LibraryId& id) {
  StubWriter stubs(instructions);
  Header header{};
  std::uint32_t begin = ~std::uint32_t{0};
  std::uint32_t end = 0;
  std::vector<Site> sites;
  for (FoundSite& site : found) {
    if (is_patched(site)) {
      site.site.stub = stubs.add(site);
      begin = std::min(begin, site.site.window);
      end = std::max(end, site.site.window + site.site.bytes);
    }
    sites.push_back(site.site);
  }
  header.magic = kMagic;
  header.version = kVersion;
  std::copy_n(id.bytes.begin(), std::min<std::size_t>(id.bytes.size(), kMostIdBytes), header.id);
  header.id_bytes = id.is_build_id ? static_cast<std::uint32_t>(id.bytes.size()) : 0;
  header.text_begin = end == 0 ? 0 : begin & ~(kPage - 1);
  header.text_end = (end + kPage - 1) & ~(kPage - 1);
  header.library_end = (static_cast<std::uint32_t>(code.end) + kPage - 1) & ~(kPage - 1);
  header.site_count = static_cast<std::uint32_t>(sites.size());
  header.fixup_count = static_cast<std::uint32_t>(stubs.fixups().size());
  header.gate_count = static_cast<std::uint32_t>(stubs.gates().size());
  header.stub_bytes = static_cast<std::uint32_t>(stubs.code().size());
  std::vector<std::uint8_t> file;
  append(file, &header, 1);
  append(file, sites.data(), sites.size());
  append(file, stubs.fixups().data(), stubs.fixups().size());
  append(file, stubs.gates().data(), stubs.gates().size());
  append(file, stubs.code().data(), stubs.code().size());
  header.file_bytes = static_cast<std::uint32_t>(file.size());
  std::memcpy(file.data(), &header, sizeof header);
  header.checksum = checksum(file.data(), file.size());
  std::memcpy(file.data(), &header, sizeof header);
  return file;
}

}  // namespace dime::sites
