// Answers to clients, from a state with a bit of everything in it.
#include "daemon/queries.h"

#include "daemon/core/step.h"
#include "daemon/suggester.h"
#include "tests/daemon/fixtures.h"

#include <doctest/doctest.h>

#include <cmath>

using namespace sweepd;
using daemon::test::sample_spec;

namespace {

// Sweep 1: four trials on two slots; trial 1 completed with 0.25, trial 2 failed, 3 runs, 4 is
// assigned.
struct House {
  daemon::test::MemoryJournal journal;
  core::State state;
  daemon::SweepShelf shelf{journal};
  daemon::Liveness liveness{{}};
  daemon::ServerFacts facts{"0.1", "/srv", 3, {7}, "ok", "", {100, 40}};
  daemon::test::FakeBackups backups;
  daemon::test::FakeGc gc;
  daemon::Housekeeping housekeeping{{journal, gc, backups}};
  daemon::Queries queries{{state, shelf, journal, journal, liveness, facts, backups, housekeeping}};
  core::Stamp now{{1'000'000}, {50'000'000}};

  House() {
    decide(core::AgentJoined{
        "u", "box", "", "0.1", {{0, false, "", "cpu", 0}, {1, true, "G-1", "H200", 9}}, {}, {}});
    decide(core::SweepSubmitted{{1, 1}, sample_spec(4), "# toml", "dig", "ada", false});
    const AttemptKey first{{1}, {1}, {1}};
    const AttemptKey second{{1}, {2}, {1}};
    decide(core::ReportsArrived{
        {1}, first, {{1, {11}, {{"loss", 0.25}, {"acc", 0.5}}}, {2, {12}, {{"loss", 0.5}}}}});
    core::AttemptEnded ended{{1}, first, 2, {}};
    ended.outcome.started_wall = {10};
    ended.outcome.ended_wall = {20};
    ended.outcome.tree_digest = std::string(64, 'a');
    decide(ended);
    core::AttemptEnded failed{{1}, second, 0, {}};
    failed.outcome.exit_code = 3;
    failed.outcome.stderr_tail = "boom";
    failed.outcome.thinned = 9;
    decide(failed);
    decide(core::AttemptsHeld{{1}, {{{{1}, {3}, {1}}, core::Phase::kRunning}}});
    decide(core::ModelRegistrationRequested{{1, 2}, "1/1", "mnist", "outputs", "ada"});
    REQUIRE_FALSE(core::check_invariants(state).has_value());
  }

  void decide(const core::EventBody& event) {
    std::vector<core::EventBody> events = {event};
    while (!events.empty()) {
      const core::EventBody body = events.back();
      events.pop_back();
      core::Outcome outcome = core::step(state, {now, body});
      for (const core::Effect& effect : outcome.effects) {
        if (const auto* wanted = std::get_if<core::Suggest>(&effect)) {
          events.emplace_back(daemon::Suggester().suggest(state, *wanted));
        }
      }
      REQUIRE(journal.commit({outcome.records, shelf.update(state, outcome.records), {}}).ok());
    }
  }

  pb::ClientReply ask(const pb::ClientRequest& request) {
    pb::ClientReply reply;
    const auto answered = queries.answer(request, now, reply);
    REQUIRE_MESSAGE(answered.ok(), answered.error().message);
    return reply;
  }

  Errc refused(const pb::ClientRequest& request) {
    pb::ClientReply reply;
    const auto answered = queries.answer(request, now, reply);
    REQUIRE_FALSE(answered.ok());
    CHECK_FALSE(answered.error().message.empty());
    return answered.error().code;
  }
};

}  // namespace

TEST_CASE("queries: the list of sweeps has live figures") {
  House house;
  pb::ClientRequest request;
  request.mutable_list_sweeps();
  const pb::ClientReply reply = house.ask(request);
  REQUIRE(reply.sweeps().sweeps_size() == 1);
  const pb::SweepSummary& sweep = reply.sweeps().sweeps(0);
  CHECK(sweep.sweep() == 1);
  CHECK(sweep.name() == "mnist-lr");
  CHECK(sweep.state() == "running");
  CHECK(sweep.metric() == "loss");
  CHECK(sweep.goal() == "minimize");
  CHECK(sweep.trials_total() == 4);
  CHECK(sweep.best_trial() == 1);
  CHECK(sweep.best_value() == 0.25);
  CHECK(sweep.user() == "ada");
  CHECK(sweep.reports() == 2);
  CHECK(sweep.ended_wall_us() == 0);
  std::map<std::string, std::uint32_t> counts;
  for (const pb::StateCount& count : sweep.counts()) {
    counts[count.state()] = count.count();
  }
  CHECK(counts == std::map<std::string, std::uint32_t>{
                      {"completed", 1}, {"failed", 1}, {"running", 1}, {"preparing", 1}});
}

TEST_CASE("queries: a sweep that is ending says why") {
  House house;
  pb::ClientRequest request;
  request.mutable_show_sweep()->set_selector("1");
  CHECK_FALSE(house.ask(request).sweep().summary().has_closing());
  house.decide(core::ControlRequested{{1, 3}, core::ControlVerb::kStop, "1", "ada", ""});
  const pb::SweepSummary summary = house.ask(request).sweep().summary();
  CHECK(summary.state() == "running");
  CHECK(summary.closing().sentence() == "stopped by ada");
}

TEST_CASE("queries: a forgotten agent is listed no more") {
  House house;
  house.decide(core::AgentLost{{1}, false});
  pb::ClientRequest request;
  request.mutable_list_agents();
  CHECK(house.ask(request).agents().agents_size() == 1);
  house.decide(core::AgentControlRequested{{1, 3}, core::AgentVerb::kForget, "box", "ada", ""});
  CHECK(house.ask(request).agents().agents_size() == 0);
}

TEST_CASE("queries: sweeps are weighed whether or not they have ended, all when none is named") {
  House house;
  pb::ClientRequest request;
  request.set_id_low(9);
  request.mutable_start_gc()->set_weigh(true);
  CHECK(house.refused(request) == Errc::kInvalidArgument);
  request.mutable_start_gc()->set_dry_run(true);
  house.ask(request);
  REQUIRE(house.housekeeping.step(house.state, {}).ok());
  REQUIRE(house.gc.orders.size() == 1);
  CHECK(house.gc.orders[0].wish.weigh);
  CHECK(house.gc.orders[0].wish.without == std::vector<SweepId>{{1}});
  daemon::GcResult result;
  result.sweeps.push_back({{1}, 2, 3, 4, 5, 6});
  house.gc.end(result);
  REQUIRE(house.housekeeping.step(house.state, {}).ok());
  request.mutable_show_gc();
  const pb::GcDetail detail = house.ask(request).gc();
  REQUIRE(detail.sweeps_size() == 1);
  CHECK(detail.sweeps(0).name() == "mnist-lr");
  CHECK(detail.sweeps(0).state() == "running");
  CHECK(detail.sweeps(0).record_bytes() == 5);
  CHECK(detail.sweeps(0).metric_bytes() == 6);
}

TEST_CASE("queries: of ended sweeps the ten newest are listed, all on demand, oldest first") {
  House house;
  for (std::uint64_t i = 0; i < 15; ++i) {
    house.decide(core::SweepSubmitted{{2, i}, sample_spec(2), "", "", "", true});
    house.decide(
        core::ControlRequested{{3, i}, core::ControlVerb::kKill, std::to_string(i + 2), "", ""});
  }
  REQUIRE(house.state.live.size() == 1);
  pb::ClientRequest request;
  request.mutable_list_sweeps();
  pb::SweepList list = house.ask(request).sweeps();
  REQUIRE(list.sweeps_size() == 11);
  CHECK(list.sweeps(0).sweep() == 1);
  CHECK(list.sweeps(1).sweep() == 7);
  CHECK(list.sweeps(10).sweep() == 16);
  CHECK(list.sweeps(10).state() == "cancelled");
  request.mutable_list_sweeps()->set_all(true);
  CHECK(house.ask(request).sweeps().sweeps_size() == 16);
  request.mutable_list_sweeps()->set_limit(3);
  list = house.ask(request).sweeps();
  REQUIRE(list.sweeps_size() == 3);
  CHECK(list.sweeps(0).sweep() == 14);
}

TEST_CASE("queries: sweeps come in pages from the newest to the oldest, each once") {
  House house;
  for (std::uint64_t i = 0; i < 15; ++i) {
    house.decide(core::SweepSubmitted{{2, i}, sample_spec(2), "", "", "", true});
    house.decide(
        core::ControlRequested{{3, i}, core::ControlVerb::kKill, std::to_string(i + 2), "", ""});
  }
  const auto pages = [&house](bool all) {
    pb::ClientRequest request;
    pb::ListSweeps& question = *request.mutable_list_sweeps();
    question.set_all(all);
    question.set_limit(4);
    std::vector<std::vector<std::uint64_t>> ids;
    for (bool more = true; more && ids.size() < 10;) {
      const pb::SweepList list = house.ask(request).sweeps();
      for (const pb::SweepSummary& sweep : list.sweeps()) {
        (&sweep == &list.sweeps(0) ? ids.emplace_back() : ids.back()).push_back(sweep.sweep());
      }
      more = list.more();
      question.set_before(ids.back().front());
    }
    return ids;
  };
  using Pages = std::vector<std::vector<std::uint64_t>>;
  CHECK(pages(true) == Pages{{13, 14, 15, 16}, {9, 10, 11, 12}, {5, 6, 7, 8}, {1, 2, 3, 4}});
  CHECK(pages(false) == Pages{{13, 14, 15, 16}, {9, 10, 11, 12}, {1, 7, 8}});
}

TEST_CASE("queries: a sweep is shown with its specification and text") {
  House house;
  pb::ClientRequest request;
  request.mutable_show_sweep()->set_selector("last");
  const pb::SweepDetail detail = house.ask(request).sweep();
  CHECK(detail.summary().sweep() == 1);
  CHECK(detail.toml() == "# toml");
  CHECK(detail.snapshot_digest() == "dig");
  CHECK(detail.spec().run().command_size() == 2);
  CHECK(detail.waiting().empty());
  request.mutable_show_sweep()->set_selector("99");
  CHECK(house.refused(request) == Errc::kNotFound);
}

TEST_CASE("queries: a sweep that waits while agents are refused says why they are") {
  House house;
  house.facts.refuses = "agents obey a newer daemon";
  house.decide(core::SweepSubmitted{{1, 9}, sample_spec(1), "# toml", "dig", "ada", false});
  const auto waiting = [&] {
    pb::ClientRequest request;
    request.mutable_show_sweep()->set_selector("2");
    return house.ask(request).sweep().waiting();
  };
  CHECK(waiting().find("newer daemon") == std::string::npos);
  house.decide(core::AgentLost{{1}, false});
  CHECK(waiting().ends_with("; agents obey a newer daemon"));
}

TEST_CASE("queries: the leaderboard is best first, trials are in order and paged") {
  House house;
  pb::ClientRequest request;
  request.mutable_leaderboard()->set_selector("mnist");
  const pb::LeaderboardPage page = house.ask(request).leaderboard();
  REQUIRE(page.rows_size() == 1);
  CHECK(page.rows(0).trial() == 1);
  CHECK(page.rows(0).value() == 0.25);
  CHECK(page.summary().sweep() == 1);
  CHECK_FALSE(page.more());

  request.mutable_list_trials()->set_selector("1");
  request.mutable_list_trials()->set_offset(1);
  request.mutable_list_trials()->set_limit(2);
  pb::TrialList list = house.ask(request).trials();
  CHECK(list.total() == 4);
  REQUIRE(list.trials_size() == 2);
  CHECK(list.trials(0).trial() == 2);
  CHECK(list.trials(0).state() == "failed");
  CHECK(list.trials(0).reason().code() == pb::EXIT_CODE);
  CHECK_FALSE(list.trials(0).has_value());
  CHECK(list.trials(1).agent() == "box");
  request.mutable_list_trials()->set_offset(9);
  CHECK(house.ask(request).trials().trials_size() == 0);
  request.mutable_list_trials()->set_offset(0);
  request.mutable_list_trials()->set_selector("1/failed");
  list = house.ask(request).trials();
  CHECK(list.total() == 1);
  CHECK(list.trials(0).trial() == 2);
}

TEST_CASE("queries: a trial is shown with its attempts, command and explanation") {
  House house;
  pb::ClientRequest request;
  request.mutable_show_trial()->set_selector("1/2");
  const pb::TrialDetail detail = house.ask(request).trial();
  REQUIRE(detail.attempts_size() == 1);
  CHECK(detail.attempts(0).exit_code() == 3);
  CHECK(detail.attempts(0).stderr_tail() == "boom");
  CHECK(detail.attempts(0).thinned() == 9);
  CHECK(detail.attempts(0).state() == "failed");
  CHECK(detail.argv(0) == "python3");
  CHECK(detail.row().params().bindings_size() == 2);
  CHECK_FALSE(detail.explanation().empty());
  request.mutable_show_trial()->set_selector("1/1-4");
  CHECK(house.refused(request) == Errc::kInvalidArgument);
  request.mutable_show_trial()->set_selector("1/2#7");
  CHECK(house.refused(request) == Errc::kNotFound);
}

TEST_CASE("queries: an attempt whose files were let go says so, and why") {
  House house;
  // As if the sweep had kept the files of the best only, and trial 1 were not it.
  core::apply_record(house.state, core::OutputsDropped{{{1}, {1}, {1}}});
  house.state.sweeps.at({1}).spec.run.keep = 1;
  pb::ClientRequest request;
  request.mutable_show_trial()->set_selector("1/1");
  const pb::AttemptRow attempt = house.ask(request).trial().attempts(0);
  CHECK(attempt.outputs_dropped());
  CHECK(attempt.tree_digest().empty());
  CHECK(attempt.uncollected() ==
        "run.keep = 1 kept only the files of the best trial; 1/1#1 was not it");
  request.mutable_show_trial()->set_selector("1/2");
  CHECK_FALSE(house.ask(request).trial().attempts(0).outputs_dropped());
}

TEST_CASE("queries: metrics come in pages and say when they are complete") {
  House house;
  pb::ClientRequest request;
  request.mutable_read_metrics()->set_selector("1/best");
  request.mutable_read_metrics()->set_limit(1);
  pb::MetricPage page = house.ask(request).metrics();
  REQUIRE(page.reports_size() == 1);
  CHECK(page.reports(0).metrics_size() == 2);
  CHECK(page.reports(0).metrics(1).name() == "acc");
  CHECK_FALSE(page.complete());
  request.mutable_read_metrics()->set_after_seq(1);
  page = house.ask(request).metrics();
  REQUIRE(page.reports_size() == 1);
  CHECK(page.reports(0).seq() == 2);
  CHECK(page.complete());
  request.mutable_read_metrics()->set_after_seq(0);
  request.mutable_read_metrics()->set_selector("1/3");
  CHECK_FALSE(house.ask(request).metrics().complete());
}

TEST_CASE("queries: logs are read from either end") {
  House house;
  const AttemptKey first{{1}, {1}, {1}};
  REQUIRE(house.journal.append({{{first, daemon::LogStream::kStderr}, 0, "0123456789"}}).ok());
  pb::ClientRequest request;
  pb::ReadLog& read = *request.mutable_read_log();
  read.set_selector("1/1");
  read.set_stream(pb::STDERR);
  read.set_offset(7);
  pb::LogPage page = house.ask(request).log();
  CHECK(page.data() == "789");
  CHECK(page.offset() == 7);
  CHECK(page.size() == 10);
  CHECK(page.complete());
  read.set_tail(true);
  read.set_offset(4);
  read.set_length(2);
  page = house.ask(request).log();
  CHECK(page.data() == "67");
  CHECK(page.offset() == 6);
  read.set_offset(UINT64_MAX);
  CHECK(house.ask(request).log().offset() == 0);
  read.set_tail(false);
  page = house.ask(request).log();
  CHECK(page.data().empty());
  CHECK(page.offset() == 10);
  read.set_stream(pb::LOG_UNSPECIFIED);
  CHECK(house.refused(request) == Errc::kInvalidArgument);
}

TEST_CASE("queries: agents are listed with what runs on each slot and when they were heard of") {
  House house;
  house.liveness.heard({1}, {400'000});
  pb::ClientRequest request;
  request.mutable_list_agents();
  const pb::AgentList list = house.ask(request).agents();
  REQUIRE(list.agents_size() == 1);
  const pb::AgentRow& agent = list.agents(0);
  CHECK(agent.name() == "box");
  CHECK(agent.state() == "connected");
  REQUIRE(agent.slots_size() == 2);
  CHECK(agent.slots(1).kind() == pb::GPU);
  REQUIRE(agent.running_size() == 2);
  CHECK(agent.running(0).trial() + agent.running(1).trial() == 7);
  CHECK(agent.last_seen_wall_us() == 50'000'000 - 600'000);
}

TEST_CASE("queries: models are found by name and version") {
  House house;
  pb::ClientRequest request;
  request.mutable_list_models();
  const pb::ModelList all = house.ask(request).models();
  REQUIRE(all.versions_size() == 1);
  CHECK(all.versions(0).model() == "mnist");
  CHECK(all.versions(0).version() == 1);
  CHECK(all.versions(0).value() == 0.25);
  CHECK(all.versions(0).tree_digest() == std::string(64, 'a'));
  request.mutable_list_models()->set_model("mnist:1");
  CHECK(house.ask(request).models().versions_size() == 1);
  request.mutable_list_models()->set_model("mnist:2");
  CHECK(house.refused(request) == Errc::kNotFound);
  request.mutable_list_models()->set_model("mnist:x");
  CHECK(house.refused(request) == Errc::kInvalidArgument);
}

TEST_CASE("queries: versions come in pages, the newest of a model first") {
  House house;
  for (std::uint64_t i = 0; i < 3; ++i) {
    house.decide(core::ModelRegistrationRequested{{4, i}, "1/1", "mnist", "outputs", ""});
  }
  house.decide(core::ModelRegistrationRequested{{5, 1}, "1/1", "a", "outputs", ""});
  const auto pages = [&house](const std::string& model) {
    pb::ClientRequest request;
    pb::ListModels& question = *request.mutable_list_models();
    question.set_model(model);
    question.set_limit(2);
    std::vector<std::vector<std::string>> ids;
    for (bool more = true; more && ids.size() < 10;) {
      const pb::ModelList list = house.ask(request).models();
      ids.emplace_back();
      for (const pb::ModelVersion& one : list.versions()) {
        ids.back().push_back(one.model() + ":" + std::to_string(one.version()));
        question.set_after_model(one.model());
        question.set_after_version(one.version());
      }
      more = list.more();
    }
    return ids;
  };
  using Pages = std::vector<std::vector<std::string>>;
  CHECK(pages("") == Pages{{"a:1", "mnist:4"}, {"mnist:3", "mnist:2"}, {"mnist:1"}});
  CHECK(pages("mnist") == Pages{{"mnist:4", "mnist:3"}, {"mnist:2", "mnist:1"}});
  CHECK(pages("mnist:2") == Pages{{"mnist:2"}});
}

TEST_CASE("queries: a leaderboard that was cut says so") {
  House house;
  const AttemptKey third{{1}, {3}, {1}};
  house.decide(core::ReportsArrived{{1}, third, {{1, {11}, {{"loss", 0.75}}}}});
  pb::ClientRequest request;
  request.mutable_leaderboard()->set_selector("1");
  request.mutable_leaderboard()->set_limit(1);
  pb::LeaderboardPage page = house.ask(request).leaderboard();
  CHECK(page.rows_size() == 1);
  CHECK(page.more());
  request.mutable_leaderboard()->set_limit(2);
  page = house.ask(request).leaderboard();
  CHECK(page.rows_size() == 2);
  CHECK_FALSE(page.more());
}

TEST_CASE("queries: the daemon tells about itself") {
  House house;
  pb::ClientRequest request;
  request.mutable_server_info();
  const pb::ServerDetail server = house.ask(request).server();
  CHECK(server.version() == "0.1");
  CHECK(server.protocol() == wire::kProtocolVersion);
  CHECK(server.state_folder() == "/srv");
  CHECK(server.term() == 3);
  CHECK(server.wall_us() == 50'000'000);
  CHECK(server.agents() == 1);
  CHECK(server.slots() == 2);
  CHECK(server.slots_busy() == 2);
  CHECK(server.sweeps() == 1);
  CHECK(server.health() == "ok");
  CHECK(server.storage() == "plenty");
  CHECK(server.disk_total_bytes() == 100);
  CHECK(server.disk_free_bytes() == 40);
  CHECK(server.iterators() == 0);
}
