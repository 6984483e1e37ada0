// Why attempts failed: memory, signals, and what is retried.
#include "daemon/core/failure.h"

#include "tests/daemon/core/desk.h"

using namespace sweepd;
using namespace sweepd::core;

namespace {

Reason failure(std::int32_t exit_code, std::int32_t signal, const std::string& tail) {
  Desk desk;
  desk.join("box", Desk::slots(1));
  desk.submit(a_spec(1));
  AttemptOutcome outcome;
  outcome.exit_code = exit_code;
  outcome.signal = signal;
  outcome.stderr_tail = tail;
  return failure_of(desk.sweep(), desk.trial(1), outcome);
}

}  // namespace

TEST_CASE("failure: what programs say when memory runs out is OOM, with the line that says it") {
  const std::string torch =
      "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB";
  CHECK(failure(1, 0, "Traceback\n" + torch + "\n") ==
        Reason{ReasonCode::kOom, "out of memory: " + torch});
  for (const std::string line :
       {"MemoryError",
        "numpy.core._exceptions._ArrayMemoryError: Unable to allocate 9 GiB",
        "terminate called after throwing 'std::bad_alloc'",
        "OSError: [Errno 12] Cannot allocate memory",
        "RESOURCE_EXHAUSTED: Out of memory while trying to allocate",
        "java.lang.OutOfMemoryError: Java heap space"}) {
    CAPTURE(line);
    CHECK(failure(1, 0, line + "\nbye\n").code == ReasonCode::kOom);
    CHECK(failure(0, 6, line).code == ReasonCode::kOom);
  }
  CHECK(failure(0, 0, "MemoryError, and it went on\n").code != ReasonCode::kOom);
}

TEST_CASE("failure: SIGKILL alone is a signal, and the sentence says what most likely sent it") {
  CHECK(failure(0, 9, "") ==
        Reason{ReasonCode::kSignal,
               "killed by signal 9, which neither sweepd nor you sent: most likely the kernel's "
               "out-of-memory killer; see dmesg"});
  CHECK(failure(0, 9, "MemoryError\n").code == ReasonCode::kOom);
  CHECK(failure(0, 11, "") == Reason{ReasonCode::kSignal, "ended by signal 11"});
  const Reason shell = failure(137, 0, "");
  CHECK(shell.code == ReasonCode::kExitCode);
  CHECK(shell.sentence.find("out-of-memory killer") != std::string::npos);
}

TEST_CASE("retry: memory is retried only when asked for, silence like any failure") {
  const Reason oom{ReasonCode::kOom, ""};
  const Reason silent{ReasonCode::kSilent, ""};
  CHECK_FALSE(is_retried({2, {}, {}}, oom, {}));
  CHECK(is_retried({2, {"oom"}, {}}, oom, {}));
  CHECK_FALSE(is_retried({2, {"exit", "signal"}, {}}, oom, {}));
  CHECK(is_retried({2, {}, {}}, silent, {}));
  CHECK(is_retried({2, {"silent"}, {}}, silent, {}));
  CHECK_FALSE(is_retried({2, {"oom"}, {}}, silent, {}));
}
