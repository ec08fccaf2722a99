// SPDX-License-Identifier: GPL-2.0
#include "core/schedule.h"

#include "core/atomic.h"

namespace dime::schedule {
namespace {

constexpr const char* kFormAllowed =
    "allowed: TIME:CHANGE[,CHANGE..], as in 10s:latency=50us,bandwidth=1Gbit/s, 20s:down or 25s:up";
constexpr const char* kTimeAllowed = "allowed: a time up to 1000000s with a unit (ns, us, ms, s)";
constexpr const char* kOrder = "out of order; allowed: a time later than that of the step before";
constexpr const char* kTooMany = "too many; allowed: up to 64 steps";
constexpr const char* kUpWithoutDown = "the link is not down then; allowed: after a step with down";
constexpr const char* kDownTwice = "the link is down then; allowed: after a step with up";
constexpr const char* kTwice = "given twice in one step; allowed: each change once";

bool is_down_at_end(const dime_schedule& steps) {
  bool down = false;
  for (std::uint32_t i = 0; i < steps.count; ++i) {
    down = (down || (steps.steps[i].what & DIME_STEP_DOWN) != 0) &&
           (steps.steps[i].what & DIME_STEP_UP) == 0;
  }
  return down;
}

bool starts_with(Text text, Text with) {
  return text.size > with.size && text.slice(0, with.size) == with;
}

const char* read_change(Text text, bool down, dime_step& step) {
  constexpr Text kLatency = "latency=";
  constexpr Text kBandwidth = "bandwidth=";
  std::uint32_t what = 0;
  if (text == Text("down")) {
    what = DIME_STEP_DOWN;
    if (down) {
      return kDownTwice;
    }
  } else if (text == Text("up")) {
    what = DIME_STEP_UP;
    if (!down) {
      return kUpWithoutDown;
    }
  } else if (starts_with(text, kLatency)) {
    const Parsed<Nanos> latency = parse_latency(text.slice(kLatency.size, text.size));
    if (!latency.ok()) {
      return latency.problem;
    }
    step.latency_ns = latency.value.value;
    what = DIME_STEP_LATENCY;
  } else if (starts_with(text, kBandwidth)) {
    const Parsed<BitsPerSecond> bandwidth = parse_bandwidth(text.slice(kBandwidth.size, text.size));
    if (!bandwidth.ok()) {
      return bandwidth.problem;
    }
    step.bandwidth_bps = bandwidth.value.value;
    what = DIME_STEP_BANDWIDTH;
  } else {
    return kFormAllowed;
  }
  if ((step.what & what) != 0) {
    return kTwice;
  }
  step.what |= what;
  return nullptr;
}

/// The number of steps; a block that was damaged may claim more than there can be.
std::uint32_t count_of(const dime_schedule& schedule) {
  const std::uint32_t count = atomic::load_acquire(schedule.count);
  return count < DIME_MAX_STEPS ? count : DIME_MAX_STEPS;
}

/// The time at which step `i` takes place.
std::uint64_t time_of(const dime_schedule& schedule, std::uint32_t i) {
  return atomic::load(schedule.start_ns) + schedule.steps[i].at_ns;
}

}  // namespace

Refused append(Text text, dime_schedule& steps) {
  if (steps.count == DIME_MAX_STEPS) {
    return {kTooMany, text};
  }
  const std::uint32_t colon = text.find(':');
  const Text time = text.slice(0, colon);
  const Parsed<Nanos> at = parse_duration(time);
  if (!at.ok() || at.value.value > kMaxAtNs) {
    return {kTimeAllowed, time};
  }
  if (steps.count != 0 && at.value.value <= steps.steps[steps.count - 1].at_ns) {
    return {kOrder, time};
  }
  if (colon == text.size) {
    return {kFormAllowed, text};
  }
  dime_step step{};
  step.at_ns = at.value.value;
  const bool down = is_down_at_end(steps);
  for (std::uint32_t begin = colon + 1; begin <= text.size;) {
    const Text rest = text.slice(begin, text.size);
    const Text change = rest.slice(0, rest.find(','));
    if (const char* const problem = read_change(change, down, step); problem != nullptr) {
      return {problem, change};
    }
    begin += change.size + 1;
  }
  steps.steps[steps.count++] = step;
  return {};
}

Refused parse(Text text, dime_schedule& steps) {
  steps.count = 0;
  if (text == Text("none")) {
    return {};
  }
  for (std::uint32_t begin = 0; begin <= text.size;) {
    const Text rest = text.slice(begin, text.size);
    const Text step = rest.slice(0, rest.find(';'));
    if (const Refused refused = append(step, steps); refused.problem != nullptr) {
      return refused;
    }
    begin += step.size + 1;
  }
  return {};
}

void write(TextWriter& out, const dime_schedule& steps) {
  for (std::uint32_t i = 0; i < steps.count; ++i) {
    const dime_step& step = steps.steps[i];
    const char* separator = ":";
    const auto change = [&](std::uint32_t which, const char* text) {
      const bool given = (step.what & which) != 0;
      out.put(given ? separator : "").put(given ? text : "");
      separator = given ? "," : separator;
      return given;
    };
    out.put(i == 0 ? "" : ";").put(step.at_ns).put("ns");
    if (change(DIME_STEP_LATENCY, "latency=")) {
      out.put(step.latency_ns).put("ns");
    }
    if (change(DIME_STEP_BANDWIDTH, "bandwidth=")) {
      put_bandwidth(out, {step.bandwidth_bps});
    }
    change(DIME_STEP_DOWN, "down");
    change(DIME_STEP_UP, "up");
  }
  out.put(steps.count == 0 ? "none" : "");
}

void set(dime_schedule& schedule, const dime_schedule& wanted, Nanos now) {
  atomic::store_release(schedule.count, 0u);
  atomic::store(schedule.start_ns, now.value);
  for (std::uint32_t i = 0; i < wanted.count; ++i) {
    schedule.steps[i] = wanted.steps[i];
  }
  atomic::store_release(schedule.count, wanted.count);
}

Terms at(const dime_schedule& schedule, Nanos now, Terms otherwise) {
  Terms terms = otherwise;
  const std::uint32_t count = count_of(schedule);
  for (std::uint32_t i = 0; i < count && time_of(schedule, i) <= now.value; ++i) {
    const dime_step& step = schedule.steps[i];
    if ((step.what & DIME_STEP_LATENCY) != 0) {
      terms.latency = {step.latency_ns};
    }
    if ((step.what & DIME_STEP_BANDWIDTH) != 0) {
      terms.bandwidth = {step.bandwidth_bps};
    }
  }
  return terms;
}

Nanos after(const dime_schedule& schedule, Nanos from, Nanos length, Nanos& patience) {
  const std::uint32_t count = count_of(schedule);
  for (std::uint32_t i = 0; i < count; ++i) {
    if ((schedule.steps[i].what & DIME_STEP_DOWN) == 0) {
      continue;
    }
    const Nanos down{time_of(schedule, i)};
    while (i < count && (schedule.steps[i].what & DIME_STEP_UP) == 0) {
      ++i;
    }
    const Nanos up = i < count ? Nanos{time_of(schedule, i)} : Nanos{UINT64_MAX};
    if (up <= from) {
      continue;
    }
    if (down > from) {
      if (down - from >= length) {
        break;
      }
      length = length - (down - from);
      from = down;
    }
    const Nanos wait = up - from;
    if (wait > patience) {
      from = from + patience;
      patience = {};
      break;
    }
    patience = patience - wait;
    from = up;
  }
  return from + length;
}

}  // namespace dime::schedule
