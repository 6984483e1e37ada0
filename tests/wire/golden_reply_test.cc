// The golden bytes of what clients are answered.
#include "tests/wire/golden.h"

using namespace sweepd;
using golden::around;
using golden::attempt;
using golden::check_envelopes;
using golden::Golden;
using golden::kWide;
using golden::reason;
using golden::report;
using golden::slot;
using golden::spec;
using golden::whole;

namespace {

// They have golden bytes of their own.
pb::Assignment params() {
  pb::Assignment params;
  pb::Binding& binding = *params.add_bindings();
  binding.set_name("x");
  binding.mutable_value()->set_int_value(-1);
  return params;
}

pb::Submitted submitted() {
  pb::Submitted submitted;
  submitted.set_sweep(kWide);
  submitted.set_name("n");
  submitted.set_trials_total(300);
  submitted.set_again(true);
  return submitted;
}

pb::Controlled controlled() {
  pb::Controlled controlled;
  controlled.set_sweep(kWide);
  controlled.add_trials(7);
  controlled.add_trials(300);
  controlled.set_state("paused");
  return controlled;
}

pb::ModelVersion model_version() {
  pb::ModelVersion version;
  version.set_model("mnist");
  version.set_version(4);
  version.set_sweep(kWide);
  version.set_trial(7);
  version.set_attempt(2);
  version.set_tree_digest("d1");
  version.set_path("outputs/model");
  version.set_metric("loss");
  version.set_value(-0.5);
  version.set_has_value(true);
  *version.mutable_params() = params();
  version.set_registered_wall_us(-12);
  version.set_user("ada");
  version.set_snapshot_digest("d2");
  return whole(version);
}

pb::SweepSummary summary() {
  pb::SweepSummary summary;
  summary.set_sweep(kWide);
  summary.set_name("n");
  summary.set_state("running");
  *summary.mutable_reason() = reason();
  summary.set_job(true);
  summary.set_metric("loss");
  summary.set_goal("minimize");
  summary.set_trials_total(300);
  pb::StateCount& count = *summary.add_counts();
  count.set_state("failed");
  count.set_count(2);
  whole(count);
  summary.set_best_trial(7);
  summary.set_best_value(-0.5);
  summary.set_submitted_wall_us(-12);
  summary.set_ended_wall_us(-13);
  summary.set_user("ada");
  summary.set_experiment("e");
  summary.set_reports(kWide + 1);
  *summary.mutable_closing() = reason();
  return whole(summary);
}

pb::SweepList sweeps() {
  pb::SweepList list;
  *list.add_sweeps() = summary();
  list.set_notice("low");
  list.set_more(true);
  return list;
}

pb::SweepDetail sweep() {
  pb::SweepDetail detail;
  *detail.mutable_summary() = summary();
  *detail.mutable_spec() = spec();
  detail.set_toml("[run]");
  detail.set_snapshot_digest("d1");
  detail.set_waiting("no slot");
  return detail;
}

pb::TrialRow trial_row() {
  pb::TrialRow row;
  row.set_sweep(kWide);
  row.set_trial(7);
  row.set_attempt(2);
  row.set_state("failed");
  *row.mutable_reason() = reason();
  *row.mutable_params() = params();
  row.set_has_value(true);
  row.set_value(-0.5);
  row.set_reports(9);
  row.set_resource(0.25);
  row.set_agent("host");
  row.add_slots(0);
  row.add_slots(300);
  row.set_started_wall_us(-13);
  row.set_ended_wall_us(-14);
  row.set_diverged(true);
  return whole(row);
}

pb::LeaderboardPage leaderboard_page() {
  pb::LeaderboardPage page;
  *page.mutable_summary() = summary();
  *page.add_rows() = trial_row();
  page.set_more(true);
  return page;
}

pb::TrialList trials() {
  pb::TrialList list;
  *list.add_trials() = trial_row();
  list.set_total(300);
  return list;
}

pb::AttemptRow attempt_row() {
  pb::AttemptRow row;
  row.set_attempt(2);
  row.set_state("failed");
  *row.mutable_reason() = reason();
  row.set_agent("host");
  row.add_slots(0);
  row.add_slots(300);
  row.set_started_wall_us(-6);
  row.set_ended_wall_us(-7);
  row.set_exit_code(-8);
  row.set_signal(9);
  row.set_stderr_tail("\xFF");
  row.set_tree_digest("d1");
  row.set_tree_files(12);
  row.set_tree_bytes(kWide);
  row.add_metric_names("\xFE");
  row.set_uncollected("1 file");
  row.set_thinned(kWide + 1);
  row.set_outputs_dropped(true);
  return whole(row);
}

pb::VerdictRow verdict_row() {
  pb::VerdictRow row;
  row.set_rule("median");
  row.set_stop(true);
  row.set_at(3);
  row.set_own(-0.5);
  row.set_threshold(0.25);
  row.set_peers(6);
  row.set_attempt(2);
  row.set_wall_us(-8);
  return whole(row);
}

pb::TrialDetail trial() {
  pb::TrialDetail detail;
  *detail.mutable_row() = trial_row();
  *detail.add_attempts() = attempt_row();
  *detail.add_verdicts() = verdict_row();
  detail.add_argv("\xFF");
  detail.set_metric("loss");
  detail.set_goal("minimize");
  detail.set_explanation("so");
  return detail;
}

pb::MetricPage metrics() {
  pb::MetricPage page;
  *page.mutable_attempt() = attempt();
  *page.add_reports() = report();
  page.set_complete(true);
  return page;
}

pb::LogPage log_page() {
  pb::LogPage page;
  *page.mutable_attempt() = attempt();
  page.set_data("\xFF");
  page.set_offset(kWide);
  page.set_size(kWide + 1);
  page.set_complete(true);
  return page;
}

pb::AgentRow agent_row() {
  pb::AgentRow row;
  row.set_agent(1);
  row.set_name("host");
  row.set_state("lost");
  *row.add_slots() = slot();
  *row.add_running() = attempt();
  row.set_last_seen_wall_us(-6);
  row.set_version("0.1.0");
  (*row.mutable_labels())["rack"] = "7";
  *row.mutable_drained() = reason();
  return whole(row);
}

pb::AgentList agents() {
  pb::AgentList list;
  *list.add_agents() = agent_row();
  return list;
}

pb::AgentDetail agent() {
  pb::AgentDetail detail;
  *detail.mutable_row() = agent_row();
  detail.set_proven(true);
  pb::ChargeRow charge;
  charge.set_sweep(kWide);
  charge.set_trial(7);
  charge.set_confirmed(true);
  *detail.add_streak() = whole(charge);
  return detail;
}

pb::ModelList models() {
  pb::ModelList list;
  *list.add_versions() = model_version();
  list.set_more(true);
  return list;
}

pb::ServerDetail server() {
  pb::ServerDetail detail;
  detail.set_version("0.1.0");
  detail.set_protocol(1);
  detail.set_state_folder("/state");
  detail.set_term(kWide);
  detail.set_started_wall_us(-5);
  detail.set_agents(6);
  detail.set_slots(7);
  detail.set_slots_busy(8);
  detail.set_sweeps(kWide + 1);
  detail.set_health("ok");
  detail.set_storage("low");
  detail.set_disk_total_bytes(kWide + 2);
  detail.set_disk_free_bytes(kWide + 3);
  detail.set_log_ahead_bytes(kWide + 4);
  detail.set_table_bytes(kWide + 5);
  detail.set_memory_bytes(kWide + 6);
  detail.set_iterators(9);
  detail.set_wall_us(-10);
  detail.set_records_lost(kWide + 7);
  return detail;
}

pb::BackupDetail backup() {
  pb::BackupDetail detail;
  detail.set_folder("/b");
  detail.set_phase("failed");
  detail.set_done(kWide);
  detail.set_total(kWide + 1);
  detail.set_sweeps(3);
  detail.set_records(kWide + 2);
  detail.set_blobs(4);
  detail.set_blob_bytes(kWide + 3);
  detail.set_code(10);
  detail.set_message("damaged");
  return detail;
}

pb::Removed removed() {
  pb::Removed removed;
  removed.set_sweep(kWide);
  removed.set_trials(300);
  return removed;
}

pb::GcDetail gc() {
  pb::GcDetail detail;
  detail.set_run(3);
  detail.set_phase("failed");
  detail.set_dry_run(true);
  detail.set_done(kWide);
  detail.set_total(kWide + 1);
  detail.set_files(4);
  detail.set_bytes(kWide + 2);
  detail.set_kept_files(5);
  detail.set_kept_bytes(kWide + 3);
  pb::GcSweep& sweep = *detail.add_sweeps();
  sweep.set_sweep(kWide);
  sweep.set_files(6);
  sweep.set_bytes(kWide + 4);
  sweep.set_log_bytes(kWide + 5);
  sweep.set_record_bytes(kWide + 6);
  sweep.set_metric_bytes(kWide + 7);
  sweep.set_name("n");
  sweep.set_state("failed");
  detail.set_code(10);
  detail.set_message("damaged");
  return detail;
}

template <typename Body>
pb::ClientReply answered(Body* (pb::ClientReply::*field)(), const Body& body) {
  pb::ClientReply reply;
  reply.set_id_high(kWide);
  reply.set_id_low(kWide + 1);
  reply.set_code(-1);
  reply.set_message("no");
  return around(reply, field, body);
}

std::vector<Golden<pb::ClientReply>> replies() {
  using Message = pb::ClientReply;
  return {
      {answered(&Message::mutable_submitted, submitted()),
       "08808080802010818080802018ffffffffffffffffff0122026e6f2a0e08808080802012016e18ac022001"},
      {answered(&Message::mutable_controlled, controlled()),
       "08808080802010818080802018ffffffffffffffffff0122026e6f3213088080808020120307ac021a067061757"
       "36564"},
      {answered(&Message::mutable_model_version, model_version()),
       "08808080802010818080802018ffffffffffffffffff0122026e6f3a560a056d6e6973741004188080808020200"
       "72802320264313a0d6f7574707574732f6d6f64656c42046c6f737349000000000000e0bf50015a090a070a0178"
       "1202100160f4ffffffffffffffff016a0361646172026432"},
      {answered(&Message::mutable_sweeps, sweeps()),
       "08808080802010818080802018ffffffffffffffffff0122026e6f4285010a7c08808080802012016e1a0772756"
       "e6e696e67220a081612066e61c3af7665280132046c6f73733a086d696e696d697a6540ac024a0a0a066661696c"
       "65641002500759000000000000e0bf60f4ffffffffffffffff0168f3ffffffffffffffff0172036164617a01658"
       "00181808080208a010a081612066e61c3af766512036c6f771801"},
      {answered(&Message::mutable_sweep, sweep()),
       "08808080802010818080802018ffffffffffffffffff0122026e6f4a97010a7c08808080802012016e1a0772756"
       "e6e696e67220a081612066e61c3af7665280132046c6f73733a086d696e696d697a6540ac024a0a0a066661696c"
       "65641002500759000000000000e0bf60f4ffffffffffffffff0168f3ffffffffffffffff0172036164617a01658"
       "00181808080208a010a081612066e61c3af766512030a016e1a055b72756e5d220264312a076e6f20736c6f74"},
      {answered(&Message::mutable_leaderboard, leaderboard_page()),
       "08808080802010818080802018ffffffffffffffffff0122026e6f52e4010a7c08808080802012016e1a0772756"
       "e6e696e67220a081612066e61c3af7665280132046c6f73733a086d696e696d697a6540ac024a0a0a066661696c"
       "65641002500759000000000000e0bf60f4ffffffffffffffff0168f3ffffffffffffffff0172036164617a01658"
       "00181808080208a010a081612066e61c3af766512620880808080201007180222066661696c65642a0a08161206"
       "6e61c3af766532090a070a017812021001380141000000000000e0bf480951000000000000d03f5a04686f73746"
       "20300ac0268f3ffffffffffffffff0170f2ffffffffffffffff0178011801"},
      {answered(&Message::mutable_trials, trials()),
       "08808080802010818080802018ffffffffffffffffff0122026e6f5a670a6208808080802010071802220666616"
       "96c65642a0a081612066e61c3af766532090a070a017812021001380141000000000000e0bf4809510000000000"
       "00d03f5a04686f7374620300ac0268f3ffffffffffffffff0170f2ffffffffffffffff01780110ac02"},
      {answered(&Message::mutable_trial, trial()),
       "08808080802010818080802018ffffffffffffffffff0122026e6f629b020a62088080808020100718022206666"
       "1696c65642a0a081612066e61c3af766532090a070a017812021001380141000000000000e0bf48095100000000"
       "0000d03f5a04686f7374620300ac0268f3ffffffffffffffff0170f2ffffffffffffffff0178011268080212066"
       "661696c65641a0a081612066e61c3af76652204686f73742a0300ac0230faffffffffffffffff0138f9ffffffff"
       "ffffffff0140f8ffffffffffffffff0148095201ff5a026431600c6880808080207201fe7a06312066696c65800"
       "181808080208801011a340a066d656469616e100119000000000000084021000000000000e0bf29000000000000"
       "d03f3006380240f8ffffffffffffffff012201ff2a046c6f737332086d696e696d697a653a02736f"},
      {answered(&Message::mutable_metrics, metrics()),
       "08808080802010818080802018ffffffffffffffffff0122026e6f6a330a0a08808080802010071802122308808"
       "080802010feffffffffffffffff011a100a05ff6c6f737311000000000000e0bf1801"},
      {answered(&Message::mutable_log, log_page()),
       "08808080802010818080802018ffffffffffffffffff0122026e6f721d0a0a088080808020100718021201ff188"
       "0808080202081808080202801"},
      {answered(&Message::mutable_agents, agents()),
       "08808080802010818080802018ffffffffffffffffff0122026e6f7a5e0a5c08011204686f73741a046c6f73742"
       "217080310021a054750552d312204483230302880808080202a0a0880808080201007180230faffffffffffffff"
       "ff013a05302e312e3042090a047261636b120137520a081612066e61c3af7665"},
      {answered(&Message::mutable_models, models()),
       "08808080802010818080802018ffffffffffffffffff0122026e6f82015a0a560a056d6e6973741004188080808"
       "02020072802320264313a0d6f7574707574732f6d6f64656c42046c6f737349000000000000e0bf50015a090a07"
       "0a01781202100160f4ffffffffffffffff016a03616461720264321001"},
      {answered(&Message::mutable_server, server()),
       "08808080802010818080802018ffffffffffffffffff0122026e6f8a016c0a05302e312e3010011a062f7374617"
       "46520808080802028fbffffffffffffffff0130063807400848818080802052026f6b5a036c6f77608280808020"
       "688380808020708480808020788580808020800186808080208801099001f6ffffffffffffffff0198018780808"
       "020"},
      {answered(&Message::mutable_agent, agent()),
       "08808080802010818080802018ffffffffffffffffff0122026e6f92016c0a5c08011204686f73741a046c6f737"
       "42217080310021a054750552d312204483230302880808080202a0a0880808080201007180230faffffffffffff"
       "ffff013a05302e312e3042090a047261636b120137520a081612066e61c3af766510011a0a08808080802010071"
       "801"},
      {answered(&Message::mutable_backup, backup()),
       "08808080802010818080802018ffffffffffffffffff0122026e6ff201330a022f6212066661696c65641880808"
       "0802020818080802028033082808080203804408380808020480a520764616d61676564"},
      {answered(&Message::mutable_removed, removed()),
       "08808080802010818080802018ffffffffffffffffff0122026e6f82020908808080802010ac02"},
      {answered(&Message::mutable_gc, gc()),
       "08808080802010818080802018ffffffffffffffffff0122026e6f8a0260080312066661696c656418012080808"
       "0802028818080802030043882808080204005488380808020522b08808080802010061884808080202085808080"
       "202886808080203087808080203a016e42066661696c6564580a620764616d61676564"}};
}

}  // namespace

TEST_CASE("golden: what a client is answered has these bytes, every reply with every field") {
  check_envelopes(replies());
}
