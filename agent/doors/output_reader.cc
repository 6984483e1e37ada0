// Reads what a program writes while it runs, and makes reports of it.
#include "agent/doors/output_reader.h"

#include "agent/doors/jsonl.h"

#include <algorithm>
#include <utility>

namespace sweepd::agent {

namespace {

constexpr std::size_t kBytesPerRead = 256 * 1024;  // of one file, before the loop looks around

StdoutOptions options_of(const OutputReader::Source& source) {
  StdoutOptions options;
  options.built_in = source.doors.stdout_rules();
  options.objective = source.objective;
  options.given = source.given;
  for (const pb::StdoutRule& rule : source.doors.stdout_patterns()) {
    options.rules.push_back({rule.pattern(), rule.name()});
  }
  return options;
}

std::vector<pb::Report> as_messages(const std::vector<MetricReport>& reports) {
  std::vector<pb::Report> out;
  out.reserve(reports.size());
  for (const MetricReport& report : reports) {
    pb::Report& message = out.emplace_back();
    message.set_wall_us(report.wall.us);
    for (const Point& point : report.points) {
      pb::Metric& metric = *message.add_metrics();
      metric.set_name(point.name);
      metric.set_value(point.value);
    }
  }
  return out;
}

}  // namespace

Result<OutputReader> OutputReader::make(const Source& source) {
  OutputReader reader(Tail(source.metrics_path), source.objective);
  reader.jsonl_ = source.doors.jsonl();
  if (source.doors.stdout_rules() || source.doors.stdout_patterns_size() > 0) {
    // Not stderr: what a library warns about there would pass for a result.
    SWEEPD_TRY(StdoutRules rules, StdoutRules::make(options_of(source)));
    reader.printed_.emplace(Printed{Tail(source.stdout_path), std::move(rules)});
  }
  return reader;
}

std::vector<pb::Report> OutputReader::read(Instant now, WallTime wall, bool last) {
  // The better door first: what it claims must not have gone out through the other.
  if (jsonl_) {
    read_metrics(now, wall, last);
  }
  if (printed_) {
    read_printed(*printed_, now, wall, last);
  }
  return let_through(now, last && !more());
}

std::vector<pb::Report> OutputReader::take_due(Instant now) {
  return let_through(now, false);
}

std::vector<pb::Report> OutputReader::let_through(Instant now, bool all) {
  for (MetricReport& report : mux_.take(now, all)) {
    budget_.add(now, std::move(report));
  }
  return as_messages(budget_.take(now, all));
}

void OutputReader::read_metrics(Instant now, WallTime wall, bool last) {
  std::vector<std::string> lines = metrics_.read_lines(kBytesPerRead);
  if (last && !metrics_.more()) {
    lines.push_back(metrics_.take_rest());
  }
  for (const std::string& line : lines) {
    if (const std::optional<Points> points = read_json_line(line)) {
      mux_.add(MetricDoor::kJsonl, now, wall, *points);
    }
  }
}

void OutputReader::read_printed(Printed& printed, Instant now, WallTime wall, bool last) {
  std::vector<std::string> lines = printed.tail.read_lines(kBytesPerRead);
  if (last && !printed.tail.more()) {
    lines.push_back(printed.tail.take_rest());
  }
  for (const std::string& line : lines) {
    mux_.add(MetricDoor::kStdout, now, wall, printed.rules.read_line(line));
  }
}

bool OutputReader::more() const {
  return metrics_.more() || (printed_ && printed_->tail.more());
}

std::optional<Instant> OutputReader::next_wake() const {
  const std::optional<Instant> held = mux_.next_wake();
  const std::optional<Instant> waiting = budget_.next_wake();
  return held && waiting ? std::min(held, waiting) : held ? held : waiting;
}

std::vector<std::string> OutputReader::metric_names() const {
  return {mux_.names().begin(), mux_.names().end()};
}

}  // namespace sweepd::agent
