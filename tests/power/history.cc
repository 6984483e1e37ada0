// Sweeps that are submitted, run, report, are controlled and end.
#include "tests/power/history.h"

#include "base/check.h"
#include "daemon/core/step.h"
#include "daemon/suggester.h"
#include "daemon/sweep_shelf.h"
#include "tests/sim/random.h"

#include <algorithm>
#include <utility>

namespace sweepd::power {

namespace {

using daemon::test::MemoryJournal;
using daemon::test::sample_spec;

// The decision core with one agent that does what it is told.
class Author {
 public:
  std::vector<core::Record> records;
  core::State state;
  MemoryJournal journal;
  daemon::SweepShelf shelf{journal};
  sim::Random random{12};

  void join() {
    core::AgentJoined joined{"u-1", "box", "boot", "0.1", {}, {{"room", "b"}}, {}};
    for (std::uint32_t i = 0; i < 3; ++i) {
      joined.slots.push_back({i, false, "", "cpu", 0});
    }
    decide(joined);
  }

  void submit() {
    sweeps::SweepSpec spec = sample_spec(static_cast<std::uint32_t>(random.between(2, 6)));
    const std::string toml(static_cast<std::size_t>(random.between(200, 6000)), '#');
    decide(core::SweepSubmitted{{9, ++requests_}, std::move(spec), toml, "", "ada", false});
  }

  // One of the things that happen in the life of a daemon.
  void live_on() {
    const auto held = state.held[{1}];
    if (held.empty() || random.chance(0.05)) {
      submit();
      return;
    }
    const AttemptKey key =
        *std::next(held.begin(), random.between(0, static_cast<std::int64_t>(held.size()) - 1));
    const core::Attempt* attempt = core::current_attempt(state, key, {1});
    SWEEPD_CHECK(attempt != nullptr);
    if (attempt->state == core::AttemptState::kAssigned) {
      decide(core::AttemptsHeld{{1}, {{key, core::Phase::kRunning}}});
    } else if (attempt->reports_last < 6 && random.chance(0.7)) {
      report(key, attempt->reports_last);
    } else {
      end(key, attempt->reports_last);
    }
  }

  // Everything since the last batch, as the loop makes a batch of it.
  daemon::Batch take_batch() {
    daemon::Batch batch{std::exchange(records, {}), {}, {"boot", now_.us, {now_.us}, now_}};
    batch.headers = shelf.update(state, batch.records);
    SWEEPD_CHECK(journal.commit(batch).ok());
    shelf.trim(state);
    return batch;
  }

 private:
  void report(const AttemptKey& key, std::uint64_t last) {
    core::ReportsArrived arrived{{1}, key, {}};
    const auto count = static_cast<std::uint64_t>(random.between(1, 3));
    for (std::uint64_t seq = last + 1; seq <= last + count; ++seq) {
      arrived.reports.push_back({seq, {now_.us}, {{"loss", random.unit()}, {"acc", 0.5}}});
    }
    decide(arrived);
  }

  void end(const AttemptKey& key, std::uint64_t last) {
    core::AttemptEnded ended{{1}, key, last, {}};
    ended.outcome.exit_code = random.chance(0.2) ? 1 : 0;
    ended.outcome.stderr_tail = std::string(static_cast<std::size_t>(random.between(0, 900)), 'e');
    ended.outcome.tree_digest = std::string(64, 'd');
    ended.outcome.metric_names = {"loss"};
    decide(ended);
  }

  void decide(core::EventBody first) {
    std::vector<core::EventBody> events = {std::move(first)};
    while (!events.empty()) {
      const core::EventBody body = std::move(events.back());
      events.pop_back();
      now_ = now_ + milliseconds(10);
      core::Outcome outcome = core::step(state, {{now_, {now_.us}}, body});
      for (const core::Effect& effect : outcome.effects) {
        if (const auto* wanted = std::get_if<core::Suggest>(&effect)) {
          events.emplace_back(daemon::Suggester().suggest(state, *wanted));
        }
      }
      std::move(outcome.records.begin(), outcome.records.end(), std::back_inserter(records));
    }
  }

  Instant now_{1'000'000};
  std::uint64_t requests_ = 0;
};

}  // namespace

History make_history(std::size_t batches, std::size_t appends) {
  History history;
  Author author;
  author.join();
  while (history.batches.size() < batches) {
    for (auto events = author.random.between(1, 4); events > 0; --events) {
      author.live_on();
    }
    if (!author.records.empty()) {
      history.batches.push_back(author.take_batch());
    }
  }
  history.logs = {{{{1}, {1}, {1}}, daemon::LogStream::kStdout},
                  {{{1}, {1}, {1}}, daemon::LogStream::kStderr},
                  {{{2}, {3}, {1}}, daemon::LogStream::kStdout}};
  std::map<daemon::LogKey, std::uint64_t> sizes;
  sim::Random random(7);
  while (history.appends.size() < appends) {
    std::vector<daemon::LogAppend> several;
    for (auto count = random.between(1, 3); count > 0; --count) {
      const daemon::LogKey& log = history.logs[random.next() % history.logs.size()];
      const auto bytes = random.chance(0.15) ? random.between(4096, 40000) : random.between(1, 600);
      daemon::LogAppend append{log, sizes[log], {}};
      for (auto i = bytes; i > 0; --i) {
        append.bytes += static_cast<char>('a' + random.next() % 26);
      }
      sizes[log] += append.bytes.size();
      several.push_back(std::move(append));
    }
    history.appends.push_back(std::move(several));
  }
  return history;
}

std::unique_ptr<MemoryJournal> remembered(const History& history, std::size_t batches) {
  auto journal = std::make_unique<MemoryJournal>();
  for (std::size_t i = 0; i < batches; ++i) {
    SWEEPD_CHECK(journal->commit(history.batches[i]).ok());
  }
  return journal;
}

std::string log_after(const History& history, const daemon::LogKey& log, std::size_t appends) {
  std::string bytes;
  for (std::size_t i = 0; i < appends; ++i) {
    for (const daemon::LogAppend& append : history.appends[i]) {
      if (append.log == log) {
        bytes += append.bytes;
      }
    }
  }
  return bytes;
}

}  // namespace sweepd::power
