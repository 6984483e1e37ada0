// What digits_mlp can be told on its command line.
#include "estimators/options.h"

#include <cstdlib>
#include <initializer_list>
#include <iostream>
#include <string_view>

#include <CLI/CLI.hpp>

namespace digits {
namespace {

constexpr const char* kExamples =
    R"(Reports every epoch on stdout, and in the file named in $SWEEPD_METRICS if that is set. Leaves the
model of the best epoch in model/ and the newest checkpoint in checkpoints/ of the outputs folder.

Where nothing is said, the data comes from $SWEEPD_DATA_digits, else $SWEEPD_DIGITS, else
build/data/digits; the outputs go to $SWEEPD_OUTPUTS, else outputs.

Examples:
  digits_mlp --data build/data/digits
  digits_mlp --data mnist --hidden 256 --optimizer adam --lr 1e-3 --epochs 5
  digits_mlp --data build/data/digits --model cnn --augment 2 --outputs /tmp/cnn
  digits_mlp --data build/data/digits --evaluate outputs/model
  digits_mlp --resume outputs/checkpoints --epochs 40

Exit status: 0 done, 2 something given is wrong, 1 anything else.)";

// The first of the environment variables that is set and not empty.
std::string first_set(std::initializer_list<const char*> names, std::string_view otherwise) {
  for (const char* name : names) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread
    if (value != nullptr && *value != '\0') {
      return value;
    }
  }
  return std::string(otherwise);
}

// Shows an option in the help as `--hidden N [128]`.
void show(CLI::Option* option, const std::string& kind) {
  option->capture_default_str();
  option->option_text(kind + " [" + option->get_default_str() + "]");
}

void add_hyperparameters(CLI::App& app, Hyperparameters& h) {
  const CLI::IsMember models({"mlp", "cnn"});
  const CLI::IsMember optimizers({"sgd", "adam"});
  show(app.add_option("--model", h.model, "mlp or cnn")->check(models), "NAME");
  show(app.add_option("--hidden", h.hidden, "units of each hidden layer")
           ->check(CLI::Range(1, 65536)),
       "N");
  show(app.add_option("--layers", h.layers, "hidden layers; a cnn has convolutions before them")
           ->check(CLI::Range(0, 64)),
       "N");
  show(app.add_option("--dropout", h.dropout, "share of the hidden units dropped, from 0 to 0.999")
           ->check(CLI::Range(0.0, 0.999)),
       "X");
  show(app.add_option("--optimizer", h.optimizer, "sgd or adam")->check(optimizers), "NAME");
  show(app.add_option("--lr", h.lr, "learning rate")->check(CLI::Range(1e-12, 1e6)), "X");
  show(app.add_option("--momentum", h.momentum, "of sgd, from 0 to 0.999")
           ->check(CLI::Range(0.0, 0.999)),
       "X");
  show(app.add_option("--weight-decay", h.weight_decay, "L2 penalty")->check(CLI::Range(0.0, 1e6)),
       "X");
  show(app.add_option("--batch-size", h.batch_size, "images per step")
           ->check(CLI::Range(1, 1 << 20)),
       "N");
  show(app.add_option("--epochs", h.epochs, "epochs in all, those before a resume included")
           ->check(CLI::Range(1, 1 << 20)),
       "N");
  show(app.add_option("--augment", h.augment, "more copies of each image, shifted by up to a pixel")
           ->check(CLI::Range(0, 1000)),
       "N");
  show(app.add_option("--seed", h.seed, "the same seed and one thread give the same numbers"), "N");
}

void add_surroundings(CLI::App& app, Options& options) {
  show(app.add_option("--data", options.data, "the four files of MNIST or of its kind, unpacked"),
       "FOLDER");
  show(app.add_option("--outputs", options.outputs, "where the results go"), "FOLDER");
  show(app.add_option("--checkpoint-every",
                      options.checkpoint_every,
                      "epochs between checkpoints; 0: only one, at the end")
           ->check(CLI::Range(0, 1 << 20)),
       "N");
  app.add_option("--resume", options.resume, "go on from this checkpoint")->option_text("PATH");
  app.add_option("--evaluate", options.evaluate, "train nothing, print the accuracy of this model")
      ->option_text("PATH");
  show(app.add_option("--threads", options.threads, "CPU threads")->check(CLI::Range(1, 1024)),
       "N");
}

}  // namespace

CommandLine parse_command_line(int argc, const char* const* argv) {
  CommandLine result;
  Options& options = result.options;
  options.data = first_set({"SWEEPD_DATA_digits", "SWEEPD_DIGITS"}, "build/data/digits");
  options.outputs = first_set({"SWEEPD_OUTPUTS"}, "outputs");
  CLI::App app{"Trains a small net on handwritten digits and reports as it goes.", "digits_mlp"};
  app.footer(kExamples);
  app.get_formatter()->column_width(36);
  add_hyperparameters(app, options.hyperparameters);
  add_surroundings(app, options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();
    result.stop = true;
  } catch (const CLI::ParseError& error) {
    std::cerr << "digits_mlp: " << error.what() << "; see digits_mlp --help\n";
    result.stop = true;
    result.status = 2;
  }
  return result;
}

}  // namespace digits
