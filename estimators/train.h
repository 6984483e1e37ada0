// Trains a net on a data set, or measures a trained one. No libtorch in this header.
#pragma once

#include "estimators/idx.h"
#include "estimators/options.h"
#include "estimators/report.h"

#include <cstddef>

namespace digits {

// To be set by a signal handler; the training returns after the batch in hand.
void request_stop();

enum class TrainEnd { kFinished, kDiverged, kStopped };

// Trains, reports each epoch, keeps the model of the best epoch in OUTPUTS/model (a tie goes to the
// earlier epoch, as the best value of a metric does) and checkpoints in OUTPUTS/checkpoints.
// Throws InputError for an unusable checkpoint.
TrainEnd train(const Options& options, const Dataset& dataset, Reporter& reporter);

struct Evaluation {
  std::size_t correct = 0;
  std::size_t images = 0;
  double accuracy = 0;
  double loss = 0;
  double recorded_accuracy = 0;  // what the training wrote beside the model
};

// Rebuilds the net from OPTIONS.evaluate and measures it on the test images with the code that
// measured it while it was trained. Throws InputError for an unusable model.
Evaluation evaluate(const Options& options, const Dataset& dataset);

}  // namespace digits
