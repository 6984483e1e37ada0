// A piece of production code at work on a disk, what it promised, and whether the disk kept it.
#pragma once

#include "tests/power/disk_model.h"
#include "tests/power/trace.h"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sweepd::power {

// How a workload is broken on purpose; most of them show that the checks see what they look for.
enum class Habit {
  kNone,
  kAcknowledgesEarly,  // before it asks the production code
  kRefersEarly,        // to a blob that is not there yet
  kRefersTwice,
  kCommitsTwice,
  kSkipsOne,        // a batch, a row
  kForgetsHeaders,  // of the sweeps in a batch
  kForgetsClock,
  kChangesBytes,  // of a log, of an end
  kChangesMetrics,
};

// What a workload said while it ran.
class Marks {
 public:
  Marks() = default;

  explicit Marks(std::span<const Event> events) { add(events); }

  void add(std::span<const Event> events);
  bool has(std::int32_t what, std::uint64_t which) const;
  std::uint64_t last(std::int32_t what) const;  // the largest; 0: none
  const std::set<std::uint64_t>& all(std::int32_t what) const;

 private:
  std::map<std::int32_t, std::set<std::uint64_t>> said_;
};

// What a check found.
struct Verdict {
  std::optional<std::string> violation;
  std::uint64_t acknowledged = 0;  // promises that were looked at
  std::uint64_t lost = 0;          // those that were not kept
  double reopen_ms = 0;
};

// Deterministic in what it asks for; what it is answered depends on the disk.
class Workload {
 public:
  virtual ~Workload() = default;

  // In a process of its own: whatever fails, it stops like the program would.
  virtual void run(const std::string& folder, Habit habit) = 0;

  // Reopens what is in the folder with the production code and goes on with it a little.
  //   faults: some calls of the run were made to fail
  virtual Verdict check(const std::string& folder, const Marks& marks, bool faults) = 0;

  // A sync of this file that failed makes every later acknowledgement a lie (what is broken stays
  // refused), as opposed to one that is tried again from the start.
  virtual bool stops_after_failed_sync(std::string_view path) const = 0;

  // Below it, faults are another workload's business.
  virtual std::string no_faults_below() const { return {}; }

  // What its libraries need of the disk.
  virtual Trust trust() const { return {}; }

  // The marks that say "asked for" and "acknowledged", in pairs of the same number.
  struct Promise {
    std::int32_t asked = 0;
    std::int32_t acknowledged = 0;
  };

  virtual std::vector<Promise> promises() const = 0;

  // The mark of a start of the program, which reads anew what is there; 0: it starts only once.
  virtual std::int32_t start_mark() const { return 0; }
};

enum class WorkloadKind { kJournal, kBlobs, kLedger };

struct WorkloadInfo {
  WorkloadKind kind;
  std::string_view name;
};

const std::vector<WorkloadInfo>& workloads();

//   small: for many runs, each with another fault
std::unique_ptr<Workload> make_workload(WorkloadKind kind, bool small);

// What RocksDB needs: it names its list of tables in CURRENT before it syncs the folder that both
// are in, and refuses a list with a hole.
Trust rocksdb_trust();

// Of this program's workloads; the seed of all they ask for is fixed, so that a line that
// reproduces a cut needs only the cut.
std::unique_ptr<Workload> make_journal_workload(bool small);
std::unique_ptr<Workload> make_blob_workload(bool small);
std::unique_ptr<Workload> make_ledger_workload(bool small);

}  // namespace sweepd::power
