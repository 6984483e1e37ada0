// The broken variants, most of them made on the tape so that production code needs no switches.
#include "tests/power/mutant.h"

#include <algorithm>
#include <map>
#include <set>

namespace sweepd::power {

namespace {

SyncFate lost_if(bool condition) {
  return condition ? SyncFate::kLost : SyncFate::kKept;
}

bool is_wal(std::string_view path) {
  return path.ends_with(".log");
}

bool is_ledger(std::string_view path) {
  return path == "agent/ledger.new";
}

bool is_part(std::string_view path) {
  return path.starts_with("state/blobs/tmp/");
}

bool is_blob_folder(std::string_view path) {
  return path.starts_with("state/blobs/") && !is_part(path);
}

SyncFate lose_wal(std::string_view path, std::uint64_t) {
  return lost_if(is_wal(path));
}

SyncFate lose_manifest(std::string_view path, std::uint64_t) {
  return lost_if(path.find("/MANIFEST-") != std::string_view::npos);
}

SyncFate lose_tables(std::string_view path, std::uint64_t) {
  return lost_if(path.ends_with(".sst"));
}

SyncFate lose_journal_folder(std::string_view path, std::uint64_t) {
  return lost_if(path == "state/journal");
}

SyncFate lose_state_folder(std::string_view path, std::uint64_t) {
  return lost_if(path == "state" || path.empty());
}

SyncFate lose_blob_file(std::string_view path, std::uint64_t) {
  return lost_if(is_part(path));
}

SyncFate lose_blob_folder(std::string_view path, std::uint64_t) {
  return lost_if(is_blob_folder(path));
}

SyncFate lose_blob_root(std::string_view path, std::uint64_t) {
  return lost_if(path == "state/blobs");
}

SyncFate delay_blob_file(std::string_view path, std::uint64_t) {
  return is_part(path) ? SyncFate::kDelayed : SyncFate::kKept;
}

SyncFate lose_rows(std::string_view path, std::uint64_t before) {
  return lost_if(is_ledger(path) && before > 0);
}

SyncFate delay_new_ledger(std::string_view path, std::uint64_t before) {
  return is_ledger(path) && before == 0 ? SyncFate::kDelayed : SyncFate::kKept;
}

SyncFate lose_agent_folder(std::string_view path, std::uint64_t) {
  return lost_if(path == "agent");
}

using enum WorkloadKind;

const std::vector<MutantInfo> kMutants = {
    {"wal-sync-lost", "the log of the journal is not synced", kJournal, lose_wal},
    {"manifest-sync-lost", "the list of tables is not synced", kJournal, lose_manifest},
    {"table-sync-lost", "sorted tables are not synced", kJournal, lose_tables},
    {"journal-folder-sync-lost",
     "names of the journal's files are not synced",
     kJournal,
     lose_journal_folder},
    {"state-folder-sync-lost",
     "the name of the journal's folder is not synced",
     kJournal,
     lose_state_folder},
    {"commit-acked-early",
     "acknowledged before the commit",
     kJournal,
     nullptr,
     Habit::kAcknowledgesEarly},
    {"batch-committed-twice",
     "a batch is committed twice",
     kJournal,
     nullptr,
     Habit::kCommitsTwice},
    {"batch-skipped",
     "a batch is acknowledged and not committed",
     kJournal,
     nullptr,
     Habit::kSkipsOne},
    {"headers-forgotten",
     "a batch without the headers of its sweeps",
     kJournal,
     nullptr,
     Habit::kForgetsHeaders},
    {"clock-forgotten", "a batch without its clock", kJournal, nullptr, Habit::kForgetsClock},
    {"metrics-changed",
     "reports are stored without a metric",
     kJournal,
     nullptr,
     Habit::kChangesMetrics},
    {"log-bytes-changed", "a log gets other bytes", kJournal, nullptr, Habit::kChangesBytes},
    {"wal-failure-swallowed",
     "a failed sync of the journal is taken for a good one",
     kJournal,
     nullptr,
     Habit::kNone,
     is_wal},
    {"blob-sync-lost", "a blob is not synced", kBlobs, lose_blob_file},
    {"blob-folder-sync-lost", "the folder of a blob is not synced", kBlobs, lose_blob_folder},
    {"blob-root-sync-lost", "the name of a blob's folder is not synced", kBlobs, lose_blob_root},
    {"blob-renamed-first", "a blob gets its name before its sync", kBlobs, delay_blob_file},
    {"blob-acked-early",
     "a blob is acknowledged before the flush",
     kBlobs,
     nullptr,
     Habit::kAcknowledgesEarly},
    {"reference-first",
     "a reference is committed before the flush",
     kBlobs,
     nullptr,
     Habit::kRefersEarly},
    {"reference-twice", "a reference is committed twice", kBlobs, nullptr, Habit::kRefersTwice},
    {"blob-failure-swallowed",
     "a failed sync of a blob is taken for a good one",
     kBlobs,
     nullptr,
     Habit::kNone,
     is_part},
    {"folder-failure-swallowed",
     "a failed sync of a blob's folder is taken for a good one",
     kBlobs,
     nullptr,
     Habit::kNone,
     is_blob_folder},
    {"row-sync-lost", "rows of the ledger are not synced", kLedger, lose_rows},
    {"ledger-renamed-first",
     "a new ledger gets its name before its sync",
     kLedger,
     delay_new_ledger},
    {"agent-folder-sync-lost", "the name of the ledger is not synced", kLedger, lose_agent_folder},
    {"row-acked-early",
     "acknowledged before the row is synced",
     kLedger,
     nullptr,
     Habit::kAcknowledgesEarly},
    {"row-skipped", "a row is acknowledged and not written", kLedger, nullptr, Habit::kSkipsOne},
    {"end-changed", "an end gets other bytes", kLedger, nullptr, Habit::kChangesBytes},
    {"ledger-failure-swallowed",
     "a failed sync of the ledger is taken for a good one",
     kLedger,
     nullptr,
     Habit::kNone,
     is_ledger},
};

// A sync and where it was; its `number` counts events of the tape as it was.
struct Placed {
  std::size_t place = 0;
  Event event;
};

// Counts covered events anew after syncs have moved.
std::vector<Event> renumbered(const std::vector<Placed>& order,
                              const std::set<std::size_t>& moved) {
  std::vector<std::uint64_t> behind(order.size() + 1, 0);  // [events covered before] = now
  for (std::size_t now = 0; now < order.size(); ++now) {
    if (!moved.contains(order[now].place)) {
      behind[order[now].place + 1] = now + 1;
    }
  }
  for (std::size_t i = 1; i < behind.size(); ++i) {
    behind[i] = std::max(behind[i], behind[i - 1]);
  }
  std::vector<Event> events;
  for (const Placed& placed : order) {
    events.push_back(placed.event);
    if (placed.event.kind == EventKind::kSync || placed.event.kind == EventKind::kSyncFailed) {
      events.back().number = behind[placed.event.number];
    }
  }
  return events;
}

}  // namespace

const std::vector<MutantInfo>& mutants() {
  return kMutants;
}

const MutantInfo* find_mutant(std::string_view name) {
  const auto found = std::find_if(
      mutants().begin(), mutants().end(), [name](const auto& info) { return info.name == name; });
  return found == mutants().end() ? nullptr : &*found;
}

std::vector<Event> mutated(std::vector<Event> events, const MutantInfo& mutant) {
  if (mutant.fate == nullptr) {
    return events;
  }

  struct Opened {
    std::string_view path;
    std::uint64_t syncs = 0;
  };

  std::map<int, Opened> open;
  std::map<std::string_view, std::vector<Placed>> delayed;  // by the name before the rename
  std::set<std::size_t> moved;
  std::vector<Placed> order;
  for (std::size_t place = 0; place < events.size(); ++place) {
    const Event& event = events[place];
    if (event.kind == EventKind::kOpen) {
      open[event.fd] = {event.path, 0};
    } else if (event.kind == EventKind::kSync) {
      Opened& file = open.at(event.fd);
      const SyncFate fate = mutant.fate(file.path, file.syncs++);
      if (fate == SyncFate::kLost) {
        order.push_back({place, {}});  // a mark that says nothing
        continue;
      }
      if (fate == SyncFate::kDelayed) {
        delayed[file.path].push_back({place, event});
        moved.insert(place);
        continue;
      }
    }
    order.push_back({place, event});
    if (event.kind == EventKind::kRename) {
      for (const Placed& sync : delayed[event.path]) {
        order.push_back(sync);
      }
      delayed[event.path].clear();
    }
  }
  return renumbered(order, moved);
}

}  // namespace sweepd::power
