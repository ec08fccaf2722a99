// SPDX-License-Identifier: GPL-2.0
#include "cli/top_page.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "core/quantity.h"

namespace dime {
namespace {

using Style = TopLine::Style;

constexpr std::size_t kBar = 20;

double remote_rate(const Sample& sample) {
  return sample.per_second(sample.whole.remote);
}

// Threads in a stall, on average.
double stalled(const Sample& sample) {
  return sample.per_second(sample.whole.stall_ns) / 1e9;
}

double rx_percent(const Sample& sample) {
  return 100 * sample.busy_share(sample.whole.rx_busy_ns);
}

std::string time_text(std::uint64_t nanos) {
  return nanos == 0 ? "-" : format_time({nanos}).c_str();
}

// '#' for local pages, '.' for remote ones.
std::string bar(const Pages& pages) {
  const std::uint64_t all = pages.local + pages.remote;
  const std::size_t local = all == 0 ? 0 : (kBar * pages.local + all / 2) / all;
  return all == 0 ? std::string(kBar, ' ')
                  : std::string(local, '#') + std::string(kBar - local, '.');
}

Sample latest(const TopInstance& instance) {
  if (!instance.history.empty()) {
    return instance.history.back();
  }
  Sample none;
  none.whole.pages = instance.last.pages;
  return none;
}

std::string instance_line(const TopInstance& instance, bool selected) {
  const Sample now = latest(instance);
  return fmt::format(
      "{}{:>4} {:<6} {:>4} {:>9.0f} {:>8.0f} {:>8.0f} {:>7.2f} {:>9} {:>9}", selected ? '>' : ' ',
      instance.view.control->instance_id, instance.engine == nullptr ? "" : instance.engine->name(),
      instance.members.size(), remote_rate(now), now.per_second(now.whole.first_touch),
      now.per_second(now.whole.evictions), stalled(now), time_text(now.whole.stall_p50()),
      time_text(now.whole.stall_p99()));
}

std::string asked_line(const TopInstance& instance) {
  const dime_parameters& asked = instance.view.parameters;
  return fmt::format("local {}, latency {}, bandwidth {}, policy {}",
                     format_local({asked.local_npages, asked.local_share}).c_str(),
                     format_time({asked.latency_ns}).c_str(),
                     format_bandwidth({asked.bandwidth_bps}).c_str(), asked.policy);
}

template <class Value>
std::string history_line(const char* label, const TopInstance& instance, Value value,
                         std::size_t width) {
  std::vector<double> values;
  double most = 0;
  for (const Sample& sample : instance.history) {
    values.push_back(value(sample));
    most = std::max(most, values.back());
  }
  constexpr std::size_t kAround = 34;  // what stands beside the line of characters
  const std::size_t room = width > kAround ? width - kAround : 0;
  return fmt::format("{:<9} {:>9.2f} [{}] max {:.2f}", label, values.empty() ? 0 : values.back(),
                     sparkline(values, std::min(room, TopModel::kHistory)), most);
}

std::string pages_line(const Pages& pages) {
  return fmt::format("{:<9} [{}] {} local, {} remote", "memory", bar(pages),
                     format_bytes(pages.local * DIME_PAGE_BYTES).c_str(),
                     format_bytes(pages.remote * DIME_PAGE_BYTES).c_str());
}

std::string link_line(const Sample& now) {
  const auto bits = [&](std::uint64_t bytes) -> std::string {
    constexpr double kBitsInByte = 8;
    const auto a_second = static_cast<std::uint64_t>(kBitsInByte * now.per_second(bytes));
    // 0 would be shown as no limit.
    return a_second == 0 ? "0 bit/s" : format_bandwidth({a_second}).c_str();
  };
  return fmt::format("{:<9} fetches {} ({:.0f} % busy), write-back {} ({:.0f} % busy)", "link",
                     bits(now.whole.rx_bytes), rx_percent(now), bits(now.whole.tx_bytes),
                     100 * now.busy_share(now.whole.tx_busy_ns));
}

std::string tier_line(const Sample& now, const SamplePart& tier) {
  return fmt::format("{:<9} {:<12} {:>9.0f} remote/s {:>8.0f} first/s  p50 {}", "tier", tier.name,
                     now.per_second(tier.remote), now.per_second(tier.first_touch),
                     time_text(tier.stall_p50()));
}

std::string member_line(const TopMember& member) {
  return fmt::format("{:>8} {:<16} [{}] {:>10} {:>9.0f} {:>7.2f}", member.pid, member.comm,
                     bar(member.pages), format_bytes(member.pages.local * DIME_PAGE_BYTES).c_str(),
                     member.remote_rate, member.stalled_share);
}

void add_details(const TopInstance& instance, std::size_t width, std::vector<TopLine>& lines) {
  const Sample now = latest(instance);
  lines.push_back({"", Style::kPlain});
  lines.push_back({fmt::format("{}: {}", instance.view.control->instance_id, asked_line(instance)),
                   Style::kBold});
  lines.push_back({history_line("remote/s", instance, remote_rate, width), Style::kPlain});
  lines.push_back({history_line("stalled", instance, stalled, width), Style::kPlain});
  lines.push_back({history_line("link rx%", instance, rx_percent, width), Style::kPlain});
  lines.push_back({link_line(now), Style::kPlain});
  lines.push_back({pages_line(instance.last.pages), Style::kPlain});
  for (const SamplePart& tier : now.tiers) {
    lines.push_back({tier_line(now, tier), Style::kPlain});
  }
  lines.push_back({"", Style::kPlain});
  lines.push_back({fmt::format("{:>8} {:<16} {:<22} {:>10} {:>9} {:>7}", "pid", "member",
                               " # local . remote", "local", "remote/s", "stalled"),
                   Style::kReverse});
  std::vector<TopMember> members = instance.members;
  std::stable_sort(members.begin(), members.end(), [](const TopMember& a, const TopMember& b) {
    return a.remote_rate > b.remote_rate;
  });
  for (const TopMember& member : members) {
    lines.push_back({member_line(member), Style::kPlain});
  }
}

std::string mapping_line(const MappingHeat& mapping, double seconds, std::size_t width) {
  const std::vector<double> cells(mapping.came_in_cell.begin(), mapping.came_in_cell.end());
  const double a_second = seconds > 0 ? static_cast<double>(mapping.came) / seconds : 0;
  const std::string line = fmt::format("{:>12x} {:>9} {:>9} {:>9.0f} [{}] ", mapping.begin,
                                       format_bytes(mapping.local * DIME_PAGE_BYTES).c_str(),
                                       format_bytes(mapping.away * DIME_PAGE_BYTES).c_str(),
                                       a_second, sparkline(cells, MappingHeat::kCells));
  const std::string name = mapping.name.empty() ? "(anonymous)" : mapping.name;
  const std::size_t room = width > line.size() ? width - line.size() : 0;
  // The end of a path tells more than its beginning.
  return line + (name.size() > room ? name.substr(name.size() - room) : name);
}

void add_heat(const TopInstance& instance, const TopHeat& heat, std::size_t width,
              std::vector<TopLine>& lines) {
  lines.push_back({"", Style::kPlain});
  const auto member =
      std::find_if(instance.members.begin(), instance.members.end(),
                   [&](const TopMember& one) { return static_cast<pid_t>(one.pid) == heat.pid(); });
  if (member == instance.members.end()) {
    lines.push_back({"no member whose memory can be looked at", Style::kPlain});
    return;
  }
  lines.push_back({fmt::format("{} {}: where its pages come in{}", member->pid, member->comm,
                               heat.is_partial() ? " (large mappings left out)" : ""),
                   Style::kBold});
  lines.push_back({fmt::format("{:>12} {:>9} {:>9} {:>9} {:<22} {}", "begin", "local", "away",
                               "came/s", " by place", "name"),
                   Style::kReverse});
  std::vector<MappingHeat> mappings = heat.mappings();
  std::stable_sort(mappings.begin(), mappings.end(), [](const auto& a, const auto& b) {
    return std::pair(a.came, a.local + a.away) > std::pair(b.came, b.local + b.away);
  });
  for (const MappingHeat& mapping : mappings) {
    if (mapping.local + mapping.away != 0) {
      lines.push_back({mapping_line(mapping, heat.seconds(), width), Style::kPlain});
    }
  }
}

std::vector<TopLine> instance_lines(const std::vector<TopInstance>& instances, std::size_t selected,
                                    std::size_t height) {
  std::vector<TopLine> lines;
  lines.push_back(
      {fmt::format(" {:>4} {:<6} {:>4} {:>9} {:>8} {:>8} {:>7} {:>9} {:>9}", "inst", "engine",
                   "mem", "remote/s", "first/s", "evict/s", "stalled", "p50", "p99"),
       Style::kReverse});
  // Half of the screen is for the details of one, and the list moves with it.
  const std::size_t most = std::max<std::size_t>(1, height / 3);
  const std::size_t from = selected < most ? 0 : selected - most + 1;
  for (std::size_t i = from; i < std::min(instances.size(), from + most); ++i) {
    lines.push_back({instance_line(instances[i], i == selected), Style::kPlain});
  }
  if (selected >= instances.size()) {
    lines.push_back({"no instances", Style::kPlain});
  }
  return lines;
}

}  // namespace

std::string sparkline(const std::vector<double>& values, std::size_t width) {
  constexpr std::string_view kSteps = " .:-=+*#%@";
  const std::size_t shown = std::min(values.size(), width);
  const auto first = values.end() - static_cast<std::ptrdiff_t>(shown);
  const double most = shown == 0 ? 0 : *std::max_element(first, values.end());
  std::string text(width - shown, ' ');
  for (auto value = first; value != values.end(); ++value) {
    const double part = most > 0 ? *value / most : 0;
    const auto step = static_cast<std::size_t>(part * static_cast<double>(kSteps.size() - 1) + 0.5);
    // What is not zero is to be seen.
    text += kSteps[*value > 0 ? std::max<std::size_t>(step, 1) : 0];
  }
  return text;
}

std::vector<TopLine> top_page(const std::vector<TopInstance>& instances, std::size_t selected,
                              std::size_t width, std::size_t height) {
  std::vector<TopLine> lines = instance_lines(instances, selected, height);
  if (selected < instances.size()) {
    add_details(instances[selected], width, lines);
  }
  lines.resize(std::min(lines.size(), height));
  return lines;
}

std::vector<TopLine> heat_page(const std::vector<TopInstance>& instances, std::size_t selected,
                               const TopHeat& heat, std::size_t width, std::size_t height) {
  std::vector<TopLine> lines = instance_lines(instances, selected, height);
  if (selected < instances.size()) {
    add_heat(instances[selected], heat, width, lines);
  }
  lines.resize(std::min(lines.size(), height));
  return lines;
}

}  // namespace dime
