// The people and their command lines.
#include "tests/sim/people.h"

#include "tests/sim/strikes.h"

#include <fmt/format.h>

#include <algorithm>

namespace sweepd::sim {

People::People(World& world, Network& network)
    : world_(world), network_(network), sweeps_(world.scenario.submissions.size()) {}

void People::start() {
  for (std::size_t i = 0; i < sweeps_.size(); ++i) {
    world_.heap.at(world_.scenario.submissions[i].at, [this, i] { submit(i); });
  }
  for (const ControlPlan& plan : world_.scenario.controls) {
    world_.heap.at(plan.at, [this, plan] { control(plan); });
  }
  for (const AgentControlPlan& plan : world_.scenario.agent_controls) {
    world_.heap.at(plan.at,
                   [this, plan] { control(world_.scenario.boxes[plan.box].uuid, plan.verb); });
  }
  plan_removals(world_,
                {[this](std::size_t index) { remove(index); },
                 [this](std::size_t box) {
                   control(world_.scenario.boxes[box].uuid, core::AgentVerb::kForget);
                 }});
}

void People::submit(std::size_t index) {
  const SubmissionPlan& plan = world_.scenario.submissions[index];
  const RequestId request = fresh_request();
  submissions_[request] = index;
  ask({index, core::SweepSubmitted{request, plan.spec, "toml", "digest", "ada", plan.paused}});
}

void People::control(const ControlPlan& plan) {
  const auto sweep = sweeps_[plan.submission];
  if (sweep && world_.faulty) {
    ask({plan.submission,
         core::ControlRequested{
             fresh_request(), plan.verb, to_string(*sweep) + plan.trials, "ada", "because"}});
  }
}

void People::control(const std::string& agent, core::AgentVerb verb) {
  ask({0, core::AgentControlRequested{fresh_request(), verb, agent, "ada", "because"}});
}

void People::remove(std::size_t index) {
  if (const auto sweep = sweeps_[index]) {
    ask({index, core::RemovalRequested{fresh_request(), to_string(*sweep), "ada"}});
  }
}

void People::ask(const FromClient& question) {
  unanswered_[question.request()] = question;
  network_.send(question);
  world_.heap.after(seconds(2), [this, request = question.request()] {
    if (const auto open = unanswered_.find(request); open != unanswered_.end()) {
      ask(FromClient(open->second));
    }
  });
}

void People::receive(const core::Answer& answer) {
  world_.auditor.answered(answer);
  const auto question = unanswered_.find(answer.request);
  if (question != unanswered_.end()) {
    ask_once_more(question->second);
    ask_something_else(question->second);
    unanswered_.erase(question);
  }
  const auto submission = submissions_.find(answer.request);
  const auto* submitted = std::get_if<core::SubmitAnswer>(&answer.body);
  if (submission != submissions_.end() && submitted != nullptr) {
    sweeps_[submission->second] = submitted->sweep;
  }
}

// As a command line does whose answer came and was not read: the same request, much later.
void People::ask_once_more(const FromClient& question) {
  Random& luck = world_.luck.people;
  if (world_.faulty && luck.chance(world_.scenario.faults.impatience)) {
    world_.heap.after({luck.between(seconds(1).us, seconds(60).us)},
                      [this, question] { network_.send(question); });
  }
}

// As a command line does that draws no good random numbers.
void People::ask_something_else(const FromClient& question) {
  Random& luck = world_.luck.mistakes;
  if (!world_.faulty || !luck.chance(world_.scenario.faults.mistaken)) {
    return;
  }
  FromClient other = question;
  std::visit(
      [](auto& event) {
        ++event.request.body;
        event.user = "eve";
      },
      other.body);
  world_.heap.after({luck.between(0, seconds(60).us)}, [this, other] { network_.send(other); });
}

void People::resume_everything() {
  std::erase_if(unanswered_, [](const auto& entry) {
    return !std::holds_alternative<core::SweepSubmitted>(entry.second.body);
  });
  for (std::size_t i = 0; i < sweeps_.size(); ++i) {
    if (sweeps_[i]) {
      ask({i,
           core::ControlRequested{
               fresh_request(), core::ControlVerb::kResume, to_string(*sweeps_[i]), "ada", ""}});
    }
  }
  // Good agents may have been drained by bad luck, and broken ones burn five trials more.
  for (const std::string& agent : world_.auditor.drained_agents()) {
    control(agent, core::AgentVerb::kResume);
  }
  // Again and again: a pause may still have been under way.
  world_.heap.after(seconds(40), [this] { resume_everything(); });
}

bool People::all_submissions_answered() const {
  return submissions_.size() == sweeps_.size() &&
         std::all_of(
             sweeps_.begin(), sweeps_.end(), [](const auto& sweep) { return sweep.has_value(); });
}

RequestId People::fresh_request() {
  return {world_.random.next(), world_.random.next()};
}

}  // namespace sweepd::sim
