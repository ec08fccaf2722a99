// SPDX-License-Identifier: GPL-2.0
// dime config: the manual's grammar on the instances of the user engine.
#include <fmt/format.h>

#include <memory>

#include "cli/command.h"
#include "cli/config_apply.h"
#include "core/config_table.h"
#include "engines/user/control/directory.h"
#include "engines/user/control/members.h"

namespace dime {
namespace {

// Where the limit is a share, the table shows what it comes to now.
std::uint64_t limit_in_pages(const dime_parameters& parameters, std::uint64_t managed_pages) {
  constexpr std::uint64_t kWhole = 10'000;
  return parameters.local_share == 0
             ? parameters.local_npages
             : std::max<std::uint64_t>(managed_pages * parameters.local_share / kWhole, 1);
}

std::string table_of(const std::vector<ControlBlock>& blocks) {
  constexpr std::size_t kBytesPerRow = 128;
  constexpr std::size_t kBytesPerPid = 9;
  std::size_t bytes = kBytesPerRow;
  for (const ControlBlock& block : blocks) {
    bytes += kBytesPerRow + kBytesPerPid * live_members(*block).size();
  }
  std::string text(bytes, '\0');
  TextWriter out(text.data(), text.size());
  config::write_header(out);
  for (const ControlBlock& block : blocks) {
    std::vector<std::uint32_t> pids;
    for (const dime_member* const member : live_members(*block)) {
      pids.push_back(member->pid);
    }
    const dime_parameters parameters = block.parameters();
    config::write_row(out, {block.id(), parameters.latency_ns, parameters.bandwidth_bps,
                            limit_in_pages(parameters, block->levels.managed_pages),
                            block->counters.page_fault_count, pids.data(),
                            static_cast<std::uint32_t>(pids.size())});
  }
  text.resize(std::min<std::size_t>(out.length(), text.size() - 1));
  return text;
}

int print_table() {
  const auto blocks = open_instances();
  if (!blocks) {
    print_error(blocks.error());
    return kFailure;
  }
  fmt::print("{}", table_of(*blocks));
  return kSuccess;
}

int configure(const std::string& text) {
  if (auto applied = apply_config(text); !applied) {
    print_error(applied.error());
    return kFailure;
  }
  return kSuccess;
}

std::function<int()> register_config(CLI::App& app) {
  auto words = std::make_shared<std::vector<std::string>>();
  app.add_option(
      "STRING", *words,
      "key=value words, as in instance_id=0 latency_ns=10000 local_npages=2000 pid=1234; "
      "without it, the table of instances is printed");
  return [words] {
    return words->empty() ? print_table() : configure(fmt::format("{}", fmt::join(*words, " ")));
  };
}

}  // namespace

const Command kConfigCommand = {"config", "change instances, or print their table",
                                register_config};

}  // namespace dime
