// People whose command lines speak the protocol.
#include "tests/sim/system/real_people.h"

#include "tests/sim/strikes.h"
#include "wire/protocol.h"
#include "wire/spec/spec_codec.h"

#include <algorithm>
#include <set>

namespace sweepd::sim {

void RealPeople::start() {
  for (std::size_t i = 0; i < sweeps_.size(); ++i) {
    world_.heap.at(world_.scenario.submissions[i].at, [this, i] { submit(i); });
  }
  for (const ControlPlan& plan : world_.scenario.controls) {
    world_.heap.at(plan.at, [this, plan] {
      if (sweeps_[plan.submission] && world_.faulty) {
        control(fmt::format("{}{}", *sweeps_[plan.submission], plan.trials), plan.verb);
      }
    });
  }
  for (const AgentControlPlan& plan : world_.scenario.agent_controls) {
    world_.heap.at(
        plan.at, [this, plan] { control_agent(world_.scenario.boxes[plan.box].uuid, plan.verb); });
  }
  plan_removals(world_,
                {[this](std::size_t index) { remove(index); },
                 [this](std::size_t box) {
                   control_agent(world_.scenario.boxes[box].uuid, core::AgentVerb::kForget);
                 }});
}

void RealPeople::remove(std::size_t index) {
  if (sweeps_[index]) {
    pb::ClientRequest request = fresh_request();
    request.mutable_remove_sweep()->set_selector(fmt::format("{}", *sweeps_[index]));
    request.mutable_remove_sweep()->set_user("ada");
    ask(request);
  }
}

void RealPeople::control_agent(const std::string& selector, core::AgentVerb verb) {
  pb::ClientRequest request = fresh_request();
  request.mutable_control_agent()->set_selector(selector);
  request.mutable_control_agent()->set_verb(static_cast<pb::AgentVerb>(verb));
  ask(request);
}

pb::ClientRequest RealPeople::fresh_request() {
  pb::ClientRequest request;
  request.set_id_high(world_.random.next());
  request.set_id_low(world_.random.next());
  request.set_protocol(wire::kProtocolVersion);
  return request;
}

void RealPeople::submit(std::size_t index) {
  const SubmissionPlan& plan = world_.scenario.submissions[index];
  pb::ClientRequest request = fresh_request();
  *request.mutable_submit()->mutable_spec() = wire::to_proto(plan.spec);
  request.mutable_submit()->set_toml("toml");
  request.mutable_submit()->set_user("ada");
  request.mutable_submit()->set_paused(plan.paused);
  submissions_[{request.id_high(), request.id_low()}] = index;
  ask(request);
}

void RealPeople::control(const std::string& selector, core::ControlVerb verb) {
  pb::ClientRequest request = fresh_request();
  request.mutable_control()->set_selector(selector);
  request.mutable_control()->set_verb(static_cast<pb::Verb>(verb));
  ask(request);
}

void RealPeople::ask(const pb::ClientRequest& request) {
  const RequestId id{request.id_high(), request.id_low()};
  unanswered_[id] = request;
  send_(wire::encode(request));
  world_.heap.after(seconds(2), [this, id] {
    if (const auto open = unanswered_.find(id); open != unanswered_.end()) {
      ask(pb::ClientRequest(open->second));
    }
  });
}

void RealPeople::arrive(const std::string& bytes) {
  pb::ClientReply reply;
  if (!wire::decode(bytes, bytes.size(), reply).ok()) {
    world_.auditor.fail("a client got what it cannot read");
    return;
  }
  const RequestId id{reply.id_high(), reply.id_low()};
  const auto submission = submissions_.find(id);
  if (submission != submissions_.end() && reply.code() == static_cast<int>(Errc::kUnavailable)) {
    return;  // the disk has little room: it is asked again until there is more
  }
  if (const auto question = unanswered_.find(id); question != unanswered_.end()) {
    ask_once_more(question->second);
    ask_something_else(question->second);
    unanswered_.erase(question);
  }
  if (submission == submissions_.end()) {
    return;
  }
  const bool mistaken =
      reply.code() == static_cast<int>(Errc::kInvalidArgument) && sweeps_[submission->second];
  if (mistaken) {
    return;
  }
  if (!reply.has_submitted()) {
    world_.auditor.fail("a submission is refused: " + reply.message());
    return;
  }
  world_.auditor.answered(
      {id, core::SubmitAnswer{SweepId{reply.submitted().sweep()}, reply.submitted().again()}});
  sweeps_[submission->second] = reply.submitted().sweep();
}

void RealPeople::ask_once_more(const pb::ClientRequest& request) {
  Random& luck = world_.luck.people;
  if (world_.faulty && luck.chance(world_.scenario.faults.impatience)) {
    world_.heap.after({luck.between(seconds(1).us, seconds(60).us)},
                      [this, bytes = wire::encode(request)] { send_(bytes); });
  }
}

// Another request under the id of one that was answered.
void RealPeople::ask_something_else(const pb::ClientRequest& request) {
  Random& luck = world_.luck.mistakes;
  if (!world_.faulty || !luck.chance(world_.scenario.faults.mistaken)) {
    return;
  }
  pb::ClientRequest other = request;
  if (other.has_submit()) {
    other.mutable_submit()->set_user("eve");
  } else if (other.has_control()) {
    other.mutable_control()->set_user("eve");
  } else if (other.has_control_agent()) {
    other.mutable_control_agent()->set_user("eve");
  } else {
    other.mutable_remove_sweep()->set_user("eve");
  }
  world_.heap.after({luck.between(0, seconds(60).us)},
                    [this, bytes = wire::encode(other)] { send_(bytes); });
}

void RealPeople::resume_everything() {
  std::erase_if(unanswered_, [](const auto& entry) { return !entry.second.has_submit(); });
  std::set<SweepId> known;
  for (const auto& sweep : sweeps_) {
    if (sweep) {
      control(fmt::format("{}", *sweep), core::ControlVerb::kResume);
      known.insert(SweepId{*sweep});
    }
  }
  // What is listed and nobody was told of: its acknowledgement was of a history that is lost.
  for (const SweepId sweep : world_.auditor.open_sweeps()) {
    if (!known.contains(sweep)) {
      control(fmt::format("{}", sweep.value), core::ControlVerb::kResume);
    }
  }
  for (const std::string& agent : world_.auditor.drained_agents()) {
    control_agent(agent, core::AgentVerb::kResume);
  }
  world_.heap.after(seconds(40), [this] { resume_everything(); });
}

bool RealPeople::all_submissions_answered() const {
  return submissions_.size() == sweeps_.size() &&
         std::all_of(
             sweeps_.begin(), sweeps_.end(), [](const auto& sweep) { return sweep.has_value(); });
}

}  // namespace sweepd::sim
