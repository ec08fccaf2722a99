// SPDX-License-Identifier: GPL-2.0
// dime top: the instances, live, and keys that change them.
#include <fmt/format.h>

#include <memory>
#include <optional>

#include "cli/command.h"
#include "cli/engine_choice.h"
#include "cli/sampler.h"
#include "cli/set.h"
#include "cli/top_model.h"
#include "cli/top_page.h"
#include "cli/top_screen.h"
#include "core/quantity.h"

namespace dime {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;
using Key = TopScreen::Key;

constexpr const char* kHelp =
    "l latency  b bandwidth  m local size  p policy  h heat  up/down other  q quit";

struct Change {
  char key;
  const char* option;
  const char* example;
};
constexpr Change kChanges[] = {{'l', "--latency", "50us"},
                               {'b', "--bandwidth", "40Gbit/s"},
                               {'m', "--local", "25% or 64MiB"},
                               {'p', "--policy", "fifo"}};

// Why a change should be asked about: it may make the programs many times as slow at once.
std::string danger_of(const EmulationRequest& request, const TopInstance& instance) {
  constexpr std::uint64_t kMuch = 10;
  constexpr std::uint64_t kEverything = 10'000;  // per cent times 100
  const dime_parameters& wanted = request.plan.parameters;
  const dime_parameters& present = instance.view.parameters;
  if (request.plan.has(config::Key::kLatencyNs) && wanted.latency_ns / kMuch > present.latency_ns) {
    return "more than 10 times the latency";
  }
  if (request.plan.has(config::Key::kBandwidthBps) && wanted.bandwidth_bps != 0 &&
      (present.bandwidth_bps == 0 || wanted.bandwidth_bps < present.bandwidth_bps / kMuch)) {
    return "less than a tenth of the bandwidth";
  }
  const Pages& pages = instance.last.pages;
  const bool share = request.plan.has(config::Key::kLocalShare);
  if (share || request.plan.has(config::Key::kLocalNpages)) {
    const std::uint64_t limit =
        share ? (pages.local + pages.remote) * wanted.local_share / kEverything
              : wanted.local_npages;
    if (limit < pages.local / 2) {
      return fmt::format("{} of {} local pages become remote", pages.local - limit, pages.local);
    }
  }
  return {};
}

class Top {
 public:
  Top(TopScreen screen, TopModel model, milliseconds interval)
      : screen_(std::move(screen)), model_(std::move(model)), interval_(interval) {}

  /// Until the user leaves. An error is that of an engine.
  Result<void> run() {
    while (!left_) {
      DIME_TRY_VOID(model_.refresh());
      look_at_heat();
      const auto due = steady_clock::now() + interval_;
      draw();
      for (auto now = steady_clock::now(); !left_ && now < due; now = steady_clock::now()) {
        handle(screen_.wait(std::chrono::ceil<milliseconds>(due - now)));
      }
    }
    return {};
  }

 private:
  [[nodiscard]] const TopInstance* selected() const {
    return model_.instances().empty() ? nullptr : &model_.instances()[selected_];
  }

  // Of the member that is shown already, or of the one with the most remote accesses.
  void look_at_heat() {
    const TopInstance* const instance = selected();
    if (!shows_heat_ || instance == nullptr) {
      return;
    }
    const TopMember* wanted = nullptr;
    for (const TopMember& member : instance->members) {
      if (static_cast<pid_t>(member.pid) == heat_.pid()) {
        wanted = &member;
        break;
      }
      wanted = wanted == nullptr || member.remote_rate > wanted->remote_rate ? &member : wanted;
    }
    if (wanted == nullptr) {
      return;
    }
    if (const auto looked = heat_.refresh(static_cast<pid_t>(wanted->pid)); !looked) {
      message_ = looked.error().message;
      shows_heat_ = false;
    }
  }

  void draw() {
    const std::size_t count = model_.instances().size();
    selected_ = count == 0 ? 0 : std::min(selected_, count - 1);
    std::string bottom = message_.empty() ? kHelp : message_;
    if (asked_) {
      bottom = fmt::format("{}: y = do it, any other key = leave it", danger_);
    } else if (change_ != nullptr) {
      bottom = fmt::format("{} (such as {}): {}_", change_->option, change_->example, input_);
    }
    const std::size_t width = screen_.width();
    const std::size_t height = screen_.height() - 1;
    screen_.draw(shows_heat_ ? heat_page(model_.instances(), selected_, heat_, width, height)
                             : top_page(model_.instances(), selected_, width, height),
                 bottom);
  }

  void handle(TopScreen::Pressed pressed) {
    if (pressed.key == Key::kNone) {
      return;
    }
    if (pressed.key != Key::kResize) {
      asked_ ? answer(pressed) : change_ != nullptr ? type(pressed) : command(pressed);
    }
    draw();
  }

  void command(TopScreen::Pressed pressed) {
    message_.clear();
    if (pressed.key == Key::kUp && selected_ > 0) {
      --selected_;
    } else if (pressed.key == Key::kDown) {
      ++selected_;
    } else if (pressed.key == Key::kCharacter) {
      left_ = pressed.character == 'q';
      if (pressed.character == 'h') {
        shows_heat_ = !shows_heat_;
        look_at_heat();
      }
      for (const Change& change : kChanges) {
        if (change.key == pressed.character && selected() != nullptr) {
          change_ = &change;
          input_.clear();
          begun_for_ = id_of(*selected());
        }
      }
    }
  }

  void type(TopScreen::Pressed pressed) {
    if (pressed.key == Key::kCharacter) {
      input_ += pressed.character;
    } else if (pressed.key == Key::kErase && !input_.empty()) {
      input_.pop_back();
    } else if (pressed.key == Key::kEscape) {
      change_ = nullptr;
    } else if (pressed.key == Key::kEnter) {
      finish_typing();
    }
  }

  /// The instance that the change is for. Null, and the change is given up, where it has gone.
  const TopInstance* begun_for() {
    const TopInstance* const instance = selected();
    if (instance != nullptr && id_of(*instance) == begun_for_) {
      return instance;
    }
    stop(fmt::format("instance {} has gone", begun_for_));
    return nullptr;
  }

  void finish_typing() {
    const TopInstance* const instance = begun_for();
    if (instance == nullptr) {
      return;
    }
    auto request =
        parse_changes({"--instance", std::to_string(begun_for_), change_->option, input_});
    if (!request) {
      stop(request.error().message);
      return;
    }
    danger_ = danger_of(*request, *instance);
    asked_ = std::move(*request);
    if (danger_.empty()) {
      apply();
    }
  }

  void answer(TopScreen::Pressed pressed) {
    if (pressed.key == Key::kCharacter && pressed.character == 'y') {
      apply();
    } else {
      stop("nothing was changed");
    }
  }

  void apply() {
    const TopInstance* const instance = begun_for();
    if (instance == nullptr) {
      return;
    }
    const auto changed = instance->engine->change(*asked_);
    stop(changed ? fmt::format("{} {}: done", change_->option, input_) : changed.error().message);
  }

  void stop(std::string message) {
    message_ = std::move(message);
    change_ = nullptr;
    asked_.reset();
  }

  static std::uint32_t id_of(const TopInstance& instance) {
    return instance.view.control->instance_id;
  }

  TopScreen screen_;
  TopModel model_;
  milliseconds interval_;
  std::size_t selected_ = 0;
  TopHeat heat_;
  bool shows_heat_ = false;
  bool left_ = false;
  const Change* change_ = nullptr;  ///< what is being typed
  std::string input_;
  std::uint32_t begun_for_ = 0;            ///< the instance that it is for
  std::optional<EmulationRequest> asked_;  ///< waits for a `y`
  std::string danger_;
  std::string message_;
};

struct TopOptions {
  std::string interval = "1s";
  EngineOption engine;
};

int show(const TopOptions& options) {
  const auto interval = parse_interval(options.interval);
  auto engines =
      interval ? options.engine.all()
               : Result<std::vector<std::unique_ptr<Engine>>>(tl::unexpected(interval.error()));
  if (!engines) {
    print_error(engines.error());
    return kUsage;
  }
  auto screen = TopScreen::open();
  if (!screen) {
    print_error(screen.error());
    return kUsage;
  }
  Result<void> ended;
  {
    // The terminal is given back before anything is printed.
    Top top(std::move(*screen), TopModel(std::move(*engines)), *interval);
    ended = top.run();
  }
  if (!ended) {
    print_error(ended.error());
    return kFailure;
  }
  return kSuccess;
}

std::function<int()> register_top(CLI::App& app) {
  auto options = std::make_shared<TopOptions>();
  app.add_option("--interval", options->interval, "time between two looks")->type_name("TIME");
  options->engine.add_to(app);
  app.footer(fmt::format("Keys: {}.", kHelp));
  return [options] { return show(*options); };
}

}  // namespace

const Command kTopCommand = {"top", "instances and members, live, with keys that change them",
                             register_top};

}  // namespace dime
