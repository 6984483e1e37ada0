// A question that may never be answered, asked on a thread that can be left behind.
#pragma once

#include <chrono>
#include <future>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>

namespace sweepd::agent {

// What the question answers; nothing when that takes longer. It goes on by itself then, for as long
// as the program does: what it uses must be its own.
template <typename Question>
std::optional<std::invoke_result_t<Question>> ask_in_time(Question question,
                                                          std::chrono::milliseconds patience) {
  std::packaged_task<std::invoke_result_t<Question>()> task(std::move(question));
  auto answer = task.get_future();
  std::thread thread(std::move(task));
  if (answer.wait_for(patience) != std::future_status::ready) {
    thread.detach();
    return std::nullopt;
  }
  thread.join();
  return answer.get();
}

}  // namespace sweepd::agent
