// SPDX-License-Identifier: GPL-2.0
// A table of a TOML file whose values are taken out by key, with errors that say where and what is
// allowed.
#pragma once

#include <toml++/toml.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace dime::experiments {

Result<toml::table> read_toml(const std::string& path);

/// "FILE:LINE: " of a node.
std::string place_of(const std::string& path, const toml::node& node);

class TomlTable {
 public:
  /// `name` is the table's, for messages. The table must outlive this object.
  TomlTable(const std::string& path, const std::string& name, const toml::table& table)
      : path_(path), name_(name), table_(table) {}

  /// An error where a key is none of these.
  [[nodiscard]] Result<void> allow(const std::vector<std::string>& keys) const;

  [[nodiscard]] const toml::node* find(const std::string& key) const { return table_.get(key); }

  // None where the key is missing.
  [[nodiscard]] Result<std::optional<std::string>> text(const std::string& key) const;
  [[nodiscard]] Result<std::optional<std::uint64_t>> whole(const std::string& key,
                                                           std::uint64_t least,
                                                           std::uint64_t most) const;
  /// "30s", "5min", "2h" or a number of seconds, in seconds and above 0.
  [[nodiscard]] Result<std::optional<double>> duration(const std::string& key) const;
  /// "2%", above 0 and at most 100, as a share.
  [[nodiscard]] Result<std::optional<double>> percent(const std::string& key) const;
  /// A text, or a list of texts.
  [[nodiscard]] Result<std::vector<std::string>> texts(const std::string& key) const;

  /// An error about a key: where it is, what it is, and what is allowed.
  [[nodiscard]] tl::unexpected<Error> refuse(const std::string& key,
                                             const std::string& allowed) const;

 private:
  const std::string& path_;
  std::string name_;
  const toml::table& table_;
};

}  // namespace dime::experiments
