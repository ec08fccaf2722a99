// SPDX-License-Identifier: GPL-2.0
// dime report: results as one page, as text and as CSV. report/figures/ does it.
#include "cli/report.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <memory>

#include "base/file_text.h"
#include "base/process.h"
#include "cli/output.h"
#include "cli/version.h"
#include "report/figures/export.h"
#include "report/figures/page.h"
#include "report/figures/points.h"
#include "report/figures/read.h"

namespace dime {
namespace {

constexpr std::size_t kUsualColumns = 80;

struct ReportOptions {
  std::vector<std::string> results;
  std::string output;
  std::string svg;
  bool text = false;
  bool csv = false;
  bool mix_machines = false;
};

std::size_t terminal_columns() {
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
                                                                           : kUsualColumns;
}

Result<void> write_page(const std::string& path, const figures::ReportData& data) {
  DIME_TRY(const std::string self, executable_path(::getpid()));
  DIME_TRY(std::string page, figures::read_page(self));
  DIME_TRY(page, figures::fill_page(std::move(page), figures::to_json(data, kVersion)));
  if (auto written = write_text_file(path, page); !written) {
    return fail(written.error().code, "-o {}: cannot be written", path);
  }
  fmt::print("report: {}\n", std::filesystem::absolute(path).string());
  return {};
}

// A name of a file for the program; whatever else its name holds becomes "_".
std::string file_name(const std::string& program, std::size_t number) {
  std::string name = fmt::format("slow-down-{}-{}.svg", number, program);
  for (char& c : name) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '.' || c == '-';
    c = plain ? c : '_';
  }
  return name;
}

Result<void> write_drawings(const std::string& folder, const figures::ReportData& data,
                            const std::vector<NamedFile>& results) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) {
    return fail(error.value(), "--svg {}: cannot be made", folder);
  }
  std::size_t number = 0;
  for (const figures::ProgramFigures& program : data.programs) {
    const std::string drawing = figures::to_svg(data, program);
    const std::string path = std::filesystem::path(folder) / file_name(program.name, ++number);
    if (drawing.empty()) {
      print_notice(
          fmt::format("{}: fewer than two points with a native run: no drawing", program.name));
      continue;
    }
    DIME_TRY_VOID(check_other_file({"--svg", path}, results));
    if (auto written = write_text_file(path, drawing); !written) {
      return fail(written.error().code, "--svg {}: cannot be written", path);
    }
    fmt::print("drawing: {}\n", path);
  }
  return {};
}

std::vector<NamedFile> results_of(const ReportOptions& options) {
  std::vector<NamedFile> results;
  results.reserve(options.results.size());
  for (const std::string& path : options.results) {
    results.push_back({"the result", path});
  }
  return results;
}

Result<void> make_report(const ReportOptions& options) {
  figures::ReportData data;
  for (const std::string& path : options.results) {
    DIME_TRY_VOID(figures::read_file(path, data));
  }
  DIME_TRY_VOID(figures::build(
      data, options.mix_machines ? figures::Machines::kApart : figures::Machines::kOne));
  for (const std::string& notice : data.notices) {
    print_notice(notice);
  }
  if (options.csv) {
    fmt::print("{}", figures::to_csv(data));
  }
  if (options.text) {
    fmt::print("{}", figures::to_text(data, terminal_columns()));
  }
  if (!options.svg.empty()) {
    DIME_TRY_VOID(write_drawings(options.svg, data, results_of(options)));
  }
  return options.output.empty() ? Result<void>() : write_page(options.output, data);
}

int run(ReportOptions options) {
  options.text = options.text || (options.output.empty() && options.svg.empty() && !options.csv);
  if (auto other = check_other_file({"-o", options.output}, results_of(options)); !other) {
    print_error(other.error());
    return kUsage;
  }
  if (auto made = make_report(options); !made) {
    print_error(made.error());
    return kFailure;
  }
  return kSuccess;
}

std::function<int()> register_report(CLI::App& app) {
  auto options = std::make_shared<ReportOptions>();
  app.add_option("results", options->results,
                 "files of dime sweep, dime run --json and dime whatif --json")
      ->type_name("RESULT..")
      ->required();
  app.add_option("-o,--output", options->output,
                 "write one page with figures and tables, to be opened in a browser")
      ->type_name("FILE.html");
  auto* const text = app.add_flag("--text", options->text,
                                  "print curves and tables (without -o, --svg and --csv)");
  app.add_flag("--csv", options->csv, "print one line a point, with a header")->excludes(text);
  app.add_option("--svg", options->svg, "write the curve of each program into this folder")
      ->type_name("FOLDER");
  app.add_flag("--mix-machines", options->mix_machines,
               "show results of several machines, each as lines of its own");
  app.footer("Runs of several files with the same program and options are put together.");
  return [options] { return run(*options); };
}

}  // namespace

const Command kReportCommand = {
    "report", "show results: a page with figures and tables, text or CSV", register_report};

}  // namespace dime
