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

bool is_part(std::string_view path) {
  return path.starts_with("state/blobs/tmp/");
}

SyncFate lose_wal(std::string_view path, std::uint64_t) {
  return lost_if(path.ends_with(".log"));
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
  return lost_if(path.starts_with("state/blobs/") && !is_part(path));
}

SyncFate lose_blob_root(std::string_view path, std::uint64_t) {
  return lost_if(path == "state/blobs");
}

SyncFate delay_blob_file(std::string_view path, std::uint64_t) {
  return is_part(path) ? SyncFate::kDelayed : SyncFate::kKept;
}

SyncFate lose_rows(std::string_view path, std::uint64_t before) {
  return lost_if(path == "agent/ledger.new" && before > 0);
}

SyncFate delay_new_ledger(std::string_view path, std::uint64_t before) {
  return path == "agent/ledger.new" && before == 0 ? SyncFate::kDelayed : SyncFate::kKept;
}

SyncFate lose_agent_folder(std::string_view path, std::uint64_t) {
  return lost_if(path == "agent");
}

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
  using enum WorkloadKind;
  static const std::vector<MutantInfo> all = {
      {"wal-sync-lost", "the log of the journal is not synced", kJournal, lose_wal, {}, false},
      {"manifest-sync-lost",
       "the list of tables is not synced",
       kJournal,
       lose_manifest,
       {},
       false},
      {"table-sync-lost", "sorted tables are not synced", kJournal, lose_tables, {}, false},
      {"journal-folder-sync-lost",
       "names of the journal's files are not synced",
       kJournal,
       lose_journal_folder,
       {},
       false},
      {"state-folder-sync-lost",
       "the name of the journal's folder is not synced",
       kJournal,
       lose_state_folder,
       {},
       false},
      {"commit-acked-early",
       "acknowledged before the commit",
       kJournal,
       nullptr,
       {true, false},
       false},
      {"wal-failure-swallowed",
       "a failed sync of the journal is taken for a good one",
       kJournal,
       nullptr,
       {},
       true},
      {"blob-sync-lost", "a blob is not synced", kBlobs, lose_blob_file, {}, false},
      {"blob-folder-sync-lost",
       "the folder of a blob is not synced",
       kBlobs,
       lose_blob_folder,
       {},
       false},
      {"blob-root-sync-lost",
       "the name of a blob's folder is not synced",
       kBlobs,
       lose_blob_root,
       {},
       false},
      {"blob-renamed-first",
       "a blob gets its name before its sync",
       kBlobs,
       delay_blob_file,
       {},
       false},
      {"blob-acked-early",
       "a blob is acknowledged before the flush",
       kBlobs,
       nullptr,
       {true, false},
       false},
      {"reference-first",
       "a reference is committed before the flush",
       kBlobs,
       nullptr,
       {false, true},
       false},
      {"blob-failure-swallowed",
       "a failed sync of a blob is taken for a good one",
       kBlobs,
       nullptr,
       {},
       true},
      {"row-sync-lost", "rows of the ledger are not synced", kLedger, lose_rows, {}, false},
      {"ledger-renamed-first",
       "a new ledger gets its name before its sync",
       kLedger,
       delay_new_ledger,
       {},
       false},
      {"agent-folder-sync-lost",
       "the name of the ledger is not synced",
       kLedger,
       lose_agent_folder,
       {},
       false},
      {"row-acked-early",
       "acknowledged before the row is synced",
       kLedger,
       nullptr,
       {true, false},
       false},
      {"ledger-failure-swallowed",
       "a failed sync of the ledger is taken for a good one",
       kLedger,
       nullptr,
       {},
       true},
  };
  return all;
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
