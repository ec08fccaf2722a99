// SPDX-License-Identifier: GPL-2.0
#include "cli/top_model.h"

#include <algorithm>

#include "base/printable.h"
#include "control/members.h"

namespace dime {
namespace {

double a_second(std::uint64_t before, std::uint64_t after, std::uint64_t wall_ns) {
  return after <= before || wall_ns == 0
             ? 0
             : 1e9 * static_cast<double>(after - before) / static_cast<double>(wall_ns);
}

TopMember member_of(const dime_member& member, const TopInstance* before, std::uint64_t wall_ns) {
  TopMember now;
  now.pid = member.pid;
  now.comm = printable(member.comm);
  now.pages = {member.local_pages, member.managed_pages > member.local_pages
                                       ? member.managed_pages - member.local_pages
                                       : 0};
  now.remote = member.faults_remote;
  now.stall_ns = member.stall_ns_sum;
  if (before != nullptr) {
    for (const TopMember& earlier : before->members) {
      if (earlier.pid == now.pid) {
        now.remote_rate = a_second(earlier.remote, now.remote, wall_ns);
        now.stalled_share = a_second(earlier.stall_ns, now.stall_ns, wall_ns) / 1e9;
      }
    }
  }
  return now;
}

// An instance may have gone, and another have taken its number.
const TopInstance* same(const std::vector<TopInstance>& instances, const Engine* engine,
                        const InstanceView& view) {
  const auto found =
      std::find_if(instances.begin(), instances.end(), [&](const TopInstance& instance) {
        return instance.engine == engine &&
               instance.view.control->instance_id == view.control->instance_id &&
               instance.view.control->created_ns == view.control->created_ns;
      });
  return found == instances.end() ? nullptr : &*found;
}

}  // namespace

Result<void> TopModel::refresh() {
  std::vector<TopInstance> present;
  for (const std::unique_ptr<Engine>& engine : engines_) {
    DIME_TRY(std::vector<InstanceView> views, engine->instances());
    for (InstanceView& view : views) {
      const TopInstance* const before = same(instances_, engine.get(), view);
      TopInstance now;
      now.engine = engine.get();
      now.last = view.reading();
      if (before != nullptr) {
        now.history = before->history;
        now.history.push_back(sample_between(before->last, now.last));
        if (now.history.size() > kHistory) {
          now.history.pop_front();
        }
      }
      const std::uint64_t wall_ns = now.history.empty() ? 0 : now.history.back().wall_ns;
      for (const dime_member* const member : live_members(*view.control)) {
        now.members.push_back(member_of(*member, before, wall_ns));
      }
      now.view = std::move(view);
      present.push_back(std::move(now));
    }
  }
  instances_ = std::move(present);
  return {};
}

}  // namespace dime
