// SPDX-License-Identifier: GPL-2.0
#include "core/parameters.h"

#include "core/atomic.h"
#include "core/fetch_times.h"
#include "core/link.h"
#include "core/placement.h"
#include "core/schedule.h"

namespace dime::config {
namespace {

constexpr const char* kWaitWords[] = {"auto", "spin", "sleep"};  // enum dime_wait
constexpr const char* kScopeWords[] = {"anon", "all"};           // enum dime_scope
constexpr const char* kTimeAllowed = "0 to 60000000000 nanoseconds, without a unit";
constexpr const char* kSwitchAllowed = "0 or 1";

#define DIME_OF_PARAMETERS(name) \
  { __builtin_offsetof(dime_parameters, name), sizeof(dime_parameters::name), true }
#define DIME_OF_PLAN(name) \
  { __builtin_offsetof(Plan, name), sizeof(Plan::name), false }

}  // namespace

// The defaults of latency and bandwidth are what most applications of the OSDI'16 study of
// disaggregation were found to need.
// clang-format off
constexpr Parameter kParameters[kKeys] = {
    {.key = Key::kInstanceId, .kind = Kind::kNumber, .name = "instance_id", .option = "--instance",
     .form = "ID", .help = "id of the instance to create, to join or to change",
     .allowed = "0 to 2147483647: the id of an instance, or of one to create, which is at most "
         "one above the highest where it stays without members", .field = DIME_OF_PLAN(instance_id),
     .most = kMaxInstanceId},
    {.key = Key::kLatencyNs, .kind = Kind::kTime, .name = "latency_ns", .option = "--latency",
     .form = "TIME", .help = "unloaded fetch of one page, as in 3us (5us)", .allowed = kTimeAllowed,
     .field = DIME_OF_PARAMETERS(latency_ns), .initial = 5'000, .most = kMaxLatencyNs},
    {.key = Key::kBandwidthBps, .kind = Kind::kRate, .name = "bandwidth_bps",
     .option = "--bandwidth", .form = "RATE",
     .help = "of the link, as in 40Gbit/s or 5GB/s, or unlimited (40Gbit/s)",
     .allowed = "1000 to 1000000000000000 bits per second, without a unit, or 0 for unlimited",
     .field = DIME_OF_PARAMETERS(bandwidth_bps), .initial = 40'000'000'000,
     .least = kMinBandwidthBps, .most = kMaxBandwidthBps, .or_zero = true},
    {.key = Key::kLocalNpages, .kind = Kind::kPages, .name = "local_npages", .option = "--local",
     .form = "SIZE", .help = "pages kept local: 2000p, 64MiB or 25% of those touched (50%)",
     .allowed = "1 to 34359738368 pages", .field = DIME_OF_PARAMETERS(local_npages), .least = 1,
     .most = kMaxLocalNpages},
    {.key = Key::kLocalShare, .kind = Kind::kNumber, .name = "local_share",
     .allowed = "1 to 10000 hundredths of a per cent of the touched pages, instead of local_npages",
     .field = DIME_OF_PARAMETERS(local_share), .initial = 5'000, .least = 1,
     .most = kMaxLocalShare},
    {.key = Key::kPid, .kind = Kind::kPids, .name = "pid",
     .allowed = "up to 1024 process ids between commas, each once; '+' before the first adds, '-' "
         "removes", .least = 1, .most = kMaxPid},
    {.key = Key::kPolicy, .kind = Kind::kPolicy, .name = "policy", .option = "--policy",
     .form = "NAME", .help = "which page becomes remote: see dime policies (fifo)",
     .allowed = "the name of a policy, as in `dime policies`", .field = DIME_OF_PARAMETERS(policy)},
    {.key = Key::kPrefetch, .kind = Kind::kPrefetch, .name = "prefetch", .option = "--prefetch",
     .form = "NAME", .help = "which pages are fetched ahead: see dime prefetchers (none)",
     .allowed = "the name of a prefetcher, as in `dime prefetchers`",
     .field = DIME_OF_PARAMETERS(prefetch)},
    {.key = Key::kLink, .kind = Kind::kLink, .name = "link", .option = "--link", .form = "NAME",
     .help = "share the link of this name with other instances",
     .allowed = "up to 31 letters, digits, '-', '_' and '.', the first a letter or digit; '-' "
         "alone for the instance's own", .field = DIME_OF_PARAMETERS(link)},
    {.key = Key::kOneWay, .kind = Kind::kSwitch, .name = "one_way", .option = "--one-way",
     .help = "charge the latency twice, as the original DiME did", .allowed = kSwitchAllowed,
     .field = DIME_OF_PARAMETERS(flags), .flag = DIME_ONE_WAY, .most = 1},
    {.key = Key::kChargeFirstTouch, .kind = Kind::kSwitch, .name = "charge_first_touch",
     .option = "--charge-first-touch", .help = "delay first touches too", .allowed = kSwitchAllowed,
     .field = DIME_OF_PARAMETERS(flags), .flag = DIME_CHARGE_FIRST_TOUCH, .most = 1},
    {.key = Key::kWriteback, .kind = Kind::kSwitch, .name = "writeback", .option = "--no-writeback",
     .help = "evicting a changed page uses no bandwidth", .allowed = kSwitchAllowed,
     .field = DIME_OF_PARAMETERS(flags), .flag = DIME_WRITEBACK, .initial = 1, .most = 1},
    {.key = Key::kFollowChildren, .kind = Kind::kSwitch, .name = "follow_children",
     .option = "--no-follow", .help = "leave the program's children out", .allowed = kSwitchAllowed,
     .field = DIME_OF_PARAMETERS(flags), .flag = DIME_FOLLOW_CHILDREN, .initial = 1, .most = 1},
    {.key = Key::kScope, .kind = Kind::kChoice, .name = "scope", .allowed = "anon or all",
     .field = DIME_OF_PARAMETERS(scope), .initial = DIME_SCOPE_ANON, .most = DIME_SCOPE_ALL,
     .words = kScopeWords},
    {.key = Key::kWait, .kind = Kind::kChoice, .name = "wait", .option = "--wait", .form = "HOW",
     .help = "how a stall passes: auto, spin or sleep (auto)", .allowed = "auto, spin or sleep",
     .field = DIME_OF_PARAMETERS(wait), .initial = DIME_WAIT_AUTO, .most = DIME_WAIT_SLEEP,
     .words = kWaitWords},
    {.key = Key::kJitter, .kind = Kind::kJitter, .name = "jitter", .option = "--jitter",
     .form = "SHAPE",
     .help = "added to each latency: normal, lognormal, pareto or paretonormal with a standard "
         "deviation, or table:FILE, as in lognormal,5us,corr=25%",
     .allowed = "none, or normal, lognormal, pareto or paretonormal with a standard deviation, as "
         "in normal,500ns, or table:NS:NS..; each also with ,corr=0% to 99%"},
    {.key = Key::kSeed, .kind = Kind::kNumber, .name = "seed", .option = "--seed", .form = "N",
     .help = "of the jitter's sequence (1)", .allowed = "0 to 18446744073709551615",
     .field = DIME_OF_PLAN(seed), .initial = 1, .most = UINT64_MAX},
    {.key = Key::kFetchTimes, .kind = Kind::kFetchTimes, .name = "fetch_times",
     .option = "--fetch-times", .form = "FILE",
     .help = "file of unloaded fetch times by size, instead of --latency",
     .allowed = "none, or up to 32 pairs BYTES:NS with commas between them, ascending"},
    {.key = Key::kSchedule, .kind = Kind::kSchedule, .name = "schedule", .option = "--at",
     .form = "TIME CHANGE",
     .help = "change the network after a time: latency=50us, bandwidth=1Gbit/s, down or up, or "
         "several with commas; can be given again",
     .allowed = "none, or steps like 10s:latency=50us,bandwidth=1Gbit/s;20s:down;25s:up"},
    {.key = Key::kOutageMaxNs, .kind = Kind::kTime, .name = "outage_max_ns",
     .option = "--outage-max", .form = "TIME",
     .help = "longest wait of one access for a link that is down (10s)", .allowed = kTimeAllowed,
     .field = DIME_OF_PLAN(schedule.outage_max_ns), .initial = schedule::kDefaultOutageMaxNs,
     .most = kMaxLatencyNs},
    {.key = Key::kWritebackDepth, .kind = Kind::kNumber, .name = "writeback_depth",
     .option = "--writeback-depth", .form = "N",
     .help = "pages that may queue for write-back before an eviction stalls (64)",
     .allowed = "0 to 1048576 pages", .field = DIME_OF_PARAMETERS(writeback_depth), .initial = 64,
     .most = kMaxWritebackDepth},
    {.key = Key::kWriteBandwidthBps, .kind = Kind::kWriteRate, .name = "write_bandwidth_bps",
     .option = "--write-bandwidth", .form = "RATE",
     .help = "of write-back, where it is not that of --bandwidth; - for that (-)",
     .allowed = "1000 to 1000000000000000 bits per second, without a unit, 0 for unlimited, or "
         "'-' for as bandwidth_bps", .field = DIME_OF_PARAMETERS(write_bandwidth_bps),
     .least = kMinBandwidthBps, .most = kMaxBandwidthBps, .or_zero = true},
    {.key = Key::kBelowFloor, .kind = Kind::kSwitch, .name = "below_floor",
     .allowed = "0 or 1, which notes that a stall below the floor was accepted",
     .field = DIME_OF_PARAMETERS(flags), .flag = DIME_ALLOW_FLOOR, .most = 1},
    {.key = Key::kKeep, .kind = Kind::kNumber, .name = "keep",
     .allowed = "1, or 0 to have the instance go with its last member", .field = DIME_OF_PLAN(keep),
     .initial = 1, .most = 1},
    {.key = Key::kPageFaultCount, .kind = Kind::kNumber, .name = "page_fault_count",
     .allowed = "0, which resets it", .field = DIME_OF_PLAN(page_fault_count)},
    {.key = Key::kRemove, .kind = Kind::kNumber, .name = "remove",
     .allowed = "1, with instance_id and nothing else", .field = DIME_OF_PLAN(remove), .least = 1,
     .most = 1},
};
// clang-format on

namespace {

constexpr bool is_in_order() {
  for (unsigned i = 0; i < kKeys; ++i) {
    if (kParameters[i].key != static_cast<Key>(i)) {
      return false;
    }
  }
  return true;
}
static_assert(is_in_order());

bool is_number(const Parameter& row) {
  return row.field.bytes != 0 && !is_name(row);
}

std::uint64_t load(const void* base, const Parameter& row) {
  const auto* const at = static_cast<const char*>(base) + row.field.offset;
  const std::uint64_t number = row.field.bytes == sizeof(std::uint64_t)
                                   ? atomic::load(*reinterpret_cast<const std::uint64_t*>(at))
                                   : atomic::load(*reinterpret_cast<const std::uint32_t*>(at));
  return row.flag == 0 ? number : (number & row.flag) != 0;
}

void store(void* base, const Parameter& row, std::uint64_t number) {
  auto* const at = static_cast<char*>(base) + row.field.offset;
  if (row.field.bytes == sizeof(std::uint64_t)) {
    atomic::store(*reinterpret_cast<std::uint64_t*>(at), number);
    return;
  }
  auto& narrow = *reinterpret_cast<std::uint32_t*>(at);
  const auto value = static_cast<std::uint32_t>(number);
  atomic::store(narrow, row.flag == 0 ? value
                        : value != 0  ? atomic::load(narrow) | row.flag
                                      : atomic::load(narrow) & ~row.flag);
}

void write_pids(TextWriter& out, const Plan& plan) {
  if (plan.pid_operation != PidOperation::kReplace) {
    out.put(plan.pid_operation == PidOperation::kAdd ? '+' : '-');
  }
  for (std::uint32_t i = 0; i < plan.pid_count; ++i) {
    out.put(i == 0 ? "" : ",").put(std::uint64_t{plan.pids[i]});
  }
}

void write_value(TextWriter& out, const Parameter& row, const Plan& plan) {
  switch (row.kind) {
    case Kind::kPolicy:
    case Kind::kPrefetch:
    case Kind::kLink: {
      const char* const name = name_in(row, plan.parameters);
      out.put(*name == '\0' ? "-" : name);
      break;
    }
    case Kind::kChoice:
      out.put(word_of(row, number_of(row, plan)));
      break;
    case Kind::kWriteRate:
      plan.parameters.write_bandwidth_bps == 0 ? out.put('-')
                                               : out.put(shown_number(row, plan.parameters));
      break;
    case Kind::kPids:
      write_pids(out, plan);
      break;
    case Kind::kJitter:
      jitter::write(out, plan.jitter);
      break;
    case Kind::kFetchTimes:
      fetch_times::write(out, plan.fetch_times);
      break;
    case Kind::kSchedule:
      schedule::write(out, plan.schedule);
      break;
    default:
      out.put(number_of(row, plan));
      break;
  }
}

}  // namespace

void Plan::reset() {
  __builtin_memset(static_cast<void*>(this), 0, sizeof *this);
  parameters = default_parameters();
  for (const Parameter& row : kParameters) {
    if (is_number(row) && !row.field.of_parameters) {
      store(this, row, row.initial);
    }
  }
}

const Parameter* find(Text name) {
  for (const Parameter& row : kParameters) {
    if (name == Text(row.name)) {
      return &row;
    }
  }
  return nullptr;
}

Plan plan_for(const dime_parameters& parameters) {
  Plan plan;
  for (const Parameter& row : kParameters) {
    plan.given |= row.field.of_parameters ? bit_of(row.key) : 0;
  }
  plan.given &= ~bit_of(parameters.local_share == 0 ? Key::kLocalShare : Key::kLocalNpages);
  plan.parameters = parameters;
  return plan;
}

std::uint64_t number_of(const Parameter& row, const dime_parameters& parameters) {
  return load(&parameters, row);
}

std::uint64_t shown_number(const Parameter& row, const dime_parameters& parameters) {
  const std::uint64_t number = number_of(row, parameters);
  return row.kind == Kind::kWriteRate
             ? link::write_bandwidth(parameters, {parameters.bandwidth_bps}).value
             : number;
}

std::uint64_t number_of(const Parameter& row, const Plan& plan) {
  return row.field.of_parameters ? load(&plan.parameters, row) : load(&plan, row);
}

void set_number(const Parameter& row, Plan& plan, std::uint64_t number) {
  row.field.of_parameters ? store(&plan.parameters, row, number) : store(&plan, row, number);
  plan.give(row.key);
  if (row.key == Key::kLocalNpages) {
    plan.parameters.local_share = 0;
  }
}

void set_name(const Parameter& row, dime_parameters& parameters, Text name) {
  TextWriter(reinterpret_cast<char*>(&parameters) + row.field.offset, row.field.bytes).put(name);
}

dime_parameters default_parameters() {
  dime_parameters parameters{};
  for (const Parameter& row : kParameters) {
    if (is_number(row) && row.field.of_parameters) {
      store(&parameters, row, row.initial);
    }
  }
  set_name(row_of(Key::kPolicy), parameters, kDefaultPolicy);
  set_name(row_of(Key::kPrefetch), parameters, kDefaultPrefetch);
  return parameters;
}

void init(dime_control& control) {
  control.abi_version = DIME_ABI_VERSION;
  control.parameters = default_parameters();
  control.keep = static_cast<std::uint32_t>(row_of(Key::kKeep).initial);
  control.jitter.seed = row_of(Key::kSeed).initial;
  control.schedule.outage_max_ns = row_of(Key::kOutageMaxNs).initial;
  control.link.magic = DIME_LINK_MAGIC;
  control.link.abi_version = DIME_ABI_VERSION;
  placement::init(control.placement);
}

void apply(const Plan& plan, dime_parameters& parameters) {
  for (const Parameter& row : kParameters) {
    if (!plan.has(row.key) || !row.field.of_parameters) {
      continue;
    }
    if (is_name(row)) {
      set_name(row, parameters, name_in(row, plan.parameters));
    } else {
      store(&parameters, row, number_of(row, plan));
    }
  }
  if (plan.has(Key::kLocalNpages)) {
    atomic::store(parameters.local_share, 0u);
  }
}

void apply(const Plan& plan, dime_control& control, Nanos now) {
  apply(plan, control.parameters);
  if (plan.has(Key::kSeed)) {
    jitter::set_seed(control.jitter, plan.seed);
  }
  if (plan.has(Key::kJitter)) {
    jitter::set(control.jitter, plan.jitter);
  }
  if (plan.has(Key::kFetchTimes)) {
    fetch_times::set(control.fetch_times, plan.fetch_times);
  }
  if (plan.has(Key::kOutageMaxNs)) {
    atomic::store(control.schedule.outage_max_ns, plan.schedule.outage_max_ns);
  }
  if (plan.has(Key::kSchedule)) {
    schedule::set(control.schedule, plan.schedule, now);
  }
  if (plan.has(Key::kKeep)) {
    atomic::store(control.keep, plan.keep);
  }
  if (plan.has(Key::kPageFaultCount)) {
    atomic::store(control.counters.page_fault_count, std::uint64_t{plan.page_fault_count});
  }
  atomic::store(control.target_ns,
                link::unloaded_stall(control.parameters, &control.fetch_times).value);
}

const Parameter* first_difference(const Plan& plan, const dime_parameters& parameters) {
  dime_parameters changed = parameters;
  apply(plan, changed);
  for (const Parameter& row : kParameters) {
    if (!row.field.of_parameters) {
      continue;
    }
    const bool same = is_name(row) ? Text(name_in(row, changed)) == Text(name_in(row, parameters))
                                   : number_of(row, changed) == number_of(row, parameters);
    if (!same) {
      return &row;
    }
  }
  return nullptr;
}

void write(TextWriter& out, const Plan& plan) {
  const char* separator = "";
  for (const Parameter& row : kParameters) {
    if (plan.has(row.key)) {
      out.put(separator).put(row.name).put('=');
      write_value(out, row, plan);
      separator = " ";
    }
  }
}

void write_lines(TextWriter& out, const dime_parameters& parameters) {
  for (const Parameter& row : kParameters) {
    if (!row.field.of_parameters || row.flag != 0) {
      continue;
    }
    if (!is_name(row)) {
      out.put(row.name).put(' ').put(number_of(row, parameters)).put('\n');
    } else if (*name_in(row, parameters) != '\0') {
      out.put(row.name).put(' ').put(name_in(row, parameters)).put('\n');
    }
  }
  out.put("flags ").put(std::uint64_t{atomic::load(parameters.flags)}).put('\n');
}

bool read_line(Text name, Text value, dime_parameters& parameters) {
  std::uint64_t number = 0;
  if (name == Text("flags")) {
    const bool read = read_decimal(value, number) && number <= UINT32_MAX;
    parameters.flags = static_cast<std::uint32_t>(number);
    return read;
  }
  const Parameter* const row = find(name);
  if (row == nullptr || !row->field.of_parameters) {
    return true;
  }
  if (is_name(*row)) {
    set_name(*row, parameters, value);
    return true;
  }
  const bool read =
      read_decimal(value, number) && (row->field.bytes == sizeof number || number <= UINT32_MAX);
  store(&parameters, *row, number);
  return read;
}

}  // namespace dime::config
