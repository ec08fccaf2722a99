// SPDX-License-Identifier: GPL-2.0
// What a program or library says of its code: names of functions and how they use the stack, by
// elfutils. Places are offsets in the file.
//
// Names come from the file's symbols or, where they were stripped into a file of their own, from
// the one of the same build-id under /usr/lib/debug. The network is never asked.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

struct Dwfl;
struct Dwfl_Module;

namespace dime {

/// Not thread-safe. A file that cannot be read knows nothing.
class CodeFile {
 public:
  explicit CodeFile(const std::string& path);
  ~CodeFile();
  CodeFile(const CodeFile&) = delete;
  CodeFile& operator=(const CodeFile&) = delete;

  /// In hexadecimal digits, or empty.
  [[nodiscard]] const std::string& build_id() const { return build_id_; }

  /// The name as its programmer has written it, or empty.
  [[nodiscard]] std::string function_at(std::uint64_t offset) const;

  /// Where the function begins, by the tables for unwinding, which are there without symbols, too;
  /// `offset` itself where that is not known.
  [[nodiscard]] std::uint64_t begin_of(std::uint64_t offset) const;

  /// True where the function has nothing on the stack but its return address, as most of those
  /// that copy memory or compare strings: no frame pointer leads to their caller.
  [[nodiscard]] bool returns_to_top(std::uint64_t offset) const;

 private:
  struct Segment {
    std::uint64_t offset;
    std::uint64_t bytes;
    std::uint64_t address;
  };
  struct Symbol {
    std::uint64_t begin;
    std::uint64_t bytes;
    unsigned rank;  ///< the lowest is the best of several names
    std::string name;
  };
  struct End {
    void operator()(Dwfl* dwfl) const;
  };

  void read_segments();
  void read_symbols();
  void read_begins();
  void read_build_id();
  [[nodiscard]] bool address_of(std::uint64_t offset, std::uint64_t& address) const;

  std::unique_ptr<Dwfl, End> dwfl_;
  Dwfl_Module* module_ = nullptr;
  std::vector<Segment> segments_;
  std::vector<Symbol> symbols_;        ///< by their begin
  std::vector<std::uint64_t> begins_;  ///< of functions, ascending
  std::string build_id_;
};

}  // namespace dime
