// The nets: a multi-layer perceptron and a small convolutional net, for images of any size.
#include "estimators/net.h"

#include <cmath>

namespace digits {
namespace {

namespace nn = torch::nn;

constexpr std::int64_t kMeasureBatch = 1000;  // bounds the memory of a measurement

// Adds the convolutions; returns the number of features they leave.
int add_convolutions(nn::Sequential& body, const Architecture& a) {
  constexpr int kChannels1 = 16;
  constexpr int kChannels2 = 32;
  body->push_back(nn::Conv2d(nn::Conv2dOptions(1, kChannels1, 3).padding(1)));
  body->push_back(nn::ReLU());
  body->push_back(nn::Conv2d(nn::Conv2dOptions(kChannels1, kChannels2, 3).padding(1)));
  body->push_back(nn::ReLU());
  body->push_back(nn::MaxPool2d(nn::MaxPool2dOptions(2)));
  return kChannels2 * (a.rows / 2) * (a.cols / 2);
}

nn::Sequential build(const Architecture& a) {
  nn::Sequential body;
  int features = a.rows * a.cols;
  if (a.model == "cnn") {
    features = add_convolutions(body, a);
  }
  body->push_back(nn::Flatten());
  for (int layer = 0; layer < a.layers; ++layer) {
    body->push_back(nn::Linear(features, a.hidden));
    body->push_back(nn::ReLU());
    body->push_back(nn::Dropout(a.dropout));
    features = a.hidden;
  }
  body->push_back(nn::Linear(features, a.classes));
  return body;
}

}  // namespace

Architecture architecture_of(const Hyperparameters& hyperparameters, const Examples& examples) {
  Architecture architecture;
  architecture.model = hyperparameters.model;
  architecture.rows = static_cast<int>(examples.rows);
  architecture.cols = static_cast<int>(examples.cols);
  architecture.hidden = hyperparameters.hidden;
  architecture.layers = hyperparameters.layers;
  architecture.dropout = hyperparameters.dropout;
  if (architecture.model == "cnn" && (examples.rows < 2 || examples.cols < 2)) {
    throw InputError("a cnn needs images of at least 2 x 2 pixels");
  }
  return architecture;
}

NetImpl::NetImpl(const Architecture& architecture)
    : body_(register_module("body", build(architecture))) {}

Tensors tensors_of(const Examples& examples) {
  const auto count = static_cast<std::int64_t>(examples.count());
  const auto rows = static_cast<std::int64_t>(examples.rows);
  const auto cols = static_cast<std::int64_t>(examples.cols);
  // from_blob only borrows, and wants a mutable pointer; the conversions copy.
  auto* pixels = const_cast<std::uint8_t*>(examples.pixels.data());
  auto* labels = const_cast<std::uint8_t*>(examples.labels.data());
  return {torch::from_blob(pixels, {count, 1, rows, cols}, torch::kUInt8).to(torch::kFloat) / 255,
          torch::from_blob(labels, {count}, torch::kUInt8).to(torch::kLong)};
}

Measurement measure(Net& net, const Tensors& examples) {
  const torch::NoGradGuard no_grad;
  net->eval();
  const std::int64_t count = examples.images.size(0);
  Measurement sum;
  for (std::int64_t from = 0; from < count; from += kMeasureBatch) {
    const std::int64_t to = std::min(from + kMeasureBatch, count);
    const torch::Tensor labels = examples.labels.slice(0, from, to);
    const torch::Tensor logits = net->forward(examples.images.slice(0, from, to));
    sum.correct += logits.argmax(1).eq(labels).sum().item<std::int64_t>();
    sum.loss += torch::cross_entropy_loss(logits, labels, {}, at::Reduction::Sum).item<double>();
  }
  sum.accuracy = static_cast<double>(sum.correct) / static_cast<double>(count);
  sum.loss /= static_cast<double>(count);
  return sum;
}

}  // namespace digits
