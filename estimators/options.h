// What digits_mlp can be told on its command line.
#pragma once

#include <cstdint>
#include <string>

namespace digits {

struct Hyperparameters {
  std::string model = "mlp";  // mlp | cnn
  int hidden = 128;
  int layers = 2;
  double dropout = 0.1;
  std::string optimizer = "sgd";  // sgd | adam
  double lr = 0.05;
  double momentum = 0.9;  // sgd only
  double weight_decay = 0;
  int batch_size = 64;
  int epochs = 20;
  int augment = 0;  // randomly shifted copies of every training image in each epoch
  std::uint32_t seed = 1;
};

struct Options {
  Hyperparameters hyperparameters;
  std::string data;      // folder with the four IDX files
  std::string outputs;   // folder that gets model/ and checkpoints/
  std::string evaluate;  // model folder or file; empty: train
  std::string resume;    // checkpoint file or folder; empty: start afresh
  int checkpoint_every = 0;
  int threads = 1;
};

// What a command line asks for: to go on with the options, or to stop with a status, after this
// function has printed the help (0) or the one line that is wrong (2).
struct CommandLine {
  Options options;
  bool stop = false;
  int status = 0;
};

CommandLine parse_command_line(int argc, const char* const* argv);

}  // namespace digits
