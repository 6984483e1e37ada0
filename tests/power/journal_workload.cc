// The journal and the logs: two threads that commit and append, over several starts.
#include "base/result.h"
#include "daemon/blob_store.h"
#include "daemon/journal_rocksdb.h"
#include "daemon/state_folder.h"
#include "tests/power/history.h"
#include "tests/power/journal_check.h"
#include "tests/power/recorder.h"
#include "tests/power/workload.h"

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

namespace sweepd::power {

namespace {

using daemon::RocksJournal;

constexpr std::size_t kSpoiled = 8;  // the first batch that a mutant has trouble with
constexpr int kHealsMax = 4;         // of a disk that stays full

struct Size {
  std::size_t starts = 0;
  std::size_t batches = 0;  // in all
  std::size_t appends = 0;
};

constexpr Size kWhole{6, 120, 90};
constexpr Size kSmall{2, 14, 8};

void wait_a_little() {
  std::this_thread::sleep_for(std::chrono::milliseconds(2));
}

// One start of the daemon.
class Session {
 public:
  Session(const History& history, RocksJournal& journal, Habit habit)
      : history_(history), journal_(journal), habit_(habit) {}

  // Both threads stop at the first failure that a full disk does not explain.
  void run(std::size_t batches, std::size_t appends) {
    std::thread logs([&] { append_until(appends); });
    commit_until(batches);
    logs.join();
  }

 private:
  void commit_until(std::size_t end) {
    std::size_t next = stored_batches(history_, journal_).value_or(end);
    while (next < end) {
      if (journal_.wants_heal() && !healed()) {
        return;
      }
      if (commit(next)) {
        ++next;
        continue;
      }
      if (!full_ || !healed()) {
        commit(next);  // must be refused as well, which the marks show
        return;
      }
      next = stored_batches(history_, journal_).value_or(end);
    }
  }

  bool commit(std::size_t index) {
    mark(journal_marks::kCommitAsked, index + 1);
    if (habit_ == Habit::kAcknowledgesEarly) {
      mark(journal_marks::kCommitted, index + 1);
    }
    const Result<void> done = index >= kSpoiled
                                  ? spoiled_commit(history_.batches[index], index == kSpoiled)
                                  : journal_.commit(history_.batches[index]);
    if (done.ok() && habit_ != Habit::kAcknowledgesEarly) {
      mark(journal_marks::kCommitted, index + 1);
    }
    full_ = !done.ok() && done.error().code == Errc::kUnavailable;
    return done.ok();
  }

  // The batch as the mutant commits it.
  Result<void> spoiled_commit(daemon::Batch batch, bool first) {
    if (habit_ == Habit::kSkipsOne && first) {
      return {};
    }
    if (habit_ == Habit::kCommitsTwice && first) {
      SWEEPD_TRY_VOID(journal_.commit(batch));
    }
    if (habit_ == Habit::kForgetsHeaders) {
      batch.headers.clear();
    }
    if (habit_ == Habit::kForgetsClock) {
      batch.clock = {};
    }
    for (core::Record& record : batch.records) {
      if (auto* report = std::get_if<core::ReportRecorded>(&record);
          report != nullptr && habit_ == Habit::kChangesMetrics) {
        report->metrics.pop_back();
      }
    }
    return journal_.commit(batch);
  }

  bool healed() {
    for (int i = 0; i < kHealsMax; ++i) {
      if (journal_.heal().ok()) {
        return true;
      }
      wait_a_little();
    }
    return false;
  }

  void append_until(std::size_t end) {
    std::size_t next = stored_appends(history_, journal_).value_or(end);
    for (int failures = 0; next < end && failures < 2 * kHealsMax;) {
      mark(journal_marks::kAppendAsked, next + 1);
      std::vector<daemon::LogAppend> appends = history_.appends[next];
      if (habit_ == Habit::kChangesBytes) {
        appends.front().bytes.back() = '!';
      }
      if (habit_ == Habit::kAcknowledgesEarly) {
        mark(journal_marks::kAppended, next + 1);
      }
      const auto stored = journal_.append(appends);
      if (stored.ok()) {
        mark(journal_marks::kAppended, ++next);
      } else if (stored.error().code == Errc::kUnavailable) {
        ++failures;
        wait_a_little();
      } else {
        return;
      }
    }
  }

  const History& history_;
  RocksJournal& journal_;
  Habit habit_;
  bool full_ = false;
};

class JournalWorkload final : public Workload {
 public:
  explicit JournalWorkload(const Size& size)
      : size_(size), history_(make_history(size.batches + 1, size.appends)) {}

  void run(const std::string& folder, Habit habit) override {
    for (std::size_t start = 1; start <= size_.starts; ++start) {
      // As the program does it, in that order.
      const auto state = daemon::StateFolder::claim(folder + "/state");
      if (!state.ok() || !daemon::BlobStore::open(state->blobs()).ok()) {
        return;
      }
      const auto journal = RocksJournal::open(state->journal());
      if (!journal.ok()) {
        return;
      }
      mark(journal_marks::kTerm, (*journal)->term());
      mark(journal_marks::kUuid, number_of((*journal)->uuid()));
      Session(history_, **journal, habit)
          .run(size_.batches * start / size_.starts, size_.appends * start / size_.starts);
    }
  }

  Verdict check(const std::string& folder, const Marks& marks, bool) override {
    const auto state = daemon::StateFolder::claim(folder + "/state");
    if (!state.ok() || !daemon::BlobStore::open(state->blobs()).ok()) {
      return {"the state folder does not open", 0, 0, 0};
    }
    return check_journal(history_, state->journal(), marks);
  }

  bool stops_after_failed_sync(std::string_view path) const override {
    return path.ends_with(".log");
  }

  Trust trust() const override { return rocksdb_trust(); }

  std::vector<Promise> promises() const override {
    return {{journal_marks::kCommitAsked, journal_marks::kCommitted},
            {journal_marks::kAppendAsked, journal_marks::kAppended}};
  }

  std::int32_t start_mark() const override { return journal_marks::kTerm; }

 private:
  Size size_;
  History history_;
};

}  // namespace

std::unique_ptr<Workload> make_journal_workload(bool small) {
  return std::make_unique<JournalWorkload>(small ? kSmall : kWhole);
}

}  // namespace sweepd::power
