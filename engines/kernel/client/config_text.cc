// SPDX-License-Identifier: GPL-2.0
#include "engines/kernel/client/config_text.h"

#include <fmt/format.h>

namespace dime::kernel {

std::string string_for(const config::Plan& plan) {
  TextWriter counted(nullptr, 0);
  config::write(counted, plan);
  std::string text(counted.length(), '\0');
  TextWriter out(text.data(), text.size() + 1);
  config::write(out, plan);
  return text;
}

std::string creation_text(std::uint32_t id, const dime_parameters& parameters) {
  config::Plan plan = config::plan_for(parameters);
  config::set_number(config::row_of(config::Key::kInstanceId), plan, id);
  config::set_number(config::row_of(config::Key::kKeep), plan, 0);
  return string_for(plan);
}

std::string members_text(std::uint32_t id, char sign, const std::vector<pid_t>& pids) {
  return fmt::format("instance_id={} pid={}{}", id, sign, fmt::join(pids, ","));
}

std::string removal_text(std::uint32_t id) {
  return fmt::format("instance_id={} remove=1", id);
}

}  // namespace dime::kernel
