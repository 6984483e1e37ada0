// When what is not needed any more is deleted.
#include "daemon/housekeeping.h"

#include "base/log.h"
#include "daemon/core/state.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace sweepd::daemon {

namespace {

// A piece takes a few milliseconds: the loop hears agents in between, and spends a tenth of its
// time on it.
constexpr std::size_t kRowsAtOnce = 512;
constexpr Duration kRowsPeriod = milliseconds(50);
constexpr Duration kAfterStart = seconds(300);   // agents come back first
constexpr Duration kAfterRemoval = seconds(10);  // several are often removed together
constexpr Duration kAfterKept = seconds(3600);  // whoever was offered it has referred to it by then
constexpr Duration kUsualPeriod = seconds(86400);

// How soon files go that run.keep let go, and how often: each run reads all rows, so the longer the
// last one took the later is the next. Where there is little room nothing helps more.
struct Haste {
  Duration first;   // after the drop
  Duration apart;   // runs, at least
  std::int64_t of;  // one part in so many of the time is spent on them
};

constexpr Haste kUsualHaste{seconds(10), seconds(60), 20};
constexpr Haste kLowHaste{seconds(1), seconds(10), 4};

// After a run that took so long.
Duration rest(const Haste& haste, Duration took) {
  return std::max(haste.apart, Duration{took.us * haste.of});
}

// After a run that failed. One that made way for the healing of a full disk may be what gives it
// room.
Duration pause_after(const Error& error, Duration took) {
  const bool made_way = error.code == Errc::kInterrupted;
  return made_way ? rest(kUsualHaste, took) : kAfterKept;
}

}  // namespace

void Housekeeping::start(Instant now) {
  next_run_ = now + kAfterStart;
  began_ = now;  // as if a run had ended: agents come back first
  ended_ = now;
}

void Housekeeping::committed(const std::vector<core::Record>& records, Instant now) {
  const bool drops = std::any_of(records.begin(), records.end(), [](const core::Record& record) {
    return std::holds_alternative<core::OutputsDropped>(record);
  });
  if (drops && !dropped_) {
    dropped_ = now;
  }
}

// When the next run begins that nobody asks for.
Instant Housekeeping::due(core::StorageLevel room) const {
  const bool low = room != core::StorageLevel::kPlenty;
  if (!dropped_ && !(low && hindered_)) {
    return next_run_;
  }
  const Haste& haste = low ? kLowHaste : kUsualHaste;
  const Instant rested = ended_ + rest(haste, ended_ - began_);
  return std::min(next_run_, std::max(dropped_.value_or(ended_) + haste.first, rested));
}

Duration Housekeeping::patience(Duration usual) const {
  return ports_.journal.has_rows_to_delete() || asked_is_open() ? std::min(usual, kRowsPeriod)
                                                                : usual;
}

Result<void> Housekeeping::step(const core::State& state, Instant now) {
  look(now);
  // A run that reads the rows one journal after the other must not lose any under way: a model may
  // have been registered behind it from a sweep that is removed in front of it.
  if (running_) {
    return {};
  }
  if (ports_.journal.has_rows_to_delete()) {
    return now < next_rows_ ? Result<void>() : delete_rows(now);
  }
  const bool wanted = asked_is_open();
  const bool harmless = wanted && asked_->wish.dry_run;
  if ((wanted || now >= due(state.storage)) && (harmless || !backup_under_way())) {
    begin_run(now);
  }
  return {};
}

Result<void> Housekeeping::delete_rows(Instant now) {
  next_rows_ = now + kRowsPeriod;
  if (const Result<void> deleted = ports_.journal.delete_rows(kRowsAtOnce); !deleted.ok()) {
    return deleted.error().code == Errc::kUnavailable ? Result<void>() : deleted;
  }
  const std::vector<SweepId> emptied = ports_.journal.take_emptied();
  std::copy(emptied.begin(), emptied.end(), std::back_inserter(emptied_));
  if (!emptied.empty()) {
    next_run_ = std::min(next_run_, now + kAfterRemoval);
  }
  return {};
}

// One that was begun copies what rows referred to then, some of which may be deleted by now.
bool Housekeeping::backup_under_way() const {
  const std::string phase = ports_.backups.status().phase;
  return !phase.empty() && phase != "done" && phase != "failed";
}

void Housekeeping::begin_run(Instant now) {
  GcOrder order;
  order.began = now;
  for_somebody_ = asked_is_open();
  if (for_somebody_) {
    asked_->begun = true;
    order.wish = asked_->wish;
  }
  if (!order.wish.dry_run) {
    compacting_ = std::exchange(emptied_, {});
    order.emptied = compacting_;
    dropped_.reset();
    began_ = now;
    next_run_ = now + kUsualPeriod;
  }
  running_ = true;
  ports_.gc.start(order);
}

void Housekeeping::look(Instant now) {
  if (!running_) {
    return;
  }
  std::optional<GcProgress> progress = ports_.gc.look();
  if (!progress) {
    return;
  }
  if (progress->result) {
    running_ = false;
    take_result(*progress->result, now);
  }
  if (for_somebody_) {
    asked_->progress = *std::move(progress);
  }
}

void Housekeeping::take_result(const Result<GcResult>& result, Instant now) {
  const bool dry_run = for_somebody_ && asked_->wish.dry_run;
  if (!dry_run) {
    ended_ = now;
  }
  if (!result.ok()) {
    log_warn("gc failed: {}", result.error().message);
    if (!dry_run) {
      std::copy(compacting_.begin(), compacting_.end(), std::back_inserter(emptied_));
      next_run_ = std::min(next_run_, now + pause_after(result.error(), ended_ - began_));
    }
    return;
  }
  if (dry_run) {
    return;
  }
  hindered_ = result->again;
  log_info("gc deleted {} files, {} bytes; kept {} that are not in use yet",
           result->files,
           result->bytes,
           result->kept_files);
  if (result->again) {
    next_run_ = std::min(next_run_, now + kAfterKept);
  }
}

Result<void> Housekeeping::ask(const RequestId& request, GcWish wish) {
  if (asked_ && asked_->request == request) {
    return {};
  }
  if (asked_is_open()) {
    return Error{Errc::kWrongState, "gc runs already for somebody else: ask again when it is done"};
  }
  asked_ = Run{request, std::move(wish), false, {}};
  return {};
}

GcStatus Housekeeping::status() const {
  GcStatus status;
  if (!asked_) {
    return status;
  }
  status.run = asked_->request.low;
  status.dry_run = asked_->wish.dry_run;
  status.progress = asked_->progress;
  if (!asked_->begun) {
    status.progress.phase = ports_.journal.has_rows_to_delete() ? "deleting rows"
                            : backup_under_way()                ? "waiting for a backup"
                                                                : "waiting";
  }
  return status;
}

}  // namespace sweepd::daemon
