// The one thread of the agent.
#include "agent/loop.h"

#include "agent/gpu_watch.h"
#include "agent/ledger.h"
#include "agent/offer.h"
#include "agent/room.h"
#include "agent/runner/runner.h"
#include "agent/session.h"
#include "agent/setup.h"
#include "agent/state_folder.h"
#include "base/clocks.h"
#include "base/labels.h"
#include "base/limits.h"
#include "base/log.h"
#include "base/overloaded.h"
#include "blobs/bulk_session.h"
#include "wire/endpoint.h"
#include "wire/protocol.h"
#include "wire/socket.h"

#include <fmt/format.h>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace sweepd::agent {

namespace {

constexpr Duration kTurnMax = seconds(1);         // no longer sleep, whatever is due
constexpr Duration kLockPatience = seconds(15);   // for shims of an earlier run
constexpr Duration kLeavePatience = seconds(10);  // beyond the grace, to deliver what ended
// Of the daemon, before that is worth a line: at the start, and later, when it may be busy.
constexpr Duration kSilenceFirst = seconds(5);
constexpr Duration kSilence = seconds(15);
constexpr Duration kHurry = seconds(2);  // after a second signal; to say goodbye
constexpr int kMessagesPerTurn = 1024;

class Loop {
 public:
  struct Parts {
    const Config& config;
    const StateFolder& folder;
    Identity identity;
    std::vector<pb::Slot> slots;
    std::vector<SlotGpu> gpus;
    std::string silence;  // why there may be GPUs of which nothing is known; empty: there are none
    Containment containment;
    Ledger ledger;
    wire::Dealer control;
    blobs::BulkSession bulk;
    int signals;
  };

  explicit Loop(Parts parts);
  void run();

 private:
  void wait(const Clocks& clocks);
  void turn(const Clocks& clocks);
  void take_messages(Instant now);
  bool transfer(Instant now);
  void take_signals(Instant now);
  void leave(Instant now);
  void hand_over();
  void offer_slots(Instant now);
  void carry_out();
  void send();
  void tell_silence(Instant now);
  bool may_speak(Instant now);
  bool over(Instant now);

  const Config& config_;
  Ledger ledger_;
  wire::Dealer control_;
  blobs::BulkSession bulk_;
  int signals_;
  Containment containment_;
  std::optional<GpuWatch> watch_;  // none on a box without GPUs
  Slots slots_;
  std::string silence_;
  Room room_;
  Session session_;
  Runner runner_;
  std::vector<wire::PollItem> items_;
  Instant started_;
  bool again_ = false;     // the next turn has something to do already
  bool speaking_ = false;  // to the daemon
  bool was_registered_ = false;
  std::string refused_;  // why, as it was said last
  bool told_silence_ = false;
  Instant heard_;  // any word of a daemon
  std::optional<Instant> leave_by_;
  Instant goodbye_by_;  // no longer is a daemon waited for to say it to
  bool handing_over_ = false;
};

Loop::Loop(Parts parts)
    : config_(parts.config),
      ledger_(std::move(parts.ledger)),
      control_(std::move(parts.control)),
      bulk_(std::move(parts.bulk)),
      signals_(parts.signals),
      containment_(parts.containment),
      slots_({std::move(parts.slots),
              GpuJudge(parts.gpus, parts.config.busy_gpus),
              parts.folder.path(),
              parts.config.shim,
              std::move(parts.containment)}),
      silence_(std::move(parts.silence)),
      room_(parts.folder.path(), parts.config.disk_low_bytes),
      session_(std::move(parts.identity), {}, ledger_.remembered()),
      runner_({parts.config, parts.folder, session_, ledger_, bulk_, slots_}, ledger_.remembered()),
      started_(read_clocks().now) {
  if (!parts.gpus.empty()) {
    watch_.emplace(parts.config.nvml);
  }
}

void Loop::run() {
  for (;;) {
    turn(read_clocks());
    const Clocks clocks = read_clocks();
    if (over(clocks.now)) {
      break;
    }
    wait(clocks);
  }
  if (handing_over_) {
    hand_over();
    return;
  }
  // The daemon gives away at once what an agent holds that says goodbye. What still has to be
  // delivered may be by the next run of the program, until its lease has ended.
  if (session_.holds_nothing()) {
    session_.say_goodbye("stopped by a signal");
  }
  send();
  slots_.close();
  // The farewell leaves with ZeroMQ's thread; nobody waits for it longer than this.
  wire::poll({}, std::chrono::milliseconds(50));
  containment_.clear_away();
  log_info("stopped");
}

// To the next run of the program, which finds ledger and shims.
void Loop::hand_over() {
  if (const Result<void> written = ledger_.write(); !written.ok()) {
    log_error("{}", written.error().message);
  }
  slots_.let_go();
  log_info("stopped; trials go on until their leases end, and the next sweep-agent finds them");
}

void Loop::turn(const Clocks& clocks) {
  take_signals(clocks.now);
  take_messages(clocks.now);
  carry_out();
  offer_slots(clocks.now);
  runner_.read_changes();
  runner_.listen();
  transfer(clocks.now);
  runner_.step(clocks);
  if (const Result<void> written = ledger_.write(); !written.ok()) {
    log_error("{}", written.error().message);
  }
  if (const Result<void> compacted = ledger_.compact_if_due(); !compacted.ok()) {
    log_error("{}", compacted.error().message);
  }
  again_ = transfer(clocks.now);  // what the steps asked for leaves in this turn
  if (may_speak(clocks.now)) {
    session_.tick(clocks.now);
  }
  carry_out();
  send();
  tell_silence(clocks.now);
}

// True when something was finished that a step has to look at.
bool Loop::transfer(Instant now) {
  const std::vector<blobs::Finished> all = bulk_.pump(now);
  for (const blobs::Finished& done : all) {
    runner_.finished(done, now);
  }
  return !all.empty();
}

// Whether it is time to speak to the daemon: not before it can be said which slots are free.
bool Loop::may_speak(Instant now) {
  speaking_ = speaking_ || slots_.all_known() || now - started_ >= kLockPatience;
  return speaking_;
}

void Loop::wait(const Clocks& clocks) {
  Instant wake = again_ ? clocks.now : clocks.now + kTurnMax;
  if (speaking_) {
    wake = std::min(wake, session_.next_wake());
  }
  for (const std::optional<Instant>& due : {runner_.next_wake(clocks.now),
                                            bulk_.next_deadline(clocks.now),
                                            slots_.gpus().next_wake(clocks.now),
                                            leave_by_}) {
    wake = std::min(wake, due.value_or(wake));
  }
  items_ = {{.dealer = &control_}, {.dealer = &bulk_.dealer()}, {.fd = signals_}};
  if (runner_.changes_fd() >= 0) {
    items_.push_back({.fd = runner_.changes_fd()});
  }
  if (watch_) {
    items_.push_back({.fd = watch_->fd()});
  }
  for (const int fd : slots_.fds()) {
    items_.push_back({.fd = fd});
  }
  const std::int64_t left_us = std::max<std::int64_t>((wake - clocks.now).us, 0);
  wire::poll(items_, std::chrono::milliseconds((left_us + 999) / 1000));
}

void Loop::take_messages(Instant now) {
  for (int i = 0; i < kMessagesPerTurn; ++i) {
    const std::optional<std::string> bytes = control_.receive();
    if (!bytes) {
      return;
    }
    pb::DaemonMessage message;
    if (const Result<void> read = wire::decode(*bytes, limits::kControlMessageBytesMax, message);
        !read.ok()) {
      log_warn("server={} does not speak to agents ({}): is it the first of the daemon's ports?",
               config_.server,
               read.error().message);
      continue;
    }
    session_.receive(now, message);
    heard_ = now;
  }
}

void Loop::take_signals(Instant now) {
  signalfd_siginfo info{};
  while (::read(signals_, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    if (info.ssi_signo == SIGUSR2) {
      handing_over_ = true;
    } else if (info.ssi_signo != SIGCHLD) {
      leave(now);
    }
  }
  // Shims that ended, and what fell to us from those that were killed.
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

void Loop::leave(Instant now) {
  const bool again = leave_by_.has_value();
  const Duration grace =
      again ? Duration{} : milliseconds(static_cast<std::int64_t>(config_.grace_ms));
  log_info("stopping grace_ms={}", grace.us / 1000);
  leave_by_ = now + grace + (again ? kHurry : kLeavePatience);
  session_.leave(grace);
  if (!again && !session_.holds_nothing()) {
    goodbye_by_ = now + (session_.registered() ? kHurry : Duration{});
    session_.set_slots(now, {}, "the agent is stopping");  // what it gives back goes elsewhere
  }
}

void Loop::offer_slots(Instant now) {
  const std::optional<Instant> due = slots_.next_wake();
  const bool first = slots_.offered().empty() && !due;
  // Also when nothing is offered any more: attempts still wait for their GPUs.
  const bool gpus = watch_ && watch_->turn(now, slots_.gpus());
  if (leave_by_) {
    return;
  }
  const bool others = (first || (due && *due <= now)) && slots_.ensure(now);
  if (room_.look(now) || others || gpus) {
    const bool full = !room_.shortage().empty();
    const std::vector<std::string> gpus_away =
        silence_.empty() ? slots_.gpus().withheld() : std::vector<std::string>{silence_};
    session_.set_slots(now,
                       full ? std::vector<pb::Slot>{} : slots_.offered(),
                       withheld_label(room_.shortage(), gpus_away));
  }
}

// Orders of one turn share one sync of the ledger, before any of them is carried out.
void Loop::carry_out() {
  std::vector<Command> commands = session_.take_commands();
  const Result<void> synced = ledger_.note(commands) ? ledger_.sync() : Result<void>();
  if (!synced.ok()) {
    log_error("{}", synced.error().message);
  }
  for (Command& command : commands) {
    std::visit(Overloaded{[&](Launch& launch) { runner_.launch(std::move(launch.order), synced); },
                          [&](const Stop& stop) { runner_.stop(stop); },
                          [&](const Forget& forget) { runner_.forget(forget.attempt); },
                          [&](const Reread& reread) { runner_.reread(reread.attempt); },
                          [&](const Recollect& again) { runner_.recollect(again.attempt); },
                          [](const RememberTerm&) {},
                          [](const RememberStored&) {
                          }},
               command);
  }
}

void Loop::send() {
  for (const pb::AgentMessage& message : session_.take_messages()) {
    // What the queue has no room for is lost like any message, and repeated.
    control_.send(wire::encode(message));
  }
  if (const std::optional<std::string> why = session_.take_rejection(); why && *why != refused_) {
    log_error("the daemon refuses this agent: {}", *why);
    refused_ = *why;
  }
  if (was_registered_ != session_.registered()) {
    refused_.clear();
    was_registered_ = session_.registered();
    log_info("registered={} server={} slots={}",
             was_registered_,
             config_.server,
             slots_.offered().size());
  }
}

// A person who looks at the log of an agent that does nothing wants to know why.
void Loop::tell_silence(Instant now) {
  if (!refused_.empty()) {
    return;  // it has answered, and is asked again after a while
  }
  const Duration patience = heard_ == Instant{}
                                ? kSilenceFirst
                                : std::max(kSilence, Duration{3 * session_.heartbeat().us});
  const Duration silence = now - std::max(started_, heard_);
  if (told_silence_ && silence < patience) {
    told_silence_ = false;
    log_info("the daemon at {} answers again", config_.server);
  } else if (!told_silence_ && silence >= patience) {
    told_silence_ = true;
    log_warn("no daemon answers at {}: trying on", config_.server);
  }
}

bool Loop::over(Instant now) {
  const bool heard = session_.registered() || now >= goodbye_by_;
  return handing_over_ || (leave_by_ && ((session_.holds_nothing() && heard) || now >= *leave_by_));
}

Result<int> open_signals() {
  sigset_t taken;
  ::sigemptyset(&taken);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR2, SIGCHLD}) {
    ::sigaddset(&taken, signal);
  }
  ::sigprocmask(SIG_BLOCK, &taken, nullptr);
  const int fd = ::signalfd(-1, &taken, SFD_CLOEXEC | SFD_NONBLOCK);
  if (fd < 0) {
    return Error{Errc::kUnexpected, "no descriptor for signals"};
  }
  return fd;
}

}  // namespace

Result<void> run_agent(const Config& given) {
  Config config = given;
  SWEEPD_TRY(config.shim, shim_program(given));
  SWEEPD_TRY(const wire::Endpoint endpoint, wire::Endpoint::parse(config.server));
  SWEEPD_TRY_VOID(endpoint.check_local());
  SWEEPD_TRY(const StateFolder folder, StateFolder::open(config.state));
  SWEEPD_TRY(Ledger ledger, Ledger::open(folder.ledger(), boot_id()));
  SWEEPD_TRY(const int signals, open_signals());
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // what a killed shim leaves behind falls to us
  Identity identity = identity_of(config, folder, ledger);
  const DeviceList found = offered_devices(config, kNvmlStartPatience);
  for (const std::string& note : found.notes) {
    log_info("{}", note);
  }
  std::vector<pb::Slot> slots = slots_of(found.devices, {config.cpu_slots, cpu_model()});
  Containment containment = Containment::find(config.containment, folder.uuid());
  if (!found.silence.empty()) {
    identity.labels[kWithheldLabel] = withheld_label({}, {found.silence});
  }
  // A label like others, so that it is shown, and can be chosen by.
  identity.labels[kContainmentLabel] = containment.name();
  log_info("name={} state={} slots={} containment={} incarnation={}",
           identity.name,
           folder.path(),
           slots.size(),
           containment.name(),
           identity.incarnation);
  wire::Context context;
  SWEEPD_TRY(wire::Dealer control,
             wire::Dealer::connect(context,
                                   endpoint.address(wire::Door::kControl),
                                   {limits::kControlMessageBytesMax, 1000}));
  SWEEPD_TRY(blobs::BulkSession bulk,
             blobs::BulkSession::connect(context, endpoint.address(wire::Door::kBulk)));
  Loop loop({config,
             folder,
             std::move(identity),
             std::move(slots),
             slot_gpus_of(found.devices),
             found.silence,
             std::move(containment),
             std::move(ledger),
             std::move(control),
             std::move(bulk),
             signals});
  loop.run();
  ::close(signals);
  return {};
}

}  // namespace sweepd::agent
