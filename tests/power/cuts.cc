// Recording once, then cutting at chosen moments and looking at what is left.
#include "tests/power/cuts.h"

#include "base/check.h"
#include "tests/power/child.h"
#include "tests/power/disk_model.h"
#include "tests/power/recorder.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

namespace sweepd::power {

namespace {

constexpr std::size_t kTapeBytes = 1UL << 30;  // of addresses; memory is used as it fills
constexpr double kAgain = 0.15;

// Places in the notes that the child of the cuts leaves.
enum Note : std::size_t {
  kCut,
  kCuts,
  kAgains,
  kAcknowledged,
  kLost,
  kViolations,
  kMoment,
  kFirst,
  kSlowest
};

// Just behind an acknowledgement, just before a sync, or anywhere.
std::size_t draw_moment(const std::vector<Event>& events, sim::Random& random) {
  const std::size_t drawn = random.next() % (events.size() + 1);
  const auto kind = random.between(0, 2);
  for (std::size_t at = drawn; at < events.size() && kind > 0; ++at) {
    if (kind == 1 && events[at].kind == EventKind::kMark) {
      return at + 1;
    }
    if (kind == 2 && events[at].kind == EventKind::kSync) {
      return at;
    }
  }
  return drawn;
}

Image cut_image(const Image& before,
                std::span<const Event> events,
                const Trust& trust,
                sim::Random random) {
  Disk disk(before, trust);
  for (const Event& event : events) {
    disk.take(event);
  }
  const Temper temper = draw_temper(random);
  return disk.after_cut(temper, random.fork(1));
}

class Cutter {
 public:
  Cutter(const CutPlan& plan, Tape& tape, Tape& results)
      : plan_(plan),
        tape_(tape),
        results_(results),
        workload_(make_workload(plan.workload, false)) {}

  void record() {
    const std::string folder = plan_.folder + "/recorded";
    const ChildEnd end = run_child([&] {
      std::filesystem::create_directories(folder);
      begin_recording(tape_, folder);
      workload_->run(folder, plan_.mutant != nullptr ? plan_.mutant->habit : Habit::kNone);
      end_recording();
    });
    std::filesystem::remove_all(folder);
    SWEEPD_CHECK(end.good());
  }

  void read() {
    events_ = tape_.read();
    if (plan_.mutant != nullptr) {
      events_ = mutated(std::move(events_), *plan_.mutant);
    }
  }

  std::size_t events() const { return events_.size(); }

  // All cuts from `first` on, in a process that may not survive one of them.
  void cut_from(std::uint64_t first) {
    Tape again(kTapeBytes);
    for (std::uint64_t cut = first; cut <= plan_.last; ++cut) {
      results_.note(kCut) = cut;
      ++results_.note(kCuts);
      cut_once(cut, again);
      if (plan_.stop_at_violation && results_.note(kViolations) > 0) {
        return;
      }
    }
  }

  void report(std::uint64_t cut, std::string_view what) {
    if (results_.note(kViolations)++ == 0) {
      results_.note(kFirst) = cut;
    }
    if (plan_.stop_at_violation) {
      return;
    }
    // Threads do not repeat themselves, so the recording itself is kept.
    const std::string kept = fmt::format("{}/sweepd-power-{}-{}.trace",
                                         std::filesystem::temp_directory_path().string(),
                                         name(),
                                         plan_.seed);
    const std::string trace = plan_.trace.empty() ? kept : plan_.trace;
    if (plan_.trace.empty()) {
      tape_.save(kept);
    }
    fmt::print(
        "VIOLATION sweepd-power --workload {} --seed {} --cut {}{}{} --trace {} : event {}: {}\n",
        name(),
        plan_.seed,
        cut,
        plan_.mutant != nullptr ? " --mutant " : "",
        plan_.mutant != nullptr ? plan_.mutant->name : "",
        trace,
        results_.note(kMoment).load(),
        what);
    std::fflush(stdout);
  }

 private:
  std::string_view name() const {
    return workloads()[static_cast<std::size_t>(plan_.workload)].name;
  }

  void cut_once(std::uint64_t cut, Tape& again) {
    sim::Random random = sim::Random(plan_.seed).fork(cut);
    const std::size_t moment = draw_moment(events_, random);
    const std::span<const Event> before(events_.data(), moment);
    results_.note(kMoment) = moment;
    const Image image = cut_image({}, before, workload_->trust(), random.fork(1));
    const std::string folder = plan_.folder + "/cut";
    const Marks marks(before);
    materialise(image, folder);
    const bool twice = random.chance(kAgain);
    if (twice) {
      again.clear();
      begin_recording(again, folder);
    }
    const Verdict verdict = workload_->check(folder, marks, false);
    if (twice) {
      end_recording();
    }
    take(cut, verdict);
    if (twice && !verdict.violation) {
      cut_again(cut, image, marks, again);
    }
  }

  // The power fails once more while what the first cut has left is recovered from.
  void cut_again(std::uint64_t cut, const Image& image, Marks marks, const Tape& again) {
    ++results_.note(kAgains);
    sim::Random random = sim::Random(plan_.seed).fork(cut).fork(2);
    const std::vector<Event> events = again.read();
    const std::size_t moment = draw_moment(events, random);
    const std::span<const Event> before(events.data(), moment);
    marks.add(before);
    const std::string folder = plan_.folder + "/cut";
    materialise(cut_image(image, before, workload_->trust(), random.fork(1)), folder);
    take(cut, workload_->check(folder, marks, false));
  }

  void take(std::uint64_t cut, const Verdict& verdict) {
    results_.note(kAcknowledged) += verdict.acknowledged;
    results_.note(kLost) += verdict.lost;
    const auto us = static_cast<std::uint64_t>(verdict.reopen_ms * 1000);
    results_.note(kSlowest) = std::max<std::uint64_t>(results_.note(kSlowest), us);
    if (verdict.violation) {
      report(cut, *verdict.violation);
    }
  }

  const CutPlan& plan_;
  Tape& tape_;
  Tape& results_;
  std::unique_ptr<Workload> workload_;
  std::vector<Event> events_;
};

}  // namespace

CutFigures run_cuts(const CutPlan& plan) {
  Tape tape(kTapeBytes);
  Tape results(1 << 16);
  Cutter cutter(plan, tape, results);
  if (plan.trace.empty()) {
    cutter.record();
  } else {
    SWEEPD_CHECK(tape.load(plan.trace));
  }
  cutter.read();
  for (std::uint64_t next = plan.first; next <= plan.last;) {
    const ChildEnd end = run_child([&] { cutter.cut_from(next); });
    next = results.note(kCut) + 1;
    if (!end.good()) {
      cutter.report(results.note(kCut), end.words());
    }
    if (end.good() || (plan.stop_at_violation && results.note(kViolations) > 0)) {
      break;
    }
  }
  std::filesystem::remove_all(plan.folder);
  return {cutter.events(),
          results.note(kCuts),
          results.note(kAgains),
          results.note(kAcknowledged),
          results.note(kLost),
          results.note(kViolations),
          results.note(kFirst),
          static_cast<double>(results.note(kSlowest)) / 1000};
}

}  // namespace sweepd::power
