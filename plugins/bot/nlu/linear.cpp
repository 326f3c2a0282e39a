#include "plugins/bot/nlu/linear.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>

namespace qiao::bot {
namespace {

constexpr double kPrecision = 0.1;
constexpr int kMostRounds = 300;
// Below this share of the largest weight nothing changes a decision; most weights are.
constexpr double kNegligible = 0.004;
// Rows times classes up to which each class is told from every row of the others. Above it, from those that look most
// like it and some of the rest: the others are no mistake that anybody would make.
constexpr std::size_t kAllPairs = 5'000'000;
constexpr std::size_t kLookalikes = 1500;
constexpr std::size_t kOfTheRest = 1000;

/// Rows as one block.
struct Rows {
  std::vector<std::size_t> begin{0};
  std::vector<std::uint32_t> feature;
  std::vector<float> value;
  std::vector<double> square;  ///< of each row's length, with the bias
  std::size_t features;

  Rows(std::span<const SparseVector> rows, std::size_t feature_count) : features(feature_count) {
    for (const SparseVector& row : rows) {
      double length = 1;
      for (const auto& [f, v] : row) {
        feature.push_back(f);
        value.push_back(v);
        length += static_cast<double>(v) * v;
      }
      begin.push_back(feature.size());
      square.push_back(length);
    }
  }
  [[nodiscard]] std::size_t count() const { return square.size(); }
};

/// The same everywhere, unlike the distributions of the standard library.
std::uint32_t next_random(std::uint32_t& state) {
  state ^= state << 13U;
  state ^= state >> 17U;
  state ^= state << 5U;
  return state;
}

/// One class against the rest: dual coordinate descent for the squared hinge loss (Hsieh et al. 2008), leaving rows
/// aside that cannot matter any more. `w` comes and goes with the bias at its end.
class Solver {
 public:
  explicit Solver(const Rows& rows) : rows_(rows), alpha_(rows.count()) {}

  /// `order` are the rows that are looked at; it is shuffled.
  void solve(std::vector<std::uint32_t>& order, std::span<const int> labels, int wanted, double cost,
             std::vector<double>& w) {
    const double diagonal = 0.5 / cost;
    std::fill(w.begin(), w.end(), 0.0);
    for (const std::uint32_t i : order) alpha_[i] = 0;
    std::uint32_t dice = 2463534242U;
    std::size_t active = order.size();
    double bound = INFINITY;
    for (int round = 0; round < kMostRounds; ++round) {
      double most = -INFINITY;
      double least = INFINITY;
      for (std::size_t s = 0; s < active; ++s) std::swap(order[s], order[s + next_random(dice) % (active - s)]);
      for (std::size_t s = 0; s < active;) {
        const std::uint32_t i = order[s];
        const double y = labels[i] == wanted ? 1 : -1;
        const double gradient = y * margin(i, w) - 1 + diagonal * alpha_[i];
        double projected = gradient;
        if (alpha_[i] == 0) {
          if (gradient > bound) {
            std::swap(order[s], order[--active]);
            continue;
          }
          projected = std::min(gradient, 0.0);
        }
        most = std::max(most, projected);
        least = std::min(least, projected);
        if (std::fabs(projected) > 1e-12) {
          const double before = alpha_[i];
          alpha_[i] = std::max(before - gradient / (rows_.square[i] + diagonal), 0.0);
          add(i, (alpha_[i] - before) * y, w);
        }
        ++s;
      }
      if (most - least <= kPrecision) {
        if (active == order.size()) return;
        active = order.size();
        bound = INFINITY;
        continue;
      }
      bound = most > 0 ? most : INFINITY;
    }
  }

 private:
  [[nodiscard]] double margin(std::uint32_t i, const std::vector<double>& w) const {
    double sum = w.back();
    for (std::size_t k = rows_.begin[i]; k < rows_.begin[i + 1]; ++k) {
      sum += w[rows_.feature[k]] * static_cast<double>(rows_.value[k]);
    }
    return sum;
  }
  void add(std::uint32_t i, double step, std::vector<double>& w) const {
    for (std::size_t k = rows_.begin[i]; k < rows_.begin[i + 1]; ++k) {
      w[rows_.feature[k]] += step * static_cast<double>(rows_.value[k]);
    }
    w.back() += step;
  }

  const Rows& rows_;
  std::vector<double> alpha_;
};

/// The rows that a class is told from when there are too many for all.
class Choice {
 public:
  Choice(const Rows& rows, std::span<const int> labels) : rows_(rows), labels_(labels) {
    begin_.assign(rows.features + 1, 0);
    for (const std::uint32_t f : rows.feature) ++begin_[f + 1];
    std::partial_sum(begin_.begin(), begin_.end(), begin_.begin());
    postings_.resize(rows.feature.size());
    std::vector<std::size_t> at(begin_.begin(), begin_.end() - 1);
    for (std::uint32_t i = 0; i < rows.count(); ++i) {
      for (std::size_t k = rows.begin[i]; k < rows.begin[i + 1]; ++k) {
        postings_[at[rows.feature[k]]++] = {i, rows.value[k]};
      }
    }
  }

  std::vector<std::uint32_t> rows_for(int wanted, const std::vector<std::uint32_t>& own) {
    std::vector<float> centre(rows_.features, 0);
    std::vector<std::uint32_t> touched;
    for (const std::uint32_t i : own) {
      for (std::size_t k = rows_.begin[i]; k < rows_.begin[i + 1]; ++k) {
        if (centre[rows_.feature[k]] == 0) touched.push_back(rows_.feature[k]);
        centre[rows_.feature[k]] += rows_.value[k];
      }
    }
    std::vector<float> likeness(rows_.count(), 0);
    for (const std::uint32_t f : touched) {
      // What a tenth of all rows have tells nobody apart.
      if ((begin_[f + 1] - begin_[f]) * 10 > rows_.count()) continue;
      for (std::size_t k = begin_[f]; k < begin_[f + 1]; ++k) {
        likeness[postings_[k].row] += centre[f] * postings_[k].value;
      }
    }
    std::vector<std::uint32_t> others;
    for (std::uint32_t i = 0; i < rows_.count(); ++i) {
      if (labels_[i] != wanted) others.push_back(i);
    }
    const std::size_t like = std::min(kLookalikes, others.size());
    std::nth_element(others.begin(), others.begin() + static_cast<std::ptrdiff_t>(like), others.end(),
                     [&](std::uint32_t a, std::uint32_t b) {
                       return likeness[a] != likeness[b] ? likeness[a] > likeness[b] : a < b;
                     });
    std::sort(others.begin() + static_cast<std::ptrdiff_t>(like), others.end());
    std::vector<std::uint32_t> out = own;
    out.insert(out.end(), others.begin(), others.begin() + static_cast<std::ptrdiff_t>(like));
    std::sort(out.begin(), out.end());
    const std::size_t rest = others.size() - like;
    const std::size_t stride = std::max<std::size_t>(1, rest / kOfTheRest);
    for (std::size_t k = like; k < others.size(); k += stride) out.push_back(others[k]);
    return out;
  }

 private:
  struct Posting {
    std::uint32_t row;
    float value;
  };
  const Rows& rows_;
  std::span<const int> labels_;
  std::vector<std::size_t> begin_;
  std::vector<Posting> postings_;
};

}  // namespace

LinearModel::LinearModel(std::span<const SparseVector> all, std::size_t features, std::span<const int> labels,
                         int classes, double cost) {
  const Rows rows(all, features);
  std::vector<std::vector<std::uint32_t>> own(static_cast<std::size_t>(classes));
  for (std::uint32_t i = 0; i < rows.count(); ++i) own[static_cast<std::size_t>(labels[i])].push_back(i);
  const bool choose = rows.count() * own.size() > kAllPairs;
  std::optional<Choice> choice;
  if (choose) choice.emplace(rows, labels);

  struct Found {
    std::uint32_t feature;
    std::uint16_t class_id;
    float value;
  };
  std::vector<Found> found;
  bias_.assign(own.size(), 0);
  Solver solver(rows);
  std::vector<std::uint32_t> order;
  std::vector<double> w(features + 1);
  double largest = 0;
  for (std::size_t c = 0; c < own.size(); ++c) {
    if (own[c].empty()) {
      bias_[c] = -1;
      continue;
    }
    if (choose) {
      order = choice->rows_for(static_cast<int>(c), own[c]);
    } else {
      order.resize(rows.count());
      std::iota(order.begin(), order.end(), 0U);
    }
    solver.solve(order, labels, static_cast<int>(c), cost, w);
    for (std::size_t f = 0; f < features; ++f) largest = std::max(largest, std::fabs(w[f]));
    // The largest weight only grows, so nothing that counts in the end is left out here.
    for (std::size_t f = 0; f < features; ++f) {
      if (std::fabs(w[f]) <= largest * kNegligible) continue;
      found.push_back({static_cast<std::uint32_t>(f), static_cast<std::uint16_t>(c), static_cast<float>(w[f])});
    }
    bias_[c] = static_cast<float>(w.back());
  }
  step_ = static_cast<float>(largest / 32767);
  const auto counts = [&](const Found& one) { return std::fabs(one.value) > largest * kNegligible; };
  begin_.assign(features + 1, 0);
  for (const Found& one : found) {
    if (counts(one)) ++begin_[one.feature + 1];
  }
  std::partial_sum(begin_.begin(), begin_.end(), begin_.begin());
  weights_.resize(begin_.back());
  std::vector<std::uint32_t> at(begin_.begin(), begin_.end() - 1);
  for (const Found& one : found) {
    if (!counts(one)) continue;
    weights_[at[one.feature]++] = {one.class_id, static_cast<std::int16_t>(std::lround(one.value / step_))};
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
