// server backup: asks the daemon for one, and waits for its end.
#include "cli/exit_codes.h"
#include "cli/format.h"
#include "cli/interrupts.h"
#include "cli/json.h"
#include "cli/progress.h"
#include "cli/text.h"
#include "cli/verbs.h"

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <ostream>

namespace sweepd::cli {

namespace {

constexpr std::chrono::milliseconds kPollPeriod{200};

bool over(const pb::BackupDetail& backup) {
  return backup.phase() == "done" || backup.phase() == "failed";
}

Result<pb::BackupDetail> start(Session& session, const std::string& folder) {
  pb::ClientRequest request;
  request.mutable_start_backup()->set_folder(folder);
  SWEEPD_TRY(const pb::ClientReply reply, session.ask(request));
  return reply.backup();
}

Result<pb::BackupDetail> look(Session& session) {
  pb::ClientRequest request;
  request.mutable_show_backup();
  SWEEPD_TRY(const pb::ClientReply reply, session.ask(request));
  return reply.backup();
}

// One bar a phase. The daemon goes on without us, so an interrupt only ends the waiting.
Result<pb::BackupDetail> wait_for_end(Session& session, pb::BackupDetail backup, bool quiet) {
  Interrupts interrupts;
  const std::string folder = backup.folder();
  std::string phase;
  std::optional<Progress> bar;
  while (!over(backup)) {
    if (!quiet && phase != backup.phase()) {
      phase = backup.phase();
      bar.emplace(session.console(), phase, phase == "checking");
    }
    if (bar && backup.total() != 0) {
      bar->update(backup.done(), backup.total());
    }
    if (interrupts.wait(kPollPeriod)) {
      return Error{Errc::kInterrupted, "the daemon goes on with the backup by itself"};
    }
    SWEEPD_TRY(backup, look(session));
    if (backup.folder() != folder) {
      return Error{Errc::kUnavailable,
                   "the daemon was started again, and there is no backup; ask for it once more"};
    }
  }
  return backup;
}

}  // namespace

Result<int> run(const ServerBackupArgs& args, Session& session) {
  // The daemon has another working folder.
  const std::string folder = std::filesystem::absolute(args.folder).lexically_normal().string();
  SWEEPD_TRY(const pb::BackupDetail begun, start(session, folder));
  SWEEPD_TRY(const pb::BackupDetail backup, wait_for_end(session, begun, args.quiet || args.json));
  if (backup.phase() == "failed") {
    return Error{static_cast<Errc>(backup.code()), backup.message()};
  }
  if (args.json) {
    session.console().out << dump(to_json(backup)) << '\n';
    return kExitOk;
  }
  session.console().out << backup.folder() << '\n';
  if (!args.quiet) {
    session.say(fmt::format("{} and {} of {} in {}, all of it checked.",
                            counted(backup.sweeps(), "sweep"),
                            counted(backup.blobs(), "blob"),
                            bytes_text(backup.blob_bytes()),
                            printable(backup.folder())));
    session.say(
        fmt::format("  restore sweepd restore {} --state NEWFOLDER", printable(backup.folder())));
  }
  return kExitOk;
}

}  // namespace sweepd::cli
