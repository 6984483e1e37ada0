// The names of JSON fields are a promise: a change that breaks one of these breaks somebody's
// script.
#include "cli/json.h"

#include <doctest/doctest.h>

#include <limits>

namespace sweepd::cli {

namespace {

constexpr std::int64_t kStart = 1'700'000'000'000'000;

pb::TrialRow trial() {
  pb::TrialRow row;
  row.set_sweep(12);
  row.set_trial(7);
  row.set_attempt(2);
  row.set_state("pruned");
  row.mutable_reason()->set_code(pb::POLICY);
  row.mutable_reason()->set_sentence("worse than the median");
  pb::Binding& lr = *row.mutable_params()->add_bindings();
  lr.set_name("lr");
  lr.mutable_value()->set_float_value(0.1);
  pb::Binding& batch = *row.mutable_params()->add_bindings();
  batch.set_name("batch-size");
  batch.mutable_value()->set_int_value(25);
  row.set_has_value(true);
  row.set_value(0.41);
  row.set_reports(3);
  row.set_resource(3);
  row.set_agent("gpu-a");
  row.add_slots(0);
  row.set_started_wall_us(kStart);
  row.set_ended_wall_us(kStart + 1'500'000);
  return row;
}

}  // namespace

TEST_CASE("json: the fields of a trial") {
  CHECK(dump(to_json(trial())) ==
        R"({"trial":"12/7","sweep":12,"number":7,"attempt":2,"state":"pruned","reason":"POLICY",)"
        R"("reason_text":"worse than the median","value":0.41,"diverged":false,"reports":3,)"
        R"("resource":3.0,"params":{"lr":0.1,"batch-size":25},"agent":"gpu-a","slots":[0],)"
        R"("started_at":"2023-11-14T22:13:20.000000Z","ended_at":"2023-11-14T22:13:21.500000Z",)"
        R"("seconds":1.5})");
}

TEST_CASE("json: what a trial does not have yet is null") {
  pb::TrialRow row;
  row.set_sweep(1);
  row.set_trial(1);
  row.set_state("queued");
  const Json json = to_json(row);
  for (const char* field : {"reason", "value", "started_at", "ended_at", "seconds"}) {
    CHECK(json[field].is_null());
  }
  CHECK_FALSE(json.contains("nonfinite"));
}

TEST_CASE("json: a number that is not finite is null, with its text beside it") {
  pb::TrialRow row = trial();
  row.set_value(std::numeric_limits<double>::quiet_NaN());
  CHECK(to_json(row)["value"].is_null());
  CHECK(dump(to_json(row)["nonfinite"]) == R"({"value":"nan"})");
  row.set_value(-std::numeric_limits<double>::infinity());
  CHECK(dump(to_json(row)["nonfinite"]) == R"({"value":"-inf"})");
}

TEST_CASE("json: the fields of a sweep") {
  pb::SweepSummary sweep;
  sweep.set_sweep(12);
  sweep.set_name("digits");
  sweep.set_state("running");
  sweep.set_metric("accuracy");
  sweep.set_goal("maximize");
  sweep.set_trials_total(27);
  pb::StateCount& count = *sweep.add_counts();
  count.set_state("completed");
  count.set_count(3);
  sweep.set_best_trial(2);
  sweep.set_best_value(0.97);
  sweep.set_submitted_wall_us(kStart);
  sweep.set_user("ana");
  sweep.set_experiment("vision");
  sweep.set_reports(81);
  CHECK(
      dump(to_json(sweep)) ==
      R"({"sweep":12,"name":"digits","state":"running","reason":null,"reason_text":"","ending":false,"job":false,)"
      R"("experiment":"vision","user":"ana","metric":"accuracy","goal":"maximize",)"
      R"("trials_total":27,"trials":{"completed":3},"best_trial":"12/2","best_value":0.97,)"
      R"("reports":81,"submitted_at":"2023-11-14T22:13:20.000000Z","ended_at":null})");
}

TEST_CASE("json: the fields of a report") {
  pb::Attempt attempt;
  attempt.set_sweep(12);
  attempt.set_trial(7);
  attempt.set_attempt(1);
  pb::Report report;
  report.set_seq(4);
  report.set_wall_us(kStart);
  pb::Metric& loss = *report.add_metrics();
  loss.set_name("loss");
  loss.set_value(std::numeric_limits<double>::infinity());
  pb::Metric& epoch = *report.add_metrics();
  epoch.set_name("epoch");
  epoch.set_value(2);
  CHECK(dump(to_json(attempt, report)) ==
        R"({"attempt":"12/7#1","report":4,"at":"2023-11-14T22:13:20.000000Z",)"
        R"("metrics":{"loss":null,"epoch":2.0},"nonfinite":{"loss":"inf"}})");
}

TEST_CASE("json: the fields of a model, an agent, the server, an attempt, a verdict, a file") {
  pb::ModelVersion model;
  model.set_model("mnist");
  model.set_version(4);
  model.set_sweep(12);
  model.set_trial(41);
  CHECK(dump(to_json(model)) ==
        R"({"model":"mnist","version":4,"id":"mnist:4","trial":"12/41","attempt":0,"metric":"",)"
        R"("value":null,"params":{},"path":"","artifact":"","snapshot":null,"user":"",)"
        R"("registered_at":null})");
  pb::AgentRow agent;
  agent.set_agent(1);
  agent.set_name("gpu-a");
  agent.set_state("connected");
  agent.add_slots()->set_kind(pb::GPU);
  agent.add_running()->set_attempt(0);
  CHECK(
      dump(to_json(agent)) ==
      R"({"agent":1,"name":"gpu-a","state":"connected","slots":[{"index":0,"kind":"gpu",)"
      R"("name":"","uuid":"","memory_bytes":0,"running":null}],"slots_total":1,"slots_busy":0,)"
      R"("last_seen_at":null,"version":"","labels":{},"drained":false,"reason":null,"reason_text":""})");
  CHECK(dump(to_json(pb::ServerDetail())) ==
        R"({"version":"","protocol":0,"state_folder":"","term":0,"started_at":null,"agents":0,)"
        R"("slots":0,"slots_busy":0,"sweeps":0,"health":"","storage":"","disk_total_bytes":0,)"
        R"("disk_free_bytes":0,"log_ahead_bytes":0,"table_bytes":0,"memory_bytes":0,)"
        R"("iterators":0,"clock_at":null,"records_lost":0})");
  CHECK(dump(to_json(pb::BackupDetail())) ==
        R"({"folder":"","phase":"","sweeps":0,"records":0,"blobs":0,"blob_bytes":0})");
  CHECK(dump(to_json(pb::GcDetail())) ==
        R"({"dry_run":false,"files":0,"bytes":0,"kept_files":0,"kept_bytes":0})");
  CHECK(dump(to_json(pb::AttemptRow())) ==
        R"({"attempt":0,"state":"","reason":null,"reason_text":"","agent":"","slots":[],)"
        R"("exit_code":null,"signal":null,"started_at":null,"ended_at":null,"seconds":null,)"
        R"("stderr_tail":"","artifact":null,"artifact_files":0,"artifact_bytes":0,)"
        R"("artifact_dropped":false,"uncollected":"","metrics":[],"thinned":0})");
  CHECK(dump(to_json(pb::VerdictRow())) ==
        R"({"rule":"","verdict":"continue","at":0.0,"own":0.0,"threshold":0.0,"peers":0,)"
        R"("attempt":0,"decided_at":null})");
  CHECK(dump(to_json(pb::Manifest::File())) ==
        R"({"path":"","bytes":0,"sha256":"","executable":false})");
}

TEST_CASE("json: values keep their types, and bytes that are no text do not break the line") {
  pb::Value value;
  value.set_int_value(64);
  CHECK(dump(value_json(value)) == "64");
  value.set_float_value(64);
  CHECK(dump(value_json(value)) == "64.0");
  value.set_bool_value(true);
  CHECK(dump(value_json(value)) == "true");
  value.set_text_value("a\xff\"");
  CHECK(dump(value_json(value)) == "\"a\xef\xbf\xbd\\\"\"");
}

}  // namespace sweepd::cli
