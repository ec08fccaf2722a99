// SPDX-License-Identifier: GPL-2.0
#include "control/snapshot.h"

#include <cstring>

#include "core/atomic.h"
#include "core/clamp.h"

namespace dime {

std::unique_ptr<dime_control> snapshot(const ControlBlock& block) {
  const dime_control& shared = *block;
  auto copy = std::make_unique<dime_control>();
  std::memcpy(copy.get(), &shared, sizeof *copy);
  // A writer holds the file's lock for some dozen microseconds; one that died there leaves an odd
  // number for ever, and its half-written values are then as good as any.
  constexpr int kTries = 100'000;
  for (int tries = 0; tries < kTries; ++tries) {
    const std::uint64_t before = atomic::load_acquire(shared.parameters.sequence);
    copy->parameters = shared.parameters;
    copy->placement = shared.placement;
    copy->jitter = shared.jitter;
    copy->fetch_times = shared.fetch_times;
    copy->schedule = shared.schedule;
    copy->target_ns = atomic::load(shared.target_ns);
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    if (before % 2 == 0 && atomic::load(shared.parameters.sequence) == before) {
      break;
    }
  }
  copy->instance_id = block.id();
  clamp::control(*copy);
  return copy;
}

}  // namespace dime
