// Reads image sets in the IDX format of MNIST: the four files of one folder, of any image size.
#include "estimators/idx.h"

#include <fmt/core.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>

namespace digits {
namespace {

constexpr std::uint32_t kMagicLabels = 0x00000801;  // unsigned bytes, one dimension
constexpr std::uint32_t kMagicImages = 0x00000803;  // unsigned bytes, three dimensions
constexpr std::uint32_t kSideMax = 4096;  // far above any digit; keeps products in 64 bits

using Bytes = std::vector<std::uint8_t>;

Bytes read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    const std::string why = std::system_category().message(errno);
    throw InputError(path + ": cannot be opened: " + why);
  }
  Bytes bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (file.bad()) {
    throw InputError(path + ": cannot be read");
  }
  return bytes;
}

// The big-endian 32-bit word number `index` of the header; the caller has checked the length.
std::uint32_t header_word(const Bytes& bytes, std::size_t index) {
  const std::uint8_t* at = bytes.data() + 4 * index;
  return (std::uint32_t{at[0]} << 24) | (std::uint32_t{at[1]} << 16) | (std::uint32_t{at[2]} << 8) |
         std::uint32_t{at[3]};
}

std::string hex(std::uint32_t word) {
  return fmt::format("{:#010x}", word);
}

struct Header {
  std::uint32_t magic;
  std::size_t words;  // the magic number and one length per dimension
};

void check_header(const std::string& path, const Bytes& bytes, Header header) {
  if (bytes.size() < 4 * header.words) {
    throw InputError(path + ": truncated: the header has " + std::to_string(4 * header.words) +
                     " bytes, the file only " + std::to_string(bytes.size()));
  }
  const std::uint32_t magic = header_word(bytes, 0);
  if (magic != header.magic) {
    const bool gzip = bytes[0] == 0x1f && bytes[1] == 0x8b;
    throw InputError(path + ": magic number " + hex(magic) + " instead of " + hex(header.magic) +
                     (gzip ? "; the file is compressed, run gunzip on it" : ""));
  }
}

// Compares what the header promises with what is there.
void check_body(const std::string& path, std::uint64_t promised_bytes, std::uint64_t actual_bytes) {
  if (promised_bytes == actual_bytes) {
    return;
  }
  throw InputError(path + (actual_bytes < promised_bytes ? ": truncated: " : ": too long: ") +
                   std::to_string(promised_bytes) + " bytes of data promised, " +
                   std::to_string(actual_bytes) + " present");
}

void read_images(const std::string& path, Examples& into) {
  const Bytes bytes = read_file(path);
  const Header header{kMagicImages, 4};
  check_header(path, bytes, header);
  const std::uint64_t count = header_word(bytes, 1);
  const std::uint32_t rows = header_word(bytes, 2);
  const std::uint32_t cols = header_word(bytes, 3);
  if (count == 0 || rows == 0 || cols == 0 || rows > kSideMax || cols > kSideMax) {
    throw InputError(path + ": unusable size: " + std::to_string(count) + " images of " +
                     std::to_string(rows) + " x " + std::to_string(cols));
  }
  check_body(path, count * rows * cols, bytes.size() - 4 * header.words);
  into.rows = rows;
  into.cols = cols;
  into.pixels.assign(bytes.begin() + 16, bytes.end());
}

void read_labels(const std::string& path, Examples& into) {
  const Bytes bytes = read_file(path);
  const Header header{kMagicLabels, 2};
  check_header(path, bytes, header);
  check_body(path, header_word(bytes, 1), bytes.size() - 4 * header.words);
  into.labels.assign(bytes.begin() + 8, bytes.end());
  const auto bad = std::find_if(
      into.labels.begin(), into.labels.end(), [](std::uint8_t label) { return label >= kClasses; });
  if (bad != into.labels.end()) {
    throw InputError(path + ": label " + std::to_string(*bad) + " at index " +
                     std::to_string(bad - into.labels.begin()) + " is not a digit");
  }
}

Examples read_examples(const std::string& folder, const std::string& prefix) {
  Examples examples;
  const std::string labels_path = folder + "/" + prefix + "-labels-idx1-ubyte";
  read_images(folder + "/" + prefix + "-images-idx3-ubyte", examples);
  read_labels(labels_path, examples);
  const std::size_t images = examples.pixels.size() / (examples.rows * examples.cols);
  if (images != examples.count()) {
    throw InputError(labels_path + ": " + std::to_string(examples.count()) + " labels for " +
                     std::to_string(images) + " images");
  }
  return examples;
}

}  // namespace

Dataset read_dataset(const std::string& folder) {
  if (!std::filesystem::is_directory(folder)) {
    throw InputError(folder +
                     ": no such folder of images; estimators/digits_data.py writes one, "
                     "--data names another");
  }
  Dataset dataset{read_examples(folder, "train"), read_examples(folder, "t10k")};
  if (dataset.train.rows != dataset.test.rows || dataset.train.cols != dataset.test.cols) {
    throw InputError(folder + ": the training images and the test images differ in size");
  }
  return dataset;
}

}  // namespace digits
