// What a training leaves on disk: the best model with its card, and checkpoints to go on from.
#pragma once

#include "estimators/net.h"
#include "estimators/report.h"

#include <filesystem>

namespace digits {

// The contents of model.json: enough to rebuild the net and to say where it came from.
struct ModelCard {
  Architecture architecture;
  Hyperparameters hyperparameters;
  EpochMetrics metrics;
};

// Replaces FOLDER by one with model.pt and model.json. At every moment, a kill included, FOLDER
// holds either the old pair or the new one.
void save_model(const std::filesystem::path& folder, const Net& net, const ModelCard& card);

struct Model {
  ModelCard card;
  Net net;
};

// Loads from a model folder or from a model.pt that has its model.json beside it.
// Throws InputError that names the file.
Model load_model(const std::filesystem::path& path);

// The state between two epochs. The best net so far travels along: an attempt that resumes has an
// empty outputs folder, and must still be able to leave the best model of the whole trial.
struct Checkpoint {
  int epoch = 0;
  EpochMetrics best;
  Net net = nullptr;
  Net best_net = nullptr;
};

// Writes FOLDER/epoch-N.pt by an atomic rename, then removes the checkpoints before it.
void save_checkpoint(const std::filesystem::path& folder,
                     const Checkpoint& checkpoint,
                     const torch::optim::Optimizer& optimizer);

// Fills the nets and the optimizer from a checkpoint file, or from the newest one in a folder.
// Throws InputError that names the file, also where the file belongs to another net.
void load_checkpoint(const std::filesystem::path& path,
                     Checkpoint& checkpoint,
                     torch::optim::Optimizer& optimizer);

}  // namespace digits
