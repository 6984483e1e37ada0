// logs: the hint at the stream that is not shown.
#include "cli/other_stream.h"

#include "cli/exit_codes.h"
#include "tests/cli/canned.h"
#include "tests/cli/fake_daemon.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>

namespace sweepd::cli {

namespace {

// A page of a log as the daemon cuts it, of an attempt that has ended or not.
void put_page(const pb::ReadLog& read, const std::string& text, bool complete, pb::LogPage& page) {
  const std::uint64_t begin = read.tail() ? text.size() - std::min(text.size(), read.offset())
                                          : std::min(text.size(), read.offset());
  page.set_offset(begin);
  page.set_data(text.substr(begin, read.length()));
  page.set_size(text.size());
  page.set_complete(complete);
}

struct Streams {
  std::string out;
  std::string err;
};

// `logs` of trials that have ended and have written this.
CliRun run_logs(const Streams& streams, std::vector<std::string> line) {
  FakeDaemon daemon([&streams](const pb::ClientRequest& request, pb::ClientReply& reply) {
    if (request.has_show_trial()) {
      *reply.mutable_trial()->mutable_row() =
          trial(request.show_trial().selector() == "12/1" ? 1 : 2, "completed", 1);
    } else if (request.has_read_log()) {
      const pb::ReadLog& read = request.read_log();
      put_page(read,
               read.stream() == pb::STDERR ? streams.err : streams.out,
               true,
               *reply.mutable_log());
    } else {
      answer_ended("completed", request, reply);
    }
  });
  return run_line(std::move(line), daemon.endpoint());
}

}  // namespace

TEST_CASE("logs: what is on stderr is hinted at, most of all where stdout is empty") {
  const CliRun both = run_logs({"a\n", "w\nx"}, {"logs", "12/1"});
  CHECK(both.out == "a\n");
  CHECK(both.err == "2 lines on stderr: add --stderr\n");
  CHECK(run_logs({"", "w\n"}, {"logs", "12/1"}).err ==
        "nothing on stdout, but 1 line on stderr: add --stderr\n");
  CHECK(run_logs({"a\n", ""}, {"logs", "12/1"}).err.empty());
  CHECK(run_logs({"", ""}, {"logs", "12/1"}).err ==
        "nothing was written, neither to stdout nor to stderr\n");
  CHECK(run_logs({"a\n", "w\n"}, {"logs", "12/1", "--json"}).err ==
        "1 line on stderr: add --stderr\n");
  CHECK(run_logs({"a\n", std::string(100'000, 'w')}, {"logs", "12/1"}).err ==
        "97.7 KiB on stderr: add --stderr\n");
}

TEST_CASE("logs: whoever asks for stderr is told of stdout only when there is nothing else") {
  CHECK(run_logs({"a\n", "w\n"}, {"logs", "12/1", "--stderr"}).err.empty());
  CHECK(run_logs({"a\nb\n", ""}, {"logs", "12/1", "--stderr"}).err ==
        "nothing on stderr, but 2 lines on stdout: leave --stderr out\n");
}

TEST_CASE("logs: of a sweep the hint counts the trials") {
  const std::string hint = "4 lines on stderr of 2 trials: add --stderr\n";
  CHECK(run_logs({"a\n", "w\nx\n"}, {"logs", "12"}).err == hint);
  CHECK(run_logs({"a\n", "w\nx\n"}, {"logs", "12", "-f"}).err == hint);
}

TEST_CASE("logs: a follower that prints nothing is told of stderr before the end") {
  std::atomic<int> looks{0};
  std::atomic<bool> asked_while_running{false};
  FakeDaemon daemon([&](const pb::ClientRequest& request, pb::ClientReply& reply) {
    if (request.has_show_trial()) {
      *reply.mutable_trial()->mutable_row() = trial(1, ++looks < 3 ? "running" : "completed", 1);
      return;
    }
    const bool errors = request.read_log().stream() == pb::STDERR;
    asked_while_running = asked_while_running || (errors && looks < 3);
    put_page(request.read_log(), errors ? "w\n" : "", looks >= 3, *reply.mutable_log());
  });
  const CliRun run = run_line({"logs", "12/1", "-f"}, daemon.endpoint());
  CHECK(run.code == 0);
  CHECK(asked_while_running);
  CHECK(run.err == "nothing on stdout, but 1 line on stderr: add --stderr\n");
}

TEST_CASE("logs: -n prints the last lines, followed by what comes, however much it is") {
  std::atomic<int> looks{0};
  FakeDaemon daemon([&looks](const pb::ClientRequest& request, pb::ClientReply& reply) {
    if (request.has_show_trial()) {
      pb::TrialRow& row = *reply.mutable_trial()->mutable_row();
      row = trial(1, ++looks < 4 ? "running" : "completed", 1);
      row.set_attempt(looks < 3 ? 1 : 2);
      return;
    }
    const bool first = request.read_log().selector() == "12/1#1";
    const std::string text = !first ? "x\ny\nz\n" : looks < 2 ? "a\nb\nc\n" : "a\nb\nc\nd\ne\nf\n";
    const bool errors = request.read_log().stream() == pb::STDERR;
    put_page(request.read_log(), errors ? "" : text, !first || looks > 1, *reply.mutable_log());
  });
  const auto printed = [&](const char* option, const char* lines) {
    looks = 0;
    return run_line({"logs", "12/1", "-f", option, lines}, daemon.endpoint()).out;
  };
  CHECK(printed("-n", "1") == "c\nd\ne\nf\nx\ny\nz\n");
  CHECK(printed("--lines", "0") == "d\ne\nf\nx\ny\nz\n");
  CHECK(printed("--tail", "2") == "b\nc\nd\ne\nf\nx\ny\nz\n");
  CHECK(run_logs({"a\nb\nc\n", ""}, {"logs", "12/1", "-n", "2"}).out == "b\nc\n");
  CHECK(run_logs({"a\nb\n", ""}, {"logs", "12", "-n", "1"}).out == "12/1 | b\n12/2 | b\n");
  const CliRun none = run_logs({"a\nb\n", ""}, {"logs", "12/1", "-n", "0"});
  CHECK(none.out.empty());
  CHECK(none.err.empty());  // that nothing was written would not be true
}

TEST_CASE("logs: -n of a log that is empty at first leaves nothing out of what comes then") {
  std::atomic<int> looks{0};
  FakeDaemon daemon([&looks](const pb::ClientRequest& request, pb::ClientReply& reply) {
    if (request.has_show_trial()) {
      *reply.mutable_trial()->mutable_row() = trial(1, ++looks < 2 ? "running" : "completed", 1);
      return;
    }
    const bool errors = request.read_log().stream() == pb::STDERR;
    put_page(request.read_log(),
             errors || looks < 2 ? "" : "a\nb\nc\n",
             looks > 1,
             *reply.mutable_log());
  });
  CHECK(run_line({"logs", "12/1", "-f", "-n", "1"}, daemon.endpoint()).out == "a\nb\nc\n");
}

}  // namespace sweepd::cli
