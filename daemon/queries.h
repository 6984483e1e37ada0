// Answers to the questions of clients. They change nothing but which ended sweeps are in memory.
#pragma once

#include "base/result.h"
#include "daemon/core/selector.h"
#include "daemon/core/state.h"
#include "daemon/housekeeping.h"
#include "daemon/journal.h"
#include "daemon/liveness.h"
#include "daemon/ports.h"
#include "daemon/sweep_shelf.h"
#include "wire/sweepd.pb.h"

#include <string>

namespace sweepd::daemon {

// What the daemon knows of itself.
struct ServerFacts {
  std::string version;
  std::string state_folder;
  std::uint64_t term = 0;
  WallTime started;
  std::string health = "ok";  // or what is wrong
  std::string refuses = {};   // why agents that say Hello are not taken; empty: they are
  DiskSpace disk = {};        // as it was last looked at
};

class Queries {
 public:
  struct Sources {
    core::State& state;
    SweepShelf& shelf;
    Journal& journal;
    LogStore& logs;
    const Liveness& liveness;
    const ServerFacts& facts;
    Backups& backups;
    Housekeeping& housekeeping;
  };

  explicit Queries(const Sources& sources) : sources_(sources) {}

  // Fills the body of the reply to any request that changes nothing.
  Result<void> answer(const pb::ClientRequest& request,
                      const core::Stamp& at,
                      pb::ClientReply& reply);

  // "last/best" -> "12/best", with the sweep brought into memory.
  Result<std::string> with_number(std::string_view selector);

  // Whether the request was carried out before.
  bool knows(const RequestId& request) const { return sources_.state.requests.contains(request); }

  // An agent with what failed on it.
  void describe(AgentId id, const core::Stamp& at, pb::AgentDetail& detail);

  // The summary of a sweep, live figures where there are any.
  void summarize(SweepId id, pb::SweepSummary& row);

 private:
  struct OneTrial {
    const core::Sweep& sweep;
    const core::Trial& trial;
    const core::Attempt* attempt;  // the one that was named, or the last; null before the first
  };

  Result<const core::Sweep*> sweep_of(std::string_view selector);
  Result<OneTrial> trial_of(const std::string& selector);

  Result<void> sweeps(const pb::ListSweeps& request, pb::SweepList& list);
  Result<void> sweep(const pb::ShowSweep& request, const core::Stamp& at, pb::SweepDetail& detail);
  Result<void> leaderboard(const pb::Leaderboard& request, pb::LeaderboardPage& page);
  Result<void> trials(const pb::ListTrials& request, pb::TrialList& list);
  Result<void> trial(const pb::ShowTrial& request, const core::Stamp& at, pb::TrialDetail& detail);
  Result<void> metrics(const pb::ReadMetrics& request, pb::MetricPage& page);
  Result<void> log(const pb::ReadLog& request, pb::LogPage& page);
  void agents(const core::Stamp& at, pb::AgentList& list);
  Result<void> agent(const pb::ShowAgent& request, const core::Stamp& at, pb::AgentDetail& detail);
  void put_agent(const core::Agent& agent, const core::Stamp& at, pb::AgentRow& row);
  Result<void> models(const pb::ListModels& request, pb::ModelList& list);
  void server(const core::Stamp& at, pb::ServerDetail& detail);
  Result<void> start_backup(const pb::ClientRequest& request, pb::BackupDetail& detail);
  void backup(pb::BackupDetail& detail);
  Result<void> start_gc(const pb::ClientRequest& request, pb::GcDetail& detail);
  void gc(pb::GcDetail& detail);
  Error without_sweep(std::string_view selector, const Error& error) const;

  Sources sources_;
};

}  // namespace sweepd::daemon
