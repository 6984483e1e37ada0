// agent ls, agent show, agent drain, agent resume, agent rm.
#include "base/labels.h"
#include "cli/exit_codes.h"
#include "cli/fit.h"
#include "cli/format.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/table.h"
#include "cli/text.h"
#include "cli/verbs.h"

#include <fmt/format.h>

#include <map>
#include <ostream>

namespace sweepd::cli {

namespace {

std::string seen_text(const pb::AgentRow& agent) {
  return agent.last_seen_wall_us() == 0
             ? "-"
             : age_text(wall_now_us() - agent.last_seen_wall_us()) + " ago";
}

Listing agent_listing(const pb::AgentList& agents) {
  Listing listing{"name",
                  {"agent",
                   "name",
                   "state",
                   "slots",
                   "slots_total",
                   "slots_busy",
                   "last_seen_at",
                   "version",
                   "labels",
                   "drained",
                   "reason",
                   "reason_text"},
                  {},
                  {{"ID", Align::kRight},
                   {"AGENT"},
                   {"SLOT", Align::kRight},
                   {"STATE", Align::kLeft, Cells::kState},
                   {"DEVICE", Align::kLeft, Cells::kText},
                   {"MEMORY", Align::kRight},
                   {"TRIAL"},
                   {"SEEN", Align::kRight}},
                  {}};
  for (const pb::AgentRow& agent : agents.agents()) {
    listing.rows.push_back({to_json(agent), {}});
  }
  return listing;
}

// People see one line a slot; scripts get one object an agent.
Table slot_table(const pb::AgentList& agents, std::vector<Heading> headings) {
  Table table{std::move(headings), {}};
  for (const pb::AgentRow& agent : agents.agents()) {
    const std::string seen = seen_text(agent);
    if (agent.slots_size() == 0) {
      table.rows.push_back({fmt::format("{}", agent.agent()),
                            agent.name(),
                            "-",
                            agent.state(),
                            "none",
                            "",
                            "-",
                            seen});
    }
    for (int i = 0; i < agent.slots_size(); ++i) {
      const pb::Slot& slot = agent.slots(i);
      const bool busy = i < agent.running_size() && agent.running(i).attempt() != 0;
      table.rows.push_back({fmt::format("{}", agent.agent()),
                            agent.name(),
                            fmt::format("{}", slot.index()),
                            agent.state(),
                            (slot.kind() == pb::GPU ? "gpu " : "cpu ") + slot.name(),
                            slot.memory_bytes() == 0 ? "" : bytes_text(slot.memory_bytes()),
                            busy ? attempt_name(agent.running(i)) : "-",
                            seen});
    }
  }
  return table;
}

bool plain_table(const ReadOptions& read) {
  return !read.json && !read.csv && !read.quiet && read.sort.empty() && read.where.empty() &&
         !read.limit;
}

std::string slots_text(const pb::AgentRow& agent, const Terminal& terminal) {
  pb::AgentList list;
  *list.add_agents() = agent;
  const Listing listing = agent_listing(list);
  return agent.slots_size() == 0 ? std::string()
                                 : render_table(slot_table(list, listing.headings), true, terminal);
}

// "12/1 12/4 (did well elsewhere)"
std::string streak_text(const pb::AgentDetail& detail) {
  std::string text;
  for (const pb::ChargeRow& charge : detail.streak()) {
    text += fmt::format("{}{}{}",
                        text.empty() ? "" : ", ",
                        trial_name(charge.sweep(), charge.trial()),
                        charge.confirmed() ? " (did well elsewhere)" : "");
  }
  return text;
}

std::string labels_text(const pb::AgentRow& agent) {
  // A protobuf map has no order.
  const std::map<std::string, std::string> labels(agent.labels().begin(), agent.labels().end());
  std::string text;
  for (const auto& [name, value] : labels) {
    if (name != kWithheldLabel) {
      text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, value);
    }
  }
  return text;
}

std::string detail_text(const pb::AgentDetail& detail, const Terminal& terminal) {
  const pb::AgentRow& agent = detail.row();
  std::string text = fmt::format("agent {} {}  {}\n",
                                 agent.agent(),
                                 printable(agent.name()),
                                 styled(agent.state(), state_style(agent.state()), terminal));
  text += fact("drained", agent.drained().sentence());
  text += fact("failed", streak_text(detail));
  if (!detail.proven()) {
    text += fact("unproven", "nothing has done well on it yet: it gets at most 5 trials at a time");
  }
  const auto withheld = agent.labels().find(kWithheldLabel);
  text += fact("withheld", withheld == agent.labels().end() ? std::string() : withheld->second);
  text += fact("labels", labels_text(agent));
  text += fact("seen", seen_text(agent));
  text += fact("version", agent.version());
  return text + slots_text(agent, terminal);
}

// A slot that is withheld has no line in the table.
void say_withheld(const pb::AgentList& agents, Session& session) {
  for (const pb::AgentRow& agent : agents.agents()) {
    if (const std::string why = withheld_text(agent); !why.empty()) {
      session.say(printable(why));
    }
  }
}

void say_done(const pb::AgentRow& agent, pb::AgentVerb verb, Session& session) {
  const std::string name = printable(agent.name());
  if (verb == pb::DRAIN_AGENT) {
    session.say(fmt::format("{} drained: nothing new starts on it, what runs goes on", name));
    session.say(fmt::format("  undo    sweepctl agent resume {}", agent.agent()));
  } else if (verb == pb::FORGET_AGENT) {
    session.say(fmt::format("{} is off the list, until it comes back", name));
  } else {
    session.say(fmt::format("{} resumed: what failed on it is forgotten", name));
    session.say(fmt::format("  look    sweepctl agent show {}", agent.agent()));
  }
}

}  // namespace

Result<int> run(const AgentListArgs& args, Session& session) {
  pb::ClientRequest request;
  request.mutable_list_agents();
  SWEEPD_TRY(const pb::ClientReply reply, session.ask(request));
  Console& console = session.console();
  Listing listing = agent_listing(reply.agents());
  if (plain_table(args.read)) {
    if (listing.rows.empty()) {
      session.say("no agents; start one with `sweep-agent` on a box with GPUs (or without)");
      return kExitOk;
    }
    console.out << render_table(
        slot_table(reply.agents(), listing.headings), !args.read.no_header, console.out_terminal);
    say_withheld(reply.agents(), session);
    return kExitOk;
  }
  // A line an agent, since conditions are about agents.
  listing.headings = {{"ID", Align::kRight},
                      {"AGENT"},
                      {"STATE", Align::kLeft, Cells::kState},
                      {"SLOTS", Align::kRight},
                      {"BUSY", Align::kRight},
                      {"VERSION", Align::kLeft, Cells::kText}};
  for (Row& row : listing.rows) {
    row.cells = {dump(row.record["agent"]),
                 row.record["name"],
                 row.record["state"],
                 dump(row.record["slots_total"]),
                 dump(row.record["slots_busy"]),
                 row.record["version"]};
  }
  SWEEPD_TRY_VOID(print(std::move(listing), args.read, console));
  return kExitOk;
}

Result<int> run(const AgentShowArgs& args, Session& session) {
  pb::ClientRequest request;
  request.mutable_show_agent()->set_selector(args.selector);
  SWEEPD_TRY(const pb::ClientReply reply, session.ask(request));
  const pb::AgentDetail& detail = reply.agent();
  const std::string text = detail_text(detail, session.console().out_terminal);
  SWEEPD_TRY_VOID(print_one(to_json(detail), "name", text, args.read, session.console()));
  if (detail.row().has_drained() && !args.read.json && !args.read.csv && !args.read.quiet) {
    session.say(fmt::format("  after a repair  sweepctl agent resume {}", detail.row().agent()));
  }
  return kExitOk;
}

Result<int> run(const AgentControlArgs& args, Session& session) {
  for (const std::string& selector : args.selectors) {
    pb::ClientRequest request;
    pb::ControlAgent& control = *request.mutable_control_agent();
    control.set_selector(selector);
    control.set_verb(args.verb);
    control.set_reason(args.reason);
    control.set_user(user_name());
    SWEEPD_TRY(const pb::ClientReply reply, session.ask(request));
    if (args.json) {
      session.console().out << dump(to_json(reply.agent())) << '\n';
    } else if (!args.quiet) {
      say_done(reply.agent().row(), args.verb, session);
    }
  }
  return kExitOk;
}

}  // namespace sweepd::cli
