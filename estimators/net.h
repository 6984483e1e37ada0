// The nets: a multi-layer perceptron and a small convolutional net, for images of any size.
#pragma once

#include "estimators/idx.h"
#include "estimators/options.h"

#include <torch/torch.h>

#include <string>

namespace digits {

// All that is needed to rebuild a net whose parameters are in a file.
struct Architecture {
  std::string model = "mlp";
  int rows = 0;
  int cols = 0;
  int classes = static_cast<int>(kClasses);
  int hidden = 0;
  int layers = 0;
  double dropout = 0;
};

Architecture architecture_of(const Hyperparameters& hyperparameters, const Examples& examples);

// [batch, 1, rows, cols] floats in [0, 1] -> [batch, classes] logits.
class NetImpl : public torch::nn::Module {
 public:
  explicit NetImpl(const Architecture& architecture);

  torch::Tensor forward(const torch::Tensor& images) { return body_->forward(images); }

 private:
  torch::nn::Sequential body_;
};

TORCH_MODULE(Net);

struct Tensors {
  torch::Tensor images;  // [count, 1, rows, cols], floats in [0, 1]
  torch::Tensor labels;  // [count], int64
};

Tensors tensors_of(const Examples& examples);

struct Measurement {
  std::int64_t correct = 0;
  double accuracy = 0;
  double loss = 0;
};

// Measures the net in evaluation mode and leaves it in that mode.
Measurement measure(Net& net, const Tensors& examples);

}  // namespace digits
