// One attempt on this box.
#include "agent/runner/attempt.h"

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
  return LogFeed({key, stream, path});
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
      logs_{feed_of(key_, pb::STDOUT, paths_.stdout_file),
            feed_of(key_, pb::STDERR, paths_.stderr_file)},
      collector_(paths_.work, collected_folders(order_)) {
  *end_.mutable_attempt() = order_.attempt();
}

Result<shim::RunRequest> Attempt::prepare(const Clocks& clocks, Setting setting) {
  prepared_ = true;
  SWEEPD_TRY_VOID(write_file(paths_.params, order_.params_json()));
  SWEEPD_TRY(OutputReader reader, OutputReader::make(order_, paths_));
  reader_ = std::move(reader);

  std::optional<WallTime> deadline;
  if (order_.trial_time_ms() > 0) {
    const Duration limit = milliseconds(static_cast<std::int64_t>(order_.trial_time_ms()));
    deadline = WallTime{clocks.wall.us + limit.us};
    deadline_ = clocks.now + limit;
  }
  const Environment environment =
      environment_of({order_, paths_, setting.slots, deadline}, std::move(setting.inherited));
  shim::RunRequest request;
  SWEEPD_TRY(request.argv, arguments_of(order_, paths_, environment));
  request.env = as_assignments(environment);
  request.cwd = order_.cwd().empty() ? paths_.work : paths_.work + "/" + order_.cwd();
  request.stdout_path = paths_.stdout_file;
  request.stderr_path = paths_.stderr_file;
  request.nice = setting.nice;
  request.leftover_grace_ms = static_cast<std::uint32_t>(kLeftoverGrace.us / 1000);
  return request;
}

void Attempt::handed_over(const Clocks& clocks) {
  stage_ = Stage::kRunning;
  end_.set_started_wall_us(clocks.wall.us);
}

void Attempt::could_not_start(pb::ReasonCode code, std::string sentence) {
  end_.set_started(false);
  pb::Reason reason;
  reason.set_code(code);
  reason.set_sentence(std::move(sentence));
  failed(std::move(reason));
  if (stage_ == Stage::kPreparing) {
    stage_ = Stage::kCollecting;
  }
}

void Attempt::program_started(const shim::Notice& notice) {
  end_.set_started(true);
  end_.set_started_wall_us(notice.wall_us);
}

void Attempt::program_exited(const shim::Notice& notice) {
  end_.set_exit_code(notice.a);
  end_.set_signal(notice.b);
  end_.set_ended_wall_us(notice.wall_us);
}

void Attempt::emptied(const Clocks& clocks) {
  if (stage_ < Stage::kCollecting) {
    stage_ = Stage::kCollecting;
  }
  if (end_.ended_wall_us() == 0) {
    end_.set_ended_wall_us(clocks.wall.us);
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

std::optional<Duration> Attempt::stop(const Stop& order) {
  discard_ = discard_ || order.discard;
  // What had ended before the order came was not stopped by it.
  const bool exited = end_.ended_wall_us() != 0;
  if (order.failure && !exited) {
    failed(*order.failure);
  } else if (!exited && stage_ < Stage::kCollecting && end_.failure().code() == pb::REASON_NONE) {
    end_.set_stopped(true);
  }
  if (stage_ == Stage::kPreparing) {
    stage_ = Stage::kCollecting;
    return std::nullopt;
  }
  if (stage_ != Stage::kRunning || (stopping_ && *stopping_ <= order.grace)) {
    return std::nullopt;
  }
  stopping_ = order.grace;
  return order.grace;
}

bool Attempt::take_timeout(Instant now) {
  if (stage_ != Stage::kRunning || !deadline_ || now < *deadline_) {
    return false;
  }
  deadline_.reset();
  return true;
}

std::optional<Instant> Attempt::take_lease(Instant end) {
  if (stage_ != Stage::kRunning || end - lease_told_ < kLeaseStep) {
    return std::nullopt;
  }
  lease_told_ = end;
  return end;
}

std::vector<pb::Report> Attempt::read(const Clocks& clocks, bool wanted) {
  if (!reader_ || !wanted || discard_ || drained_) {
    return {};
  }
  const bool last = stage_ == Stage::kCollecting;
  if (!grew_ && !last) {
    return reader_->take_due(clocks.now);
  }
  std::vector<pb::Report> reports = reader_->read(clocks.now, clocks.wall, last);
  grew_ = reader_->more();
  drained_ = last && !grew_;
  return reports;
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
  if (!reader_) {
    return true;  // never prepared: there is nothing
  }
  const bool collected = collector_.step(now, bulk);
  return collected && drained_ && logs_[0].delivered() && logs_[1].delivered();
}

bool Attempt::finished(const blobs::Finished& done, Instant now) {
  return logs_[0].finished(done, now) || logs_[1].finished(done, now) ||
         collector_.finished(done, now);
}

void Attempt::add_problem(const Result<Collected>& collected) {
  if (collected.ok()) {
    end_.set_tree_digest(collected->digest);
    end_.set_tree_files(collected->files);
    end_.set_tree_bytes(collected->bytes);
    return;
  }
  pb::Reason reason;
  reason.set_code(pb::UPLOAD_ERROR);
  reason.set_sentence(fmt::format("outputs were not collected: {}", collected.error().message));
  failed(std::move(reason));
}

pb::AttemptEnded Attempt::end(const Clocks& clocks) {
  stage_ = Stage::kEnded;
  if (collector_.result()) {
    add_problem(*collector_.result());
  }
  if (end_.exit_code() != 0 || end_.signal() != 0) {
    end_.set_stderr_tail(
        last_lines(paths_.stderr_file, {limits::kStderrTailLines, limits::kStderrTailBytesMax}));
  }
  if (reader_) {
    const std::vector<std::string> names = reader_->metric_names();
    end_.mutable_metric_names()->Assign(names.begin(), names.end());
  }
  if (end_.ended_wall_us() == 0) {
    end_.set_ended_wall_us(clocks.wall.us);
  }
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
    at(deadline_);
    at(reader_ ? reader_->next_wake() : std::nullopt);
    at(grew_ ? std::optional(now + kReadAgain) : std::nullopt);
  }
  if (stage_ == Stage::kRunning || stage_ == Stage::kCollecting) {
    at(logs_[0].next_wake());
    at(logs_[1].next_wake());
  }
  if (stage_ == Stage::kCollecting) {
    at(collector_.next_wake());
    at(reader_ && !drained_ && !discard_ ? std::optional(now + kReadAgain) : std::nullopt);
  }
  return wake;
}

}  // namespace sweepd::agent
