// A backup: a checkpoint of the store, then the blobs that it refers to, then a check of both.
#include "daemon/backup.h"

#include "daemon/backup_manifest.h"
#include "daemon/blob_references.h"
#include "daemon/folder_copy.h"

#include <fmt/format.h>

#include <chrono>
#include <set>

namespace sweepd::daemon {

namespace {

Error given_up() {
  return {Errc::kInterrupted, "the backup was given up"};
}

WallTime wall_now() {
  using std::chrono::duration_cast;
  using std::chrono::microseconds;
  return {duration_cast<microseconds>(std::chrono::system_clock::now().time_since_epoch()).count()};
}

Result<std::map<std::string, std::uint64_t>> blobs_of(const std::set<std::string>& trees,
                                                      const BlobStore& blobs) {
  std::map<std::string, std::uint64_t> all;
  for (const std::string& digest : trees) {
    SWEEPD_TRY(all[digest], blobs.size(digest));
    SWEEPD_TRY(const blobs::Tree tree, blobs.tree(digest));
    for (const blobs::TreeFile& file : tree.files) {
      all.emplace(file.digest, file.size);
    }
  }
  return all;
}

Result<void> copy_blobs(const BackupManifest& manifest,
                        const BlobStore& from,
                        const BlobStore& to,
                        const BackupProgress& progress) {
  std::uint64_t done = 0;
  for (const auto& [digest, size] : manifest.blobs) {
    if (!progress(BackupPhase::kCopyingFiles, done++, manifest.blobs.size())) {
      return given_up();
    }
    SWEEPD_TRY_VOID(put_file(from.path(digest), to.path(digest), Sharing::kLink));
  }
  return {};
}

}  // namespace

Result<BackupSummary> make_backup(const RocksJournal& journal,
                                  const BlobStore& blobs,
                                  const std::string& folder,
                                  const BackupProgress& progress) {
  SWEEPD_TRY(NewFolder target, NewFolder::begin(folder));
  if (!progress(BackupPhase::kCopyingStore, 0, 0)) {
    return given_up();
  }
  BackupManifest manifest;
  manifest.taken = wall_now();
  SWEEPD_TRY_VOID(journal.checkpoint(target.partial() + "/journal"));
  {
    SWEEPD_TRY(const std::unique_ptr<RocksJournal> copy,
               RocksJournal::open_to_read(target.partial() + "/journal"));
    manifest.store = copy->uuid();
    manifest.term = copy->term();
    manifest.next_seq = copy->next_seq();
    SWEEPD_TRY(const std::set<std::string> trees, trees_of(*copy, ""));
    SWEEPD_TRY(manifest.blobs, blobs_of(trees, blobs));
  }
  const BlobStore copies = BlobStore::at(target.partial() + "/blobs");
  SWEEPD_TRY_VOID(copy_blobs(manifest, blobs, copies, progress));
  FsckOptions options;
  options.progress = [&progress](std::string_view, std::uint64_t done, std::uint64_t total) {
    return progress(BackupPhase::kChecking, done, total);
  };
  SWEEPD_TRY(const FsckReport report, fsck(target.partial(), options));
  if (!report.ok()) {
    const Finding& first = report.findings.front();
    return Error{Errc::kCorrupt,
                 fmt::format("there is no backup, because what was copied is damaged: {}: {} ({} "
                             "findings); stop the daemon and run `sweepd fsck`",
                             first.where,
                             first.text,
                             report.findings_total)};
  }
  SWEEPD_TRY_VOID(write_file(target.partial() + "/" + kBackupList, encode_backup(manifest)));
  SWEEPD_TRY_VOID(target.put_in_place());
  return BackupSummary{report.sweeps, report.records, report.blobs, report.blob_bytes};
}

}  // namespace sweepd::daemon
