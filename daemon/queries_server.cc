// Answers about the agents and about the daemon itself.
#include "base/utf8.h"
#include "daemon/core/view.h"
#include "daemon/queries.h"
#include "daemon/query_rows.h"
#include "daemon/recovery.h"
#include "wire/protocol.h"

#include <fmt/format.h>

namespace sweepd::daemon {

void Queries::agents(const core::Stamp& at, pb::AgentList& list) {
  for (const auto& [id, agent] : sources_.state.agents) {
    if (agent.state != core::AgentState::kForgotten) {
      put_agent(agent, at, *list.add_agents());
    }
  }
}

void Queries::put_agent(const core::Agent& agent, const core::Stamp& at, pb::AgentRow& row) {
  put(row, sources_.state, agent);
  const auto heard = sources_.liveness.last_heard(agent.id);
  row.set_last_seen_wall_us(heard ? at.wall.us - (at.now - *heard).us : agent.changed_wall.us);
}

Result<void> Queries::agent(const pb::ShowAgent& request,
                            const core::Stamp& at,
                            pb::AgentDetail& detail) {
  SWEEPD_TRY(const AgentId id, core::select_agent(sources_.state, request.selector()));
  describe(id, at, detail);
  return {};
}

void Queries::describe(AgentId id, const core::Stamp& at, pb::AgentDetail& detail) {
  const core::Agent& agent = sources_.state.agents.at(id);
  put_agent(agent, at, *detail.mutable_row());
  detail.set_proven(agent.proven);
  for (const auto& [trial, charge] : agent.streak) {
    pb::ChargeRow& row = *detail.add_streak();
    row.set_sweep(trial.sweep.value);
    row.set_trial(trial.trial.value);
    row.set_confirmed(charge == core::Charge::kConfirmed);
  }
}

void Queries::server(const core::Stamp& at, pb::ServerDetail& detail) {
  const core::State& state = sources_.state;
  detail.set_version(sources_.facts.version);
  detail.set_protocol(wire::kProtocolVersion);
  detail.set_state_folder(sources_.facts.state_folder);
  detail.set_term(sources_.facts.term);
  detail.set_started_wall_us(sources_.facts.started.us);
  detail.set_wall_us(at.wall.us);
  std::size_t slots = 0;
  std::uint32_t connected = 0;
  for (const auto& [id, agent] : state.agents) {
    if (!core::is_gone(agent.state)) {
      ++connected;
      slots += agent.slots.size();
    }
  }
  detail.set_agents(connected);
  detail.set_slots(static_cast<std::uint32_t>(slots));
  detail.set_slots_busy(static_cast<std::uint32_t>(state.busy.size()));
  detail.set_sweeps(sources_.shelf.headers().size());
  detail.set_health(sources_.facts.health);
  detail.set_storage(std::string(core::to_text(state.storage)));
  detail.set_disk_total_bytes(sources_.facts.disk.total_bytes);
  detail.set_disk_free_bytes(sources_.facts.disk.free_bytes);
  const StoreUsage usage = sources_.journal.usage();
  detail.set_log_ahead_bytes(usage.log_ahead_bytes);
  detail.set_table_bytes(usage.table_bytes);
  detail.set_memory_bytes(usage.memory_bytes);
  detail.set_iterators(usage.iterators);
  detail.set_records_lost(state.records_lost);
}

Result<void> Queries::start_backup(const pb::ClientRequest& request, pb::BackupDetail& detail) {
  SWEEPD_TRY_VOID(sources_.backups.start({request.id_high(), request.id_low()},
                                         request.start_backup().folder()));
  backup(detail);
  return {};
}

void Queries::backup(pb::BackupDetail& detail) {
  const BackupStatus status = sources_.backups.status();
  detail.set_folder(status.folder);
  detail.set_phase(status.phase);
  detail.set_done(status.done);
  detail.set_total(status.total);
  detail.set_sweeps(status.sweeps);
  detail.set_records(status.records);
  detail.set_blobs(status.blobs);
  detail.set_blob_bytes(status.blob_bytes);
  if (status.failure) {
    detail.set_code(static_cast<std::int32_t>(status.failure->code));
    detail.set_message(valid_utf8(status.failure->message));
  }
}

}  // namespace sweepd::daemon
