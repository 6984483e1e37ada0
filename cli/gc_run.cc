// Asking for a run of gc, and looking at it until it is over.
#include "cli/gc_run.h"

#include "cli/interrupts.h"

#include <chrono>
#include <string>
#include <utility>

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

// Asks until nobody else's run is in the way.
Result<pb::GcDetail> begin(Session& session,
                           const pb::StartGc& start,
                           bool quiet,
                           Interrupts& interrupts) {
  pb::ClientRequest request;
  *request.mutable_start_gc() = start;
  bool told = false;
  for (bool again = false;; again = true) {
    Result<pb::ClientReply> reply = session.ask(request);
    if (reply.ok()) {
      return std::move(*reply->mutable_gc());
    }
    if (reply.error().code != Errc::kWrongState) {
      return reply.error();
    }
    SWEEPD_TRY(const pb::GcDetail other, look(session));
    const bool busy = other.run() != 0 && !over(other);
    if (!busy && again) {
      return reply.error();  // it is not what somebody else wants that is in the way
    }
    if (busy && !quiet && !std::exchange(told, true)) {
      session.say("waiting for what somebody else asked for …");
    }
    if (interrupts.wait(kPollPeriod)) {
      return Error{Errc::kInterrupted, "nothing was done"};
    }
  }
}

}  // namespace

// The daemon goes on without us, so an interrupt only ends the waiting.
Result<pb::GcDetail> run_gc(Session& session, const pb::StartGc& start, bool quiet) {
  Interrupts interrupts;
  SWEEPD_TRY(pb::GcDetail gc, begin(session, start, quiet, interrupts));
  std::uint64_t run = gc.run();
  std::string said = gc.phase();  // a short run needs no talk
  while (!over(gc)) {
    if (!quiet && !gc.phase().empty() && said != gc.phase()) {
      said = gc.phase();
      session.say(said + " …");
    }
    if (interrupts.wait(kPollPeriod)) {
      return Error{Errc::kInterrupted, "the daemon goes on by itself"};
    }
    SWEEPD_TRY(gc, look(session));
    if (gc.run() == run) {
      continue;
    }
    if (gc.run() == 0 || !start.dry_run()) {
      return overtaken(gc);
    }
    SWEEPD_TRY(gc, begin(session, start, quiet, interrupts));
    run = gc.run();
  }
  if (gc.phase() == "failed") {
    return Error{static_cast<Errc>(gc.code()), gc.message()};
  }
  return gc;
}

}  // namespace sweepd::cli
