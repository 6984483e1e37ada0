// Blobs that are uploaded in pieces, several to a flush, and references to them in the journal.
#include "blobs/digest.h"
#include "daemon/blob_store.h"
#include "daemon/blob_uploads.h"
#include "daemon/journal_rocksdb.h"
#include "daemon/state_folder.h"
#include "tests/power/recorder.h"
#include "tests/power/workload.h"
#include "tests/sim/random.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace sweepd::power {

namespace {

using daemon::BlobStore;
using daemon::BlobUploads;
using daemon::RocksJournal;

// Which: the number of the blob from 1 on.
constexpr std::int32_t kStoreAsked = 1;
constexpr std::int32_t kStored = 2;
constexpr std::int32_t kReferAsked = 3;
constexpr std::int32_t kReferred = 4;

constexpr std::size_t kPieceBytes = 20'000;

struct Blob {
  std::string bytes;
  std::string digest;
};

std::vector<Blob> make_blobs(std::size_t count) {
  sim::Random random(5);
  std::vector<Blob> blobs;
  for (std::size_t i = 0; i < count; ++i) {
    const auto size = i == 0 ? 0 : random.between(1, random.chance(0.3) ? 90'000 : 3'000);
    Blob blob;
    for (auto byte = size; byte > 0; --byte) {
      blob.bytes += static_cast<char>(random.next());
    }
    blob.digest = blobs::digest_of(blob.bytes);
    blobs.push_back(std::move(blob));
  }
  return blobs;
}

// Sends a blob until it is complete; false when the store refuses it.
bool send(BlobUploads& uploads, const Blob& blob) {
  std::uint64_t offset = 0;
  for (int rounds = 0; rounds < 100; ++rounds) {
    const std::string_view bytes = std::string_view(blob.bytes).substr(offset, kPieceBytes);
    const auto stored = uploads.put({blob.digest, blob.bytes.size(), offset, bytes});
    if (!stored.ok()) {
      return false;
    }
    if (stored->complete) {
      return true;
    }
    offset = stored->offset;
  }
  return false;
}

core::Record reference_to(const Blob& blob, std::size_t number) {
  core::ModelRegistered model;
  model.request = {1, number};
  model.model = "mnist";
  model.version = static_cast<std::uint32_t>(number);
  model.attempt = {{1}, {1}, {1}};
  model.tree_digest = blob.digest;
  return model;
}

// One start of the daemon.
class Session {
 public:
  Session(const std::vector<Blob>& blobs,
          const BlobStore& store,
          RocksJournal& journal,
          Habit habit)
      : blobs_(blobs), store_(store), uploads_(store, offers_), journal_(journal), habit_(habit) {}

  // Uploads from `first` to before `end`, and half of the one behind it.
  void run(std::size_t first, std::size_t end) {
    uploads_.remove_stale_parts();
    for (std::size_t next = first; next < end;) {
      const std::size_t group = std::min(end, next + 1 + next % 3);
      store(next, group);
      for (; next < group; ++next) {
        // What has a reference was asked for: the daemon looks whether it is there.
        if (store_.has(blobs_[next].digest)) {
          refer(next);
          if (habit_ == Habit::kRefersTwice) {
            refer(next);
          }
        }
      }
    }
    if (end < blobs_.size()) {
      const Blob& blob = blobs_[end];
      static_cast<void>(uploads_.put(
          {blob.digest, blob.bytes.size(), 0, blob.bytes.substr(0, blob.bytes.size() / 2)}));
    }
  }

 private:
  void store(std::size_t first, std::size_t end) {
    for (int tries = 0; tries < 2; ++tries) {  // as a client that is refused tries again
      std::vector<std::size_t> complete;
      for (std::size_t i = first; i < end; ++i) {
        mark(kStoreAsked, i + 1);
        if (send(uploads_, blobs_[i])) {
          complete.push_back(i);
        }
        if (habit_ == Habit::kAcknowledgesEarly) {
          mark(kStored, i + 1);
        }
        if (habit_ == Habit::kRefersEarly) {
          refer(i);
        }
      }
      const auto failed = uploads_.flush();
      for (const std::size_t i : complete) {
        if (!failed.contains(blobs_[i].digest)) {
          mark(kStored, i + 1);
        }
      }
      for (std::size_t i = first; i < end; ++i) {
        if (uploads_.has(blobs_[i].digest)) {
          mark(kStored, i + 1);
        }
      }
    }
  }

  void refer(std::size_t index) {
    mark(kReferAsked, index + 1);
    const core::Record record = reference_to(blobs_[index], index + 1);
    if (journal_.commit({{record}, {}, {}}).ok()) {
      mark(kReferred, index + 1);
    }
  }

  const std::vector<Blob>& blobs_;
  const BlobStore& store_;
  daemon::BlobOffers offers_{Instant{}};
  BlobUploads uploads_;
  RocksJournal& journal_;
  Habit habit_;
};

class BlobWorkload final : public Workload {
 public:
  BlobWorkload(std::size_t starts, std::size_t count)
      : starts_(starts), blobs_(make_blobs(count)) {}

  void run(const std::string& folder, Habit habit) override {
    for (std::size_t start = 0; start < starts_; ++start) {
      const auto state = daemon::StateFolder::claim(folder + "/state");
      if (!state.ok()) {
        return;
      }
      const auto store = BlobStore::open(state->blobs());
      if (!store.ok()) {
        return;
      }
      const auto journal = RocksJournal::open(state->journal());
      if (!journal.ok()) {
        return;
      }
      Session(blobs_, *store, **journal, habit)
          .run(blobs_.size() * start / starts_, blobs_.size() * (start + 1) / starts_);
    }
  }

  Verdict check(const std::string& folder, const Marks& marks, bool faults) override {
    Verdict verdict;
    verdict.acknowledged = marks.all(kStored).size() + marks.all(kReferred).size();
    const auto start = std::chrono::steady_clock::now();
    const auto took = [&start] {
      const std::chrono::duration<double, std::milli> ms = std::chrono::steady_clock::now() - start;
      return ms.count();
    };
    if (const Result<void> sound = check_all(folder, marks, verdict, faults); !sound.ok()) {
      verdict.violation = sound.error().message;
    }
    verdict.reopen_ms = took();
    return verdict;
  }

  bool stops_after_failed_sync(std::string_view path) const override {
    return path.ends_with(".log");
  }

  std::string no_faults_below() const override { return "state/journal"; }

  Trust trust() const override { return rocksdb_trust(); }

  std::vector<Promise> promises() const override { return {{kReferAsked, kReferred}}; }

 private:
  Result<void> check_all(const std::string& folder,
                         const Marks& marks,
                         Verdict& verdict,
                         bool faults) const {
    SWEEPD_TRY(const auto state, daemon::StateFolder::claim(folder + "/state"));
    SWEEPD_TRY(const BlobStore store, BlobStore::open(state.blobs()));
    SWEEPD_TRY(const auto journal, RocksJournal::open(state.journal()));
    for (const std::uint64_t number : marks.all(kStored)) {
      const Result<void> whole = store.verify(blobs_[number - 1].digest);
      if (!whole.ok()) {
        ++verdict.lost;
        return Error{Errc::kCorrupt, "acknowledged, but " + whole.error().message};
      }
    }
    SWEEPD_TRY_VOID(check_references(store, *journal, marks, verdict, faults));
    SWEEPD_TRY_VOID(check_names(store, state.blobs()));
    return upload_all(store);
  }

  // Every reference that can be read leads to a whole blob, and none that was promised is missing.
  Result<void> check_references(const BlobStore& store,
                                RocksJournal& journal,
                                const Marks& marks,
                                Verdict& verdict,
                                bool faults) const {
    SWEEPD_TRY(const auto records, journal.records({}, 0, 1 << 20));
    std::set<std::uint64_t> found;
    for (const daemon::SequencedRecord& record : records) {
      const auto& model = std::get<core::ModelRegistered>(record.record);
      if (!found.insert(model.version).second && !faults) {
        return Error{Errc::kCorrupt, fmt::format("reference {} is there twice", model.version)};
      }
      if (const Result<void> whole = store.verify(model.tree_digest); !whole.ok()) {
        ++verdict.lost;
        return Error{Errc::kCorrupt, "referred to, but " + whole.error().message};
      }
    }
    for (const std::uint64_t number : marks.all(kReferred)) {
      if (!found.contains(number)) {
        ++verdict.lost;
        return Error{Errc::kCorrupt, fmt::format("reference {} is not there", number)};
      }
    }
    return {};
  }

  // What has a name is whole, acknowledged or not: an upload of it would not be asked for again.
  Result<void> check_names(const BlobStore& store, const std::string& folder) const {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
      const std::string digest =
          entry.path().parent_path().filename().string() + entry.path().filename().string();
      if (entry.is_regular_file() && blobs::is_digest(digest)) {
        SWEEPD_TRY_VOID(store.verify(digest));
      }
    }
    return {};
  }

  // Everything can be sent again, whatever the cut has left of it.
  Result<void> upload_all(const BlobStore& store) const {
    daemon::BlobOffers offers{Instant{}};
    BlobUploads uploads(store, offers);
    for (std::size_t i = 0; i < blobs_.size(); ++i) {
      mark(kStoreAsked, i + 1);
      if (!send(uploads, blobs_[i])) {
        return Error{Errc::kCorrupt, fmt::format("blob {} cannot be sent again", blobs_[i].digest)};
      }
    }
    if (!uploads.flush().empty()) {
      return Error{Errc::kCorrupt, "a flush after the reopening fails"};
    }
    for (std::size_t i = 0; i < blobs_.size(); ++i) {
      mark(kStored, i + 1);
      SWEEPD_TRY_VOID(store.verify(blobs_[i].digest));
    }
    return {};
  }

  std::size_t starts_;
  std::vector<Blob> blobs_;
};

}  // namespace

std::unique_ptr<Workload> make_blob_workload(bool small) {
  return small ? std::make_unique<BlobWorkload>(1, 7) : std::make_unique<BlobWorkload>(3, 36);
}

}  // namespace sweepd::power
