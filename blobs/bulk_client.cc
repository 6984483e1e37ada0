// Waiting for one transfer, with two kinds of patience.
#include "blobs/bulk_client.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace sweepd::blobs {

namespace {

using Clock = std::chrono::steady_clock;

constexpr Duration kWaitMax = milliseconds(100);  // between two looks at the caller

Instant now() {
  const auto since = Clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
}

Duration span_of(std::chrono::milliseconds span) {
  return milliseconds(span.count());
}

template <typename Wanted>
Result<Wanted> only(Result<Outcome> outcome) {
  if (!outcome.ok()) {
    return outcome.error();
  }
  Wanted* wanted = std::get_if<Wanted>(&*outcome);
  SWEEPD_CHECK(wanted != nullptr);
  return std::move(*wanted);
}

}  // namespace

Result<BulkClient> BulkClient::connect(wire::Context& context, const std::string& address) {
  SWEEPD_TRY(BulkSession session, BulkSession::connect(context, address));
  return BulkClient(std::move(session), address);
}

Result<TreeSent> BulkClient::put_tree(LocalTree local, const Patience& patience) {
  return only<TreeSent>(wait(session_.put_tree(std::move(local)), patience));
}

Result<TreeFetched> BulkClient::get_tree(TreeWanted wanted, const Patience& patience) {
  return only<TreeFetched>(wait(session_.get_tree(std::move(wanted)), patience));
}

Result<std::string> BulkClient::get_blob(const BlobWanted& wanted, const Patience& patience) {
  SWEEPD_TRY(BlobFetched blob, only<BlobFetched>(wait(session_.get_blob(wanted), patience)));
  return std::move(blob.content);
}

Result<std::uint64_t> BulkClient::append_log(LogBytes log, const Patience& patience) {
  SWEEPD_TRY(const LogAppended appended,
             only<LogAppended>(wait(session_.append_log(std::move(log)), patience)));
  return appended.stored;
}

Result<Outcome> BulkClient::wait(JobId job, const Patience& patience) {
  Result<Outcome> outcome = wait_for(job, patience);
  session_.cancel(job);  // when patience ended before the transfer did
  return outcome;
}

Result<Outcome> BulkClient::wait_for(JobId job, const Patience& patience) {
  const Instant begin = now();
  Instant moved = begin;
  Progress before;
  for (;;) {
    std::vector<Finished> finished = session_.pump(now());
    if (!finished.empty()) {
      return std::move(finished.front().outcome);  // there is only this one
    }
    const Progress progress = session_.progress(job).value_or(Progress{});
    const Instant at = now();
    if (progress != before) {
      moved = at;
      before = progress;
    }
    if (patience.going_on && !patience.going_on(progress)) {
      return Error{Errc::kInterrupted, "the transfer was interrupted"};
    }
    if (at - moved >= span_of(patience.silence)) {
      return Error{Errc::kUnavailable,
                   fmt::format("nothing came from the daemon at {} for {} s",
                               address_,
                               static_cast<double>(patience.silence.count()) / 1000)};
    }
    if (patience.whole.count() > 0 && at - begin >= span_of(patience.whole)) {
      return Error{Errc::kTimeout,
                   fmt::format("the transfer was not complete after {} s: {} of {} bytes",
                               static_cast<double>(patience.whole.count()) / 1000,
                               progress.bytes,
                               progress.bytes_total)};
    }
    const Instant due = session_.next_deadline(at).value_or(at + kWaitMax);
    const Duration wait = std::clamp(due - at, Duration{0}, kWaitMax);
    std::array<wire::PollItem, 1> items{
        wire::PollItem{.router = nullptr, .dealer = &session_.dealer()}};
    wire::poll(items, std::chrono::milliseconds((wait.us + 999) / 1000));
  }
}

}  // namespace sweepd::blobs
