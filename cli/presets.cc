// SPDX-License-Identifier: GPL-2.0
// A published figure is the time of a whole page fetch, so the latency is what is left of it
// without the transfer. Figures per cache line are listed because people look for them, and
// refused: paging delays the first touch of a page, not each of its 64 lines.
#include "cli/presets.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "cli/command.h"
#include "core/link.h"
#include "core/quantity.h"

namespace dime {
namespace {

constexpr std::uint64_t kGbit = 1'000'000'000;
constexpr const char* kCacheLine = "per cache line";

constexpr Preset kPresets[] = {
    {"osdi16-class-a", 5'819, 40 * kGbit, "", false, "OSDI'16, Gao et al.",
     "the 5 us round trip at 40 Gbit/s that most applications were found to bear"},
    {"osdi16-class-b", 3'328, 100 * kGbit, "", false, "OSDI'16, Gao et al.",
     "the 3 us round trip at 100 Gbit/s that the demanding ones need"},
    {"rdma-rack-100g", 835, 100 * kGbit, "", false, "OSDI'16, fcts_tmrs_pfabric",
     "simulated: 0.81-0.86 us in the fabric alone, without adapters and software"},
    {"rdma-dc-100g", 2'310, 100 * kGbit, "", false, "OSDI'16, fcts_tm",
     "simulated: 2.27-2.35 us in the fabric alone"},
    {"rdma-rack-40g", 1'550, 40 * kGbit, "", false, "OSDI'16, fcts_tmrs_pfabric",
     "simulated: 1.4-1.7 us in the fabric alone"},
    {"rdma-dc-40g", 3'125, 40 * kGbit, "", false, "OSDI'16, fcts_tm",
     "simulated: 2.9-3.35 us in the fabric alone"},
    {"rdma-cx5-100g", 3'700, 100 * kGbit, "", false, "NSDI'26, OneSidedMW",
     "one-sided read of 4 KiB with ConnectX-5, derived from 11.9 us / 3.2; without a page fault"},
    {"rdma-ib-send", 3'090, 99 * kGbit, "", false, "thesis on InfiniBand send times",
     "0.83 us for the request and 2.26 us for the page, one way each; bandwidth from 4 and 32 KiB"},
    {"fastswap-100g", 6'070, 100 * kGbit, "", false, "Eden, measurements of Fastswap",
     "the whole fault with a clean victim; 9.32 us were measured with a dirty one"},
    {"infiniswap-56g", 4'500, 56 * kGbit, "", false, "NSDI'17, Infiniswap (bandwidth)",
     "the 4-5 us are usual for that hardware, and not from the paper"},
    {"odrp-offload", 11'900, 100 * kGbit, "", false, "NSDI'26, OneSidedMW",
     "a fetch with the address translation offloaded to the adapter"},
    {"icenet-fast", 8'243, 0, "", false, "Berkeley PFA, rswap constants",
     "one page for each request; the transfer is part of the time"},
    {"icenet-linux", 31'054, 0, "", false, "Berkeley PFA, rswap constants",
     "the same through the Linux network stack"},
    {"nvme-rdma", 15'000, 0, "", false, "nvme-tcp.com, vendor page",
     "the middle of 10-20 us for a block of 4 KiB"},
    {"nvme-tcp", 32'500, 0, "", false, "nvme-tcp.com, vendor page",
     "the middle of 25-40 us for a block of 4 KiB"},
    {"tcp-kernel", 20'000, 10 * kGbit, "pareto,5us", false, "HeliosDB documentation",
     "the middle of 10-30 us for a message; a heavy tail is reported, its size is assumed"},
    {"zswap", 4'000, 0, "table:0:2000:6000", false, "PageFlex",
     "no network: decompression, 4-10 us with a median of 6 us"},
    {"optane-ssd", 10'000, 0, "", false, "PageFlex; Intel product brief",
     "no network: a read of 4 KiB from the device"},
    {"nand-ssd", 100'000, 0, "", false, "PageFlex; Intel product brief",
     "no network: the order of magnitude of a NAND read, tens to hundreds of us"},
    {"dime-classic", 36'768, 1 * kGbit, "", true, "configuration template of the original DiME",
     "2 us one way, charged twice, at 1 Gbit/s"},
    {"local-dram", 0, 0, "", false, "Quartz, README", "92 ns"},
    {"numa-remote", 0, 0, "", false, "Quartz, README", "152-176 ns"},
    {"pond-emc", 0, 0, "", false, "ASPLOS'23, Pond", "67-90 ns above local memory"},
    {"cxl-asic", 0, 0, "", false, "CXL-DMSim, silicon", "2.18 times local DDR"},
    {"cxl-fpga", 0, 0, "", false, "CXL-DMSim, silicon", "2.88 times local DDR"},
    {"cxl-sweep", 0, 0, "", false, "ASPLOS'25, Melody", "140-410 ns"},
    {"cxl-a", 0, 0, "", false, "MICRO'23, Sun et al.", "1.35 times remote DDR5"},
    {"cxl-b", 0, 0, "", false, "MICRO'23, Sun et al.", "twice remote DDR5"},
    {"cxl-c", 0, 0, "", false, "MICRO'23, Sun et al.", "three times remote DDR5"},
    {"optane-pmm", 0, 0, "", false, "Izraelevitz et al., 2019", "305 ns random, 169 ns sequential"},
};

std::string known_names() {
  std::string names;
  for (const Preset& preset : kPresets) {
    if (!preset.refused()) {
      names += fmt::format("{}{}", names.empty() ? "" : ", ", preset.name);
    }
  }
  return names;
}

void print(const Preset& preset) {
  if (preset.refused()) {
    fmt::print("{:<15} refused   {}: {}, {} [{}]\n", preset.name, kCacheLine, preset.note,
               "which paging cannot emulate", preset.source);
    return;
  }
  fmt::print(
      "{:<15} {:>8}, {:>11}{}{}; {} [{}]\n", preset.name, format_time({preset.fetch_ns}).c_str(),
      preset.bandwidth_bps == 0 ? "unlimited" : format_bandwidth({preset.bandwidth_bps}).c_str(),
      *preset.jitter == '\0' ? "" : ", jitter ", preset.jitter, preset.note, preset.source);
}

}  // namespace

std::uint64_t Preset::latency_ns() const {
  const Nanos rest = Nanos{fetch_ns} - link::transfer_time(kPageBytes, {bandwidth_bps});
  return one_way ? rest.value / 2 : rest.value;
}

std::span<const Preset> presets() {
  return kPresets;
}

Result<const Preset*> find_preset(const std::string& name) {
  const auto* const found = std::find_if(std::begin(kPresets), std::end(kPresets),
                                         [&](const Preset& preset) { return preset.name == name; });
  if (found == std::end(kPresets)) {
    return fail(0, "--preset {}: unknown preset; allowed: {}", name, known_names());
  }
  if (found->refused()) {
    return fail(0, "--preset {}: {} {}, which paging cannot emulate; allowed: {}", name,
                found->note, kCacheLine, known_names());
  }
  return found;
}

const Command kPresetsCommand = {"presets", "published networks by name, each with its source",
                                 [](CLI::App&) -> std::function<int()> {
                                   return [] {
                                     std::for_each(std::begin(kPresets), std::end(kPresets), print);
                                     return int{kSuccess};
                                   };
                                 }};

}  // namespace dime
