// Stand-ins for the world around the daemon, and one of every record.
#pragma once

#include "daemon/journal.h"
#include "daemon/ports.h"
#include "daemon/record_codec.h"
#include "wire/protocol.h"

#include <doctest/doctest.h>

#include <stdlib.h>

#include <algorithm>
#include <deque>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sweepd::daemon::test {

// A folder that goes away with the test.
class Folder {
 public:
  Folder() {
    std::string pattern = "/tmp/sweepd-daemon-XXXXXX";
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }

  ~Folder() { std::filesystem::remove_all(path_); }

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

// Two floats, four random trials, minimise "loss".
inline sweeps::SweepSpec sample_spec(std::uint32_t trials = 4) {
  sweeps::SweepSpec spec;
  spec.name = "mnist-lr";
  spec.objective = {"loss", sweeps::Goal::kMinimize, {}};
  spec.run.command = {"python3", "train.py"};
  spec.space.parameters = {{"lr", sweeps::FloatRange{0.001, 0.1, true, std::nullopt}, ""},
                           {"width", sweeps::IntRange{8, 64, false, 8}, ""}};
  spec.search.sampler = sweeps::SamplerKind::kRandom;
  spec.search.trials = trials;
  spec.search.seed = 7;
  return spec;
}

inline sweeps::Assignment sample_assignment() {
  return {{"lr", 0.01}, {"width", std::int64_t{16}}, {"mode", std::string("fast")}, {"flag", true}};
}

// One of every kind, in the order of the variant.
inline std::vector<core::Record> sample_records() {
  using namespace core;
  const AttemptKey attempt{{12}, {7}, {2}};
  const Reason reason{ReasonCode::kUser, "killed by ada"};
  AttemptOutcome outcome;
  outcome.exit_code = 3;
  outcome.signal = 9;
  outcome.stopped = true;
  outcome.failure = {ReasonCode::kTimeout, "limits.trial_time"};
  outcome.stderr_tail = "boom";
  outcome.tree_digest = std::string(64, 'a');
  outcome.tree_files = 4;
  outcome.tree_bytes = 5000;
  outcome.uncollected = "1 file";
  outcome.model_missing = true;
  outcome.started_wall = {100};
  outcome.ended_wall = {200};
  outcome.metric_names = {"loss", "acc"};
  outcome.thinned = 7;
  return {
      SweepAccepted{{12},
                    {1, 2, 3},
                    {{50}, {60}},
                    sample_spec(),
                    "name = 'x'",
                    std::string(64, 'b'),
                    "ada",
                    true},
      SweepStateChanged{{12}, SweepState::kPaused, reason},
      SweepClosing{{12}, SweepState::kCancelled, reason},
      SweepEnded{{12}, SweepState::kFailed, reason, {70}},
      SweepReopened{{12}, reason},
      TrialsProposed{{12}, {7}, {sample_assignment(), {}}, true},
      TrialRequeued{{{12}, {7}}, reason, {5000}, true, true, {3}},
      TrialClosed{{{12}, {7}}, TrialState::kPruned, reason},
      AttemptAssigned{attempt, {3}, {0, 2}, {80}, {81}},
      AttemptAdvanced{attempt, AttemptState::kRunning},
      ReportRecorded{attempt, 9, {90}, -0.5, 3, {{"loss", 0.5}, {"acc", 0.75}}},
      VerdictReached{attempt, {sweeps::Decision::kStop, "median", 3, 0.5, 0.25, 5}, {95}},
      StopRequested{attempt, TrialState::kCancelled, reason},
      AttemptClosed{attempt, AttemptState::kLost, reason, outcome},
      AgentRegistered{{3},
                      "u-1",
                      "box",
                      "boot",
                      "0.1",
                      {{0, true, "GPU-1", "H200", 1000}},
                      {{"room", "b"}},
                      {96}},
      AgentStateChanged{{3}, AgentState::kForgotten, {97}, {6, 7}},
      ModelRegistered{{3, 4},
                      "mnist",
                      2,
                      attempt,
                      std::string(64, 'c'),
                      "outputs/model",
                      "loss",
                      0.5,
                      sample_assignment(),
                      std::string(64, 'b'),
                      "ada",
                      {98}},
      ControlApplied{{5, 6}, {12}, {{7}, {8}}, {99}},
      AgentCharged{{3}, {{12}, {7}}, Charge::kConfirmed},
      AgentProven{{3}},
      AgentDrained{{7, 8}, {3}, {ReasonCode::kAgentBroken, "broken"}, {100}},
      AgentResumed{{9, 10}, {3}, {101}},
      StorageLevelChanged{StorageLevel::kLow, {ReasonCode::kDiskLow, "1 GiB is free"}, {100}},
      StoreRestored{10'000, {101}},
      SweepRemoved{{11, 12}, {13}, {13, 14}, 300, "ada", {102}},
      OutputsDropped{attempt},
      StoreWentBack{{3}, 50, {103}, 10'013, {5000}},
      StartsDeferred{{6000}, {104}},
      ReturnsAwaited{{{3}, {4}}, {104}},
      LeaseChanged{seconds(900), {7000}, {105}},
  };
}

// A record as it is read back: the metrics of reports are kept elsewhere.
inline core::Record without_metrics(core::Record record) {
  if (auto* report = std::get_if<core::ReportRecorded>(&record)) {
    report->metrics.clear();
  }
  return record;
}

// Keeps what a disk would keep. Everything goes through the codec, as on a disk.
class MemoryJournal final : public Journal, public LogStore {
 public:
  std::vector<std::string>* diary = nullptr;  // gets "commit" with each commit
  std::optional<Error> failure;               // of the next commits
  std::size_t commits = 0;
  bool logs_failed = false;       // what it says to wants_heal
  std::optional<Error> unhealed;  // what heal says, if `failure` says nothing
  bool closed = false;            // heal found no room to open it: nothing can be read
  std::size_t heals = 0;
  std::size_t flushes = 0;

  Result<void> commit(const Batch& batch) override {
    if (failure) {
      return *failure;
    }
    ++commits;
    if (diary != nullptr) {
      diary->push_back("commit");
    }
    std::span<const core::Record> rest(batch.records);
    while (!rest.empty()) {
      const auto row = rest.first(row_length(rest));
      rows_[core::journal_of(row.front())].emplace_back(next_seq_, encode_row(row));
      for (const core::Record& record : row) {
        if (const auto* report = std::get_if<core::ReportRecorded>(&record)) {
          metrics_[report->attempt].push_back({report->seq, report->wall, report->metrics});
        }
      }
      next_seq_ += row.size();
      rest = rest.subspan(row.size());
    }
    for (const SweepHeader& header : batch.headers) {
      headers_[header.id] = encode_header(header);
    }
    for (const core::Record& record : batch.records) {
      if (const auto* removal = std::get_if<core::SweepRemoved>(&record)) {
        headers_.erase(removal->sweep);
        removed_.push_back(removal->sweep);
      }
    }
    return {};
  }

  bool has_rows_to_delete() const override { return !removed_.empty(); }

  Result<void> delete_rows(std::size_t limit) override {
    if (failure) {
      return *failure;
    }
    auto& rows = rows_[removed_.front()];
    rows.erase(rows.begin(), rows.begin() + static_cast<long>(std::min(limit, rows.size())));
    if (rows.empty()) {
      emptied_.push_back(removed_.front());
      removed_.erase(removed_.begin());
    }
    return {};
  }

  std::vector<SweepId> take_emptied() override { return std::exchange(emptied_, {}); }

  Result<void> heal() override {
    ++heals;
    return failure ? Result<void>(*failure) : unhealed ? Result<void>(*unhealed) : Result<void>();
  }

  bool wants_heal() const override { return logs_failed; }

  Result<void> start_flush() override {
    ++flushes;
    return {};
  }

  std::uint64_t next_seq() const override { return next_seq_; }

  Result<std::vector<SweepHeader>> headers() override {
    if (closed) {
      return Error{Errc::kUnavailable, "there is no room to open the store"};
    }
    std::vector<SweepHeader> headers;
    for (const auto& [id, bytes] : headers_) {
      SWEEPD_TRY(SweepHeader header, decode_header(bytes));
      headers.push_back(std::move(header));
    }
    return headers;
  }

  Result<std::vector<SequencedRecord>> records(SweepId sweep,
                                               std::uint64_t after_seq,
                                               std::size_t limit) override {
    if (closed) {
      return Error{Errc::kUnavailable, "there is no room to open the store"};
    }
    std::vector<SequencedRecord> found;
    for (const auto& [first, bytes] : rows_[sweep]) {
      std::vector<core::Record> row;
      SWEEPD_TRY_VOID(decode_row(bytes, row));
      std::uint64_t seq = first;
      for (core::Record& record : row) {
        if (seq > after_seq && found.size() < limit) {
          found.push_back({seq, std::move(record)});
        }
        ++seq;
      }
    }
    return found;
  }

  Result<std::vector<core::Report>> reports(const AttemptKey& attempt,
                                            std::uint64_t after_seq,
                                            std::size_t limit) override {
    std::vector<core::Report> found;
    for (const core::Report& report : metrics_[attempt]) {
      if (report.seq > after_seq && found.size() < limit) {
        found.push_back(report);
      }
    }
    return found;
  }

  Result<std::vector<std::uint64_t>> append(const std::vector<LogAppend>& appends) override {
    std::vector<std::uint64_t> sizes;
    for (const LogAppend& append : appends) {
      std::string& log = logs_[append.log];
      if (append.offset <= log.size() && append.offset + append.bytes.size() > log.size()) {
        log += append.bytes.substr(log.size() - append.offset);
      }
      sizes.push_back(log.size());
    }
    return sizes;
  }

  Result<std::uint64_t> size(const LogKey& log) override {
    return std::uint64_t{logs_[log].size()};
  }

  Result<LogPiece> read(const LogKey& log, std::uint64_t offset, std::size_t length) override {
    return LogPiece{
        offset, offset >= logs_[log].size() ? std::string() : logs_[log].substr(offset, length)};
  }

 private:
  std::uint64_t next_seq_ = 1;
  std::vector<SweepId> removed_;
  std::vector<SweepId> emptied_;
  std::map<SweepId, std::vector<std::pair<std::uint64_t, std::string>>> rows_;
  std::map<SweepId, std::string> headers_;
  std::map<AttemptKey, std::vector<core::Report>> metrics_;
  std::map<LogKey, std::string> logs_;
};

class FakeClock final : public Clock {
 public:
  ClockMark at{"boot", 0, {1'700'000'000'000'000}, {0}};

  ClockMark mark() override { return at; }

  void pass(Duration span) {
    at.now = at.now + span;
    at.wall.us += span.us;
  }
};

class FakeDoors final : public Doors {
 public:
  std::vector<std::string>* diary = nullptr;  // gets "send" with each message
  std::map<wire::Door, std::deque<wire::Incoming>> incoming;
  std::vector<Outgoing> sent;
  bool stop = false;

  std::optional<wire::Incoming> receive(wire::Door door) override {
    std::deque<wire::Incoming>& queue = incoming[door];
    if (queue.empty()) {
      return std::nullopt;
    }
    wire::Incoming first = std::move(queue.front());
    queue.pop_front();
    return first;
  }

  wire::Sent send(wire::Door door, const std::string& peer, std::string_view bytes) override {
    if (diary != nullptr) {
      diary->push_back("send");
    }
    sent.push_back({door, peer, std::string(bytes)});
    return wire::Sent::kYes;
  }

  void wait(Duration) override {}

  bool stopping() override { return stop; }
};

class FakeTrees final : public TreeIndex {
 public:
  std::string known = std::string(64, 'a');  // the one digest that is stored
  bool readable = true;

  bool has_tree(const std::string& digest) override { return digest == known; }

  std::optional<bool> names(const std::string& digest, const std::string& path) override {
    return digest == known && readable ? std::optional(path == "outputs/model") : std::nullopt;
  }
};

class FakeDisk final : public Disk {
 public:
  DiskSpace now{100ULL << 30, 50ULL << 30};
  std::uint64_t ballast = 0;  // held
  std::uint64_t wanted = 0;
  std::size_t releases = 0;
  std::uint64_t kept_free = 0;

  Result<DiskSpace> space() override { return now; }

  std::uint64_t ballast_missing() override { return wanted - ballast; }

  bool release_ballast() override {
    const bool held = ballast > 0;
    releases += held ? 1 : 0;
    now.free_bytes += std::exchange(ballast, 0);
    return held;
  }

  Result<void> grow_ballast() override {
    now.free_bytes -= wanted - ballast;
    ballast = wanted;
    return {};
  }

  void keep_free(std::uint64_t bytes) override { kept_free = bytes; }
};

class FakeBackups final : public Backups {
 public:
  BackupStatus now;
  std::optional<Error> refusal;
  std::vector<std::string> asked;

  Result<void> start(const RequestId&, const std::string& folder) override {
    if (refusal) {
      return *refusal;
    }
    asked.push_back(folder);
    now.folder = folder;
    now.phase = "copying files";
    return {};
  }

  BackupStatus status() override { return now; }
};

// Runs end when the test says so.
class FakeGc final : public Gc {
 public:
  std::vector<GcOrder> orders;
  std::optional<GcProgress> now;
  Instant told;

  void set_now(Instant at) override { told = at; }

  void start(const GcOrder& order) override {
    orders.push_back(order);
    now = GcProgress{"looking for references", 0, 0, std::nullopt};
  }

  std::optional<GcProgress> look() override { return now; }

  void end(const Result<GcResult>& result) { now->result = result; }
};

}  // namespace sweepd::daemon::test
