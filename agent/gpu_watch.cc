// The thread that asks NVIDIA's library what is on the GPUs.
#include "agent/gpu_watch.h"

#include "agent/runner/shim_socket.h"
#include "base/check.h"
#include "base/log.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <thread>
#include <utility>

namespace sweepd::agent {

namespace {

constexpr std::chrono::milliseconds kEndPatience{1000};

enum Stage : int {
  kIdle,      // both sides have nothing of each other's
  kAsked,     // the questions are the thread's
  kAnswered,  // the answers are the loop's
  kOver,      // the thread is to end
  kEnded,     // and has nothing more to do with the rest
  kLeft,      // nobody waits for it any more: all of it is the thread's
};

}  // namespace

struct GpuWatch::Work {
  std::string path;
  Fd signal = Fd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  std::atomic<int> stage{kIdle};  // says whose the two below are
  std::vector<GpuQuestion> questions;
  std::vector<GpuAnswer> answers;
  std::optional<Nvml> nvml;  // the thread's

  void run();
  void tell();
  void hear();
  void wait_for_end();
  void answer();
  Result<void> open();
};

void GpuWatch::Work::run() {
  int now = kIdle;
  while (now != kOver && now != kLeft) {
    if (now == kAsked) {
      answer();
      if (stage.compare_exchange_strong(now, kAnswered, std::memory_order_acq_rel)) {
        tell();
      }
    } else {
      stage.wait(now);
    }
    now = stage.load(std::memory_order_acquire);
  }
  if (now == kOver && stage.compare_exchange_strong(now, kEnded, std::memory_order_acq_rel)) {
    tell();
    return;
  }
  const std::unique_ptr<Work> mine(this);
}

void GpuWatch::Work::tell() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t told = ::write(signal.get(), &one, sizeof one);
}

void GpuWatch::Work::hear() {
  std::uint64_t count = 0;
  [[maybe_unused]] const ssize_t heard = ::read(signal.get(), &count, sizeof count);
}

// Not at the first signal: it may be of an answer that was given before the thread was to end.
void GpuWatch::Work::wait_for_end() {
  using std::chrono::steady_clock;
  const auto end = steady_clock::now() + kEndPatience;
  auto left = kEndPatience;
  while (stage.load(std::memory_order_acquire) == kOver && left.count() > 0) {
    pollfd told{signal.get(), POLLIN, 0};
    ::poll(&told, 1, static_cast<int>(left.count()));
    hear();
    left = std::chrono::ceil<std::chrono::milliseconds>(end - steady_clock::now());
  }
}

Result<void> GpuWatch::Work::open() {
  if (!nvml) {
    Result<Nvml> opened = Nvml::open(path);
    if (!opened.ok()) {
      return opened.error();
    }
    nvml.emplace(*std::move(opened));
  }
  return {};
}

void GpuWatch::Work::answer() {
  answers.clear();
  const Result<void> opened = open();
  std::vector<std::string> uuids;
  for (const GpuQuestion& question : questions) {
    uuids.push_back(question.uuid);
  }
  const auto uses = opened.ok() ? nvml->use_of(uuids) : std::map<std::string, Result<GpuUse>>();
  for (const GpuQuestion& question : questions) {
    answers.push_back(
        {question, opened.ok() ? uses.at(question.uuid) : Result<GpuUse>(opened.error())});
  }
  const auto failed = [](const GpuAnswer& each) {
    return !each.use.ok();
  };
  if (std::all_of(answers.begin(), answers.end(), failed)) {
    nvml.reset();
  }
}

GpuWatch::GpuWatch(std::string nvml_path) : work_(std::make_unique<Work>()) {
  work_->path = std::move(nvml_path);
  // Signals are for the main thread: the new one inherits a full mask.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([work = work_.get()] { work->run(); });
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

GpuWatch::~GpuWatch() {
  work_->hear();
  work_->stage.store(kOver, std::memory_order_release);
  work_->stage.notify_one();
  work_->wait_for_end();
  int over = kOver;
  if (work_->stage.compare_exchange_strong(over, kLeft, std::memory_order_acq_rel)) {
    thread_.detach();
    work_.release();  // NOLINT(bugprone-unused-return-value): the thread frees it, if it comes back
    return;
  }
  thread_.join();
}

bool GpuWatch::turn(Instant now, GpuJudge& judge) {
  const std::optional<std::vector<GpuAnswer>> answers = take();
  const bool answered = answers && judge.take(now, *answers);
  const bool passed = judge.pass(now);
  if (std::vector<GpuQuestion> questions = judge.questions(now); !questions.empty()) {
    ask(std::move(questions));
  }
  if (!answered && !passed) {
    return false;
  }
  const std::vector<std::string> withheld = judge.withheld();
  if (withheld.empty()) {
    log_info("all GPUs can be used again");
  }
  for (const std::string& sentence : withheld) {
    log_warn("no new trials on {}", sentence);
  }
  return true;
}

// One set of questions at a time: the judge asks the next when it has the answers.
void GpuWatch::ask(std::vector<GpuQuestion> questions) {
  SWEEPD_CHECK(work_->stage.load(std::memory_order_relaxed) == kIdle);
  work_->questions = std::move(questions);
  work_->stage.store(kAsked, std::memory_order_release);
  work_->stage.notify_one();
}

std::optional<std::vector<GpuAnswer>> GpuWatch::take() {
  // First: a signal that comes after this is of answers that the next call takes.
  work_->hear();
  if (work_->stage.load(std::memory_order_acquire) != kAnswered) {
    return std::nullopt;
  }
  std::vector<GpuAnswer> answers = std::move(work_->answers);
  work_->stage.store(kIdle, std::memory_order_release);
  return answers;
}

int GpuWatch::fd() const {
  return work_->signal.get();
}

}  // namespace sweepd::agent
