// fsck and restore as commands: what they refuse, how they show how far they are, what they print.
#include "daemon/upkeep.h"

#include "base/counted.h"
#include "daemon/backup.h"
#include "daemon/disk.h"
#include "daemon/fsck.h"
#include "daemon/lock_file.h"

#include <fmt/format.h>

#include <sys/file.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string_view>
#include <system_error>

namespace sweepd::daemon {

namespace {

// A line that is written over, on a terminal only; at most ten times a second.
class Line {
 public:
  ~Line() { clear(); }

  void show(std::string_view what, std::uint64_t done, std::uint64_t total) {
    const auto now = std::chrono::steady_clock::now();
    if (!terminal_ || now - shown_ < std::chrono::milliseconds(100)) {
      return;
    }
    shown_ = now;
    visible_ = true;
    const std::string far = total == 0
                                ? fmt::format("{}", done)
                                : fmt::format("{} of {} ({} %)", done, total, done * 100 / total);
    fmt::print(stderr, "\r\x1b[K{}: {}", what, far);
    std::fflush(stderr);
  }

  void clear() {
    if (visible_) {
      fmt::print(stderr, "\r\x1b[K");
      visible_ = false;
    }
  }

 private:
  const bool terminal_ = ::isatty(STDERR_FILENO) == 1;
  bool visible_ = false;
  std::chrono::steady_clock::time_point shown_;
};

std::string_view name_of(BackupPhase phase) {
  switch (phase) {
    case BackupPhase::kCopyingStore:
      return "copying the store";
    case BackupPhase::kCopyingFiles:
      return "copying files";
    case BackupPhase::kChecking:
      return "checking";
  }
  return "";
}

// Keeps daemons off the folder while it is read, without writing to it. A backup has no lock.
Result<blobs::File> hold_off(const std::string& folder) {
  const std::string path = folder + "/sweepd.pid";
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return blobs::File();
  }
  SWEEPD_TRY(blobs::File file, blobs::File::open_to_read(path));
  if (::flock(file.fd(), LOCK_SH | LOCK_NB) != 0) {
    return Error{
        Errc::kUnavailable,
        fmt::format("a sweepd (pid {}) is using {}, and its store changes while it is read: "
                    "stop it first, or make a backup (`sweepctl server backup FOLDER`), "
                    "which is checked, too",
                    read_pid(file.fd()),
                    folder)};
  }
  return file;
}

}  // namespace

Result<int> run_fsck(const FsckCommand& command) {
  SWEEPD_TRY(const blobs::File lock, hold_off(command.state));
  Line line;
  FsckOptions options;
  options.fast = command.fast;
  options.progress = [&line](std::string_view what, std::uint64_t done, std::uint64_t total) {
    line.show(fmt::format("checking {}", what), done, total);
    return true;
  };
  SWEEPD_TRY(const FsckReport report, fsck(command.state, options));
  line.clear();
  fmt::print("{}", command.json ? to_json(report, command.state) : to_text(report, command.state));
  return report.ok() ? 0 : 1;
}

Result<int> run_restore(const RestoreCommand& command) {
  Line line;
  const auto progress = [&line](BackupPhase phase, std::uint64_t done, std::uint64_t total) {
    line.show(name_of(phase), done, total);
    return true;
  };
  SWEEPD_TRY(const Restored restored, restore_backup(command.backup, command.state, progress));
  line.clear();
  if (command.json) {
    fmt::print(
        "{{\"ok\":true,\"term\":{},\"sweeps\":{},\"records\":{},\"blobs\":{},"
        "\"blob_bytes\":{},\"attempts_lost\":{},\"next_sweep\":{}}}\n",
        restored.term,
        restored.report.sweeps,
        restored.report.records,
        restored.report.blobs,
        restored.report.blob_bytes,
        restored.attempts_lost,
        restored.sweeps_last + 1);
    return 0;
  }
  fmt::print("restored {} sweeps, {} records and {} blobs ({}) in {}, term {}\n",
             restored.report.sweeps,
             restored.report.records,
             restored.report.blobs,
             size_text(restored.report.blob_bytes),
             command.state,
             restored.term);
  fmt::print(
      stderr,
      "What was acknowledged after the backup is not in it: {} that ran then {} run again, and "
      "what agents\nbegan since is ended when they come back. Nobody knows which numbers were "
      "given away since, so that\nthe next sweep is {}, and the term, which tells agents whom to "
      "obey, is larger than any before.\nAt first nothing is started, for as long as agents may "
      "hold a lease of before; `sweepctl server info`\ntells for how much longer.\n"
      "  start   sweepd --state {}\n",
      counted(restored.attempts_lost, "attempt"),
      restored.attempts_lost == 1 ? "is" : "are",
      restored.sweeps_last + 1,
      command.state);
  return 0;
}

}  // namespace sweepd::daemon
