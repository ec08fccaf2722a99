// SPDX-License-Identifier: GPL-2.0
#include "experiments/slurm.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/environment.h"
#include "experiments/metrics.h"
#include "experiments/record.h"

namespace dime::experiments {
namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

// Sites advise no more, and Slurm's own default for MaxArraySize is 1001.
constexpr std::size_t kMostTasks = 1'000;
constexpr double kCommandSeconds = 120;

std::string quoted(const std::string& word) {
  std::string text = "'";
  for (const char letter : word) {
    text += letter == '\'' ? std::string("'\\''") : std::string(1, letter);
  }
  return text + "'";
}

std::string command_line(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& word : words) {
    line += (line.empty() ? "" : " ") + quoted(word);
  }
  return line;
}

Result<void> write_file(const fs::path& path, const std::string& text) {
  // Two tasks may end, and write the same, at the same moment.
  const fs::path fresh = fmt::format("{}.{}.new", path.string(), ::getpid());
  errno = 0;
  std::ofstream file(fresh, std::ios::trunc);
  file << text;
  file.close();
  if (!file) {
    return fail(errno, "writing {}", path.string());
  }
  std::error_code error;
  fs::rename(fresh, path, error);
  return error ? fail(error.value(), "writing {}", path.string()) : Result<void>();
}

// What a command of Slurm's prints.
Result<std::string> output_of(const SlurmFiles& files, const std::vector<std::string>& words,
                              ChildGroup& group) {
  const std::string out = files.logs() / "command.out";
  const std::string err = files.logs() / "command.err";
  auto child = group.start({words, own_environment(), fs::current_path(), out, err, false});
  if (!child) {
    return fail_with_hint("run it where Slurm's commands are, or with --executor local",
                          "--executor slurm: {}", child.error().message);
  }
  if (group.wait(*child, kCommandSeconds) != Waited::kEnded) {
    return fail(0, "--executor slurm: {} does not answer", words.front());
  }
  if (child->exit_status != 0) {
    return fail(
        0, "--executor slurm: {}",
        with_reason(fmt::format("{} ended with status {}", words.front(), child->exit_status),
                    err));
  }
  std::ifstream file(out);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

Result<std::size_t> most_tasks(const SlurmFiles& files, ChildGroup& group) {
  DIME_TRY(const std::string config, output_of(files, {"scontrol", "show", "config"}, group));
  std::istringstream lines(config);
  std::size_t most = kMostTasks;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("MaxArraySize")) {
      const std::size_t equal = line.find('=');
      most =
          equal == std::string::npos ? most : std::strtoull(line.c_str() + equal + 1, nullptr, 10);
    }
  }
  return std::clamp(most, std::size_t{1}, kMostTasks);
}

Result<std::string> sbatch(const SlurmFiles& files, const Spec& spec,
                           const std::vector<std::string>& words, ChildGroup& group) {
  std::vector<std::string> all = {"sbatch", "--parsable", "--open-mode=append"};
  all.insert(all.end(), spec.slurm.options.begin(), spec.slurm.options.end());
  all.insert(all.end(), words.begin(), words.end());
  DIME_TRY(const std::string id, output_of(files, all, group));
  return id.substr(0, id.find_first_of(";\n"));  // behind it a cluster's name
}

}  // namespace

fs::path SlurmFiles::block(std::size_t number) const {
  return folder() / "blocks" / fmt::format("{}.jsonl", number);
}

fs::path SlurmFiles::part(std::size_t number) const {
  return block(number).string() + ".part";
}

std::vector<std::vector<Point>> make_blocks(const Spec& spec, const std::vector<Point>& points) {
  std::vector<std::vector<Point>> blocks;
  for (const Point& point : points) {
    if (point.native) {
      continue;
    }
    if (blocks.empty() || blocks.back().size() == spec.slurm.points_per_task ||
        blocks.back().front().program != point.program) {
      blocks.emplace_back();
    }
    blocks.back().push_back(point);
  }
  return blocks;
}

Result<void> write_manifest(const SlurmFiles& files, const Spec& spec,
                            const std::vector<std::vector<Point>>& blocks) {
  std::error_code error;
  fs::create_directories(files.folder() / "blocks", error);
  fs::create_directories(files.logs(), error);
  std::string text;
  for (std::size_t number = 0; number < blocks.size(); ++number) {
    Json points = Json::array();
    for (const Point& point : blocks[number]) {
      points.push_back(point.identity(spec));
    }
    text += Json{{"block", number}, {"points", std::move(points)}}.dump() + '\n';
  }
  return write_file(files.manifest(), text);
}

Result<std::size_t> count_blocks(const SlurmFiles& files) {
  std::ifstream file(files.manifest());
  if (!file) {
    return fail(0, "{}: cannot be read; allowed: results of dime sweep --executor slurm",
                files.manifest().string());
  }
  std::size_t count = 0;
  for (std::string line; std::getline(file, line);) {
    ++count;
  }
  return count;
}

Result<std::vector<Point>> read_block(const SlurmFiles& files, const Spec& spec,
                                      std::size_t number) {
  std::ifstream file(files.manifest());
  std::string line;
  for (std::size_t i = 0; i <= number; ++i) {
    if (!std::getline(file, line)) {
      return fail(0, "{}: has no block {}", files.manifest().string(), number);
    }
  }
  const Json block = Json::parse(line, nullptr, false);
  std::vector<std::string> keys;
  for (const Json& identity : block.value("points", Json::array())) {
    keys.push_back(key_of(identity));
  }
  std::vector<Point> points;
  std::size_t found = 0;
  for (const Point& point : all_points(spec)) {
    const bool own =
        std::find(keys.begin(), keys.end(), key_of(point.identity(spec))) != keys.end();
    found += own ? 1 : 0;
    if (own || point.native) {
      points.push_back(point);
    }
  }
  if (found == 0 || found != keys.size()) {
    return fail(0, "{}: block {} has points that the spec does not have", files.manifest().string(),
                number);
  }
  const std::size_t program = points.back().program;
  std::erase_if(points, [program](const Point& point) { return point.program != program; });
  return points;
}

std::vector<Array> make_arrays(const std::vector<std::size_t>& blocks, std::size_t most) {
  std::vector<Array> arrays;
  for (std::size_t i = 0; i < blocks.size();) {
    Array array{blocks[i], {}};
    while (i < blocks.size() && blocks[i] - array.first < most) {
      std::size_t last = i;
      while (last + 1 < blocks.size() && blocks[last + 1] == blocks[last] + 1 &&
             blocks[last + 1] - array.first < most) {
        ++last;
      }
      array.indices += array.indices.empty() ? "" : ",";
      array.indices += std::to_string(blocks[i] - array.first);
      if (last != i) {
        array.indices += '-' + std::to_string(blocks[last] - array.first);
      }
      i = last + 1;
    }
    arrays.push_back(std::move(array));
  }
  return arrays;
}

Result<Submission> submit(const SlurmFiles& files, const Spec& spec,
                          const std::vector<std::size_t>& blocks,
                          const std::vector<std::string>& worker,
                          const std::vector<std::string>& merger, ChildGroup& group) {
  const fs::path task = files.folder() / "task.sh";
  const fs::path merge = files.folder() / "merge.sh";
  DIME_TRY_VOID(write_file(task, "#!/bin/sh\n# \"$1\" is the first block of this array.\nexec " +
                                     command_line(worker) +
                                     " --block \"$(($1 + SLURM_ARRAY_TASK_ID))\"\n"));
  DIME_TRY_VOID(write_file(merge, "#!/bin/sh\nexec " + command_line(merger) + '\n'));
  DIME_TRY(const std::size_t most, most_tasks(files, group));
  Submission submission;
  for (const Array& array : make_arrays(blocks, most)) {
    DIME_TRY(std::string id,
             sbatch(files, spec,
                    {"--job-name=dime-sweep", "--requeue",
                     fmt::format("--array={}%{}", array.indices, spec.slurm.concurrent),
                     fmt::format("--output={}/%A_%a.txt", files.logs().string()), task,
                     std::to_string(array.first)},
                    group));
    submission.jobs.push_back(std::move(id));
  }
  if (submission.jobs.empty()) {
    return submission;
  }
  DIME_TRY(submission.merge,
           sbatch(files, spec,
                  {"--job-name=dime-sweep-merge",
                   fmt::format("--dependency=afterany:{}", fmt::join(submission.jobs, ":")),
                   fmt::format("--output={}", (files.folder() / "table.txt").string()), merge},
                  group));
  return submission;
}

Result<std::vector<std::size_t>> merge_blocks(const SlurmFiles& files) {
  DIME_TRY(const std::size_t count, count_blocks(files));
  std::vector<std::size_t> missing;
  std::ostringstream all;
  for (std::size_t number = 0; number < count; ++number) {
    std::ifstream file(files.block(number));
    if (!file) {
      missing.push_back(number);
    } else if (file.peek() != std::ifstream::traits_type::eof()) {
      all << file.rdbuf();
    }
  }
  DIME_TRY_VOID(write_file(files.results, all.str()));
  return missing;
}

Json task_json(std::size_t block) {
  const auto variable = [](const char* name) {
    const char* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
    return value == nullptr ? Json() : Json(value);
  };
  const Json restarts = variable("SLURM_RESTART_COUNT");
  return {{"block", block},
          {"slurm",
           {{"job", variable("SLURM_ARRAY_JOB_ID")},
            {"task", variable("SLURM_ARRAY_TASK_ID")},
            {"restarts", restarts.is_string() ? std::stoi(restarts.get<std::string>()) : 0},
            {"node", variable("SLURMD_NODENAME")}}}};
}

}  // namespace dime::experiments
