// A daemon from its set-up to its end: what outlives what, and in which order it stops.
#include "daemon/serve.h"

#include "base/log.h"
#include "daemon/backup_worker.h"
#include "daemon/blob_offers.h"
#include "daemon/blob_store.h"
#include "daemon/bulk.h"
#include "daemon/disk.h"
#include "daemon/fail_stop.h"
#include "daemon/gc_worker.h"
#include "daemon/journal_rocksdb.h"
#include "daemon/loop.h"
#include "daemon/socket_doors.h"
#include "daemon/state_folder.h"
#include "daemon/term_file.h"
#include "daemon/upgrade_copy.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <memory>
#include <random>
#include <string_view>

namespace sweepd::daemon {

namespace {

constexpr std::uint64_t kManifestReadMax = 1 << 20;

// The trees of the blob store, as the gateway asks for them.
class StoredTrees final : public TreeIndex {
 public:
  StoredTrees(const BlobStore& store, BlobOffers& offers) : store_(store), offers_(offers) {}

  // Offers first and looks afterwards: what is seen here is not deleted before it is referred to.
  // On the thread of the loop; files that were sent just now are looked up in memory.
  bool has_tree(const std::string& digest) override {
    offers_.note(digest);
    const auto tree = store_.tree(digest);
    if (!tree.ok()) {
      return false;
    }
    for (const blobs::TreeFile& file : tree->files) {
      offers_.note(file.digest);
    }
    return store_.check_complete(digest, *tree).ok();
  }

  std::optional<bool> names(const std::string& digest, const std::string& path) override {
    // Asked on the thread of the loop, at each end: a large one is left to who downloads it.
    const auto size = store_.size(digest);
    if (!size.ok() || *size > kManifestReadMax) {
      return std::nullopt;
    }
    const auto tree = store_.tree(digest);
    return tree.ok() ? std::optional(tree->holds(path)) : std::nullopt;
  }

 private:
  const BlobStore& store_;
  BlobOffers& offers_;
};

// The first four digits; 0 for what are none.
std::uint16_t store_number(std::string_view uuid) {
  const std::string_view digits = uuid.substr(0, 4);
  std::uint16_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  return number;
}

Loop::Options loop_options(const Config& config,
                           const ServeOptions& options,
                           const RocksJournal& journal,
                           Clock& clock) {
  Loop::Options loop;
  loop.rules = {config.heartbeat, config.lease};
  loop.facts.version = options.version;
  loop.facts.state_folder = config.state;
  loop.facts.term = journal.term();
  loop.facts.started = clock.mark().wall;
  loop.disk_limits = config.disk;
  loop.session = std::random_device{}();
  loop.store = store_number(journal.uuid());
  loop.before = journal.clock();
  if (options.commit_each) {
    loop.batch_messages_max = 1;
  }
  return loop;
}

// A start writes a little, too: on a full disk the reserve makes room for it.
template <typename Step>
auto with_the_reserve(StateDisk& disk, const Step& step) {
  auto done = step();
  if (!done.ok() && done.error().code == Errc::kUnavailable && disk.release_ballast()) {
    log_warn("the disk is full: the reserve is given up");
    done = step();
  }
  if (!done.ok() && done.error().code == Errc::kUnavailable) {
    stop_without_room(done.error());
  }
  return done;
}

// Who upgrades wants to be able to go back; who has no room for that still wants to start.
void keep_old_store(const std::string& state, const std::string& program) {
  const std::string name = upgrade_copy_name(program);
  if (const Result<void> copied = copy_before_upgrade(state, program); !copied.ok()) {
    log_warn("another version of sweepd wrote this store, and no copy of it is kept in {}: {}",
             name,
             copied.error().message);
    return;
  }
  log_info(
      "another version of sweepd wrote this store: a copy of it is kept in {}/{}, to go back to",
      state,
      name);
}

StoreOptions store_options(const Config& config,
                           const ServeOptions& options,
                           const StateFolder& folder) {
  StoreOptions store;
  store.memory_bytes = config.memory_bytes;
  store.term_seen = read_term(folder.term());
  store.program = options.version;
  store.before_upgrade = [state = folder.path()](const std::string& program) {
    keep_old_store(state, program);
  };
  return store;
}

// What is in memory is written out, so that the next start has nothing to read again. A full disk
// hinders it and harms nothing.
void flush_at_the_end(RocksJournal& journal) {
  const Result<void> flushed = journal.flush();
  if (!flushed.ok() && flushed.error().code != Errc::kUnavailable) {
    fail_stop(flushed.error());
  }
}

}  // namespace

Result<void> serve(const Config& config, const ServeOptions& options) {
  // Before anything makes a thread: signals are waited for, not delivered.
  StopSignals signals;
  SWEEPD_TRY(const wire::Endpoint endpoint, wire::Endpoint::parse(config.listen));
  SWEEPD_TRY_VOID(endpoint.check_local());
  SWEEPD_TRY(const StateFolder folder, StateFolder::claim(config.state));
  SWEEPD_TRY(const BlobStore blobs, BlobStore::open(folder.blobs()));
  wire::Context context;
  SWEEPD_TRY(SocketDoors doors, SocketDoors::open(context, endpoint, signals));
  SWEEPD_TRY(const DiskSpace space, disk_space(folder.path()));
  FileGate gate(folder.path());
  StateDisk disk(
      folder.path(), config.ballast_bytes.value_or(usual_ballast_bytes(space.total_bytes)), gate);
  const StoreOptions store = store_options(config, options, folder);
  SWEEPD_TRY(const std::unique_ptr<RocksJournal> journal,
             with_the_reserve(disk, [&] { return RocksJournal::open(folder.journal(), store); }));
  SWEEPD_TRY_VOID(
      with_the_reserve(disk, [&] { return write_term(folder.term(), journal->term()); }));
  SystemClock clock(journal->clock());
  BlobOffers offers(clock.mark().now);
  SWEEPD_TRY(const std::unique_ptr<BulkDoor> bulk,
             BulkDoor::start({context, blobs, offers, *journal, gate, fail_stop},
                             endpoint.address(wire::Door::kBulk)));
  BackupWorker backups(*journal, blobs, folder.path());
  GcWorker gc({*journal, blobs, offers});
  StoredTrees trees(blobs, offers);
  Loop loop({*journal, *journal, clock, doors, trees, disk, backups, gc},
            loop_options(config, options, *journal, clock));
  SWEEPD_TRY_VOID(loop.start());
  fmt::print(stderr,
             "sweepd: listening on {}, state in {}, term {}\n",
             endpoint.text(),
             folder.path(),
             journal->term());
  if (const auto ended = loop.run(); !ended.ok()) {
    fail_stop(ended.error());
  }
  flush_at_the_end(*journal);
  log_info("stopped as asked");
  return {};
}

}  // namespace sweepd::daemon
