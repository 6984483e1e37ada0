// Reads image sets in the IDX format of MNIST: the four files of one folder, of any image size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

namespace digits {

// A fault in what the user gave: a file, a flag. Ends the program with status 2 and this one line.
// The estimators throw where the rest of the project returns Result<T>: they are the users' kind of
// program, link nothing of sweepd, and libtorch throws in any case.
struct InputError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Examples {
  std::size_t rows = 0;
  std::size_t cols = 0;
  std::vector<std::uint8_t> pixels;  // [count][rows][cols], 0 is background, 255 is ink
  std::vector<std::uint8_t> labels;  // [count], 0..9

  std::size_t count() const { return labels.size(); }
};

struct Dataset {
  Examples train;
  Examples test;
};

constexpr std::size_t kClasses = 10;

// Reads `<prefix>-images-idx3-ubyte` and `<prefix>-labels-idx1-ubyte` for the prefixes `train` and
// `t10k`. Throws InputError that names the file: missing, wrong magic number, truncated, trailing
// bytes, a label count that is not the image count, a label above 9, two image sizes.
Dataset read_dataset(const std::string& folder);

}  // namespace digits
