// The verbs that wait for something, against a daemon of canned answers.
#include "cli/exit_codes.h"
#include "cli/json.h"
#include "cli/logs.h"
#include "cli/verbs.h"
#include "tests/cli/canned.h"
#include "tests/cli/fake_daemon.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <sstream>

namespace sweepd::cli {

TEST_CASE("wait: 0 when it completed, 8 when it ended otherwise") {
  struct Case {
    std::string state;
    int code;
  };

  for (const Case& each : {Case{"completed", 0}, Case{"failed", 8}}) {
    FakeDaemon daemon([&each](const pb::ClientRequest& request, pb::ClientReply& reply) {
      answer_ended(each.state, request, reply);
    });
    const CliRun run = run_line({"wait", "12"}, daemon.endpoint());
    CHECK(run.code == each.code);
    CHECK(run.out.empty());
    CHECK(contains(run.err, fmt::format("Sweep 12 \"digits\" {}", each.state)));
  }
}

TEST_CASE("wait: 7 when the time is up, and the work goes on") {
  FakeDaemon daemon([](const pb::ClientRequest& request, pb::ClientReply& reply) {
    answer_ended("running", request, reply);
  });
  const CliRun run = run_line({"wait", "12", "--timeout", "300ms"}, daemon.endpoint());
  CHECK(run.code == kExitTimeout);
  CHECK(contains(run.err, "the work goes on"));
  for (const pb::ClientRequest& request : daemon.requests()) {
    CHECK_FALSE(request.has_control());
  }
}

TEST_CASE("wait: in a pipe each trial that ends is one line on stderr") {
  std::atomic<int> looks{0};
  FakeDaemon daemon([&looks](const pb::ClientRequest& request, pb::ClientReply& reply) {
    if (request.has_show_sweep() && ++looks < 2) {
      *reply.mutable_sweep()->mutable_summary() = sweep("running");
    } else if (request.has_list_trials() && looks < 2) {
      reply.mutable_trials()->set_total(1);
      *reply.mutable_trials()->add_trials() = trial(1, "running", 0.3);
    } else {
      answer_ended("completed", request, reply);
    }
  });
  const CliRun run = run_line({"wait", "12"}, daemon.endpoint());
  CHECK(run.code == 0);
  CHECK(run.err ==
        "12/1 completed after 3 reports: accuracy 0.98\n"
        "12/2 pruned after 3 reports: accuracy 0.41\n"
        "Sweep 12 \"digits\" completed\n");
}

TEST_CASE("watch: in a pipe one line a change, with --json one object a change") {
  FakeDaemon daemon([](const pb::ClientRequest& request, pb::ClientReply& reply) {
    answer_ended("completed", request, reply);
  });
  const CliRun lines = run_line({"watch", "12"}, daemon.endpoint());
  CHECK(lines.code == 0);
  CHECK(contains(lines.out, "  12/1 completed after 3 reports: accuracy 0.98\n"));
  CHECK(contains(lines.out, "Sweep 12 \"digits\" completed\n"));
  const CliRun json = run_line({"watch", "12", "--json"}, daemon.endpoint());
  std::istringstream objects(json.out);
  std::vector<std::string> events;
  for (std::string line; std::getline(objects, line);) {
    events.push_back(Json::parse(line)["event"]);
  }
  CHECK(events == std::vector<std::string>{"trial", "trial", "sweep"});
}

TEST_CASE("logs: bytes pass a pipe unchanged, and a page is asked for until the end") {
  const std::string text("line 1\n\x1b[31mred\xff\n", 18);
  FakeDaemon daemon([&text](const pb::ClientRequest& request, pb::ClientReply& reply) {
    if (request.has_show_trial()) {
      *reply.mutable_trial()->mutable_row() = trial(7, "completed", 1);
      return;
    }
    pb::LogPage& page = *reply.mutable_log();
    const std::uint64_t offset = request.read_log().offset();
    page.set_offset(offset);
    page.set_size(text.size());
    page.set_data(text.substr(offset, 5));
    page.set_complete(true);
  });
  const CliRun run = run_line({"logs", "12/7", "--stderr"}, daemon.endpoint());
  CHECK(run.code == 0);
  CHECK(run.out == text);
  CHECK(daemon.requests().back().read_log().stream() == pb::STDERR);
  CHECK(daemon.requests().back().read_log().selector() == "12/7#1");
}

TEST_CASE("logs: a sweep's lines carry their trial, whole lines at a time") {
  FakeDaemon daemon([](const pb::ClientRequest& request, pb::ClientReply& reply) {
    if (request.has_show_trial()) {
      *reply.mutable_trial()->mutable_row() =
          trial(request.show_trial().selector() == "12/1" ? 1 : 2, "completed", 1);
    } else if (request.has_read_log()) {
      reply.mutable_log()->set_data("a\nb");
      reply.mutable_log()->set_size(3);
      reply.mutable_log()->set_complete(true);
    } else {
      answer_ended("completed", request, reply);
    }
  });
  const std::string all = "12/1 | a\n12/1 | b\n12/2 | a\n12/2 | b\n";
  CHECK(run_line({"logs", "12"}, daemon.endpoint()).out == all);
  CHECK(run_line({"logs", "12", "-f"}, daemon.endpoint()).out == all);  // it has ended
}

TEST_CASE("logs: with --json one object a line, of every attempt its own") {
  std::atomic<int> looks{0};
  FakeDaemon daemon([&looks](const pb::ClientRequest& request, pb::ClientReply& reply) {
    if (request.has_show_trial()) {
      pb::TrialRow& row = *reply.mutable_trial()->mutable_row();
      row = trial(7, ++looks == 1 ? "running" : "completed", 1);
      row.set_attempt(looks == 1 ? 1 : 2);
      return;
    }
    const bool first = request.read_log().selector() == "12/7#1";
    const std::string text = first ? std::string("gr\xc3\xbcn\n\x1b[\xff\nunfini") : "new\n\nlast";
    reply.mutable_log()->set_offset(request.read_log().offset());
    // The tail that is asked for to count the lines of the other stream begins behind its end.
    const std::uint64_t begin = std::min<std::uint64_t>(text.size(), request.read_log().offset());
    reply.mutable_log()->set_data(text.substr(begin, 4));
    reply.mutable_log()->set_size(text.size());
    reply.mutable_log()->set_complete(!first || looks > 1);
  });
  const CliRun all = run_line({"logs", "12/7", "-f", "--stderr", "--json"}, daemon.endpoint());
  CHECK(all.code == 0);
  const std::string head = "{\"trial\":\"12/7\",\"attempt\":\"12/7#1\",\"stream\":\"stderr\",";
  CHECK(all.out.starts_with(head + "\"text\":\"grün\"}\n" + head +
                            "\"text\":\"\\u001b[\xef\xbf\xbd\"}\n"));
  const CliRun some = run_line({"logs", "12/7", "--json=attempt,text"}, daemon.endpoint());
  CHECK(some.out ==
        "{\"attempt\":\"12/7#2\",\"text\":\"new\"}\n{\"attempt\":\"12/7#2\",\"text\":\"\"}\n"
        "{\"attempt\":\"12/7#2\",\"text\":\"last\"}\n");
  looks = 0;
  CHECK(run_line({"logs", "12/7", "-f", "--json=attempt,text"}, daemon.endpoint()).out ==
        "{\"attempt\":\"12/7#1\",\"text\":\"grün\"}\n"
        "{\"attempt\":\"12/7#1\",\"text\":\"\\u001b[\xef\xbf\xbd\"}\n"
        "{\"attempt\":\"12/7#1\",\"text\":\"unfini\"}\n" +
            some.out);
  const CliRun wrong = run_line({"logs", "12/7", "--json=txt"}, daemon.endpoint());
  CHECK(wrong.code == kExitUsage);
  CHECK(contains(wrong.err, "no field 'txt'; did you mean 'text'?"));
}

TEST_CASE("logs: with --json the lines of a sweep say which trial wrote them") {
  FakeDaemon daemon([](const pb::ClientRequest& request, pb::ClientReply& reply) {
    if (request.has_show_trial()) {
      *reply.mutable_trial()->mutable_row() =
          trial(request.show_trial().selector() == "12/1" ? 1 : 2, "completed", 1);
    } else if (request.has_read_log()) {
      reply.mutable_log()->set_data("a\n");
      reply.mutable_log()->set_size(2);
      reply.mutable_log()->set_complete(true);
    } else {
      answer_ended("completed", request, reply);
    }
  });
  CHECK(run_line({"logs", "12", "--json=trial,stream,text"}, daemon.endpoint()).out ==
        "{\"trial\":\"12/1\",\"stream\":\"stdout\",\"text\":\"a\"}\n"
        "{\"trial\":\"12/2\",\"stream\":\"stdout\",\"text\":\"a\"}\n");
}

TEST_CASE("wait and watch: --json takes fields, and refuses what no record has before it waits") {
  FakeDaemon daemon([](const pb::ClientRequest& request, pb::ClientReply& reply) {
    answer_ended("completed", request, reply);
    if (request.has_show_trial()) {
      *reply.mutable_trial()->mutable_row() = trial(1, "completed", 0.98);
    }
  });
  const auto printed = [&daemon](std::vector<std::string> line) {
    return run_line(std::move(line), daemon.endpoint()).out;
  };
  CHECK(printed({"wait", "12", "--json=sweep,state"}) ==
        "{\"sweep\":12,\"state\":\"completed\"}\n");
  CHECK(printed({"wait", "12/1", "--json=trial,lr,time"}) ==
        "{\"trial\":\"12/1\",\"lr\":0.1,\"seconds\":372.0}\n");
  CHECK(printed({"watch", "12", "--json=event,trial,sweep"}) ==
        "{\"event\":\"trial\",\"trial\":\"12/1\",\"sweep\":12}\n"
        "{\"event\":\"trial\",\"trial\":\"12/2\",\"sweep\":12}\n"
        "{\"event\":\"sweep\",\"trial\":null,\"sweep\":12}\n");
  const std::size_t asked = daemon.requests().size();
  const CliRun wrong = run_line({"wait", "12", "--json=stat"}, daemon.endpoint());
  CHECK(wrong.code == kExitUsage);
  CHECK(contains(wrong.err, "no field 'stat'; did you mean 'state'?"));
  CHECK(daemon.requests().size() == asked);
}

TEST_CASE("metrics: following a trial over a retry loses no report of the old attempt") {
  std::atomic<int> looks{0};
  FakeDaemon daemon([&looks](const pb::ClientRequest& request, pb::ClientReply& reply) {
    if (request.has_show_trial()) {
      pb::TrialRow& row = *reply.mutable_trial()->mutable_row();
      row = trial(7, ++looks < 3 ? "running" : "completed", 1);
      row.set_attempt(looks < 2 ? 1 : 2);
      return;
    }
    // The daemon takes a selector without an attempt for the newest.
    const pb::ReadMetrics& question = request.read_metrics();
    const bool first =
        question.selector().ends_with("#1") || (looks < 2 && !question.selector().ends_with("#2"));
    pb::MetricPage& page = *reply.mutable_metrics();
    page.mutable_attempt()->set_sweep(12);
    page.mutable_attempt()->set_trial(7);
    page.mutable_attempt()->set_attempt(first ? 1 : 2);
    const std::uint64_t last = first && looks > 1 ? 2 : 1;
    for (std::uint64_t seq = question.after_seq() + 1; seq <= last; ++seq) {
      page.add_reports()->set_seq(seq);
    }
    page.set_complete(!first || looks > 1);
  });
  const CliRun run =
      run_line({"metrics", "12/7", "-f", "--json=attempt,report"}, daemon.endpoint());
  CHECK(run.code == 0);
  CHECK(run.out ==
        "{\"attempt\":\"12/7#1\",\"report\":1}\n"
        "{\"attempt\":\"12/7#1\",\"report\":2}\n"
        "{\"attempt\":\"12/7#2\",\"report\":1}\n");
  CHECK(run.err == "12/7#2 began\n");
}

TEST_CASE("logs: on a terminal escape sequences are shown, and a split character is kept whole") {
  std::ostringstream out;
  LogPrinter printer(out, true);
  printer.write({{}, pb::STDOUT, "\x1b[31m gr\xc3"});
  printer.write({{}, pb::STDOUT, "\xbcn\n"});
  printer.finish();
  CHECK(out.str() == "\\x1b[31m grün\n");
}

TEST_CASE("logs: the last lines, with and without a newline at the end") {
  CHECK(last_lines("a\nb\nc\n", 2) == "b\nc\n");
  CHECK(last_lines("a\nb\nc", 2) == "b\nc");
  CHECK(last_lines("a\n", 5) == "a\n");
  CHECK(last_lines("", 5).empty());
  CHECK(last_lines("\n\n\n", 1) == "\n");
}

}  // namespace sweepd::cli
