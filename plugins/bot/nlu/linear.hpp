#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace qiao::bot {

/// Features of a text with their weights, ascending by feature; of length 1 or empty.
using SparseVector = std::vector<std::pair<std::uint32_t, float>>;

/// One linear support vector machine a class, each telling its class from all others (squared hinge loss, solved in the
/// dual). Immutable once trained; any thread.
class LinearModel {
 public:
  LinearModel() = default;
  /// The rows' features are 0 … features-1; `labels` are 0 … classes-1, one a row. Deterministic.
  LinearModel(std::span<const SparseVector> rows, std::size_t features, std::span<const int> labels, int classes,
              double cost);

  /// Adds each class's margin to `scores`, which has `classes` values.
  void add_scores(const SparseVector& x, std::span<float> scores) const;
  [[nodiscard]] std::size_t bytes() const noexcept;

 private:
  /// Weights of one feature for the classes that it says something about, in 16-bit steps.
  struct Weight {
    std::uint16_t class_id;
    std::int16_t value;
  };
  std::vector<std::uint32_t> begin_;  ///< by feature, into weights_; one more at the end
  std::vector<Weight> weights_;
  std::vector<float> bias_;
  float step_ = 0;
};

}  // namespace qiao::bot
