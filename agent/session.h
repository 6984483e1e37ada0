// What an agent says to the daemon and does on its orders: pure, so that a simulator can run it.
#pragma once

#include "agent/outbox.h"
#include "agent/recent_attempts.h"
#include "base/ids.h"
#include "base/time.h"
#include "wire/sweepd.pb.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace sweepd::agent {

// So many attempts that are over are remembered, the oldest forgotten first: an order may come
// late, and a daemon whose store went back may give their numbers once more.
constexpr std::size_t kDoneMax = 65'536;

// Who the agent is. `incarnation` counts the starts of the program, durably.
struct Identity {
  std::string uuid;
  std::string name;
  std::string boot_id;
  std::string version;
  std::uint64_t incarnation = 0;
  std::map<std::string, std::string> labels;
  std::uint32_t cpus = 0;
  std::uint64_t memory_bytes = 0;
};

// An attempt that an earlier run of the program started, and that is not ready to be told as ended.
struct Unfinished {
  pb::StartAttempt order;
  std::optional<pb::AttemptEnded> over;  // what was known when no process of it was left
};

// What the ledger knows of earlier runs of the program.
struct Remembered {
  std::uint64_t term = 0;  // the largest that was obeyed
  bool rebooted = false;   // the machine, since: no process of an earlier run is alive
  std::vector<Unfinished> unfinished;
  std::vector<pb::AttemptEnded> ended = {};  // ended, not yet acknowledged
  std::vector<AttemptKey> done = {};         // acknowledged: never to be started again
  std::uint64_t stored = 0;                  // the largest place of a daemon's store that was told
};

// Run the attempt, after its row in the ledger is on disk.
struct Launch {
  pb::StartAttempt order;
};

// End the attempt, or shorten the grace of a stop that is under way.
struct Stop {
  AttemptKey attempt;
  Duration grace;
  std::optional<pb::Reason> failure;  // how the attempt ended then; none: `stopped` by the daemon
  bool discard = false;               // nobody wants its logs and outputs any more
};

// The end of the attempt is acknowledged: nothing of it is needed any more.
struct Forget {
  AttemptKey attempt;
};

// Write the term to the ledger before anything else is done.
struct RememberTerm {
  std::uint64_t term = 0;
};

// Write to the ledger how far the daemon's store is, some time soon: it takes no sync of its own.
struct RememberStored {
  std::uint64_t stored = 0;
};

// The daemon has lost reports that it had acknowledged: report all of the attempt once more, from
// the first, then say so.
struct Reread {
  AttemptKey attempt;
};

// The daemon does not have all that the attempt left: collect it once more, then tell the end anew.
struct Recollect {
  AttemptKey attempt;
};

using Command = std::variant<Launch, Stop, Forget, RememberTerm, RememberStored, Reread, Recollect>;

// Registers, keeps the lease, repeats every fact until it is acknowledged, and turns orders into
// commands. Time is whatever the caller passes in, as long as it does not go back and counts
// suspended time. After any input call `tick`, then take messages and commands; nothing depends on
// a message being delivered.
class Session {
 public:
  Session(Identity identity, std::vector<pb::Slot> slots, const Remembered& remembered);

  // ---- inputs

  void receive(Instant now, const pb::DaemonMessage& message);
  void tick(Instant now);

  // Other slots can be used than before: registers anew.
  //   withheld: why there are fewer than the box has, a label for people; empty: there are not
  void set_slots(Instant now, std::vector<pb::Slot> slots, const std::string& withheld);

  // Phases only go forward. ENDED is reached through `ended`.
  void phase_reached(const AttemptKey& attempt, pb::Phase phase);

  // Numbers the report and keeps it until it is acknowledged.
  void reported(const AttemptKey& attempt, pb::Report report);

  // After a Reread: there are no more. An end that names reports which are gone from this box, too,
  // can never be taken, so the attempt is given back instead.
  void reread(const AttemptKey& attempt);

  // Everything of the attempt is delivered, for the first time or after a Recollect. Fills in the
  // number of its last report. Returns what will be repeated until it is acknowledged, for the
  // ledger; none for an attempt not held, and for one whose end is told already.
  std::optional<pb::AttemptEnded> ended(pb::AttemptEnded end);

  // No new work; everything that runs is stopped and goes back to the queue.
  void leave(Duration grace);

  // The last message, once nothing is held or no time is left.
  void say_goodbye(std::string reason);

  // ---- outputs

  std::vector<pb::AgentMessage> take_messages();
  std::vector<Command> take_commands();
  Instant next_wake() const;  // the latest time for the next tick

  bool registered() const { return session_ != 0; }

  // How often the daemon is told something, as it said last.
  Duration heartbeat() const { return heartbeat_period_; }

  bool holds_nothing() const { return held_.empty(); }

  // Whether the attempt's reports are all stored by the daemon (or wanted by nobody).
  bool reports_delivered(const AttemptKey& attempt) const;

  // Whether more reports may be read. What was not read stays in the files that the program wrote:
  // they are the spool, however long the daemon is away.
  bool wants_reports(const AttemptKey& attempt) const;

  // When the right to run the attempt ends unless a heartbeat is answered before; none for an
  // attempt not held, and while only its shim knows.
  std::optional<Instant> lease_end(const AttemptKey& attempt) const;

  // Why a daemon refuses this agent, once each time it does; also one of a smaller term.
  std::optional<std::string> take_rejection();

 private:
  static constexpr Duration kHelloFirst = milliseconds(50);  // doubled until there is an answer

  struct Held {
    pb::Phase phase = pb::PREPARING;
    Outbox reports;
    Duration lease;                   // of this attempt; zero: the session's
    std::optional<Duration> stopped;  // the shortest grace asked for so far
    bool discarded = false;           // nobody takes its reports
    bool discard_asked = false;       // a stop said so already
    bool rereading = false;           // its reports are told once more, after its end, too
    std::optional<pb::AttemptEnded> end;
    bool recollecting = false;  // it is not repeated: the daemon misses files that it names
    Instant end_resend_at;

    bool over() const { return phase == pb::FINISHING || phase == pb::ENDED; }
  };

  void on_hello_ok(Instant now, std::uint64_t session, const pb::HelloOk& ok);
  void on_heartbeat_ack(const pb::HeartbeatAck& ack);
  void on_start(Instant now, const pb::StartAttempt& order);
  void on_stop(const pb::StopAttempt& order);
  void on_reports_ack(Instant now, const pb::ReportsAck& ack);
  void on_ended_ack(const AttemptKey& attempt);
  void on_outputs_missing(const AttemptKey& attempt);
  void compare_reports(Instant now, const pb::ReportsAck& ack);
  void take_stored(std::uint64_t stored);
  void refuse(const AttemptKey& key);
  bool obey_term(std::uint64_t term);
  void reregister(Instant now);
  void restore(const Remembered& remembered);
  void stop(const AttemptKey& key, Held& held, Stop command);
  void hold_ended(const AttemptKey& key, pb::AttemptEnded end);

  void remember_stored();
  void send_hello(Instant now);
  void send_heartbeat(Instant now);
  void send_reports(Instant now, const AttemptKey& key, Held& held);
  void send_ended(Instant now, Held& held);
  void end_lapsed(Instant now);
  std::vector<pb::HeldAttempt> held_list() const;
  Instant lease_end_of(const Held& held) const;
  pb::AgentMessage& message();

  Identity identity_;
  std::vector<pb::Slot> slots_;
  std::map<AttemptKey, Held> held_;
  RecentAttempts done_{kDoneMax};  // over or refused for ever

  std::uint64_t term_ = 0;
  std::uint64_t stored_ = 0;             // the largest place that its store was said to be at
  std::uint64_t stored_remembered_ = 0;  // and what of that the ledger was told
  Instant stored_due_;
  std::uint64_t session_ = 0;  // 0: not registered
  Instant hello_at_;           // of the next Hello while not registered
  Instant hello_sent_;
  std::uint32_t hellos_ = 0;  // since the last registration
  std::uint64_t hello_number_ = 0;
  bool hello_open_ = false;  // the newest may be answered: nothing has made it untrue
  Duration heartbeat_period_;
  Duration lease_;
  // When the last answered heartbeat, or Hello, was sent. None: what is held is of an earlier run
  // of the program, and only its shims know when its lease ends.
  std::optional<Instant> lease_from_;
  Instant heartbeat_at_;
  bool heartbeat_wanted_ = false;
  std::uint64_t heartbeats_ = 0;
  std::map<std::uint64_t, Instant> heartbeats_sent_;
  bool leaving_ = false;
  std::optional<std::string> rejection_;

  std::vector<pb::AgentMessage> messages_;
  std::vector<Command> commands_;
};

}  // namespace sweepd::agent
