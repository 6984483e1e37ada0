// digits_mlp: trains a small net on handwritten digits; an ordinary training program to sweep over.
#include "estimators/idx.h"
#include "estimators/options.h"
#include "estimators/report.h"
#include "estimators/threads.h"
#include "estimators/train.h"

#include <fmt/core.h>

#include <csignal>
#include <exception>
#include <iostream>

namespace {

volatile std::sig_atomic_t caught_signal = 0;

void on_signal(int signal) {
  caught_signal = signal;
  digits::request_stop();
}

int run_evaluation(const digits::Options& options) {
  const digits::Evaluation result = digits::evaluate(options, digits::read_dataset(options.data));
  std::cout << fmt::format("accuracy={:.4f}\n", result.accuracy)
            << fmt::format("correct={} images={} loss={:.4f} recorded={:.4f}\n",
                           result.correct,
                           result.images,
                           result.loss,
                           result.recorded_accuracy);
  return 0;
}

int run_training(const digits::Options& options) {
  (void)std::signal(SIGTERM, on_signal);
  (void)std::signal(SIGINT, on_signal);
  digits::Reporter reporter;
  switch (digits::train(options, digits::read_dataset(options.data), reporter)) {
    case digits::TrainEnd::kFinished:
      break;
    case digits::TrainEnd::kDiverged:
      std::cerr << "digits_mlp: the loss is not finite any more: stopped early\n";
      break;
    case digits::TrainEnd::kStopped:
      // Whoever sent the signal shall see that it was obeyed, not an exit status of ours.
      (void)std::signal(caught_signal, SIG_DFL);
      (void)std::raise(caught_signal);
      break;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const digits::CommandLine line = digits::parse_command_line(argc, argv);
    if (line.stop) {
      return line.status;
    }
    digits::set_threads(line.options.threads);
    return line.options.evaluate.empty() ? run_training(line.options)
                                         : run_evaluation(line.options);
  } catch (const digits::InputError& error) {
    std::cerr << "digits_mlp: " << error.what() << '\n';
    return 2;
  } catch (const std::exception& error) {
    std::cerr << "digits_mlp: " << error.what() << '\n';
    return 1;
  }
}
