// The questions in their protobuf form, page by page.
#include "cli/session.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ostream>

namespace sweepd::cli {

namespace {

constexpr std::uint32_t kTrialsPerPage = 1000;

}  // namespace

Result<pb::ClientReply> Session::ask(const pb::ClientRequest& request) {
  if (!client_) {
    SWEEPD_TRY(Client client, Client::connect(endpoint_));
    client_.emplace(std::move(client));
  }
  return client_->ask(request);
}

void Session::say(const std::string& text) {
  console_.err << text << '\n' << std::flush;
}

Result<pb::SweepDetail> show_sweep(Session& session, const std::string& selector) {
  pb::ClientRequest request;
  request.mutable_show_sweep()->set_selector(selector);
  SWEEPD_TRY(pb::ClientReply reply, session.ask(request));
  return std::move(*reply.mutable_sweep());
}

Result<pb::TrialDetail> show_trial(Session& session, const std::string& selector) {
  pb::ClientRequest request;
  request.mutable_show_trial()->set_selector(selector);
  SWEEPD_TRY(pb::ClientReply reply, session.ask(request));
  return std::move(*reply.mutable_trial());
}

Result<pb::LeaderboardPage> leaderboard(Session& session,
                                        const std::string& selector,
                                        std::uint32_t limit) {
  pb::ClientRequest request;
  request.mutable_leaderboard()->set_selector(selector);
  request.mutable_leaderboard()->set_limit(limit);
  SWEEPD_TRY(pb::ClientReply reply, session.ask(request));
  return std::move(*reply.mutable_leaderboard());
}

Result<std::vector<pb::TrialRow>> list_trials(Session& session, const TrialRange& range) {
  std::vector<pb::TrialRow> rows;
  while (rows.size() < range.limit) {
    const auto have = static_cast<std::uint32_t>(rows.size());
    pb::ClientRequest request;
    pb::ListTrials& question = *request.mutable_list_trials();
    question.set_selector(range.selector);
    question.set_offset(range.offset + have);
    question.set_limit(std::min(kTrialsPerPage, range.limit - have));
    SWEEPD_TRY(pb::ClientReply reply, session.ask(request));
    pb::TrialList& page = *reply.mutable_trials();
    if (page.trials().empty()) {
      break;
    }
    std::move(
        page.mutable_trials()->begin(), page.mutable_trials()->end(), std::back_inserter(rows));
    if (range.offset + rows.size() >= page.total()) {
      break;
    }
  }
  return rows;
}

Result<std::string> with_number(Session& session, const std::string& selector) {
  const std::size_t end = std::min(selector.find('/'), selector.size());
  const std::string sweep = selector.substr(0, end);
  if (!sweep.empty() && sweep.find_first_not_of("0123456789") == std::string::npos) {
    return selector;
  }
  SWEEPD_TRY(const pb::SweepDetail detail, show_sweep(session, sweep));
  return std::to_string(detail.summary().sweep()) + selector.substr(end);
}

std::string user_name() {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 4096> buffer{};
  if (::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &found) == 0 &&
      found != nullptr) {
    return found->pw_name;
  }
  const char* variable = std::getenv("USER");  // NOLINT(concurrency-mt-unsafe)
  return variable != nullptr ? variable : "";
}

bool is_terminal(const std::string& state) {
  return state == "completed" || state == "failed" || state == "cancelled" || state == "pruned";
}

bool names_trials(const std::string& selector) {
  return selector.find('/') != std::string::npos;
}

}  // namespace sweepd::cli
