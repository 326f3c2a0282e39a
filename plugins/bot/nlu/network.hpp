#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "plugins/bot/nlu/linear.hpp"

namespace qiao::bot {

/// A network with one hidden layer over the same features. It learns with most of each row's features left out at
/// random, so that it leans on none of them alone: that is what makes it right where the linear model is not, and
/// unsure where nothing was learned. Immutable once trained; any thread.
class Network {
 public:
  struct Settings {
    int hidden = 128;  ///< a multiple of eight
    int rounds = 10;
    float leave_out = 0.7F;         ///< of the features of a row
    float leave_out_hidden = 0.2F;  ///< of the hidden units
    float rate = 0.04F;
    float smoothing = 0.1F;  ///< of the targets, over all classes
    int least_rows = 6;      ///< a feature in fewer rows is not looked at
    std::uint32_t seed = 7;
  };
  Network() = default;
  /// As for LinearModel.
  Network(std::span<const SparseVector> rows, std::size_t features, std::span<const int> labels, int classes,
          const Settings& settings);

  /// The probability of each class; `classes` values.
  void probabilities(const SparseVector& x, std::span<float> out) const;
  [[nodiscard]] std::size_t bytes() const noexcept;

 private:
  int hidden_ = 0;
  std::vector<std::uint32_t> place_;  ///< by feature: its row in input_, or kNone
  std::vector<std::int8_t> input_;    ///< hidden_ values a feature
  std::vector<float> input_step_;     ///< by feature
  std::vector<float> input_bias_;
  std::vector<float> output_;  ///< hidden_ values a class
  std::vector<float> output_bias_;
};

}  // namespace qiao::bot
