#include "plugins/bot/nlu/classifier.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace qiao::bot {
namespace {

/// How loud each kind of feature is, in the order of FeatureKind.
constexpr std::array<double, kFeatureKinds> kLoudness{0.8, 0.75, 0.7, 0.5, 0.95, 0.9, 0.6};

std::vector<std::pair<std::uint32_t, int>> counted(std::vector<std::uint32_t> ids) {
  std::sort(ids.begin(), ids.end());
  std::vector<std::pair<std::uint32_t, int>> out;
  for (const std::uint32_t id : ids) {
    if (out.empty() || out.back().first != id) {
      out.emplace_back(id, 1);
    } else {
      ++out.back().second;
    }
  }
  return out;
}

}  // namespace

Classifier::Settings Classifier::Settings::fitting(std::size_t examples, std::size_t classes) {
  Settings settings;
  const double each = static_cast<double>(examples) / static_cast<double>(std::max<std::size_t>(classes, 1));
  settings.cost = each < 20 ? 3 : 1;
  settings.unknown_weight = std::min(1.0, std::max(0.0, (each - 10) / 50));
  return settings;
}

Classifier::Classifier(const std::vector<Example>& examples, int classes, std::shared_ptr<const Lexicon> lexicon,
                       const Settings& settings)
    : lexicon_(std::move(lexicon)), settings_(settings), classes_(classes) {
  std::vector<FeatureBag> bags;
  std::vector<const FeatureBag*> pointers;
  std::vector<int> labels;
  bags.reserve(examples.size());
  for (const Example& e : examples) {
    bags.push_back(feature_bag(make_plain(e.text), *lexicon_));
    pointers.push_back(&bags.back());
    labels.push_back(e.label);
  }
  learn(pointers, labels);
}

Classifier::Classifier(const std::vector<const FeatureBag*>& bags, const std::vector<int>& labels, int classes,
                       std::shared_ptr<const Lexicon> lexicon, const Settings& settings)
    : lexicon_(std::move(lexicon)), settings_(settings), classes_(classes) {
  learn(bags, labels);
}

void Classifier::learn(const std::vector<const FeatureBag*>& bags, const std::vector<int>& wanted) {
  if (bags.empty() || classes_ == 0) return;
  std::vector<std::uint32_t> in_rows(kFeatureSpace, 0);
  for (const FeatureBag* bag : bags) {
    std::vector<std::uint32_t> all;
    for (const auto& kind : *bag) all.insert(all.end(), kind.begin(), kind.end());
    for (const auto& [id, times] : counted(std::move(all))) ++in_rows[id];
  }
  const auto rows = static_cast<float>(bags.size());
  rarest_ = std::log((1 + rows) / 2) + 1;
  features_ = FeatureSet(in_rows);
  rarity_.reserve(features_.count());
  for (const std::uint32_t times : in_rows) {
    if (times > 0) rarity_.push_back(std::log((1 + rows) / (1 + static_cast<float>(times))) + 1);
  }
  std::vector<SparseVector> vectors;
  std::vector<int> labels;
  for (std::size_t i = 0; i < bags.size(); ++i) {
    vectors.push_back(view(*bags[i]).vector);
    labels.push_back(wanted[i] == Example::kElsewhere ? classes_ : wanted[i]);
  }
  linear_ = LinearModel(vectors, features_.count(), labels, classes_ + 1, settings_.cost);
  if (rows < settings_.least_for_network * static_cast<double>(classes_)) return;
  for (int i = 0; i < settings_.networks; ++i) {
    Network::Settings how = settings_.network;
    how.seed += static_cast<std::uint32_t>(i);
    networks_.emplace_back(vectors, features_.count(), labels, classes_ + 1, how);
  }
}

Classifier::View Classifier::view(const FeatureBag& bag) const {
  View out;
  double seen = 0;
  double all = 0;
  for (std::size_t kind = 0; kind < kFeatureKinds; ++kind) {
    const std::size_t first = out.vector.size();
    double length = 0;
    for (const auto& [id, times] : counted(bag[kind])) {
      const double weight = 1 + std::log(times);
      const std::uint32_t number = features_.number(id);
      const bool known = number != FeatureSet::kNone;
      if (kind == static_cast<std::size_t>(FeatureKind::unit)) {
        all += known ? rarity_[number] : rarest_;
        seen += known ? rarity_[number] : 0;
      }
      if (!known) continue;
      const double value = weight * rarity_[number];
      length += value * value;
      out.vector.emplace_back(number, static_cast<float>(value));
    }
    if (length <= 0) continue;
    const double scale = kLoudness[kind] / std::sqrt(length);
    for (std::size_t i = first; i < out.vector.size(); ++i) out.vector[i].second *= static_cast<float>(scale);
  }
  std::sort(out.vector.begin(), out.vector.end());
  std::size_t kept = 0;
  double length = 0;
  for (std::size_t i = 0; i < out.vector.size(); ++i) {
    if (kept > 0 && out.vector[kept - 1].first == out.vector[i].first) {
      out.vector[kept - 1].second += out.vector[i].second;  // two kinds on one hash
    } else {
      out.vector[kept++] = out.vector[i];
    }
  }
  out.vector.resize(kept);
  for (const auto& [id, value] : out.vector) length += static_cast<double>(value) * value;
  for (auto& [id, value] : out.vector) value = static_cast<float>(value / std::sqrt(length));
  out.known = all > 0 ? seen / all : 0;
  return out;
}

std::vector<Classifier::Ranked> Classifier::classify(const Plain& text, std::size_t most) const {
  return classify(feature_bag(text, *lexicon_), most);
}

std::vector<Classifier::Ranked> Classifier::classify(const FeatureBag& bag, std::size_t most) const {
  if (rarity_.empty()) return {};
  const View seen = view(bag);
  if (seen.vector.empty()) return {};
  const auto count = static_cast<std::size_t>(classes_) + 1;
  std::vector<float> scores(count, 0);
  linear_.add_scores(seen.vector, scores);
  std::vector<float> probability(count);
  for (const Network& network : networks_) {
    network.probabilities(seen.vector, probability);
    const double weight = settings_.network_weight / static_cast<double>(networks_.size());
    for (std::size_t c = 0; c < count; ++c) scores[c] += static_cast<float>(weight * probability[c]);
  }
  const double against = settings_.elsewhere_weight * scores.back() + settings_.unknown_weight * (1 - seen.known);
  std::vector<int> order(static_cast<std::size_t>(classes_));
  std::iota(order.begin(), order.end(), 0);
  most = std::min(most, order.size());
  std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(most), order.end(), [&](int a, int b) {
    const float left = scores[static_cast<std::size_t>(a)];
    const float right = scores[static_cast<std::size_t>(b)];
    return left != right ? left > right : a < b;
  });
  std::vector<Ranked> out;
  for (std::size_t i = 0; i < most; ++i)
    out.push_back({order[i], scores[static_cast<std::size_t>(order[i])] - against});
  return out;
}

std::size_t Classifier::bytes() const noexcept {
  std::size_t size = features_.bytes() + rarity_.size() * sizeof(float) + linear_.bytes();
  for (const Network& n : networks_) size += n.bytes();
  return size;
}

}  // namespace qiao::bot
