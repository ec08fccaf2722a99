// SPDX-License-Identifier: GPL-2.0
#include "engines/user/calibration/kept_calibration.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/cache_directory.h"
#include "base/clock_source.h"
#include "base/machine_costs.h"
#include "base/own_file.h"
#include "base/sysctl.h"
#include "engines/user/calibration/machine_probes.h"

namespace dime {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kSchema = 1;
constexpr const char* kPrefix = "calibration-";
constexpr FileSizes kSizes{1, 8'192};
constexpr std::uint64_t kMostAgeSeconds = 24UL * 3'600;
// Beyond these the machine is another one than it was: it was moved, throttled, or shares its
// processors with others. A fault and a signal are some two thirds of a remote access.
constexpr double kMostChange = 1.25;
constexpr double kMostChangeOfClock = 2e-4;
constexpr std::uint64_t kMostFloorNs = 1'000'000'000;
constexpr std::uint64_t kMostLead = 2;  // times the floor
// Times a fault and a signal, of which it is two to three.
constexpr double kMostFloor = 10;
constexpr std::uint64_t kMostHz = 100'000'000'000;

// The fields of dime_calibration, but for the frequency.
constexpr std::array<std::pair<const char*, std::uint64_t dime_calibration::*>, 6> kTimes = {{
    {"floor_ns", &dime_calibration::floor_ns},
    {"lead_ns", &dime_calibration::lead_ns},
    {"lead_read_ns", &dime_calibration::lead_read_ns},
    {"lead_multi_ns", &dime_calibration::lead_multi_ns},
    {"found_ns", &dime_calibration::found_ns},
    {"found_read_ns", &dime_calibration::found_read_ns},
}};

std::uint64_t seconds_now() {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(
                                        std::chrono::system_clock::now().time_since_epoch())
                                        .count());
}

// The text behind `name` in the first line that begins with it.
std::string value_in(const char* path, std::string_view name) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(name)) {
      const std::size_t begin = line.find_first_not_of(" \t", line.find(':') + 1);
      return begin == std::string::npos ? std::string() : line.substr(begin);
    }
  }
  return {};
}

// What names the file: it is the same after the next boot and with the next version.
struct Place {
  std::string host;
  std::string cpus;  // those that this process may use
  std::string seccomp;
  std::string privileges;
  std::string agent;
  std::string fault_path;
  std::string mechanism;
};

Place place_of(const Companions& companions, const FaultPath& path, const utsname& names) {
  constexpr const char* kStatus = "/proc/self/status";
  return {names.nodename,
          value_in(kStatus, "Cpus_allowed_list"),
          value_in(kStatus, "Seccomp"),
          userfault_privileges(),
          companions.agent,
          name_of(path.kind),
          name_of(path.mechanism)};
}

std::string file_name(const Place& place) {
  constexpr std::uint64_t kBasis = 0xcbf29ce484222325;  // FNV-1a
  constexpr std::uint64_t kPrime = 0x100000001b3;
  std::uint64_t hash = kBasis;
  for (const std::string& part :
       {place.host, place.cpus, place.seccomp, place.privileges, place.agent, place.mechanism}) {
    for (const char character : part + '\n') {
      hash = (hash ^ static_cast<unsigned char>(character)) * kPrime;
    }
  }
  return fmt::format("{}{}-{:016x}.json", kPrefix, place.fault_path, hash);
}

// The size and the time of a file: another build is another file.
Json identity_of(const std::string& path) {
  struct stat about {};
  if (::stat(path.c_str(), &about) != 0) {
    return nullptr;
  }
  return {about.st_size, about.st_mtim.tv_sec, about.st_mtim.tv_nsec, about.st_ino};
}

// All of this has to be the same for a calibration to be of this machine.
Json key_of(const Companions& companions, const Place& place, const utsname& names) {
  const auto boot = read_small_file("/proc/sys/kernel/random/boot_id");
  return {{"host", place.host},
          {"boot", boot ? *boot : std::string()},
          {"kernel", fmt::format("{} {}", names.release, names.version)},
          {"cpu", value_in("/proc/cpuinfo", "model name")},
          {"cpus", place.cpus},
          {"seccomp", place.seccomp},
          {"privileges", place.privileges},
          {"fault_path", place.fault_path},
          {"mechanism", place.mechanism},
          {"agent", place.agent},
          {"files", {identity_of(companions.agent), identity_of(companions.probe)}}};
}

// Where it lies, and the key that it has to have. An empty path: nothing can be kept.
struct Wanted {
  std::string path;
  Json key;
};

Wanted wanted(const Companions& companions, const FaultPath& path) {
  const std::string folder = cache_directory();
  utsname names{};
  if (folder.empty() || ::uname(&names) != 0) {
    return {};
  }
  const Place place = place_of(companions, path, names);
  return {folder + "/" + file_name(place), key_of(companions, place, names)};
}

// The file, if it is one of this user's for this key that is not too old; or else null.
Json read_kept(const Wanted& from) {
  const auto file =
      from.path.empty() ? fail(ENOENT, "") : open_own_file(from.path, O_RDONLY, kSizes);
  if (!file) {
    return nullptr;
  }
  std::string text(kSizes.most, '\0');
  const ssize_t length = ::read(file->get(), text.data(), text.size());
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(length, 0)));
  Json kept = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  const bool ours = kept.is_object() && kept.value("schema", Json()) == kSchema &&
                    kept.value("key", Json()) == from.key &&
                    kept.value("calibration", Json()).is_object();
  return ours ? kept : Json();
}

std::optional<std::uint64_t> number_in(const Json& object, const char* name, std::uint64_t most) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number_unsigned() || found->get<std::uint64_t>() > most) {
    return std::nullopt;
  }
  return found->get<std::uint64_t>();
}

// Of what was measured at `name`; none where that is in the future or too long ago.
std::optional<std::uint64_t> age_of(const Json& object, const char* name) {
  const std::uint64_t now = seconds_now();
  const auto then = number_in(object, name, now);
  return then && now - *then <= kMostAgeSeconds ? std::optional(now - *then) : std::nullopt;
}

std::optional<dime_calibration> calibration_in(const Json& object) {
  dime_calibration calibration{};
  const auto hz = number_in(object, "tsc_hz", kMostHz);
  const auto floor = number_in(object, "floor_ns", kMostFloorNs);
  if (!hz || !floor || *floor == 0) {
    return std::nullopt;
  }
  calibration.tsc_hz = *hz;
  for (const auto& [name, field] : kTimes) {
    const auto time = number_in(object, name, *floor * kMostLead);
    if (!time) {
      return std::nullopt;
    }
    calibration.*field = *time;
  }
  const bool sound = calibration.found_ns <= calibration.lead_ns &&
                     calibration.found_read_ns <= calibration.lead_read_ns;
  return sound ? std::optional(calibration) : std::nullopt;
}

std::optional<StallVerdict> verdict_in(const Json& kept) {
  const auto found = kept.find("verdict");
  if (found == kept.end() || !found->is_object()) {
    return std::nullopt;
  }
  const auto met_from = number_in(*found, "met_from_ns", kMostFloorNs);
  const auto age = age_of(*found, "measured_s");
  return met_from && age ? std::optional(StallVerdict{*met_from, *age}) : std::nullopt;
}

bool is_near(double now, const Json& then) {
  if (!then.is_number() || now <= 0) {
    return false;
  }
  const double ratio = now / then.get<double>();
  return ratio <= kMostChange && ratio >= 1 / kMostChange;
}

// Whether the machine is as fast as it was, and its clock the same.
bool is_as_it_was(const Json& kept, const dime_calibration& calibration) {
  const ClockMark start = mark_clocks();
  const QuietCosts costs = measure_quiet_costs();
  const auto hz = static_cast<double>(tsc_frequency(start, mark_clocks()));
  const auto kept_hz = static_cast<double>(calibration.tsc_hz);
  return std::abs(hz - kept_hz) <= kept_hz * kMostChangeOfClock &&
         static_cast<double>(calibration.floor_ns) <=
             kMostFloor * (costs.fault_ns + costs.signal_ns) &&
         is_near(costs.fault_ns, kept.value("fault_ns", Json())) &&
         is_near(costs.signal_ns, kept.value("signal_ns", Json()));
}

void remove_old(const std::string& folder) {
  std::error_code error;
  const auto oldest =
      std::filesystem::file_time_type::clock::now() - std::chrono::seconds(kMostAgeSeconds);
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().filename().string().starts_with(kPrefix) &&
        entry.last_write_time(error) < oldest && !error) {
      std::filesystem::remove(entry.path(), error);
    }
  }
}

}  // namespace

KeptCalibration find_kept_calibration(const Companions& companions, const FaultPath& path) {
  const Json kept = read_kept(wanted(companions, path));
  if (kept.is_null()) {
    return {};
  }
  auto calibration = calibration_in(kept["calibration"]);
  if (!age_of(kept, "measured_s") || (calibration && !is_as_it_was(kept, *calibration))) {
    calibration.reset();
  }
  return {calibration, verdict_in(kept)};
}

Result<std::string> keep_calibration(const Companions& companions, const FaultPath& path,
                                     const dime_calibration& calibration,
                                     const std::optional<StallVerdict>& verdict) {
  const Wanted to = wanted(companions, path);
  if (to.path.empty()) {
    return fail(0, "there is no cache folder that is this user's alone to write");
  }
  const QuietCosts costs = measure_quiet_costs();
  const std::uint64_t now = seconds_now();
  Json times;
  for (const auto& [name, field] : kTimes) {
    times[name] = calibration.*field;
  }
  times["tsc_hz"] = calibration.tsc_hz;
  Json kept = {{"schema", kSchema},          {"key", to.key},
               {"measured_s", now},          {"calibration", std::move(times)},
               {"fault_ns", costs.fault_ns}, {"signal_ns", costs.signal_ns}};
  if (verdict) {
    kept["verdict"] = {{"measured_s", now - verdict->age_s}, {"met_from_ns", verdict->met_from_ns}};
  } else if (const Json before = read_kept(to); before.contains("verdict")) {
    kept["verdict"] = before["verdict"];
  }
  DIME_TRY_VOID(write_own_file(to.path, kept.dump(1, ' ', false, Json::error_handler_t::replace)));
  remove_old(std::filesystem::path(to.path).parent_path().string());
  return to.path;
}

}  // namespace dime
