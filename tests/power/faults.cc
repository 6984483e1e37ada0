// One run for each operation that fails, then a look at what the process and what a cut has left.
#include "tests/power/faults.h"

#include "tests/power/child.h"
#include "tests/power/disk_model.h"
#include "tests/power/recorder.h"

#include <fmt/format.h>

#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <map>

namespace sweepd::power {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kTapeBytes = 1UL << 30;
constexpr int kCutsEach = 2;
constexpr int kExitStore = 75;  // of the daemon that cannot trust its disk any more

// Places in the notes that the children leave.
enum Note : std::size_t { kOperations, kReached, kAcknowledged };

class Faulter {
 public:
  explicit Faulter(const FaultPlan& plan)
      : plan_(plan), workload_(make_workload(plan.workload, true)) {}

  FaultFigures run() {
    for (std::uint64_t at = plan_.first; at <= plan_.last; at += plan_.every) {
      ++figures_.runs;
      const bool reached = run_with_fault(at);
      if (!reached || (plan_.stop_at_violation && figures_.violations > 0)) {
        break;
      }
    }
    fs::remove_all(plan_.folder);
    return figures_;
  }

 private:
  // False when the run did not meet that many operations.
  bool run_with_fault(std::uint64_t at) {
    const std::string folder = plan_.folder + "/run";
    fs::remove_all(folder);
    tape_.clear();
    results_.clear();
    const ChildEnd end = run_child([&] {
      fs::create_directories(folder);
      const auto swallowed = plan_.mutant != nullptr ? plan_.mutant->swallows : nullptr;
      begin_recording(
          tape_, folder, {at, plan_.error, plan_.forever, workload_->no_faults_below(), swallowed});
      workload_->run(folder, Habit::kNone);
      results_.note(kOperations) = operations_met();
      end_recording();
    });
    // The store stops itself, which is as good as any way to stop.
    const bool stopped = end.signal == SIGABRT || end.exit_code == kExitStore;
    if (stopped) {
      ++figures_.died;
    } else if (!end.good()) {
      report(at, end.words());
    }
    const bool reached = stopped || results_.note(kOperations) >= at;
    figures_.operations = results_.note(kOperations);
    const ChildEnd checked = run_child([&] { check(folder, at); });
    if (!checked.good()) {
      report(at, "on reopening " + checked.words());
    } else if (!results_.said().empty()) {
      report(at, results_.said());
    }
    figures_.acknowledged += results_.note(kAcknowledged);
    return reached;
  }

  // In a process of its own. The first violation is said.
  void check(const std::string& folder, std::uint64_t at) {
    const std::vector<Event> events = tape_.read();
    const Marks marks{std::span<const Event>(events)};
    if (const auto late = acknowledged_after_failure(events)) {
      results_.say(*late);
      return;
    }
    Disk disk({}, workload_->trust());
    for (const Event& event : events) {
      disk.take(event);
    }
    look(folder, marks, "after the end of the process");
    for (int cut = 0; cut < kCutsEach && results_.said().empty(); ++cut) {
      sim::Random random = sim::Random(plan_.seed).fork(at).fork(static_cast<std::uint64_t>(cut));
      Temper temper = draw_temper(random);
      if (cut == 0) {
        temper = {};  // the worst that a cut can do to what is not synced
      }
      const std::string image = plan_.folder + "/cut";
      materialise(disk.after_cut(temper, random.fork(1)), image);
      look(image, marks, "after a cut");
    }
  }

  void look(const std::string& folder, const Marks& marks, std::string_view when) {
    const Verdict verdict = workload_->check(folder, marks, true);
    results_.note(kAcknowledged) += verdict.acknowledged;
    if (verdict.violation) {
      results_.say(fmt::format("{}: {}", when, *verdict.violation));
    }
  }

  // What was asked for after a sync had failed for good must not be acknowledged.
  std::optional<std::string> acknowledged_after_failure(const std::vector<Event>& events) const {
    std::map<int, std::string_view> open;
    bool failed = false;
    std::set<std::pair<std::int32_t, std::uint64_t>> asked;
    for (const Event& event : events) {
      if (event.kind == EventKind::kOpen) {
        open[event.fd] = event.path;
      } else if (event.kind == EventKind::kSyncFailed && plan_.error == EIO) {
        failed = failed || workload_->stops_after_failed_sync(open[event.fd]);
      } else if (event.kind == EventKind::kMark && event.fd == workload_->start_mark()) {
        failed = false;
        asked.clear();
      } else if (event.kind == EventKind::kMark && failed) {
        asked.insert({event.fd, event.number});
        for (const Workload::Promise& promise : workload_->promises()) {
          if (event.fd == promise.acknowledged && asked.contains({promise.asked, event.number})) {
            return fmt::format("{} is acknowledged after a sync has failed", event.number);
          }
        }
      }
    }
    return std::nullopt;
  }

  void report(std::uint64_t at, std::string_view what) {
    if (figures_.violations++ == 0) {
      figures_.first_violation = at;
    }
    if (plan_.stop_at_violation) {
      return;
    }
    // For --print: threads do not repeat themselves.
    const std::string_view name = workloads()[static_cast<std::size_t>(plan_.workload)].name;
    const std::string kept =
        fmt::format("{}/sweepd-power-{}-{}.trace", fs::temp_directory_path().string(), name, at);
    tape_.save(kept);
    fmt::print(
        "VIOLATION sweepd-power --faults --workload {} --error {}{} --at {} --seed {} : {} ({})\n",
        name,
        plan_.error == EIO ? "EIO" : "ENOSPC",
        plan_.forever ? " --forever" : "",
        at,
        plan_.seed,
        what,
        kept);
    std::fflush(stdout);
  }

  const FaultPlan& plan_;
  std::unique_ptr<Workload> workload_;
  Tape tape_{kTapeBytes};
  Tape results_{1 << 16};
  FaultFigures figures_;
};

}  // namespace

FaultFigures run_faults(const FaultPlan& plan) {
  return Faulter(plan).run();
}

}  // namespace sweepd::power
