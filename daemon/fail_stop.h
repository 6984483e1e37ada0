// The end of the process when what is on the disk cannot be trusted any more, or cannot be opened.
#pragma once

#include "base/result.h"

#include <functional>

namespace sweepd::daemon {

// The store cannot be trusted any more: a supervisor starts the daemon again, which then recovers
// from what is on the disk (EX_TEMPFAIL).
constexpr int kExitStore = 75;

// Says why and ends the process at once, from any thread: no destructor runs, because what they
// would write is what must not be written.
[[noreturn]] void fail_stop(const Error& error);

// The disk has no room to start on: a supervisor tries again later (EX_TEMPFAIL). For the time
// before anything is promised.
[[noreturn]] void stop_without_room(const Error& error);

// What is done about an error after which nothing may be acknowledged any more. Called by any
// thread; returns only in tests.
using OnFatal = std::function<void(const Error&)>;

}  // namespace sweepd::daemon
