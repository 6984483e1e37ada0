// The way back from a backup: a copy that is checked, then told that it is one.
#include "base/counted.h"
#include "daemon/backup.h"
#include "daemon/backup_manifest.h"
#include "daemon/core/step.h"
#include "daemon/folder_copy.h"
#include "daemon/sweep_shelf.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

namespace sweepd::daemon {

namespace {

namespace fs = std::filesystem;

Error given_up() {
  return {Errc::kInterrupted, "the restore was given up"};
}

// In words about the backup: what the store says of itself is for those who look closer.
Error damaged(const std::string& backup, std::string_view why) {
  return {Errc::kCorrupt,
          fmt::format("the backup '{}' is damaged, and nothing was restored: take another one ({})",
                      backup,
                      why)};
}

Result<BackupManifest> read_list(const std::string& backup) {
  const std::ifstream file(backup + "/" + kBackupList, std::ios::binary);
  if (!file) {
    return Error{Errc::kNotFound,
                 fmt::format("'{}' is no backup: there is no {} in it", backup, kBackupList)};
  }
  std::ostringstream text;
  text << file.rdbuf();
  return decode_backup(text.str());
}

// RocksDB appends to files of its own, so nothing is shared with the backup.
Result<void> copy_store(const std::string& from,
                        const std::string& to,
                        const BackupProgress& progress) {
  std::error_code error;
  std::uint64_t done = 0;
  for (fs::directory_iterator at(from, error); !error && at != end(at); at.increment(error)) {
    if (!progress(BackupPhase::kCopyingStore, done++, 0)) {
      return given_up();
    }
    const std::string name = at->path().filename();
    if (at->is_regular_file(error) && name != "LOCK") {
      SWEEPD_TRY_VOID(put_file(at->path().string(), to + "/" + name, Sharing::kCopy));
    }
  }
  if (error) {
    return Error{Errc::kUnexpected, fmt::format("cannot read '{}': {}", from, error.message())};
  }
  return {};
}

Result<void> copy_blobs(const BackupManifest& list,
                        const std::string& backup,
                        const BlobStore& to,
                        const BackupProgress& progress) {
  const BlobStore from = BlobStore::at(backup + "/blobs");
  std::uint64_t done = 0;
  for (const auto& [digest, size] : list.blobs) {
    if (!progress(BackupPhase::kCopyingFiles, done++, list.blobs.size())) {
      return given_up();
    }
    SWEEPD_TRY(const std::uint64_t stored, from.size(digest));
    if (stored != size) {
      return damaged(backup,
                     fmt::format("blob {} has {} bytes instead of {}", digest, stored, size));
    }
    SWEEPD_TRY_VOID(put_file(from.path(digest), to.path(digest), Sharing::kCopy));
  }
  return {};
}

// The copy of `backup` that lies in `folder`.
Result<FsckReport> checked(const std::string& folder,
                           const std::string& backup,
                           const BackupProgress& progress) {
  FsckOptions options;
  options.progress = [&progress](std::string_view, std::uint64_t done, std::uint64_t total) {
    return progress(BackupPhase::kChecking, done, total);
  };
  Result<FsckReport> report = fsck(folder, options);
  if (!report.ok()) {
    return report.error().code == Errc::kCorrupt ? damaged(backup, report.error().message)
                                                 : report.error();
  }
  if (!report->ok()) {
    const Finding& first = report->findings.front();
    return damaged(backup,
                   fmt::format("{}: {}; {} in all, `sweepd fsck --state {}` lists them",
                               first.where,
                               first.text,
                               counted(report->findings_total, "finding"),
                               backup));
  }
  return report;
}

// Makes the copied store know that others may have gone on from the same state.
Result<void> mark_restored(const std::string& folder, Restored& restored) {
  StoreOptions options;
  options.fatal = [](const Error&) {
  };  // nobody was told anything yet: the error is enough
  SWEEPD_TRY(const std::unique_ptr<RocksJournal> journal, RocksJournal::open(folder, options));
  SweepShelf shelf(*journal);
  SWEEPD_TRY(core::State state, shelf.recover());
  for (const auto& [agent, held] : state.held) {
    restored.attempts_lost += held.size();
  }
  restored.sweeps_last = state.sweeps_last + core::kSweepsSkipped;
  const ClockMark now = SystemClock(journal->clock()).mark();
  core::Outcome outcome =
      core::step(state, {stamp(now), core::BackupRestored{restored.sweeps_last}});
  Batch batch{std::move(outcome.records), {}, now};
  batch.headers = shelf.update(state, batch.records);
  SWEEPD_TRY_VOID(journal->commit(batch));
  const auto seconds_now =
      static_cast<std::uint64_t>(std::max<std::int64_t>(now.wall.us, 0)) / 1'000'000;
  const std::uint64_t term =
      seconds_now > journal->term() ? seconds_now : journal->term() + kTermsSkipped;
  SWEEPD_TRY_VOID(journal->raise_term(term - journal->term()));
  restored.term = journal->term();
  return journal->flush();
}

}  // namespace

Result<Restored> restore_backup(const std::string& backup,
                                const std::string& folder,
                                const BackupProgress& progress) {
  SWEEPD_TRY(const BackupManifest list, read_list(backup));
  SWEEPD_TRY(NewFolder target, NewFolder::begin(folder));
  SWEEPD_TRY_VOID(copy_store(backup + "/journal", target.partial() + "/journal", progress));
  SWEEPD_TRY_VOID(copy_blobs(list, backup, BlobStore::at(target.partial() + "/blobs"), progress));
  Restored restored;
  restored.taken = list.taken;
  SWEEPD_TRY(restored.report, checked(target.partial(), backup, progress));
  SWEEPD_TRY_VOID(mark_restored(target.partial() + "/journal", restored));
  FsckOptions again;
  again.fast = true;
  SWEEPD_TRY(const FsckReport after, fsck(target.partial(), again));
  if (!after.ok()) {
    return Error{Errc::kCorrupt,
                 fmt::format("the restored state is not sound: {}: {}",
                             after.findings.front().where,
                             after.findings.front().text)};
  }
  SWEEPD_TRY_VOID(target.put_in_place());
  return restored;
}

}  // namespace sweepd::daemon
