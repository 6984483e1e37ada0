// One attempt on this box.
#include "agent/runner/attempt.h"

#include "agent/doors/output_reader.h"
#include "agent/doors/tail.h"
#include "agent/reason.h"
#include "agent/utf8.h"
#include "base/limits.h"
#include "wire/protocol.h"

#include <fmt/format.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace sweepd::agent {

namespace {

// What a program that ended by itself left running has this long to end, too.
constexpr Duration kLeftoverGrace = seconds(1);

// Until more is read of what a program writes faster than it is taken.
constexpr Duration kReadAgain = milliseconds(5);

// For a shim to notice that a lease has ended; far less than the daemon waits before it gives the
// trial to another agent.
constexpr Duration kLapsePatience = milliseconds(500);

constexpr std::size_t kSpoolBytesPerRead = 256 * 1024;

// A daemon whose disk spoils what it takes would ask for ever.
constexpr int kRecollectionsMax = 5;

// The shim is told of a lease that moved by this much; it needs no message for every heartbeat.
constexpr Duration kLeaseStep = milliseconds(250);

Error failed_to(std::string_view what, const std::string& path) {
  const int number = errno;
  return Error{Errc::kUnavailable,
               fmt::format("cannot {} {}: {}", what, path, std::strerror(number))};
}

Result<void> write_file(const std::string& path, std::string_view content) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  const bool written = fd >= 0 && ::write(fd, content.data(), content.size()) ==
                                      static_cast<ssize_t>(content.size());
  const Result<void> result = written ? Result<void>() : Result<void>(failed_to("write", path));
  if (fd >= 0) {
    ::close(fd);
  }
  return result;
}

LogFeed feed_of(const AttemptKey& key, pb::LogStream stream, const std::string& path) {
  return LogFeed({key, stream, path, place_of(path)});
}

}  // namespace

std::vector<std::string> collected_folders(const pb::StartAttempt& order) {
  std::vector<std::string> out(order.outputs().begin(), order.outputs().end());
  out.insert(out.end(), order.logs().begin(), order.logs().end());
  // Special without being declared.
  for (const char* name : {"outputs", "logs"}) {
    if (std::find(out.begin(), out.end(), name) == out.end()) {
      out.emplace_back(name);
    }
  }
  return out;
}

Attempt::Attempt(pb::StartAttempt order, AttemptPaths paths)
    : key_(wire::from_proto(order.attempt())),
      order_(std::move(order)),
      paths_(std::move(paths)),
      spool_(paths_.spool),
      logs_{feed_of(key_, pb::STDOUT, paths_.stdout_file),
            feed_of(key_, pb::STDERR, paths_.stderr_file)},
      collector_(paths_.work, collected_folders(order_)) {
  *end_.mutable_attempt() = order_.attempt();
}

Attempt Attempt::found(pb::StartAttempt order,
                       AttemptPaths paths,
                       const std::optional<pb::AttemptEnded>& over) {
  Attempt attempt(std::move(order), std::move(paths));
  attempt.prepared_ = true;
  attempt.grew_ = true;
  for (LogFeed& log : attempt.logs_) {
    log.resume();
  }
  attempt.stage_ = over ? Stage::kCollecting : Stage::kFound;
  if (over) {
    attempt.end_ = *over;
    attempt.abandoned_ = over->failure().code() == pb::AGENT_RESTARTED;
  }
  return attempt;
}

Attempt Attempt::told(pb::AttemptEnded end, AttemptPaths paths) {
  pb::StartAttempt order;
  *order.mutable_attempt() = end.attempt();
  *order.mutable_outputs() = end.collected();
  Attempt attempt(std::move(order), std::move(paths));
  attempt.prepared_ = true;
  attempt.stage_ = Stage::kEnded;
  attempt.end_ = std::move(end);
  return attempt;
}

Result<shimpb::Run> Attempt::prepare(const Clocks& clocks, Setting setting) {
  prepared_ = true;
  SWEEPD_TRY_VOID(write_file(paths_.params, order_.params_json()));
  shimpb::Run run;
  *run.mutable_attempt() = order_.attempt();
  *run.mutable_metrics() = order_.metrics();
  run.set_objective(order_.objective());
  run.set_stdout_path(paths_.stdout_file);
  run.set_stderr_path(paths_.stderr_file);
  run.set_metrics_path(paths_.metrics);
  run.set_spool_path(paths_.spool);
  run.set_farewell_path(paths_.farewell);
  run.set_nice(setting.nice);
  run.set_leftover_grace_ms(static_cast<std::uint32_t>(kLeftoverGrace.us / 1000));
  run.set_trial_time_ms(order_.trial_time_ms());
  run.set_silence_ms(order_.silence_ms());
  run.set_grace_ms(order_.grace_ms());
  run.set_lease_end_us(setting.lease_end.us);
  lease_told_ = setting.lease_end;
  if (order_.metrics().stdout_patterns_size() > 0) {
    // The shim has nobody to tell of a pattern that cannot be read.
    SWEEPD_TRY(const OutputReader reader,
               OutputReader::make({run.metrics(), run.objective(), paths_.metrics, {}, {}}));
  }
  std::optional<WallTime> deadline;
  if (order_.trial_time_ms() > 0) {
    const Duration limit = milliseconds(static_cast<std::int64_t>(order_.trial_time_ms()));
    deadline = WallTime{clocks.wall.us + limit.us};
  }
  const Environment environment =
      environment_of({order_, paths_, setting.slots, deadline}, std::move(setting.inherited));
  SWEEPD_TRY(const std::vector<std::string> argv, arguments_of(order_, paths_, environment));
  const std::vector<std::string> env = as_assignments(environment);
  run.mutable_argv()->Assign(argv.begin(), argv.end());
  run.mutable_env()->Assign(env.begin(), env.end());
  run.set_cwd(order_.cwd().empty() ? paths_.work : paths_.work + "/" + order_.cwd());
  return run;
}

void Attempt::handed_over(const Clocks& clocks) {
  stage_ = Stage::kRunning;
  end_.set_started_wall_us(clocks.wall.us);
}

void Attempt::adopted() {
  if (stage_ == Stage::kFound) {
    stage_ = Stage::kRunning;
  }
}

void Attempt::could_not_start(pb::ReasonCode code, std::string sentence) {
  end_.set_started(false);
  failed(reason_of(code, std::move(sentence)));
  if (stage_ == Stage::kPreparing) {
    stage_ = Stage::kCollecting;
  }
}

void Attempt::program_started(const shimpb::Notice& notice) {
  end_.set_started(true);
  end_.set_started_wall_us(notice.wall_us());
}

void Attempt::program_exited(const shimpb::Notice& notice) {
  end_.set_exit_code(notice.exited().code());
  end_.set_signal(notice.exited().signal());
  end_.set_ended_wall_us(notice.wall_us());
}

void Attempt::emptied(WallTime wall) {
  if (stage_ < Stage::kCollecting) {
    stage_ = Stage::kCollecting;
  }
  if (end_.ended_wall_us() == 0) {
    end_.set_ended_wall_us(wall.us);
  }
  grew_ = true;
}

void Attempt::failed(pb::Reason reason) {
  if (end_.failure().code() == pb::REASON_NONE) {
    // It may name what the command line says, whatever that is encoded in.
    reason.set_sentence(as_utf8(reason.sentence()));
    *end_.mutable_failure() = std::move(reason);
  }
}

void Attempt::start_over() {
  stage_ = stopping_ ? Stage::kCollecting : Stage::kPreparing;
  prepared_ = false;
}

bool Attempt::was_handed_over() const {
  return ::access(paths_.spool.c_str(), F_OK) == 0;
}

void Attempt::abandoned() {
  abandoned_ = true;
  end_.set_started(end_.started() || was_handed_over());
}

std::optional<Duration> Attempt::stop(const Stop& order) {
  // What had ended before the order came was not stopped by it; what it left is wanted unless the
  // attempt is somebody else's by now.
  const bool exited = end_.ended_wall_us() != 0;
  discard_ = discard_ || (order.discard && (!order.failure || !exited));
  if (order.failure && !exited) {
    failed(*order.failure);
  } else if (!exited && stage_ < Stage::kCollecting && end_.failure().code() == pb::REASON_NONE) {
    end_.set_stopped(true);
  }
  if (stage_ == Stage::kPreparing) {
    stage_ = Stage::kCollecting;
    return std::nullopt;
  }
  if ((stage_ != Stage::kRunning && stage_ != Stage::kFound) ||
      (stopping_ && *stopping_ <= order.grace)) {
    return std::nullopt;
  }
  stopping_ = order.grace;
  return order.grace;
}

bool Attempt::shim_stands_still(Instant now, Instant lease_end) const {
  return stage_ == Stage::kRunning && !lapsed_ && now - lease_end >= kLapsePatience;
}

std::optional<Instant> Attempt::take_lease(Instant end) {
  if (stage_ != Stage::kRunning || end - lease_told_ < kLeaseStep) {
    return std::nullopt;
  }
  lease_told_ = end;
  return end;
}

std::vector<pb::Report> Attempt::read(bool wanted) {
  const bool last = stage_ == Stage::kCollecting || stage_ == Stage::kEnded;
  if (!prepared_ || discard_) {
    reread_ = false;
    return {};
  }
  if (!wanted || drained_ || (!grew_ && !last)) {
    return {};
  }
  std::vector<pb::Report> reports = spool_.read(kSpoolBytesPerRead);
  grew_ = spool_.more();
  reread_ = reread_ && grew_;
  // A program that never ran has no spool; of one that was cut off this is the end of it.
  drained_ = last && !grew_ && (spool_.closed() || abandoned_ || !end_.started());
  if (stage_ == Stage::kCollecting && !drained_ && !grew_ && spool_.stuck()) {
    // Its shim closed the spool before it said that no process is left.
    failed(reason_of(pb::AGENT_ERROR, "the agent's disk did not keep the reports of the attempt"));
    drained_ = true;
  }
  return reports;
}

void Attempt::reread() {
  spool_ = SpoolReader(paths_.spool);
  grew_ = true;
  drained_ = false;
  reread_ = true;
}

void Attempt::feed_logs(Instant now, blobs::BulkSession& bulk) {
  const bool last = stage_ == Stage::kCollecting;
  for (LogFeed& log : logs_) {
    if (grew_) {
      log.grew();
    }
    log.step(now, last, bulk);
  }
}

bool Attempt::collect(Instant now, blobs::BulkSession& bulk) {
  if (discard_) {
    cancel(bulk);
    return true;
  }
  if (!prepared_) {
    return true;  // there is nothing
  }
  const bool collected = abandoned_ || collector_.step(now, bulk);
  return collected && drained_ && logs_[0].delivered() && logs_[1].delivered();
}

bool Attempt::finished(const blobs::Finished& done, Instant now) {
  return logs_[0].finished(done, now) || logs_[1].finished(done, now) ||
         collector_.finished(done, now);
}

void Attempt::take(const Result<Collected>& collected) {
  std::string missing = collected.ok() ? collected->skipped : std::string();
  if (collected.ok()) {
    end_.set_tree_digest(collected->digest);
    end_.set_tree_files(collected->files);
    end_.set_tree_bytes(collected->bytes);
  } else {
    // Says nothing about the training, and nobody else has what it left: it stays on this box.
    missing = "outputs were not collected: " + collected.error().message;
    end_.clear_tree_digest();
    end_.clear_tree_files();
    end_.clear_tree_bytes();
    ::rename(paths_.work.c_str(), paths_.kept.c_str());
  }
  // An earlier run of the program may have kept it and not come to say so.
  if (end_.tree_digest().empty() && ::access(paths_.kept.c_str(), F_OK) == 0) {
    missing += fmt::format("{}they are kept in {} on the agent",
                           missing.empty() ? "outputs were not collected; " : "; ",
                           paths_.kept);
  }
  end_.set_uncollected(as_utf8(missing));
}

pb::AttemptEnded Attempt::end(const Clocks& clocks) {
  stage_ = Stage::kEnded;
  if (collector_.result()) {
    take(*collector_.result());
  }
  if (end_.exit_code() != 0 || end_.signal() != 0) {
    end_.set_stderr_tail(
        last_lines(paths_.stderr_file, {limits::kStderrTailLines, limits::kStderrTailBytesMax}));
  }
  const std::vector<std::string> folders = collected_folders(order_);
  end_.mutable_collected()->Assign(folders.begin(), folders.end());
  const std::vector<std::string>& names = spool_.metric_names();
  end_.mutable_metric_names()->Assign(names.begin(), names.end());
  end_.set_thinned(spool_.thinned());
  if (end_.ended_wall_us() == 0) {
    end_.set_ended_wall_us(clocks.wall.us);
  }
  return end_;
}

void Attempt::recollect() {
  recollecting_ = true;
  ++recollections_;
  collector_ = Collector(paths_.work, collected_folders(order_));
}

std::optional<pb::AttemptEnded> Attempt::recollected(Instant now, blobs::BulkSession& bulk) {
  if (!recollecting_) {
    return std::nullopt;
  }
  if (recollections_ > kRecollectionsMax) {
    take(Error{Errc::kCorrupt, "the daemon takes them, and then does not have them"});
  } else if (collector_.step(now, bulk)) {
    take(*collector_.result());
    if (end_.tree_digest().empty() && end_.uncollected().empty()) {
      end_.set_uncollected("the daemon does not have the outputs any more, nor has the agent");
    }
  } else {
    return std::nullopt;
  }
  recollecting_ = false;
  return end_;
}

void Attempt::cancel(blobs::BulkSession& bulk) {
  for (LogFeed& log : logs_) {
    log.cancel(bulk);
  }
  collector_.cancel(bulk);
}

std::optional<Instant> Attempt::next_wake(Instant now) const {
  std::optional<Instant> wake;
  const auto at = [&wake](std::optional<Instant> time) {
    if (time) {
      wake = std::min(wake.value_or(*time), *time);
    }
  };
  if (stage_ == Stage::kRunning) {
    at(grew_ ? std::optional(now + kReadAgain) : std::nullopt);
  }
  if (stage_ == Stage::kRunning || stage_ == Stage::kCollecting) {
    at(logs_[0].next_wake());
    at(logs_[1].next_wake());
  }
  if (rereads()) {
    at(now + kReadAgain);
  }
  if (recollecting_) {
    at(collector_.next_wake());
  }
  if (stage_ == Stage::kCollecting) {
    at(collector_.next_wake());
    at(prepared_ && !drained_ && !discard_ ? std::optional(now + kReadAgain) : std::nullopt);
  }
  return wake;
}

}  // namespace sweepd::agent
