// SPDX-License-Identifier: GPL-2.0
#include "cli/follow.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <cstdio>
#include <ctime>
#include <map>
#include <thread>
#include <utility>

#include "cli/command.h"
#include "report/json.h"
#include "report/samples.h"

namespace dime {
namespace {

using std::chrono::steady_clock;

constexpr unsigned kLinesBetweenHeaders = 20;

struct Followed {
  std::uint64_t created_ns = 0;
  Reading last;
};

// By the engine's name and the instance's id.
using Instances = std::map<std::pair<std::string, std::uint32_t>, Followed>;

double microseconds(std::uint64_t nanos) {
  return static_cast<double>(nanos) / 1e3;
}

void print_header() {
  fmt::print("{:>8} {:>4} {:>9} {:>9} {:>9} {:>7} {:>8} {:>8} {:>9} {:>9} {:>4} {:>4}\n", "time",
             "inst", "remote/s", "first/s", "evict/s", "stalled", "p50_us", "p99_us", "local",
             "remote", "rx%", "tx%");
}

// `stalled`: how many threads were in a stall, on average.
void print_line(std::uint32_t id, const Sample& sample) {
  const std::time_t now = std::time(nullptr);
  const SamplePart& part = sample.whole;
  fmt::print(
      "{:%H:%M:%S} {:>4} {:>9.0f} {:>9.0f} {:>9.0f} {:>7.2f} {:>8.1f} {:>8.1f} {:>9} {:>9} "
      "{:>4.0f} {:>4.0f}\n",
      fmt::localtime(now), id, sample.per_second(part.remote), sample.per_second(part.first_touch),
      sample.per_second(part.evictions), sample.per_second(part.stall_ns) / 1e9,
      microseconds(part.stall_p50()), microseconds(part.stall_p99()), part.pages.local,
      part.pages.remote, 100 * sample.busy_share(part.rx_busy_ns),
      100 * sample.busy_share(part.tx_busy_ns));
}

void print_json_line(const std::string& engine, std::uint32_t id, const Sample& sample) {
  const std::chrono::duration<double> since_epoch =
      std::chrono::system_clock::now().time_since_epoch();
  nlohmann::ordered_json line = {
      {"time_s", since_epoch.count()}, {"engine", engine}, {"instance_id", id}};
  line.update(to_json(sample));
  fmt::print("{}\n", line.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

class Follower {
 public:
  explicit Follower(const FollowRequest& request) : request_(request), begin_ns_(monotonic_ns()) {}

  /// Reads all instances, and prints a line for each that was there before, where `print`.
  Result<void> look(const std::vector<std::unique_ptr<Engine>>& engines, bool print) {
    Instances present;
    for (const std::unique_ptr<Engine>& engine : engines) {
      DIME_TRY(const std::vector<InstanceView> views, engine->instances());
      for (const InstanceView& view : views) {
        const auto key = std::pair(std::string(engine->name()), view.control->instance_id);
        Followed now{view.control->created_ns, view.reading()};
        const auto before = seen_.find(key);
        const bool same = before != seen_.end() && before->second.created_ns == now.created_ns;
        if (print && same) {
          show(key.first, key.second, before->second.last, now.last);
        }
        present.emplace(key, std::move(now));
      }
    }
    seen_ = std::move(present);
    return {};
  }

 private:
  void show(const std::string& engine, std::uint32_t id, const Reading& before,
            const Reading& now) {
    Sample sample = sample_between(before, now);
    sample.end_ns = now.at_ns - begin_ns_;
    if (request_.json) {
      print_json_line(engine, id, sample);
      return;
    }
    if (lines_++ % kLinesBetweenHeaders == 0) {
      print_header();
    }
    print_line(id, sample);
  }

  const FollowRequest& request_;
  std::uint64_t begin_ns_;
  Instances seen_;
  unsigned lines_ = 0;
};

}  // namespace

int follow(const EngineOption& engines, const FollowRequest& request) {
  const auto present = engines.all();
  if (!present) {
    print_error(present.error());
    return kFailure;
  }
  Follower follower(request);
  auto due = steady_clock::now();
  for (std::uint64_t i = 0; request.count == 0 || i <= request.count; ++i) {
    if (const auto seen = follower.look(*present, i != 0); !seen) {
      print_error(seen.error());
      return kFailure;
    }
    // Where nobody reads any more, there is nothing left to do.
    if (std::fflush(stdout) != 0) {
      return kFailure;
    }
    if (request.count == 0 || i < request.count) {
      due += request.interval;
      std::this_thread::sleep_until(due);
    }
  }
  return kSuccess;
}

}  // namespace dime
