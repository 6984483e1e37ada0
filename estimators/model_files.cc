// What a training leaves on disk: the best model with its card, and checkpoints to go on from.
#include "estimators/model_files.h"

#include <fcntl.h>

#include <charconv>
#include <fstream>
#include <optional>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace digits {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

constexpr const char* kFormat = "digits_mlp 1";

Json card_to_json(const ModelCard& card) {
  const Architecture& a = card.architecture;
  const Hyperparameters& h = card.hyperparameters;
  const EpochMetrics& m = card.metrics;
  return {{"format", kFormat},
          {"architecture",
           {{"model", a.model},
            {"rows", a.rows},
            {"cols", a.cols},
            {"classes", a.classes},
            {"hidden", a.hidden},
            {"layers", a.layers},
            {"dropout", a.dropout}}},
          {"input", "[batch, 1, rows, cols] floats in [0, 1]: pixel / 255"},
          {"hyperparameters",
           {{"optimizer", h.optimizer},
            {"lr", h.lr},
            {"momentum", h.momentum},
            {"weight-decay", h.weight_decay},
            {"batch-size", h.batch_size},
            {"epochs", h.epochs},
            {"augment", h.augment},
            {"seed", h.seed}}},
          {"metrics",
           {{"epoch", m.epoch},
            {"loss", m.loss},
            {"accuracy", m.accuracy},
            {"test_loss", m.test_loss}}}};
}

ModelCard card_from_json(const Json& json) {
  ModelCard card;
  if (json.at("format") != kFormat) {
    throw InputError("not a model of digits_mlp");
  }
  const Json& a = json.at("architecture");
  a.at("model").get_to(card.architecture.model);
  a.at("rows").get_to(card.architecture.rows);
  a.at("cols").get_to(card.architecture.cols);
  a.at("classes").get_to(card.architecture.classes);
  a.at("hidden").get_to(card.architecture.hidden);
  a.at("layers").get_to(card.architecture.layers);
  a.at("dropout").get_to(card.architecture.dropout);
  card.metrics.accuracy = json.at("metrics").at("accuracy").get<double>();
  card.metrics.epoch = json.at("metrics").at("epoch").get<int>();
  return card;
}

ModelCard read_card(const fs::path& path) {
  std::ifstream file(path);
  if (!file) {
    throw InputError(path.string() +
                     ": cannot be opened; a model is a folder with model.pt and "
                     "model.json");
  }
  try {
    return card_from_json(Json::parse(file));
  } catch (const std::exception& error) {
    throw InputError(path.string() + ": " + error.what());
  }
}

void write_card(const fs::path& path, const ModelCard& card) {
  std::ofstream file(path);
  file << card_to_json(card).dump(2) << '\n';
  file.close();
  if (!file) {
    throw std::runtime_error(path.string() + ": cannot be written");
  }
}

// Puts the finished folder in the place of the old one in a single step where the file system can.
void replace_folder(const fs::path& fresh, const fs::path& folder) {
  if (::renameat2(AT_FDCWD, fresh.c_str(), AT_FDCWD, folder.c_str(), RENAME_EXCHANGE) != 0) {
    fs::remove_all(folder);  // there was none, or the file system cannot exchange
    fs::rename(fresh, folder);
  }
  fs::remove_all(fresh);
}

constexpr std::string_view kCheckpointPrefix = "epoch-";

// The N of epoch-N.pt; empty for any other name.
std::optional<int> checkpoint_epoch(const fs::path& file) {
  const std::string stem = file.stem().string();
  if (file.extension() != ".pt" || stem.rfind(kCheckpointPrefix, 0) != 0) {
    return std::nullopt;
  }
  int epoch = 0;
  const char* end = stem.data() + stem.size();
  const auto parsed = std::from_chars(stem.data() + kCheckpointPrefix.size(), end, epoch);
  if (parsed.ec != std::errc() || parsed.ptr != end) {
    return std::nullopt;
  }
  return epoch;
}

fs::path newest_checkpoint(const fs::path& folder) {
  std::optional<int> newest;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    newest = std::max(newest, checkpoint_epoch(entry.path()));
  }
  if (!newest) {
    throw InputError(folder.string() + ": holds no checkpoint named epoch-N.pt");
  }
  return folder / ("epoch-" + std::to_string(*newest) + ".pt");
}

void remove_checkpoints_before(const fs::path& folder, int epoch) {
  std::vector<fs::path> old;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    if (checkpoint_epoch(entry.path()).value_or(epoch) < epoch) {
      old.push_back(entry.path());
    }
  }
  for (const fs::path& file : old) {
    fs::remove(file);
  }
}

// [epoch, best epoch, best loss, best accuracy, best test loss]: doubles keep them all exactly.
torch::Tensor state_tensor(const Checkpoint& c) {
  return torch::tensor({static_cast<double>(c.epoch),
                        static_cast<double>(c.best.epoch),
                        c.best.loss,
                        c.best.accuracy,
                        c.best.test_loss},
                       torch::kDouble);
}

template <typename Part>
void write_part(torch::serialize::OutputArchive& archive, const char* name, const Part& part) {
  torch::serialize::OutputArchive inner(archive.compilation_unit());
  part.save(inner);
  archive.write(name, inner);
}

// libtorch takes whatever shapes the file has; a net of other shapes would then train unnoticed.
void read_net(torch::serialize::InputArchive& archive, Net& net) {
  std::vector<std::vector<std::int64_t>> shapes;
  for (const torch::Tensor& parameter : net->parameters()) {
    shapes.push_back(parameter.sizes().vec());
  }
  net->load(archive);
  std::size_t index = 0;
  for (const torch::Tensor& parameter : net->parameters()) {
    if (parameter.sizes().vec() != shapes[index++]) {
      throw InputError("holds a net of another size");
    }
  }
}

torch::serialize::InputArchive inner_archive(torch::serialize::InputArchive& archive,
                                             const char* name) {
  torch::serialize::InputArchive inner;
  archive.read(name, inner);
  return inner;
}

}  // namespace

void save_model(const fs::path& folder, const Net& net, const ModelCard& card) {
  const fs::path fresh = folder.string() + ".new";
  fs::remove_all(fresh);
  fs::create_directories(fresh);
  torch::save(net, (fresh / "model.pt").string());
  write_card(fresh / "model.json", card);
  replace_folder(fresh, folder);
}

Model load_model(const fs::path& path) {
  if (!fs::exists(path)) {
    throw InputError(path.string() + ": no such model");
  }
  const fs::path folder = fs::is_directory(path) ? path : path.parent_path();
  const fs::path file = fs::is_directory(path) ? path / "model.pt" : path;
  const ModelCard card = read_card(folder / "model.json");
  Model model{card, Net(card.architecture)};
  try {
    torch::serialize::InputArchive archive;
    archive.load_from(file.string());
    read_net(archive, model.net);
  } catch (const InputError& error) {
    throw InputError(file.string() + ": " + error.what());
  } catch (const c10::Error& error) {
    throw InputError(file.string() + ": " + error.what_without_backtrace());
  }
  return model;
}

void save_checkpoint(const fs::path& folder,
                     const Checkpoint& checkpoint,
                     const torch::optim::Optimizer& optimizer) {
  fs::create_directories(folder);
  const fs::path file = folder / ("epoch-" + std::to_string(checkpoint.epoch) + ".pt");
  const fs::path fresh = file.string() + ".new";
  torch::serialize::OutputArchive archive;
  archive.write("state", state_tensor(checkpoint));
  write_part(archive, "net", *checkpoint.net);
  write_part(archive, "best_net", *checkpoint.best_net);
  write_part(archive, "optimizer", optimizer);
  archive.save_to(fresh.string());
  fs::rename(fresh, file);
  remove_checkpoints_before(folder, checkpoint.epoch);
}

void load_checkpoint(const fs::path& path,
                     Checkpoint& checkpoint,
                     torch::optim::Optimizer& optimizer) {
  const fs::path file = fs::is_directory(path) ? newest_checkpoint(path) : path;
  try {
    torch::serialize::InputArchive archive;
    archive.load_from(file.string());
    torch::Tensor state;
    archive.read("state", state);
    const auto value = state.accessor<double, 1>();
    checkpoint.epoch = static_cast<int>(value[0]);
    checkpoint.best = {static_cast<int>(value[1]), value[2], value[3], value[4]};
    torch::serialize::InputArchive net = inner_archive(archive, "net");
    torch::serialize::InputArchive best_net = inner_archive(archive, "best_net");
    torch::serialize::InputArchive moments = inner_archive(archive, "optimizer");
    read_net(net, checkpoint.net);
    read_net(best_net, checkpoint.best_net);
    optimizer.load(moments);
  } catch (const InputError& error) {
    throw InputError(file.string() + ": " + error.what());
  } catch (const c10::Error& error) {
    throw InputError(file.string() +
                     ": not a checkpoint of this net: " + error.what_without_backtrace());
  }
}

}  // namespace digits
