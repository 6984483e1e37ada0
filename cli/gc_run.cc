// Asking for a run of gc, and looking at it until it is over.
#include "cli/gc_run.h"

#include "cli/interrupts.h"

#include <chrono>
#include <string>

namespace sweepd::cli {

namespace {

constexpr std::chrono::milliseconds kPollPeriod{100};

bool over(const pb::GcDetail& gc) {
  return gc.phase() == "done" || gc.phase() == "failed";
}

Result<pb::GcDetail> look(Session& session) {
  pb::ClientRequest request;
  request.mutable_show_gc();
  SWEEPD_TRY(const pb::ClientReply reply, session.ask(request));
  return reply.gc();
}

Error overtaken(const pb::GcDetail& gc) {
  return {Errc::kUnavailable,
          gc.run() == 0 ? "the daemon was started again meanwhile; ask for it once more"
                        : "somebody else asked for gc meanwhile; ask for it once more"};
}

}  // namespace

// The daemon goes on without us, so an interrupt only ends the waiting.
Result<pb::GcDetail> run_gc(Session& session, const pb::StartGc& start, bool quiet) {
  pb::ClientRequest request;
  *request.mutable_start_gc() = start;
  SWEEPD_TRY(const pb::ClientReply reply, session.ask(request));
  pb::GcDetail gc = reply.gc();
  const std::uint64_t run = gc.run();
  Interrupts interrupts;
  std::string said = gc.phase();  // a short run needs no talk
  while (!over(gc)) {
    if (!quiet && said != gc.phase()) {
      said = gc.phase();
      session.say(said + " …");
    }
    if (interrupts.wait(kPollPeriod)) {
      return Error{Errc::kInterrupted, "the daemon goes on by itself"};
    }
    SWEEPD_TRY(gc, look(session));
    if (gc.run() != run) {
      return overtaken(gc);
    }
  }
  if (gc.phase() == "failed") {
    return Error{static_cast<Errc>(gc.code()), gc.message()};
  }
  return gc;
}

}  // namespace sweepd::cli
