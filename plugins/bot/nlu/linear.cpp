#include "plugins/bot/nlu/linear.hpp"

#include <linear.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <mutex>

#include "plugins/bot/nlu/features.hpp"

namespace qiao::bot {
namespace {

constexpr int kFeatures = static_cast<int>(kFeatureSpace);
constexpr double kBias = 1;
constexpr double kPrecision = 0.1;
// Below this share of the largest weight nothing changes a decision; most weights are.
constexpr double kNegligible = 0.004;

struct FreeModel {
  void operator()(model* m) const { free_and_destroy_model(&m); }
};

/// liblinear shuffles with rand(); one training at a time, from the same seed, gives the same model every time.
std::mutex& training() {
  static std::mutex mutex;
  return mutex;
}

}  // namespace

LinearModel::LinearModel(std::span<const SparseVector> rows, std::span<const int> labels, int classes, double cost) {
  std::size_t size = 0;
  for (const SparseVector& row : rows) size += row.size() + 2;
  std::vector<feature_node> nodes;
  nodes.reserve(size);
  std::vector<feature_node*> starts;
  for (const SparseVector& row : rows) {
    starts.push_back(nodes.data() + nodes.size());
    for (const auto& [feature, weight] : row) nodes.push_back({static_cast<int>(feature) + 1, weight});
    nodes.push_back({kFeatures + 1, kBias});
    nodes.push_back({-1, 0});
  }
  std::vector<double> targets(labels.begin(), labels.end());
  problem all{};
  all.l = static_cast<int>(rows.size());
  all.n = kFeatures + 1;
  all.y = targets.data();
  all.x = starts.data();
  all.bias = kBias;
  parameter how{};
  how.solver_type = L2R_L2LOSS_SVC_DUAL;
  how.C = cost;
  how.eps = kPrecision;
  std::unique_ptr<model, FreeModel> trained;
  {
    const std::lock_guard lock(training());
    set_print_string_function([](const char*) {});
    std::srand(1);
    trained.reset(train(&all, &how));
  }
  bias_.assign(static_cast<std::size_t>(classes), 0);
  const int seen = trained->nr_class;
  // With two classes liblinear keeps one vector: the first label's side is positive.
  const int vectors = seen == 2 ? 1 : seen;
  const auto weight_of = [&](int feature, int which) {
    const double w = trained->w[static_cast<std::size_t>(feature) * static_cast<std::size_t>(vectors) +
                                static_cast<std::size_t>(vectors == 1 ? 0 : which)];
    return vectors == 1 && which == 1 ? -w : w;
  };
  double largest = 0;
  for (int f = 0; f < kFeatures; ++f) {
    for (int c = 0; c < vectors; ++c) largest = std::max(largest, std::fabs(weight_of(f, c)));
  }
  step_ = static_cast<float>(largest / 32767);
  begin_.reserve(kFeatureSpace + 1);
  for (int f = 0; f < kFeatures; ++f) {
    begin_.push_back(static_cast<std::uint32_t>(weights_.size()));
    for (int c = 0; c < seen; ++c) {
      const double w = weight_of(f, c);
      if (std::fabs(w) <= largest * kNegligible) continue;
      weights_.push_back(
          {static_cast<std::uint16_t>(trained->label[c]), static_cast<std::int16_t>(std::lround(w / step_))});
    }
  }
  begin_.push_back(static_cast<std::uint32_t>(weights_.size()));
  for (int c = 0; c < seen; ++c) {
    bias_[static_cast<std::size_t>(trained->label[c])] = static_cast<float>(weight_of(kFeatures, c) * kBias);
  }
}

void LinearModel::add_scores(const SparseVector& x, std::span<float> scores) const {
  for (std::size_t c = 0; c < bias_.size(); ++c) scores[c] += bias_[c];
  for (const auto& [feature, value] : x) {
    const float scaled = value * step_;
    for (std::uint32_t i = begin_[feature]; i < begin_[feature + 1]; ++i) {
      scores[weights_[i].class_id] += scaled * static_cast<float>(weights_[i].value);
    }
  }
}

std::size_t LinearModel::bytes() const noexcept {
  return begin_.size() * sizeof(std::uint32_t) + weights_.size() * sizeof(Weight) + bias_.size() * sizeof(float);
}

}  // namespace qiao::bot
