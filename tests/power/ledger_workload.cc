// The agent's ledger: attempts that start, end and are forgotten, over several starts.
#include "agent/ledger.h"
#include "agent/state_folder.h"
#include "tests/power/recorder.h"
#include "tests/power/workload.h"
#include "tests/sim/random.h"
#include "wire/protocol.h"
#include "wire/store_place.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace sweepd::power {

namespace {

using agent::Ledger;
using agent::LedgerKind;
using agent::LedgerState;

// Which: the number of rows up to this one; the incarnation.
constexpr std::int32_t kRowAsked = 1;
constexpr std::int32_t kRowSynced = 2;
constexpr std::int32_t kIncarnation = 3;
constexpr std::int32_t kUuid = 4;

struct Row {
  LedgerKind kind = LedgerKind::kStarted;
  AttemptKey key;
  std::uint64_t term = 0;  // or the place of a store
  std::string bytes;       // of an end
  bool last = false;       // of its turn, which then writes
  bool sync = false;       // and waits for the disk
};

constexpr const char* kBoot = "boot";

pb::StartAttempt order_of(const AttemptKey& key) {
  pb::StartAttempt order;
  *order.mutable_attempt() = wire::to_proto(key);
  order.add_argv("train");
  return order;
}

pb::AttemptEnded end_of(const AttemptKey& key, std::size_t tail) {
  pb::AttemptEnded end;
  *end.mutable_attempt() = wire::to_proto(key);
  end.set_exit_code(3);
  end.set_stderr_tail(std::string(tail, 'e'));
  return end;
}

// Attempts come and go; some ends are large, so that the file grows until it is written anew.
std::vector<Row> make_rows(std::size_t count, std::size_t large) {
  sim::Random random(3);
  std::vector<Row> rows;
  std::vector<AttemptKey> running;
  std::size_t over = 0;  // of those that run: the first so many have no process any more
  std::vector<AttemptKey> ended;
  std::uint32_t trials = 0;
  for (std::uint64_t term = 0; rows.size() < count;) {
    Row row;
    if (random.chance(0.05)) {
      ++term;
      row = {LedgerKind::kTerm, {}, term, {}, true, true};
      if (term % 2 == 0) {
        // Of every fifth one on it is another store.
        row.kind = LedgerKind::kStored;
        row.term = wire::to_number({static_cast<std::uint16_t>(1 + term / 10), 0, term});
      }
    } else if (running.size() < 2 || random.chance(0.3)) {
      row = {LedgerKind::kStarted, {{1}, {++trials}, {1}}, 0, {}, random.chance(0.6), true};
      running.push_back(row.key);
    } else if (over < running.size() && random.chance(0.3)) {
      row = {LedgerKind::kOver, running[over++], 0, {}, random.chance(0.5), false};
      row.bytes = wire::encode(end_of(row.key, 100));
    } else if (ended.size() > 3 || (!ended.empty() && random.chance(0.3))) {
      row = {LedgerKind::kForgotten, ended.front(), 0, {}, true, false};
      ended.erase(ended.begin());
    } else {
      row = {LedgerKind::kEnded, running.front(), 0, {}, random.chance(0.7), false};
      row.bytes = wire::encode(end_of(row.key, random.chance(0.3) ? large : 300));
      ended.push_back(row.key);
      running.erase(running.begin());
      over -= over > 0 ? 1U : 0U;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

void note(Ledger& ledger, const Row& row) {
  switch (row.kind) {
    case LedgerKind::kIncarnation:
      break;
    case LedgerKind::kTerm:
      ledger.term(row.term);
      break;
    case LedgerKind::kStored:
      ledger.stored(row.term);
      break;
    case LedgerKind::kStarted:
      ledger.started(order_of(row.key));
      break;
    case LedgerKind::kOver: {
      pb::AttemptEnded so_far;
      if (wire::decode(row.bytes, row.bytes.size(), so_far).ok()) {
        ledger.over(so_far);
      }
      break;
    }
    case LedgerKind::kEnded: {
      pb::AttemptEnded end;
      if (wire::decode(row.bytes, row.bytes.size(), end).ok()) {
        ledger.ended(end);
      }
      break;
    }
    case LedgerKind::kForgotten:
      ledger.forgotten(row.key);
      break;
  }
}

void add(LedgerState& state, const Row& row) {
  switch (row.kind) {
    case LedgerKind::kIncarnation:
      break;
    case LedgerKind::kTerm:
      state.term = row.term;
      break;
    case LedgerKind::kStored:
      if (state.stored != 0 && !wire::same_store(row.term, state.stored)) {
        state.done.clear();
      }
      state.stored = row.term;
      break;
    case LedgerKind::kStarted:
      state.started[row.key].order = wire::encode(order_of(row.key));
      break;
    case LedgerKind::kOver:
      state.started.at(row.key).over = row.bytes;
      break;
    case LedgerKind::kEnded:
      state.started.erase(row.key);
      state.ended[row.key] = row.bytes;
      break;
    case LedgerKind::kForgotten:
      state.started.erase(row.key);
      state.ended.erase(row.key);
      state.done.insert(row.key);
      break;
  }
}

Row with_other_bytes(Row row) {
  if (row.kind == LedgerKind::kEnded) {
    row.bytes = wire::encode(end_of(row.key, 1));
  }
  return row;
}

std::string file_bytes(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

class LedgerWorkload final : public Workload {
 public:
  LedgerWorkload(std::size_t starts, std::vector<Row> rows)
      : starts_(starts), rows_(std::move(rows)) {}

  void run(const std::string& folder, Habit habit) override {
    std::size_t next = 0;
    for (std::size_t start = 1; start <= starts_; ++start) {
      const auto state = agent::StateFolder::open(folder + "/agent");
      if (!state.ok()) {
        return;
      }
      Result<Ledger> ledger = Ledger::open(state->ledger(), kBoot);
      if (!ledger.ok()) {
        return;
      }
      mark(kIncarnation, ledger->incarnation());
      mark(kUuid, std::stoull(state->uuid().substr(0, 15), nullptr, 16));
      while (next < rows_.size() * start / starts_) {
        next = turn(*ledger, next, habit);
      }
    }
  }

  Verdict check(const std::string& folder, const Marks& marks, bool faults) override {
    Verdict verdict;
    verdict.acknowledged = marks.all(kRowSynced).size();
    const auto start = std::chrono::steady_clock::now();
    if (const Result<void> sound = check_all(folder, marks, faults); !sound.ok()) {
      verdict.violation = sound.error().message;
      verdict.lost = 1;
    }
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    verdict.reopen_ms = took.count();
    return verdict;
  }

  bool stops_after_failed_sync(std::string_view) const override { return false; }

  std::vector<Promise> promises() const override { return {}; }

 private:
  // The rows of one turn of the agent; gives the first of the next one.
  std::size_t turn(Ledger& ledger, std::size_t first, Habit habit) {
    std::size_t end = first;
    bool sync = false;
    do {
      mark(kRowAsked, end + 1);
      if (habit != Habit::kSkipsOne || end % 9 != 0) {
        note(ledger, habit == Habit::kChangesBytes ? with_other_bytes(rows_[end]) : rows_[end]);
      }
      sync = sync || rows_[end].sync;
    } while (!rows_[end++].last && end < rows_.size());
    if (habit == Habit::kAcknowledgesEarly && sync) {
      acknowledge(first, end);
    }
    const Result<void> done = sync ? ledger.sync() : ledger.write();
    if (done.ok() && sync) {
      acknowledge(first, end);
    }
    // An agent says what failed and goes on with its old file.
    static_cast<void>(ledger.compact_if_due().ok());
    return end;
  }

  void acknowledge(std::size_t first, std::size_t end) {
    for (std::size_t i = first; i < end; ++i) {
      mark(kRowSynced, i + 1);
    }
  }

  Result<void> check_all(const std::string& folder, const Marks& marks, bool faults) const {
    SWEEPD_TRY(const auto home, agent::StateFolder::open(folder + "/agent"));
    const LedgerState found = agent::read_ledger(file_bytes(home.ledger()));
    SWEEPD_TRY(const Ledger ledger, Ledger::open(home.ledger(), kBoot));
    if (ledger.incarnation() <= marks.last(kIncarnation)) {
      return wrong(fmt::format("incarnation {} comes again", ledger.incarnation()));
    }
    mark(kIncarnation, ledger.incarnation());
    if (!marks.all(kUuid).empty() &&
        !marks.has(kUuid, std::stoull(home.uuid().substr(0, 15), nullptr, 16))) {
      return wrong("the agent has another uuid than before");
    }
    if (!faults) {
      SWEEPD_TRY_VOID(check_prefix(found, marks));
    }
    SWEEPD_TRY_VOID(check_rows(found, marks));
    return check_remembered(found, ledger);
  }

  static Error wrong(std::string what) { return {Errc::kCorrupt, std::move(what)}; }

  // The rows add up to those up to some row, not before the last one that was acknowledged.
  Result<void> check_prefix(const LedgerState& found, const Marks& marks) const {
    LedgerState state;
    std::size_t row = 0;
    const auto matches = [&] {
      return state.term == found.term && state.stored == found.stored &&
             state.started == found.started && state.ended == found.ended &&
             state.done == found.done;
    };
    for (; row < marks.last(kRowSynced); ++row) {
      add(state, rows_[row]);
    }
    while (!matches() && row < marks.last(kRowAsked)) {
      add(state, rows_[row++]);
    }
    return matches() ? Result<void>()
                     : wrong(fmt::format("the rows are not those up to any from {} to {}",
                                         marks.last(kRowSynced),
                                         marks.last(kRowAsked)));
  }

  // Each acknowledged row by itself: what later rows, asked for or not, may have made of it.
  Result<void> check_rows(const LedgerState& found, const Marks& marks) const {
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      const Row& row = rows_[i];
      const bool asked = marks.has(kRowAsked, i + 1);
      const bool synced = marks.has(kRowSynced, i + 1);
      const bool started = found.started.contains(row.key);
      const auto end = found.ended.find(row.key);
      const bool ended = end != found.ended.end();
      const std::string name = fmt::format("row {} of {}", i + 1, to_string(row.key));
      if (row.kind == LedgerKind::kTerm && synced && found.term < row.term) {
        return wrong(name + ": the term is forgotten");
      }
      if (row.kind == LedgerKind::kStored && synced && found.stored < row.term) {
        return wrong(name + ": how far the store was is forgotten");
      }
      if (row.kind == LedgerKind::kStarted && synced && !started && !ended &&
          !asked_to_forget(row.key, marks)) {
        return wrong(name + ": what was started is forgotten");
      }
      if (row.kind == LedgerKind::kStarted && !asked && (started || ended)) {
        return wrong(name + ": nobody has started it");
      }
      if (row.kind == LedgerKind::kEnded && synced && !asked_to_forget(row.key, marks) && !ended) {
        return wrong(name + ": its end is forgotten");
      }
      if (row.kind == LedgerKind::kEnded && ended && (!asked || end->second != row.bytes)) {
        return wrong(name + ": its end is another");
      }
      if (row.kind == LedgerKind::kForgotten && synced && (started || ended)) {
        return wrong(name + ": what was forgotten is back");
      }
    }
    return {};
  }

  bool asked_to_forget(const AttemptKey& key, const Marks& marks) const {
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (rows_[i].kind == LedgerKind::kForgotten && rows_[i].key == key) {
        return marks.has(kRowAsked, i + 1);
      }
    }
    return false;
  }

  Result<void> check_remembered(const LedgerState& found, const Ledger& ledger) const {
    const agent::Remembered remembered = ledger.remembered();
    std::map<AttemptKey, LedgerState::Started> unfinished;
    for (const agent::Unfinished& one : remembered.unfinished) {
      unfinished[wire::from_proto(one.order.attempt())] = {
          wire::encode(one.order), one.over ? wire::encode(*one.over) : std::string()};
    }
    if (unfinished != found.started || remembered.ended.size() != found.ended.size() ||
        remembered.term != found.term || remembered.stored != found.stored ||
        !std::equal(remembered.done.begin(),
                    remembered.done.end(),
                    found.done.in_order().begin(),
                    found.done.in_order().end())) {
      return wrong("the agent remembers other rows than the file holds");
    }
    return {};
  }

  std::size_t starts_;
  std::vector<Row> rows_;
};

}  // namespace

std::unique_ptr<Workload> make_ledger_workload(bool small) {
  return small ? std::make_unique<LedgerWorkload>(2, make_rows(90, 240'000))
               : std::make_unique<LedgerWorkload>(4, make_rows(300, 120'000));
}

}  // namespace sweepd::power
