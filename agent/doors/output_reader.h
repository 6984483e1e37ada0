// Reads what a program writes while it runs, and makes reports of it.
#pragma once

#include "agent/doors/metric_mux.h"
#include "agent/doors/report_budget.h"
#include "agent/doors/stdout_rules.h"
#include "agent/doors/tail.h"
#include "base/result.h"
#include "base/time.h"
#include "wire/sweepd.pb.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sweepd::agent {

class OutputReader {
 public:
  struct Source {
    pb::MetricsSpec doors;  // which are open
    std::string objective;
    std::string metrics_path;  // $SWEEPD_METRICS
    std::string stdout_path;
    Points given;  // the hyperparameters that are numbers, as SWEEPD_PARAM_<name> has them
  };

  // A pattern that cannot be read is an error that names it. The files need not exist yet.
  static Result<OutputReader> make(const Source& source);

  // Reads on, a bounded piece at a time: call again while `more`. What is read from stdout is held
  // back for a moment unless `last`: then nothing more will be written, and what stands at the end
  // of a file without a line end is a line, too. What comes faster than the budget allows waits, at
  // the longest until the end of the last piece.
  std::vector<pb::Report> read(Instant now, WallTime wall, bool last);

  // Only what has waited long enough; reads nothing.
  std::vector<pb::Report> take_due(Instant now);

  bool more() const;

  // When `take_due` is wanted; none when nothing waits.
  std::optional<Instant> next_wake() const;

  std::vector<std::string> metric_names() const;

  // How many reports came too fast and were merged into later ones.
  std::uint64_t thinned() const { return budget_.thinned(); }

 private:
  struct Printed {
    Tail tail;
    StdoutRules rules;  // remembers the line before, so each stream has its own
  };

  OutputReader(Tail metrics, std::string objective)
      : metrics_(std::move(metrics)), mux_(objective), budget_(std::move(objective)) {}

  std::vector<pb::Report> let_through(Instant now, bool all);

  void read_metrics(Instant now, WallTime wall, bool last);
  void read_printed(Printed& printed, Instant now, WallTime wall, bool last);

  bool jsonl_ = false;
  Tail metrics_;
  std::optional<Printed> printed_;  // stdout, when that door is open
  MetricMux mux_;
  ReportBudget budget_;
};

}  // namespace sweepd::agent
