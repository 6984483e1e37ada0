// Tags, the window, turns of the transfers, and asking again.
#include "blobs/bulk_session.h"

#include "base/limits.h"
#include "wire/protocol.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

namespace sweepd::blobs {

namespace {

// Eight chunks keep 10 Gbit/s with a millisecond of delay busy; small blobs need more messages to
// share a sync of the daemon's disk.
constexpr std::uint64_t kWindowBytes = 8 * limits::kChunkBytes;
constexpr std::size_t kWindowMessages = 32;

constexpr std::size_t kAnswersPerPump = 64;  // so that a loop gets back to its other work

constexpr Duration kPatienceMin = seconds(2);
constexpr Duration kPatienceMax = seconds(16);
constexpr Duration kBusyRetry = milliseconds(20);  // nothing wakes us when a connection stands
constexpr Duration kRoomRetry = seconds(1);        // after a daemon said that it has no room

// What a request or its answer weighs.
std::uint64_t weight(const pb::BulkRequest& request) {
  return std::max<std::uint64_t>(request.ByteSizeLong(), request.get().length());
}

}  // namespace

wire::SocketOptions bulk_socket_options() {
  // ZeroMQ gives room in a queue back by halves: only the half that is surely free may be counted
  // on, or answers to a full window find no room and are lost.
  return {.message_bytes_max = limits::kBulkMessageBytesMax,
          .high_water_messages = static_cast<int>(2 * kWindowMessages)};
}

struct BulkSession::Impl {
  struct UnderWay {
    JobId job = 0;
    std::uint64_t weight = 0;
    Instant sent;
  };

  struct Held {
    std::uint64_t tag = 0;
    std::string bytes;
  };

  explicit Impl(wire::Dealer connected) : dealer(std::move(connected)) {}

  wire::Dealer dealer;
  std::map<JobId, std::unique_ptr<Job>> jobs;
  std::vector<Finished> finished;  // for the next pump to give away
  JobId last_job = 0;
  JobId last_turn = 0;               // of those in no line, the transfer that sent last
  bool line_had_turn = false;        // the last one was of the line
  std::map<JobId, Instant> resting;  // for want of room: who asks nothing before then
  std::uint64_t last_tag = 0;
  std::map<std::uint64_t, UnderWay> under_way;  // by tag
  std::uint64_t window = 0;                     // bytes of it
  std::optional<Held> held;                     // the socket did not take it yet
  Duration patience = kPatienceMin;
  std::optional<Instant> last_answer;

  template <typename Made>
  JobId add(Result<std::unique_ptr<Made>> made);

  void receive(Instant now);
  void take(const pb::BulkReply& reply, Instant now);
  void expire(Instant now);
  void send(Instant now);
  bool send_held(Instant now);
  bool prepare_next(Instant now);
  std::vector<JobId> turns() const;
  bool rests(JobId id, Instant now) const;
  bool ask(JobId id, pb::BulkRequest& request);
  bool window_open() const;
  void forget(std::uint64_t tag);
  void end(JobId id, Result<Outcome> outcome);
  void drop(JobId id);
};

BulkSession::BulkSession(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

BulkSession::~BulkSession() = default;
BulkSession::BulkSession(BulkSession&&) noexcept = default;
BulkSession& BulkSession::operator=(BulkSession&&) noexcept = default;

Result<BulkSession> BulkSession::connect(wire::Context& context, const std::string& address) {
  SWEEPD_TRY(wire::Dealer dealer, wire::Dealer::connect(context, address, bulk_socket_options()));
  return BulkSession(std::make_unique<Impl>(std::move(dealer)));
}

template <typename Made>
JobId BulkSession::Impl::add(Result<std::unique_ptr<Made>> made) {
  const JobId id = ++last_job;
  if (made.ok()) {
    jobs.emplace(id, *std::move(made));
  } else {
    finished.push_back({id, made.error()});
  }
  return id;
}

JobId BulkSession::put_tree(LocalTree local, NoRoom no_room) {
  return impl_->add(PutTreeJob::make(std::move(local), no_room));
}

JobId BulkSession::get_tree(TreeWanted wanted) {
  return impl_->add(GetTreeJob::make(std::move(wanted)));
}

JobId BulkSession::get_blob(const BlobWanted& wanted) {
  return impl_->add(GetBlobJob::make(wanted));
}

JobId BulkSession::append_log(LogBytes log) {
  return impl_->add(AppendLogJob::make(std::move(log)));
}

void BulkSession::cancel(JobId job) {
  impl_->drop(job);
  std::erase_if(impl_->finished, [job](const Finished& done) { return done.job == job; });
}

const wire::Dealer& BulkSession::dealer() const {
  return impl_->dealer;
}

std::optional<Progress> BulkSession::progress(JobId job) const {
  const auto found = impl_->jobs.find(job);
  return found == impl_->jobs.end() ? std::nullopt : std::optional(found->second->progress());
}

std::optional<Instant> BulkSession::last_answer() const {
  return impl_->last_answer;
}

std::vector<Finished> BulkSession::pump(Instant now) {
  impl_->receive(now);
  impl_->expire(now);
  impl_->send(now);
  return std::exchange(impl_->finished, {});
}

std::optional<Instant> BulkSession::next_deadline(Instant now) const {
  const Impl& session = *impl_;
  if (!session.finished.empty()) {
    return now;
  }
  std::optional<Instant> deadline;
  if (session.held) {
    deadline = now + kBusyRetry;
  } else if (session.under_way.empty() && !session.jobs.empty()) {
    // Somebody has not had a turn yet, or rests.
    for (const auto& [id, job] : session.jobs) {
      const Instant due = session.rests(id, now) ? session.resting.at(id) : now;
      deadline = std::min(deadline.value_or(due), due);
    }
  }
  for (const auto& [tag, sent] : session.under_way) {
    const Instant expires = sent.sent + session.patience;
    deadline = std::min(deadline.value_or(expires), expires);
  }
  return deadline;
}

void BulkSession::Impl::receive(Instant now) {
  for (std::size_t count = 0; count < kAnswersPerPump; ++count) {
    const std::optional<std::string> bytes = dealer.receive();
    if (!bytes) {
      return;
    }
    pb::BulkReply reply;
    if (wire::decode(*bytes, limits::kBulkMessageBytesMax, reply).ok()) {
      last_answer = now;
      take(reply, now);
    }
  }
}

void BulkSession::Impl::take(const pb::BulkReply& reply, Instant now) {
  const auto found = under_way.find(reply.tag());
  if (found == under_way.end()) {
    return;
  }
  const JobId id = found->second.job;
  // From what an answer takes, or a disk slower than our patience would be asked for ever.
  const Duration took = now - found->second.sent;
  patience = std::clamp(Duration{2 * took.us}, kPatienceMin, kPatienceMax);
  forget(reply.tag());
  Job& job = *jobs.at(id);
  if (reply.code() == static_cast<int>(Errc::kUnavailable) && job.waits_for_room()) {
    job.lost(reply.tag());
    resting[id] = now + kRoomRetry;
  } else if (const Result<void> taken = job.answer(reply); !taken.ok()) {
    end(id, taken.error());
  } else if (std::optional<Outcome> outcome = job.outcome()) {
    end(id, *std::move(outcome));
  }
}

void BulkSession::Impl::expire(Instant now) {
  std::vector<std::uint64_t> lost;
  for (const auto& [tag, sent] : under_way) {
    if (now - sent.sent >= patience) {
      lost.push_back(tag);
    }
  }
  for (const std::uint64_t tag : lost) {
    jobs.at(under_way.at(tag).job)->lost(tag);
    forget(tag);
  }
  if (!lost.empty()) {
    patience = std::min(Duration{2 * patience.us}, kPatienceMax);
  }
}

void BulkSession::Impl::send(Instant now) {
  while (send_held(now) && window_open() && prepare_next(now)) {
  }
}

bool BulkSession::Impl::window_open() const {
  return under_way.size() < kWindowMessages && window < kWindowBytes;
}

bool BulkSession::Impl::send_held(Instant now) {
  if (!held) {
    return true;
  }
  if (dealer.send(held->bytes) != wire::Sent::kYes) {
    return false;
  }
  under_way.at(held->tag).sent = now;  // only now can an answer be missed
  held.reset();
  return true;
}

// Each by itself: one whose file is too large for the daemon's disk must not keep the others.
bool BulkSession::Impl::rests(JobId id, Instant now) const {
  const auto until = resting.find(id);
  return until != resting.end() && now < until->second;
}

// Who may ask, in this order: the line from its head, and the others round, from behind the one
// that had the last turn. The two take turns, so that neither a log nor code for a trial waits for
// all the files of others.
std::vector<JobId> BulkSession::Impl::turns() const {
  std::vector<JobId> line;
  std::vector<JobId> others;
  for (const auto& [id, job] : jobs) {
    (job->in_line() ? line : others).push_back(id);
  }
  std::rotate(
      others.begin(), std::upper_bound(others.begin(), others.end(), last_turn), others.end());
  std::vector<JobId>& first = line_had_turn ? others : line;
  const std::vector<JobId>& second = line_had_turn ? line : others;
  first.insert(first.end(), second.begin(), second.end());
  return std::move(first);
}

bool BulkSession::Impl::prepare_next(Instant now) {
  for (const JobId id : turns()) {
    const bool in_line = jobs.at(id)->in_line();
    pb::BulkRequest request;
    request.set_tag(last_tag + 1);
    if (!rests(id, now) && ask(id, request)) {
      line_had_turn = in_line;
      last_turn = in_line ? last_turn : id;
      ++last_tag;
      const std::uint64_t bytes = weight(request);
      under_way[last_tag] = {id, bytes, now};
      window += bytes;
      held = {last_tag, wire::encode(request)};
      return true;
    }
  }
  return false;
}

bool BulkSession::Impl::ask(JobId id, pb::BulkRequest& request) {
  Job& job = *jobs.at(id);
  const Result<bool> asked = job.next(request);
  if (!asked.ok()) {
    end(id, asked.error());
    return false;
  }
  return *asked;
}

void BulkSession::Impl::forget(std::uint64_t tag) {
  const auto found = under_way.find(tag);
  window -= found->second.weight;
  under_way.erase(found);
  if (held && held->tag == tag) {
    held.reset();
  }
}

void BulkSession::Impl::end(JobId id, Result<Outcome> outcome) {
  drop(id);
  finished.push_back({id, std::move(outcome)});
}

void BulkSession::Impl::drop(JobId id) {
  std::vector<std::uint64_t> tags;
  for (const auto& [tag, sent] : under_way) {
    if (sent.job == id) {
      tags.push_back(tag);
    }
  }
  for (const std::uint64_t tag : tags) {
    forget(tag);
  }
  jobs.erase(id);
  resting.erase(id);
}

}  // namespace sweepd::blobs
