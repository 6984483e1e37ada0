// Layout from top to bottom: a head line, the curve, the running trials, the events, the keys.
#include "cli/screen.h"

#include "cli/describe.h"
#include "cli/format.h"
#include "cli/json.h"
#include "cli/plot.h"
#include "cli/progress.h"
#include "cli/session.h"
#include "cli/text.h"

#include <fmt/format.h>

#include <algorithm>

namespace sweepd::cli {

namespace {

constexpr std::size_t kRunningLinesMax = 12;
constexpr std::size_t kPlotLinesMax = 8;

double share_of(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole);
}

// How long the rest takes if trials go on ending as they have; empty before the first has ended.
std::string eta_text(const WatchView& view) {
  const std::uint32_t ended = ended_trials(view.sweep);
  const std::uint32_t total = view.sweep.trials_total();
  if (ended == 0 || ended >= total || is_terminal(view.sweep.state())) {
    return {};
  }
  const std::int64_t spent = view.now_us - view.sweep.submitted_wall_us();
  return fmt::format("  about {} left", span_text(spent / ended * (total - ended)));
}

class Frame {
 public:
  explicit Frame(const Terminal& terminal) : terminal_(terminal) {}

  std::size_t left() const {
    return terminal_.height > lines_.size() ? terminal_.height - lines_.size() : 0;
  }

  // Cut to the width before it is coloured, since escape sequences take no columns.
  void add(const std::string& text, Style style = Style::kPlain) {
    if (left() > 0) {
      lines_.push_back(
          styled(truncated(text, terminal_.width, terminal_.unicode), style, terminal_));
    }
  }

  void title(const std::string& text) {
    const std::size_t used = display_width(text) + 3;
    std::string rule;
    for (std::size_t i = used; i < terminal_.width; ++i) {
      rule += terminal_.unicode ? "─" : "-";
    }
    add(fmt::format("{} {} {}", terminal_.unicode ? "─" : "-", text, rule), Style::kDim);
  }

  std::vector<std::string> take() { return std::move(lines_); }

 private:
  const Terminal& terminal_;
  std::vector<std::string> lines_;
};

void add_head(Frame& frame, const WatchView& view, const Terminal& terminal) {
  const pb::SweepSummary& sweep = view.sweep;
  const std::uint32_t ended = ended_trials(sweep);
  frame.add(fmt::format(" {} {} {}  {}  {}/{} {}{}  {}",
                        sweep.job() ? "job" : "sweep",
                        sweep.sweep(),
                        printable(sweep.name()),
                        state_text(sweep),
                        ended,
                        sweep.trials_total(),
                        bar_text(share_of(ended, sweep.trials_total()), 20, terminal.unicode),
                        eta_text(view),
                        clock_text(view.now_us)),
            Style::kBold);
  frame.add(" " + counts_text(sweep));
  if (view.away) {
    frame.add(" the daemon does not answer; trying again", Style::kWarn);
  } else if (!sweep.reason().sentence().empty()) {
    frame.add(" " + printable(sweep.reason().sentence()), Style::kWarn);
  } else if (!view.waiting.empty()) {
    frame.add(" " + printable(view.waiting), Style::kDim);
  }
}

void add_curve(Frame& frame, const WatchView& view, const Terminal& terminal) {
  const std::vector<double> best = best_so_far(view.values, view.sweep.goal() == "maximize");
  if (best.empty() || frame.left() < 10 || terminal.width < 30) {
    return;
  }
  const std::size_t lines = std::min(kPlotLinesMax, frame.left() / 3);
  const std::size_t width = std::min<std::size_t>(100, terminal.width - kPlotAxisColumns - 1);
  const std::vector<std::string> curve = plot_curve(best, {width, lines}, terminal.unicode);
  if (curve.empty()) {
    return;
  }
  frame.title(fmt::format("best so far, trial by trial: {}", printable(best_text(view.sweep))));
  for (const std::string& line : curve) {
    frame.add(line);
  }
  for (const std::string& line : plot_axis(best.size(), width, terminal.unicode)) {
    frame.add(line);
  }
}

std::string running_line(const pb::TrialRow& trial, const WatchView& view, bool unicode) {
  std::string progress;
  if (trial.reports() > 0) {
    progress = view.resource_max > 0
                   ? fmt::format("{} {}/{}",
                                 bar_text(trial.resource() / view.resource_max, 10, unicode),
                                 number_text(trial.resource()),
                                 number_text(view.resource_max))
                   : fmt::format("step {}", number_text(trial.resource()));
  }
  return fmt::format(" {}  {}  {}  {}  {}  {}",
                     padded(trial_name(trial.sweep(), trial.trial()), 8, Align::kLeft),
                     padded(trial.state(), 9, Align::kLeft),
                     padded(printable(place_text(trial)), 12, Align::kLeft),
                     padded(time_text(trial.started_wall_us(), 0, view.now_us), 7, Align::kRight),
                     padded(value_text(trial), 10, Align::kRight),
                     progress);
}

void add_running(Frame& frame, const WatchView& view, const Terminal& terminal) {
  if (view.running.empty() || frame.left() < 4) {
    return;
  }
  frame.title(fmt::format("running: {}", view.running.size()));
  const std::size_t room = std::min(kRunningLinesMax, frame.left() / 2);
  const std::size_t shown = std::min(room, view.running.size());
  for (std::size_t i = 0; i < shown; ++i) {
    frame.add(running_line(view.running[i], view, terminal.unicode));
  }
  if (shown < view.running.size()) {
    frame.add(fmt::format(" {} more", view.running.size() - shown), Style::kDim);
  }
}

}  // namespace

std::vector<std::string> draw(const WatchView& view, const Terminal& terminal) {
  Frame frame(terminal);
  add_head(frame, view, terminal);
  add_curve(frame, view, terminal);
  add_running(frame, view, terminal);
  if (!view.events.empty() && frame.left() > 3) {
    frame.title("events");
    for (const std::string& event : view.events) {
      if (frame.left() <= 1) {
        break;
      }
      frame.add(" " + event);
    }
  }
  frame.add(is_terminal(view.sweep.state()) ? " ended; q quits" : " q quits; the sweep goes on",
            Style::kDim);
  return frame.take();
}

}  // namespace sweepd::cli
