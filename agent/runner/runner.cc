// Runs attempts.
#include "agent/runner/runner.h"

#include "agent/reason.h"
#include "base/log.h"
#include "wire/protocol.h"

#include <fmt/format.h>

#include <signal.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <utility>

namespace sweepd::agent {

namespace {

constexpr std::size_t kTrashPerStep = 8;  // removing a folder may take milliseconds
// Where a file system tells of no changes, or there are no more watches.
constexpr Duration kPollFiles = seconds(1);
constexpr Duration kOrphanRound = milliseconds(20);

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end;
       it.increment(error)) {
    names.push_back(it->path().filename());
  }
  return names;
}

}  // namespace

Runner::Runner(const RunnerParts& parts, const Remembered& remembered)
    : parts_(parts),
      environment_(inherited_environment()),
      trash_(parts.folder.path() + "/trash"),
      trees_(parts.folder.cache(), boot_id(), trash_),
      work_folders_(parts.folder.path() + "/work", trash_),
      inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  const std::string side = parts_.folder.path() + "/side";
  restore(remembered);
  clear_away(parts_.folder.path() + "/work");
  clear_away(side);
  if (::inotify_add_watch(inotify_, side.c_str(), IN_MODIFY | IN_MOVED_TO | IN_ONLYDIR) < 0) {
    log_warn("changes in {} cannot be watched: files are looked at every second", side);
  }
}

void Runner::restore(const Remembered& remembered) {
  for (const pb::AttemptEnded& end : remembered.ended) {
    const AttemptKey key = wire::from_proto(end.attempt());
    attempts_.emplace(key, Attempt::told(end, paths_of(parts_.folder.path(), key)));
  }
  for (const Unfinished& unfinished : remembered.unfinished) {
    const AttemptKey key = wire::from_proto(unfinished.order.attempt());
    const auto [entry, fresh] = attempts_.emplace(
        key,
        Attempt::found(unfinished.order, paths_of(parts_.folder.path(), key), unfinished.over));
    Attempt& attempt = entry->second;
    if (remembered.rebooted) {
      lost(attempt, WallTime{}, "the machine was restarted while the attempt ran");
    } else if (!unfinished.over && unfinished.order.slots_size() > 0) {
      for (const std::uint32_t index : unfinished.order.slots()) {
        parts_.slots.add_retired(index);
      }
      parts_.slots.book_found(unfinished.order);
    }
  }
}

// What is of no attempt that is known goes.
void Runner::clear_away(const std::string& folder) {
  for (const std::string& name : names_in(folder)) {
    const std::optional<AttemptKey> key = attempt_named(name);
    if (!key || !attempts_.contains(*key)) {
      trash_.add(folder + "/" + name);
    }
  }
}

Runner::~Runner() {
  if (inotify_ >= 0) {
    ::close(inotify_);
  }
}

// ---- orders

void Runner::launch(pb::StartAttempt order, const Result<void>& ledger) {
  const AttemptKey key = wire::from_proto(order.attempt());
  const auto [entry, fresh] =
      attempts_.try_emplace(key, std::move(order), paths_of(parts_.folder.path(), key));
  if (!ledger.ok()) {
    // The box's trouble, not the trial's: a loss, which spends no retry.
    entry->second.could_not_start(pb::AGENT_ERROR, ledger.error().message);
  }
  log_info("attempt={} accepted", to_string(key));
}

void Runner::stop(const Stop& order) {
  const auto found = attempts_.find(order.attempt);
  if (found == attempts_.end()) {
    return;
  }
  if (const std::optional<Duration> grace = found->second.stop(order)) {
    if (ShimSlot* shim = parts_.slots.shim_of(order.attempt)) {
      shim->stop(*grace, order.failure);
    }
    parts_.session.phase_reached(order.attempt, pb::STOPPING);
    log_info("attempt={} stopping grace_ms={}", to_string(order.attempt), grace->us / 1000);
  }
}

void Runner::forget(const AttemptKey& attempt) {
  const auto found = attempts_.find(attempt);
  if (found == attempts_.end()) {
    return;
  }
  found->second.cancel(parts_.bulk);
  const AttemptPaths& paths = found->second.paths();
  if (found->second.prepared()) {
    work_folders_.give_back(paths.work);
    for (const std::string& path : {paths.stdout_file,
                                    paths.stderr_file,
                                    paths.metrics,
                                    paths.params,
                                    paths.spool,
                                    paths.farewell,
                                    place_of(paths.stdout_file),
                                    place_of(paths.stderr_file)}) {
      ::unlink(path.c_str());
    }
  }
  attempts_.erase(found);
}

void Runner::reread(const AttemptKey& attempt) {
  const auto found = attempts_.find(attempt);
  if (found == attempts_.end()) {
    parts_.session.reread(attempt);  // nothing of it is here
    return;
  }
  log_warn("attempt={} the daemon has lost reports: all are told again", to_string(attempt));
  found->second.reread();
}

void Runner::recollect(const AttemptKey& attempt) {
  log_warn("attempt={} the daemon misses files of it: they are collected again",
           to_string(attempt));
  const auto found = attempts_.find(attempt);
  if (found != attempts_.end()) {
    found->second.recollect();
    return;
  }
  pb::AttemptEnded end;
  *end.mutable_attempt() = wire::to_proto(attempt);
  end.set_uncollected("the daemon does not have the outputs any more, and nothing is here either");
  tell(end);
}

// ---- what happened

void Runner::finished(const blobs::Finished& done, Instant now) {
  if (trees_.finished(done, now)) {
    return;
  }
  for (auto& [key, attempt] : attempts_) {
    if (attempt.finished(done, now)) {
      return;
    }
  }
}

// ---- steps

void Runner::step(const Clocks& clocks) {
  poll_files(clocks.now);
  if (!orphaned_.empty() && parts_.slots.kill_orphans()) {
    for (const AttemptKey& key : std::exchange(orphaned_, {})) {
      over(attempts_.at(key), clocks.wall);
    }
  }
  for (auto& [key, attempt] : attempts_) {
    switch (attempt.stage()) {
      case Attempt::Stage::kFound:
        step_found(clocks, attempt);
        break;
      case Attempt::Stage::kPreparing:
        step_preparing(clocks, attempt);
        break;
      case Attempt::Stage::kRunning:
        step_running(clocks, attempt);
        break;
      case Attempt::Stage::kCollecting:
        break;
      case Attempt::Stage::kEnded:
        step_ended(clocks, attempt);
        break;
    }
    // At once, so that a short attempt does not wait for the next turn.
    if (attempt.stage() == Attempt::Stage::kCollecting) {
      step_collecting(clocks, attempt);
    }
  }
  trash_.step(kTrashPerStep);
}

// Until its slot is vacated a shim may still say what became of it.
void Runner::step_found(const Clocks& clocks, Attempt& attempt) {
  const pb::StartAttempt& order = attempt.order();
  const bool waits = order.slots_size() > 0 && !parts_.slots.vacated(order.slots(0));
  if (waits || take_farewell(attempt)) {
    return;
  }
  if (order.slots_size() > 0 && !attempt.was_handed_over()) {
    parts_.slots.release(attempt.key());
    trash_.add(attempt.paths().work);
    attempt.start_over();
    return;
  }
  lost(attempt, clocks.wall, "the attempt was cut off together with its supervisor");
}

void Runner::step_preparing(const Clocks& clocks, Attempt& attempt) {
  if (!parts_.session.lease_end(attempt.key())) {
    return;  // of an earlier run, and the daemon has not yet said whether it may be run
  }
  Result<std::vector<pb::Slot>> slots = parts_.slots.resolve(attempt.order());
  if (!slots.ok()) {
    // Ordered before the daemon knew what this run of the program offers.
    attempt.could_not_start(pb::STOPPED_BY_AGENT, slots.error().message);
    return;
  }
  const std::string& snapshot = attempt.order().snapshot_digest();
  if (!snapshot.empty()) {
    const Result<bool> ready = trees_.ready(snapshot, clocks.now, parts_.bulk);
    if (!ready.ok()) {
      attempt.could_not_start(pb::PREPARE_ERROR, ready.error().message);
    }
    if (!ready.ok() || !*ready) {
      return;
    }
  }
  if (!parts_.slots.book(attempt.key(), *slots)) {
    return;
  }
  if (const Result<void> handed = hand_over(clocks, attempt, *std::move(slots)); !handed.ok()) {
    parts_.slots.release(attempt.key());
    trash_.add(attempt.paths().work);
    // A full disk is the box's trouble: a loss, which spends no retry of the trial.
    const bool loss = handed.error().code == Errc::kUnavailable;
    attempt.could_not_start(loss ? pb::AGENT_ERROR : pb::PREPARE_ERROR, handed.error().message);
  }
}

Result<void> Runner::hand_over(const Clocks& clocks,
                               Attempt& attempt,
                               std::vector<pb::Slot> slots) {
  const AttemptPaths& paths = attempt.paths();
  SWEEPD_TRY_VOID(work_folders_.make(paths.work));
  const std::string& snapshot = attempt.order().snapshot_digest();
  if (!snapshot.empty()) {
    SWEEPD_TRY_VOID(trees_.copy(snapshot, paths.work));
  }
  const Instant lease = parts_.session.lease_end(attempt.key()).value_or(Instant{});
  SWEEPD_TRY(const shimpb::Run request,
             attempt.prepare(clocks, {std::move(slots), parts_.config.nice, environment_, lease}));
  const Result<void> run = parts_.slots.shim_of(attempt.key())->run(attempt.key(), request);
  if (run.ok()) {
    attempt.handed_over(clocks);
    return {};
  }
  // The shim died while it was idle: the attempt waits for the next one.
  log_warn("attempt={} {}", to_string(attempt.key()), run.error().message);
  work_folders_.give_back(paths.work);
  parts_.slots.release(attempt.key());
  return {};
}

void Runner::step_running(const Clocks& clocks, Attempt& attempt) {
  ShimSlot* shim = parts_.slots.shim_of(attempt.key());
  const std::optional<Instant> lease = parts_.session.lease_end(attempt.key());
  if (const auto told = lease ? attempt.take_lease(*lease) : std::nullopt; told && shim) {
    shim->set_lease(*told);
  }
  if (lease && shim && attempt.shim_stands_still(clocks.now, *lease)) {
    // What it holds goes with it, or is ended as its orphans are.
    log_warn("attempt={} its supervisor does not end it with its lease: killed",
             to_string(attempt.key()));
    attempt.lapsed();
    attempt.failed(reason_of(pb::AGENT_LOST, "the lease ended without a word from the daemon"));
    ::kill(shim->pid(), SIGKILL);
  }
  attempt.feed_logs(clocks.now, parts_.bulk);
  report(attempt);
}

void Runner::step_collecting(const Clocks& clocks, Attempt& attempt) {
  // An attempt that never had a slot comes here without a word from a shim.
  parts_.slots.release(attempt.key());
  parts_.session.phase_reached(attempt.key(), pb::FINISHING);
  attempt.feed_logs(clocks.now, parts_.bulk);
  report(attempt);
  const bool collected = attempt.collect(clocks.now, parts_.bulk);
  if (!collected || !parts_.session.reports_delivered(attempt.key())) {
    return;
  }
  tell(attempt.end(clocks));
}

void Runner::tell(const pb::AttemptEnded& end) {
  if (const std::optional<pb::AttemptEnded> told = parts_.session.ended(end)) {
    parts_.ledger.ended(*told);
  }
}

void Runner::step_ended(const Clocks& clocks, Attempt& attempt) {
  if (const auto end = attempt.recollected(clocks.now, parts_.bulk)) {
    tell(*end);
  }
  if (attempt.rereads()) {
    report(attempt);
    if (!attempt.rereads()) {
      parts_.session.reread(attempt.key());
    }
  }
}

void Runner::report(Attempt& attempt) {
  const bool wanted = parts_.session.wants_reports(attempt.key());
  for (pb::Report& reported : attempt.read(wanted)) {
    parts_.session.reported(attempt.key(), std::move(reported));
  }
}

// ---- changes of files

void Runner::grew(std::string_view name) {
  const std::optional<AttemptKey> key = attempt_named(name);
  const auto attempt = key ? attempts_.find(*key) : attempts_.end();
  if (attempt != attempts_.end()) {
    attempt->second.grew();
  }
}

void Runner::read_changes() {
  alignas(inotify_event) std::array<char, 16 * 1024> bytes;
  ssize_t size = 0;
  while ((size = ::read(inotify_, bytes.data(), bytes.size())) > 0) {
    for (ssize_t at = 0; at < size;) {
      const auto* event = reinterpret_cast<const inotify_event*>(bytes.data() + at);  // NOLINT
      at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
      if (event->len > 0) {
        grew(event->name);
      }
    }
  }
}

void Runner::poll_files(Instant now) {
  if (now < poll_files_at_) {
    return;
  }
  poll_files_at_ = now + kPollFiles;
  for (auto& [key, attempt] : attempts_) {
    attempt.grew();
  }
}

std::optional<Instant> Runner::next_wake(Instant now) const {
  std::optional<Instant> wake = parts_.slots.next_wake();
  const auto at = [&wake](std::optional<Instant> time) {
    if (time) {
      wake = std::min(wake.value_or(*time), *time);
    }
  };
  at(trees_.next_wake(now));
  for (const auto& [key, attempt] : attempts_) {
    at(attempt.next_wake(now));
  }
  if (!attempts_.empty()) {
    at(poll_files_at_);
  }
  if (!trash_.empty()) {
    at(now);
  }
  if (!orphaned_.empty()) {
    at(now + kOrphanRound);
  }
  return wake;
}

}  // namespace sweepd::agent
