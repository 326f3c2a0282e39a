#include "plugins/bot/nlu/network.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <random>

namespace qiao::bot {
namespace {

constexpr std::uint32_t kNone = UINT32_MAX;
constexpr float kEpsilon = 1e-4F;
constexpr float kFirstInput = 0.1F;

// The same sums eight at once where the processor can; without fused operations, so the result is the same everywhere.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__SANITIZE_THREAD__) && !defined(__SANITIZE_ADDRESS__)
#define QIAO_BOT_WIDE __attribute__((target_clones("avx2", "default")))
#else
#define QIAO_BOT_WIDE
#endif

/// Adagrad: each weight has its own rate, so rare features learn as well as frequent ones. The gradient is `scale`
/// times `input`.
QIAO_BOT_WIDE void learn(float* __restrict weights, float* __restrict squares, const float* __restrict input,
                         float scale, float rate, std::size_t size) {
  for (std::size_t j = 0; j < size; ++j) {
    const float gradient = input[j] * scale;
    squares[j] += gradient * gradient;
    weights[j] -= rate * gradient / (std::sqrt(squares[j]) + kEpsilon);
  }
}

QIAO_BOT_WIDE void add_scaled(float* __restrict to, const float* __restrict from, float scale, std::size_t size) {
  for (std::size_t j = 0; j < size; ++j) to[j] += from[j] * scale;
}

QIAO_BOT_WIDE void add_scaled(float* __restrict to, const std::int8_t* __restrict from, float scale, std::size_t size) {
  for (std::size_t j = 0; j < size; ++j) to[j] += scale * static_cast<float>(from[j]);
}

struct Learner {
  std::vector<float> weights;
  std::vector<float> squares;
  explicit Learner(std::size_t size = 0) : weights(size), squares(size) {}
  void step(std::size_t begin, const float* input, float scale, float rate, std::size_t size) {
    learn(&weights[begin], &squares[begin], input, scale, rate, size);
  }
};

/// Quick and the same everywhere, unlike the distributions of the standard library.
class Dice {
 public:
  explicit Dice(std::uint32_t seed) : state_(seed * 2654435761U + 1U) {}
  std::uint32_t next() {
    state_ ^= state_ << 13U;
    state_ ^= state_ >> 17U;
    state_ ^= state_ << 5U;
    return state_;
  }
  float unit() { return static_cast<float>(next() >> 8U) * (1.0F / 16777216.0F); }
  float normal() {
    float sum = -6;
    for (int i = 0; i < 12; ++i) sum += unit();
    return sum;
  }

 private:
  std::uint32_t state_;
};

/// Eight sums side by side, which is what the processor can add at once; `size` is a multiple of eight.
QIAO_BOT_WIDE float dot(const float* a, const float* b, std::size_t size) {
  float sums[8] = {};
  for (std::size_t i = 0; i < size; i += 8) {
    for (std::size_t k = 0; k < 8; ++k) sums[k] += a[i + k] * b[i + k];
  }
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

void softmax(std::span<float> values) {
  const float most = *std::max_element(values.begin(), values.end());
  float sum = 0;
  for (float& v : values) sum += v = std::exp(v - most);
  for (float& v : values) v /= sum;
}

}  // namespace

Network::Network(std::span<const SparseVector> rows, std::size_t features, std::span<const int> labels, int classes,
                 const Settings& settings)
    : hidden_(settings.hidden), place_(features, kNone) {
  const auto hidden = static_cast<std::size_t>(hidden_);
  const auto count = static_cast<std::size_t>(classes);
  std::vector<int> in_rows(features, 0);
  for (const SparseVector& row : rows) {
    for (const auto& [feature, weight] : row) ++in_rows[feature];
  }
  std::uint32_t used = 0;
  for (std::size_t f = 0; f < features; ++f) {
    if (in_rows[f] >= settings.least_rows) place_[f] = used++;
  }
  Dice dice(settings.seed);
  Learner input(used * hidden);
  Learner input_bias(hidden);
  Learner output(count * hidden);
  Learner output_bias(count);
  for (float& w : input.weights) w = dice.normal() * kFirstInput;
  const float first_output = std::sqrt(1.0F / static_cast<float>(hidden_));
  for (float& w : output.weights) w = dice.normal() * first_output;

  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<float> on(hidden);
  std::vector<float> back(hidden);
  std::vector<float> probability(count);
  SparseVector kept;
  for (int round = 0; round < settings.rounds; ++round) {
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[dice.next() % i]);
    const float rate = settings.rate * (1 - static_cast<float>(round) / static_cast<float>(settings.rounds));
    for (const std::size_t at : order) {
      kept.clear();
      for (const auto& [feature, weight] : rows[at]) {
        if (place_[feature] == kNone || dice.unit() < settings.leave_out) continue;
        kept.emplace_back(place_[feature], weight / (1 - settings.leave_out));
      }
      on = input_bias.weights;
      for (const auto& [place, weight] : kept) {
        add_scaled(on.data(), &input.weights[place * hidden], weight, hidden);
      }
      for (float& v : on) {
        v = v > 0 && dice.unit() >= settings.leave_out_hidden ? v / (1 - settings.leave_out_hidden) : 0;
      }
      for (std::size_t c = 0; c < count; ++c) {
        probability[c] = output_bias.weights[c] + dot(on.data(), &output.weights[c * hidden], hidden);
      }
      softmax(probability);
      std::fill(back.begin(), back.end(), 0.0F);
      const auto right = static_cast<std::size_t>(labels[at]);
      for (std::size_t c = 0; c < count; ++c) {
        const float target =
            settings.smoothing / static_cast<float>(classes) + (c == right ? 1 - settings.smoothing : 0);
        const float wrong = probability[c] - target;
        if (std::fabs(wrong) < kEpsilon) continue;
        const std::size_t begin = c * hidden;
        add_scaled(back.data(), &output.weights[begin], wrong, hidden);
        output.step(begin, on.data(), wrong, rate, hidden);
        constexpr float kOne = 1;
        output_bias.step(c, &kOne, wrong, rate, 1);
      }
      for (std::size_t j = 0; j < hidden; ++j) {
        back[j] = on[j] > 0 ? back[j] / (1 - settings.leave_out_hidden) : 0;
      }
      input_bias.step(0, back.data(), 1, rate, hidden);
      for (const auto& [place, weight] : kept) {
        input.step(place * hidden, back.data(), weight, rate, hidden);
      }
    }
  }

  input_.resize(used * hidden);
  input_step_.resize(used);
  for (std::size_t place = 0; place < used; ++place) {
    const float* w = &input.weights[place * hidden];
    float largest = 0;
    for (std::size_t j = 0; j < hidden; ++j) largest = std::max(largest, std::fabs(w[j]));
    input_step_[place] = largest > 0 ? largest / 127 : 1;
    for (std::size_t j = 0; j < hidden; ++j) {
      input_[place * hidden + j] = static_cast<std::int8_t>(std::lround(w[j] / input_step_[place]));
    }
  }
  input_bias_ = std::move(input_bias.weights);
  output_ = std::move(output.weights);
  output_bias_ = std::move(output_bias.weights);
}

void Network::probabilities(const SparseVector& x, std::span<float> out) const {
  const auto hidden = static_cast<std::size_t>(hidden_);
  std::vector<float> on = input_bias_;
  for (const auto& [feature, weight] : x) {
    const std::uint32_t place = place_[feature];
    if (place == kNone) continue;
    add_scaled(on.data(), &input_[place * hidden], weight * input_step_[place], hidden);
  }
  for (float& v : on) v = std::max(v, 0.0F);
  for (std::size_t c = 0; c < output_bias_.size(); ++c) {
    out[c] = output_bias_[c] + dot(on.data(), &output_[c * hidden], hidden);
  }
  softmax(out.first(output_bias_.size()));
}

std::size_t Network::bytes() const noexcept {
  return input_.size() +
         (place_.size() + input_step_.size() + input_bias_.size() + output_.size() + output_bias_.size()) * 4;
}

}  // namespace qiao::bot
