// Trains a net on a data set, or measures a trained one.
#include "estimators/train.h"

#include "estimators/model_files.h"
#include "estimators/net.h"

#include <torch/torch.h>

#include <cmath>
#include <csignal>
#include <filesystem>
#include <memory>
#include <optional>
#include <vector>

namespace digits {
namespace {

volatile std::sig_atomic_t stop_requested = 0;

void set_rates(torch::optim::Optimizer& optimizer, const Hyperparameters& h) {
  for (torch::optim::OptimizerParamGroup& group : optimizer.param_groups()) {
    group.options().set_lr(h.lr);
    if (h.optimizer == "adam") {
      static_cast<torch::optim::AdamOptions&>(group.options()).weight_decay(h.weight_decay);
    } else {
      auto& options = static_cast<torch::optim::SGDOptions&>(group.options());
      options.momentum(h.momentum).weight_decay(h.weight_decay);
    }
  }
}

std::unique_ptr<torch::optim::Optimizer> make_optimizer(Net& net, const Hyperparameters& h) {
  std::unique_ptr<torch::optim::Optimizer> optimizer;
  if (h.optimizer == "adam") {
    optimizer = std::make_unique<torch::optim::Adam>(net->parameters());
  } else {
    optimizer = std::make_unique<torch::optim::SGD>(net->parameters(), h.lr);
  }
  set_rates(*optimizer, h);
  return optimizer;
}

// The picked images [batch, 1, rows, cols]. Picks from `count` on stand for shifted copies: each is
// moved by -1, 0 or 1 pixel each way at random, and what comes in at the edge is background.
torch::Tensor pick_images(const torch::Tensor& all, bool shifted, const torch::Tensor& picks) {
  const std::int64_t count = all.size(0);
  const std::int64_t rows = all.size(2);
  const std::int64_t cols = all.size(3);
  const std::int64_t batch = picks.size(0);
  torch::Tensor images = all.index_select(0, picks.remainder(count));
  if (!shifted) {
    return images;
  }
  const torch::Tensor padded = torch::constant_pad_nd(images, {1, 1, 1, 1}).squeeze(1);
  const torch::Tensor offsets =
      torch::randint(-1, 2, {2, batch}, torch::kLong) * picks.ge(count) + 1;
  const torch::Tensor row = offsets[0].view({batch, 1, 1}) + torch::arange(rows).view({1, rows, 1});
  const torch::Tensor col = offsets[1].view({batch, 1, 1}) + torch::arange(cols).view({1, 1, cols});
  return padded.index({torch::arange(batch).view({batch, 1, 1}), row, col}).unsqueeze(1);
}

// One pass over the images and their shifted copies in random order; returns the mean loss, nothing
// if a stop was requested. A loss that is not finite ends the pass: such a net does not recover.
std::optional<double> run_epoch(Net& net,
                                torch::optim::Optimizer& optimizer,
                                const Tensors& train,
                                const Hyperparameters& h) {
  net->train();
  const std::int64_t count = train.images.size(0);
  const torch::Tensor order = torch::randperm(count * (1 + h.augment), torch::kLong);
  double loss_sum = 0;
  for (std::int64_t from = 0; from < order.size(0); from += h.batch_size) {
    if (stop_requested != 0) {
      return std::nullopt;
    }
    const torch::Tensor picks = order.slice(0, from, from + h.batch_size);
    const torch::Tensor images = pick_images(train.images, h.augment > 0, picks);
    const torch::Tensor labels = train.labels.index_select(0, picks.remainder(count));
    optimizer.zero_grad();
    const torch::Tensor loss = torch::cross_entropy_loss(net->forward(images), labels);
    loss.backward();
    optimizer.step();
    const double batch_loss = loss.item<double>();
    if (!std::isfinite(batch_loss)) {
      return batch_loss;
    }
    loss_sum += batch_loss * static_cast<double>(picks.size(0));
  }
  return loss_sum / static_cast<double>(order.size(0));
}

// Each epoch has a generator state of its own, so that a resumed training repeats the numbers of
// one that was never interrupted without a saved generator.
void seed_epoch(const Hyperparameters& h, int epoch) {
  // libtorch's generator takes 32 bits of its seed, so both numbers are mixed into those
  // (splitmix64).
  std::uint64_t mixed = (std::uint64_t{h.seed} << 32) | static_cast<std::uint32_t>(epoch);
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9U;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebU;
  torch::manual_seed((mixed ^ (mixed >> 31)) & 0xffffffffU);
}

void copy_parameters(const Net& from, Net& to) {
  const torch::NoGradGuard no_grad;
  const std::vector<torch::Tensor> source = from->parameters();
  const std::vector<torch::Tensor> target = to->parameters();
  for (std::size_t i = 0; i < source.size(); ++i) {
    target[i].copy_(source[i]);
  }
}

}  // namespace

void request_stop() {
  stop_requested = 1;
}

TrainEnd train(const Options& options, const Dataset& dataset, Reporter& reporter) {
  const Hyperparameters& h = options.hyperparameters;
  const std::filesystem::path outputs = options.outputs;
  const Tensors train_set = tensors_of(dataset.train);
  const Tensors test_set = tensors_of(dataset.test);
  const Architecture architecture = architecture_of(h, dataset.train);

  seed_epoch(h, 0);
  Checkpoint state;
  state.net = Net(architecture);
  state.best_net = Net(architecture);
  const auto optimizer = make_optimizer(state.net, h);
  const auto keep_best = [&] {
    save_model(outputs / "model", state.best_net, {architecture, h, state.best});
  };
  if (!options.resume.empty()) {
    load_checkpoint(options.resume, state, *optimizer);
    set_rates(*optimizer, h);  // the checkpoint brought its own along
    keep_best();
  }

  while (state.epoch < h.epochs) {
    const int epoch = state.epoch + 1;
    seed_epoch(h, epoch);
    const std::optional<double> loss = run_epoch(state.net, *optimizer, train_set, h);
    if (!loss) {
      return TrainEnd::kStopped;
    }
    const Measurement test = measure(state.net, test_set);
    state.epoch = epoch;
    const EpochMetrics metrics{epoch, *loss, test.accuracy, test.loss};
    if (state.best.epoch == 0 || metrics.accuracy > state.best.accuracy) {
      state.best = metrics;
      copy_parameters(state.net, state.best_net);
      keep_best();
    }
    reporter.report(metrics);
    if (!std::isfinite(*loss)) {
      return TrainEnd::kDiverged;
    }
    const bool due = options.checkpoint_every > 0 && epoch % options.checkpoint_every == 0;
    if (due || epoch == h.epochs) {
      save_checkpoint(outputs / "checkpoints", state, *optimizer);
    }
  }
  return TrainEnd::kFinished;
}

Evaluation evaluate(const Options& options, const Dataset& dataset) {
  Model model = load_model(options.evaluate);
  const Architecture& a = model.card.architecture;
  const Examples& test = dataset.test;
  if (a.rows != static_cast<int>(test.rows) || a.cols != static_cast<int>(test.cols)) {
    throw InputError(options.evaluate + ": takes images of " + std::to_string(a.rows) + " x " +
                     std::to_string(a.cols) + ", the data has " + std::to_string(test.rows) +
                     " x " + std::to_string(test.cols));
  }
  const Measurement measured = measure(model.net, tensors_of(test));
  return {static_cast<std::size_t>(measured.correct),
          test.count(),
          measured.accuracy,
          measured.loss,
          model.card.metrics.accuracy};
}

}  // namespace digits
