// The golden bytes of what agents and the daemon say to each other, of blobs on their way, and of
// manifests.
#include "tests/wire/golden.h"

using namespace sweepd;
using golden::around;
using golden::attempt;
using golden::check_envelopes;
using golden::check_table;
using golden::Golden;
using golden::kWide;
using golden::reason;
using golden::report;
using golden::slot;
using golden::whole;

namespace {

// --- agent -> daemon ---

pb::HeldAttempt held() {
  pb::HeldAttempt held;
  *held.mutable_attempt() = attempt();
  held.set_phase(pb::ENDED);
  held.set_reports_last(kWide);
  return whole(held);
}

pb::Hello hello() {
  pb::Hello hello;
  hello.set_protocol(1);
  hello.set_version("0.1.0");
  hello.set_uuid("uuid");
  hello.set_name("host");
  hello.set_boot_id("boot");
  hello.set_incarnation(kWide);
  hello.set_term_seen(kWide + 1);
  *hello.add_slots() = slot();
  *hello.add_held() = held();
  (*hello.mutable_labels())["rack"] = "7";
  hello.set_cpus(64);
  hello.set_memory_bytes(kWide + 2);
  hello.set_number(kWide + 3);
  hello.set_stored_seen(kWide + 4);
  return hello;
}

pb::Heartbeat heartbeat() {
  pb::Heartbeat heartbeat;
  heartbeat.set_number(kWide);
  *heartbeat.add_held() = held();
  return heartbeat;
}

pb::ReportBatch reports() {
  pb::ReportBatch batch;
  *batch.mutable_attempt() = attempt();
  *batch.add_reports() = report();
  return batch;
}

pb::AttemptEnded ended() {
  pb::AttemptEnded ended;
  *ended.mutable_attempt() = attempt();
  ended.set_reports_last(kWide);
  ended.set_started(true);
  ended.set_exit_code(-1);
  ended.set_signal(9);
  ended.set_stopped(true);
  *ended.mutable_failure() = reason();
  ended.set_stderr_tail("\xFF\n");
  ended.set_tree_digest("d1");
  ended.set_tree_files(11);
  ended.set_tree_bytes(kWide + 1);
  ended.set_started_wall_us(-12);
  ended.set_ended_wall_us(-13);
  ended.add_metric_names("\xFFloss");
  ended.set_uncollected("1 file");
  ended.set_thinned(kWide + 2);
  ended.add_collected("outputs");
  return ended;
}

pb::Goodbye goodbye() {
  pb::Goodbye goodbye;
  goodbye.set_reason("bye");
  return goodbye;
}

template <typename Body>
pb::AgentMessage said(Body* (pb::AgentMessage::*field)(), const Body& body) {
  pb::AgentMessage message;
  message.set_session(kWide);
  return around(message, field, body);
}

std::vector<Golden<pb::AgentMessage>> agent_messages() {
  using Message = pb::AgentMessage;
  return {
      {said(&Message::mutable_hello, hello()),
       "088080808020127508011205302e312e301a04757569642204686f73742a04626f6f7430808080802038818080"
       "80204217080310021a054750552d312204483230302880808080204a140a0a0880808080201007180210051880"
       "8080802052090a047261636b1201375840608280808020688380808020"
       "708480808020"},
      {said(&Message::mutable_heartbeat, heartbeat()),
       "0880808080201a1c08808080802012140a0a088080808020100718021005188080808020"},
      {said(&Message::mutable_reports, reports()),
       "08808080802022310a0a08808080802010071802122308808080802010feffffffffffffffff011a100a05f"
       "f6c6f737311000000000000e0bf"},
      {said(&Message::mutable_ended, ended()),
       "0880808080202a750a0a08808080802010071802108080808020180120ffffffffffffffffff01280930013a0a0"
       "81612066e61c3af76654202ff0a4a026431500b58818080802060f4ffffffffffffffff0168f3ffffffffffffff"
       "ff017205ff6c6f73737a06312066696c65800182808080208a01076f757470757473"},
      {said(&Message::mutable_goodbye, goodbye()), "08808080802032050a03627965"}};
}

// --- daemon -> agent ---

pb::ReportsAck reports_ack() {
  pb::ReportsAck ack;
  *ack.mutable_attempt() = attempt();
  ack.set_seq(kWide);
  ack.set_fenced(true);
  return whole(ack);
}

pb::HelloOk hello_ok() {
  pb::HelloOk ok;
  ok.set_heartbeat_ms(1000);
  ok.set_lease_ms(kWide);
  *ok.add_kill() = attempt();
  *ok.add_reports() = reports_ack();
  ok.set_hello(kWide + 1);
  ok.set_stored(kWide + 2);
  return ok;
}

pb::HelloRejected hello_rejected() {
  pb::HelloRejected rejected;
  rejected.set_sentence("no");
  rejected.set_protocol_min(2);
  rejected.set_protocol_max(3);
  return rejected;
}

pb::HeartbeatAck heartbeat_ack() {
  pb::HeartbeatAck ack;
  ack.set_number(kWide);
  ack.set_stored(kWide + 1);
  return ack;
}

pb::MetricsSpec metrics() {
  pb::MetricsSpec metrics;
  metrics.set_jsonl(true);
  metrics.set_stdout_rules(true);
  pb::StdoutRule& rule = *metrics.add_stdout_patterns();
  rule.set_pattern("p");
  rule.set_name("n");
  whole(rule);
  return whole(metrics);
}

pb::StartAttempt start() {
  pb::StartAttempt start;
  *start.mutable_attempt() = attempt();
  start.add_slots(0);
  start.add_slots(300);
  start.add_argv("train");
  start.add_argv("\xFF");
  pb::EnvVar& variable = *start.add_env();
  variable.set_name("A");
  variable.set_value("\xFE");
  whole(variable);
  start.set_params_json("{}\xFF");
  start.set_snapshot_digest("d2");
  start.set_cwd("cwd");
  start.add_outputs("outputs");
  start.add_logs("logs");
  start.set_trial_time_ms(kWide);
  start.set_grace_ms(kWide + 1);
  start.set_lease_ms(kWide + 2);
  start.set_cpus(4);
  *start.mutable_metrics() = metrics();
  start.set_objective("loss");
  start.set_silence_ms(kWide);
  return start;
}

pb::StopAttempt stop() {
  pb::StopAttempt stop;
  *stop.mutable_attempt() = attempt();
  *stop.mutable_reason() = reason();
  stop.set_grace_ms(kWide);
  return stop;
}

pb::OutputsMissing outputs_missing() {
  pb::OutputsMissing missing;
  *missing.mutable_attempt() = attempt();
  return missing;
}

pb::EndedAck ended_ack() {
  pb::EndedAck ack;
  *ack.mutable_attempt() = attempt();
  return ack;
}

template <typename Body>
pb::DaemonMessage ordered(Body* (pb::DaemonMessage::*field)(), const Body& body) {
  pb::DaemonMessage message;
  message.set_session(kWide);
  message.set_term(kWide + 1);
  return around(message, field, body);
}

std::vector<Golden<pb::DaemonMessage>> daemon_messages() {
  using Message = pb::DaemonMessage;
  return {
      {ordered(&Message::mutable_hello_ok, hello_ok()),
       "0880808080201081808080201a3708e8071080808080201a0a0880808080201007180222140a0a088080808020"
       "100718021080808080201801288180808020308280808020"},
      {ordered(&Message::mutable_hello_rejected, hello_rejected()),
       "08808080802010818080802022080a026e6f10021803"},
      {ordered(&Message::mutable_who_are_you, pb::WhoAreYou()), "0880808080201081808080202a00"},
      {ordered(&Message::mutable_heartbeat_ack, heartbeat_ack()),
       "088080808020108180808020320c088080808020108180808020"},
      {ordered(&Message::mutable_start, start()),
       "0880808080201081808080203a6f0a0a08808080802010071802120300ac021a05747261696e1a01ff22060a01"
       "411201fe2a037b7dff320264323a0363776442076f7574707574734a046c6f6773508080808020588180808020"
       "6082808080206804720c080110011a060a017012016e7a046c6f737380018080808020"},
      {ordered(&Message::mutable_stop, stop()),
       "088080808020108180808020421e0a0a08808080802010071802120a081612066e61c3af7665188080808020"},
      {ordered(&Message::mutable_reports_ack, reports_ack()),
       "0880808080201081808080204a140a0a088080808020100718021080808080201801"},
      {ordered(&Message::mutable_ended_ack, ended_ack()),
       "088080808020108180808020520c0a0a08808080802010071802"},
      {ordered(&Message::mutable_outputs_missing, outputs_missing()),
       "0880808080201081808080205a0c0a0a08808080802010071802"}};
}

// --- blobs, logs and manifests ---

pb::HasBlobs has() {
  pb::HasBlobs has;
  has.add_digests("d1");
  has.add_digests("d2");
  return has;
}

pb::PutChunk put() {
  pb::PutChunk put;
  put.set_digest("d1");
  put.set_size(kWide);
  put.set_offset(kWide + 1);
  put.set_data("\xFF");
  return put;
}

pb::GetChunk get() {
  pb::GetChunk get;
  get.set_digest("d1");
  get.set_offset(kWide);
  get.set_length(300);
  return get;
}

pb::AppendLog append_log() {
  pb::AppendLog append;
  *append.mutable_attempt() = attempt();
  append.set_stream(pb::STDERR);
  append.set_offset(kWide);
  append.set_data("\xFF");
  return append;
}

template <typename Body>
pb::BulkRequest asked(Body* (pb::BulkRequest::*field)(), const Body& body) {
  pb::BulkRequest request;
  request.set_tag(kWide);
  return around(request, field, body);
}

std::vector<Golden<pb::BulkRequest>> bulk_requests() {
  using Message = pb::BulkRequest;
  return {{asked(&Message::mutable_has, has()), "08808080802012080a0264310a026432"},
          {asked(&Message::mutable_put, put()),
           "0880808080201a130a0264311080808080201881808080202201ff"},
          {asked(&Message::mutable_get, get()), "088080808020220d0a02643110808080802018ac02"},
          {asked(&Message::mutable_append_log, append_log()),
           "0880808080202a170a0a0880808080201007180210021880808080202201ff"}};
}

pb::MissingBlobs missing() {
  pb::MissingBlobs missing;
  missing.add_digests("d1");
  missing.add_digests("d2");
  return missing;
}

pb::PutProgress progress() {
  pb::PutProgress progress;
  progress.set_offset(kWide);
  progress.set_complete(true);
  return progress;
}

pb::Chunk chunk() {
  pb::Chunk chunk;
  chunk.set_data("\xFF");
  chunk.set_size(kWide);
  return chunk;
}

pb::LogProgress log_progress() {
  pb::LogProgress progress;
  progress.set_offset(kWide);
  return progress;
}

template <typename Body>
pb::BulkReply answered(Body* (pb::BulkReply::*field)(), const Body& body) {
  pb::BulkReply reply;
  reply.set_tag(kWide);
  reply.set_code(-1);
  reply.set_message("no");
  return around(reply, field, body);
}

std::vector<Golden<pb::BulkReply>> bulk_replies() {
  using Message = pb::BulkReply;
  return {{answered(&Message::mutable_missing, missing()),
           "08808080802010ffffffffffffffffff011a026e6f22080a0264310a026432"},
          {answered(&Message::mutable_progress, progress()),
           "08808080802010ffffffffffffffffff011a026e6f2a080880808080201001"},
          {answered(&Message::mutable_chunk, chunk()),
           "08808080802010ffffffffffffffffff011a026e6f32090a01ff108080808020"},
          {answered(&Message::mutable_log, log_progress()),
           "08808080802010ffffffffffffffffff011a026e6f3a06088080808020"}};
}

pb::Manifest manifest() {
  pb::Manifest manifest;
  pb::Manifest::File& file = *manifest.add_files();
  file.set_path("a/b");
  file.set_size(kWide);
  file.set_digest("d1");
  file.set_executable(true);
  whole(file);
  return whole(manifest);
}

}  // namespace

TEST_CASE("golden: what an agent says has these bytes, every message with every field") {
  check_envelopes(agent_messages());
}

TEST_CASE("golden: what the daemon says to an agent has these bytes") {
  check_envelopes(daemon_messages());
}

TEST_CASE("golden: what is asked about blobs and logs has these bytes") {
  check_envelopes(bulk_requests());
}

TEST_CASE("golden: what is answered about blobs and logs has these bytes") {
  check_envelopes(bulk_replies());
}

TEST_CASE("golden: a manifest has these bytes, or snapshots would change their names") {
  check_table<pb::Manifest>({{manifest(), "0a110a03612f621080808080201a0264312001"}});
}

TEST_CASE("golden: a body that a newer program sends is no body to this one") {
  const std::string bytes = golden::smallest_field(199, golden::Wire::WIRETYPE_LENGTH_DELIMITED);
  pb::DaemonMessage read;
  REQUIRE(wire::decode(bytes, bytes.size(), read).ok());
  CHECK(read.body_case() == pb::DaemonMessage::BODY_NOT_SET);
}
