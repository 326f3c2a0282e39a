#include "plugins/bot/nlu/understanding.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

namespace qiao::bot {
namespace {

constexpr std::size_t kFolds = 3;
constexpr std::size_t kEnoughToCalibrate = 30;
constexpr std::size_t kMostToCalibrate = 4000;  // examples; more are not needed, and learning without them takes time

std::size_t hash_of(const KnowledgeEntry& entry) {
  std::size_t h = std::hash<std::string>{}(entry.answer_zh + '\0' + entry.answer_en);
  for (const std::string& q : entry.questions) h = h * 1099511628211ULL ^ std::hash<std::string>{}(q);
  return h;
}

struct Outcome {
  double score;
  bool right;
};

/// Platt's fit of a logistic curve, by Newton's method, with his softened targets.
std::optional<std::pair<double, double>> fit(const std::vector<Outcome>& outcomes) {
  const auto rights =
      static_cast<double>(std::count_if(outcomes.begin(), outcomes.end(), [](const Outcome& o) { return o.right; }));
  const double wrongs = static_cast<double>(outcomes.size()) - rights;
  if (rights < 5 || wrongs < 5) return std::nullopt;
  const double high = (rights + 1) / (rights + 2);
  const double low = 1 / (wrongs + 2);
  double slope = 1;
  double offset = 0;
  for (int round = 0; round < 50; ++round) {
    double gs = 0;
    double go = 0;
    double hss = 1e-6;
    double hso = 0;
    double hoo = 1e-6;
    for (const Outcome& o : outcomes) {
      const double p = 1 / (1 + std::exp(-(slope * o.score + offset)));
      const double d = p - (o.right ? high : low);
      const double w = p * (1 - p);
      gs += d * o.score;
      go += d;
      hss += w * o.score * o.score;
      hso += w * o.score;
      hoo += w;
    }
    const double determinant = hss * hoo - hso * hso;
    if (determinant < 1e-12) break;
    const double ds = (hoo * gs - hso * go) / determinant;
    const double delta_offset = (hss * go - hso * gs) / determinant;
    slope -= ds;
    offset -= delta_offset;
    if (std::fabs(ds) + std::fabs(delta_offset) < 1e-6) break;
  }
  if (!(slope > 0) || !std::isfinite(slope) || !std::isfinite(offset)) return std::nullopt;
  return std::pair{slope, offset};
}

}  // namespace

Result<Background> Background::read(const std::filesystem::path& folder) {
  Background background;
  auto lexicon = Lexicon::read(folder / "lexicon.yaml");
  if (!lexicon) return lexicon.error();
  background.lexicon = std::make_shared<const Lexicon>(std::move(*lexicon));
  const std::filesystem::path file = folder / "elsewhere.yaml";
  try {
    for (const YAML::Node& text : YAML::LoadFile(file.string())) background.elsewhere.push_back(text.as<std::string>());
  } catch (const YAML::Exception& e) {
    return Error{Errc::bad_value, "bot.bad_lexicon", fmt::format("{}: {}", file.string(), e.what())};
  }
  return background;
}

std::shared_ptr<const Understanding> Understanding::learn(const std::vector<KnowledgeEntry>& entries,
                                                          const Background& background,
                                                          const std::function<bool()>& go_on, const ShopWords& words) {
  std::shared_ptr<Understanding> learned(new Understanding);
  learned->words_ = words.mark();
  const auto in_our_words = [&](const std::string& text) {
    return words.empty() ? text : to_utf8(words.apply(make_plain(text)).text);
  };
  std::vector<Example> examples;
  std::vector<std::size_t> folds;  // of each example; kFolds: always learned from
  for (const KnowledgeEntry& entry : entries) {
    learned->learned_.emplace(entry.key, hash_of(entry));
    if (!entry.enabled) continue;
    const int label = static_cast<int>(learned->keys_.size());
    learned->keys_.push_back(entry.key);
    for (std::size_t i = 0; i < entry.questions.size(); ++i) {
      examples.push_back({in_our_words(entry.questions[i]), label});
      folds.push_back(i % kFolds);
    }
    for (const std::string* answer : {&entry.answer_zh, &entry.answer_en}) {
      if (answer->empty()) continue;
      examples.push_back({in_our_words(*answer), label});
      folds.push_back(kFolds);
    }
  }
  if (learned->keys_.empty()) return learned;
  for (std::size_t i = 0; i < background.elsewhere.size(); ++i) {
    examples.push_back({background.elsewhere[i], Example::kElsewhere});
    folds.push_back(i % kFolds);
  }
  std::vector<FeatureBag> bags;
  std::vector<const FeatureBag*> pointers;
  std::vector<int> labels;
  bags.reserve(examples.size());
  for (const Example& e : examples) {
    bags.push_back(feature_bag(make_plain(e.text), *background.lexicon));
    pointers.push_back(&bags.back());
    labels.push_back(e.label);
  }
  if (!learned->calibrate(pointers, labels, folds, background, go_on)) return nullptr;
  learned->classifier_ =
      std::make_unique<const Classifier>(pointers, labels, static_cast<int>(learned->keys_.size()), background.lexicon,
                                         Classifier::Settings::fitting(examples.size(), learned->keys_.size()));
  return learned;
}

/// Each question is judged by a classifier that has not seen it; how often scores like its own were right is what a
/// score means.
bool Understanding::calibrate(const std::vector<const FeatureBag*>& bags, const std::vector<int>& labels,
                              const std::vector<std::size_t>& folds, const Background& background,
                              const std::function<bool()>& go_on) {
  const std::size_t rounds = bags.size() > kMostToCalibrate ? 1 : kFolds;
  std::vector<Outcome> outcomes;
  for (std::size_t fold = 0; fold < rounds; ++fold) {
    std::vector<const FeatureBag*> learned;
    std::vector<int> learned_labels;
    std::vector<bool> taught(keys_.size(), false);
    for (std::size_t i = 0; i < bags.size(); ++i) {
      if (folds[i] == fold) continue;
      learned.push_back(bags[i]);
      learned_labels.push_back(labels[i]);
      if (labels[i] >= 0 && folds[i] < kFolds) taught[static_cast<std::size_t>(labels[i])] = true;
    }
    if (!go_on()) return false;
    const Classifier judge(learned, learned_labels, static_cast<int>(keys_.size()), background.lexicon,
                           Classifier::Settings::fitting(learned.size(), keys_.size()));
    for (std::size_t i = 0; i < bags.size(); ++i) {
      const int label = labels[i];
      if (folds[i] != fold || (label >= 0 && !taught[static_cast<std::size_t>(label)])) continue;
      const auto best = judge.classify(*bags[i], 1);
      if (!best.empty()) outcomes.push_back({best[0].score, best[0].label == label});
    }
  }
  if (outcomes.size() >= kEnoughToCalibrate) {
    if (const auto fitted = fit(outcomes)) std::tie(slope_, offset_) = *fitted;
  }
  return go_on();
}

double Understanding::probability(double score) const { return 1 / (1 + std::exp(-(slope_ * score + offset_))); }

std::vector<Understanding::Guess> Understanding::guess(const Plain& text, std::size_t most) const {
  std::vector<Guess> out;
  if (!classifier_) return out;
  for (const Classifier::Ranked& r : classifier_->classify(text, most)) {
    out.push_back({&keys_[static_cast<std::size_t>(r.label)], probability(r.score)});
  }
  return out;
}

bool Understanding::knows(const KnowledgeEntry& entry) const {
  const auto learned = learned_.find(entry.key);
  return learned != learned_.end() && learned->second == hash_of(entry);
}

}  // namespace qiao::bot
