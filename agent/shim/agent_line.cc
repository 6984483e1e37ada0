// The line from a shim to its agent.
#include "agent/shim/agent_line.h"

#include "base/frame.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

namespace sweepd::agent::shim {

AgentLine::AgentLine(int listening, std::string_view cage) : listening_(listening) {
  greeting_.set_containment(std::string(cage));
}

AgentLine::~AgentLine() {
  for (const int fd : {listening_, connection_}) {
    if (fd >= 0) {
      ::close(fd);
    }
  }
}

void AgentLine::accept() {
  const int fresh = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fresh < 0) {
    return;
  }
  if (connection_ >= 0) {
    ::close(connection_);
  }
  connection_ = fresh;
  shimpb::Notice hello = notice_now();
  *hello.mutable_greeting() = greeting_;
  unsaid_.assign(1, std::move(hello));
  unsaid_.insert(unsaid_.end(), said_.begin(), said_.end());
  say_on();
}

Received AgentLine::receive(ReceivedOrder& order) {
  if (connection_ < 0) {
    return Received::kNothing;
  }
  const Received received = shim::receive(connection_, order);
  if (received == Received::kGone) {
    ::close(std::exchange(connection_, -1));
    unsaid_.clear();
  }
  return received;
}

void AgentLine::begin(const shimpb::Run& run) {
  said_.clear();
  *greeting_.mutable_attempt() = run.attempt();
  farewell_path_ = run.farewell_path();
  spool_path_ = run.spool_path();
}

void AgentLine::say(const shimpb::Notice& notice) {
  // Of what is said again and again only the last word is kept.
  if (notice.has_stuck() && !said_.empty() && said_.back().has_stuck()) {
    said_.pop_back();
  }
  said_.push_back(notice);
  if (connected()) {
    unsaid_.push_back(notice);
    say_on();
  }
}

void AgentLine::say_on() {
  while (!unsaid_.empty() && send(connection_, unsaid_.front())) {
    unsaid_.pop_front();
  }
}

void AgentLine::leave_farewell() const {
  if (said_.empty() || ::access(spool_path_.c_str(), F_OK) != 0) {
    return;
  }
  std::string frames;
  for (const shimpb::Notice& notice : said_) {
    put_frame(frames, notice.SerializeAsString());
  }
  const std::string fresh = farewell_path_ + ".new";
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  const bool written =
      fd >= 0 && ::write(fd, frames.data(), frames.size()) == static_cast<ssize_t>(frames.size());
  if (fd >= 0) {
    ::close(fd);
  }
  if (!written || ::rename(fresh.c_str(), farewell_path_.c_str()) != 0) {
    ::unlink(fresh.c_str());  // the next agent then takes the attempt for lost
  }
}

}  // namespace sweepd::agent::shim
