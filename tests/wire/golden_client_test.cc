// The golden bytes of what clients ask.
#include "tests/wire/golden.h"

using namespace sweepd;
using golden::around;
using golden::check_envelopes;
using golden::Golden;
using golden::kWide;
using golden::spec;

namespace {

pb::Submit submit() {
  pb::Submit submit;
  *submit.mutable_spec() = spec();
  submit.set_toml("[run]");
  submit.set_snapshot_digest("d1");
  submit.set_user("ada");
  submit.set_paused(true);
  return submit;
}

pb::Control control() {
  pb::Control control;
  control.set_selector("12/7");
  control.set_verb(pb::RETRY);
  control.set_reason("why");
  control.set_user("ann");
  return control;
}

pb::RegisterModel register_model() {
  pb::RegisterModel request;
  request.set_selector("12/best");
  request.set_model("mnist");
  request.set_path("outputs/model");
  request.set_user("ann");
  return request;
}

pb::ListSweeps list_sweeps() {
  pb::ListSweeps request;
  request.set_all(true);
  request.set_limit(300);
  request.set_before(kWide);
  return request;
}

pb::Leaderboard leaderboard() {
  pb::Leaderboard request;
  request.set_selector("12");
  request.set_limit(300);
  return request;
}

pb::ListTrials list_trials() {
  pb::ListTrials request;
  request.set_selector("12/failed");
  request.set_offset(4);
  request.set_limit(300);
  return request;
}

pb::ReadMetrics read_metrics() {
  pb::ReadMetrics request;
  request.set_selector("12/7");
  request.set_after_seq(kWide);
  request.set_limit(300);
  return request;
}

pb::ReadLog read_log() {
  pb::ReadLog request;
  request.set_selector("12/7");
  request.set_stream(pb::STDERR);
  request.set_offset(kWide);
  request.set_length(300);
  request.set_tail(true);
  return request;
}

pb::ListModels list_models() {
  pb::ListModels request;
  request.set_model("mnist:4");
  request.set_after_model("m");
  request.set_after_version(300);
  request.set_limit(2);
  return request;
}

pb::ControlAgent control_agent() {
  pb::ControlAgent control;
  control.set_selector("gpu-a");
  control.set_verb(pb::RESUME_AGENT);
  control.set_reason("fan");
  control.set_user("ann");
  return control;
}

pb::RemoveSweep remove_sweep() {
  pb::RemoveSweep request;
  request.set_selector("12");
  request.set_user("ann");
  return request;
}

pb::StartGc start_gc() {
  pb::StartGc request;
  request.set_dry_run(true);
  request.add_without("12");
  request.add_without("14");
  request.set_weigh(true);
  return request;
}

pb::StartBackup start_backup() {
  pb::StartBackup request;
  request.set_folder("/b");
  return request;
}

template <typename Request>
Request selecting(const char* selector) {
  Request request;
  request.set_selector(selector);
  return request;
}

template <typename Body>
pb::ClientRequest asked(Body* (pb::ClientRequest::*field)(), const Body& body) {
  pb::ClientRequest request;
  request.set_id_high(kWide);
  request.set_id_low(kWide + 1);
  request.set_protocol(1);
  return around(request, field, body);
}

std::vector<Golden<pb::ClientRequest>> requests() {
  using Message = pb::ClientRequest;
  return {
      {asked(&Message::mutable_submit, submit()),
       "088080808020108180808020180122170a030a016e12055b72756e5d1a02643122036164612801"},
      {asked(&Message::mutable_control, control()),
       "08808080802010818080802018012a120a0431322f3710051a037768792203616e6e"},
      {asked(&Message::mutable_register_model, register_model()),
       "088080808020108180808020180132240a0731322f6265737412056d6e6973741a0d6f7574707574732f6d6f646"
       "56c2203616e6e"},
      {asked(&Message::mutable_list_sweeps, list_sweeps()),
       "08808080802010818080802018013a0b080110ac02188080808020"},
      {asked(&Message::mutable_show_sweep, selecting<pb::ShowSweep>("12")),
       "088080808020108180808020180142040a023132"},
      {asked(&Message::mutable_leaderboard, leaderboard()),
       "08808080802010818080802018014a070a02313210ac02"},
      {asked(&Message::mutable_list_trials, list_trials()),
       "088080808020108180808020180152100a0931322f6661696c6564100418ac02"},
      {asked(&Message::mutable_show_trial, selecting<pb::ShowTrial>("12/7#2")),
       "08808080802010818080802018015a080a0631322f372332"},
      {asked(&Message::mutable_read_metrics, read_metrics()),
       "0880808080201081808080201801620f0a0431322f3710808080802018ac02"},
      {asked(&Message::mutable_read_log, read_log()),
       "08808080802010818080802018016a130a0431322f37100218808080802020ac022801"},
      {asked(&Message::mutable_list_agents, pb::ListAgents()), "08808080802010818080802018017200"},
      {asked(&Message::mutable_list_models, list_models()),
       "08808080802010818080802018017a110a076d6e6973743a3412016d18ac022002"},
      {asked(&Message::mutable_server_info, pb::ServerInfo()),
       "0880808080201081808080201801820100"},
      {asked(&Message::mutable_control_agent, control_agent()),
       "08808080802010818080802018018a01130a056770752d6110021a0366616e2203616e6e"},
      {asked(&Message::mutable_show_agent, selecting<pb::ShowAgent>("gpu-a")),
       "08808080802010818080802018019201070a056770752d61"},
      {asked(&Message::mutable_start_backup, start_backup()),
       "0880808080201081808080201801f201040a022f62"},
      {asked(&Message::mutable_show_backup, pb::ShowBackup()),
       "0880808080201081808080201801fa0100"},
      {asked(&Message::mutable_remove_sweep, remove_sweep()),
       "08808080802010818080802018018202090a0231321203616e6e"},
      {asked(&Message::mutable_start_gc, start_gc()),
       "08808080802010818080802018018a020c080112023132120231341801"},
      {asked(&Message::mutable_show_gc, pb::ShowGc()), "0880808080201081808080201801920200"}};
}

}  // namespace

TEST_CASE("golden: what a client asks has these bytes, every request with every field") {
  check_envelopes(requests());
}
