#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "plugins/bot/nlu/feature_set.hpp"
#include "plugins/bot/nlu/linear.hpp"
#include "plugins/bot/nlu/network.hpp"

namespace qiao::bot {

/// A text whose meaning is known.
struct Example {
  static constexpr int kElsewhere = -1;  ///< about nothing that the classes stand for
  std::string text;
  int label = kElsewhere;  ///< 0 … classes-1
};

/// Which class a text belongs to, and how sure that is. Linear machines and, where there is enough to learn from,
/// networks look at the same features and are heard together; what belongs to no class is a class of its own beside
/// them. Immutable once trained; any thread.
class Classifier {
 public:
  struct Settings {
    double cost = 1;   ///< of a mistake, in the linear model
    int networks = 3;  ///< at most; none below `least_for_network` examples a class
    double least_for_network = 40;
    double network_weight = 1;      ///< of their mean probability beside the linear margins
    double elsewhere_weight = 0.5;  ///< how much "no class" speaks against the best class
    double unknown_weight = 1;      ///< how much words that were never seen speak against it
    Network::Settings network;
    /// For that many examples: with few questions a class a mistake weighs more, and that a word was never seen says
    /// nothing.
    static Settings fitting(std::size_t examples, std::size_t classes);
  };
  struct Ranked {
    int label = 0;
    double score = 0;  ///< higher is surer; comparable between texts
  };

  Classifier(const std::vector<Example>& examples, int classes, std::shared_ptr<const Lexicon> lexicon,
             const Settings& settings);

  /// The same from features that were found before; the labels are Example::label.
  Classifier(const std::vector<const FeatureBag*>& bags, const std::vector<int>& labels, int classes,
             std::shared_ptr<const Lexicon> lexicon, const Settings& settings);

  /// The `most` best classes. Empty when the text has no features or nothing was learned.
  [[nodiscard]] std::vector<Ranked> classify(const Plain& text, std::size_t most) const;
  [[nodiscard]] std::vector<Ranked> classify(const FeatureBag& bag, std::size_t most) const;
  [[nodiscard]] std::size_t bytes() const noexcept;
  [[nodiscard]] const Lexicon& lexicon() const noexcept { return *lexicon_; }

 private:
  void learn(const std::vector<const FeatureBag*>& bags, const std::vector<int>& labels);
  struct View {
    SparseVector vector;  ///< by number in features_
    double known = 0;     ///< share of the text, by weight, that was seen in training
  };
  [[nodiscard]] View view(const FeatureBag& bag) const;

  std::shared_ptr<const Lexicon> lexicon_;
  Settings settings_;
  int classes_ = 0;
  FeatureSet features_;        ///< seen in training
  std::vector<float> rarity_;  ///< of each: inverse document frequency
  float rarest_ = 0;
  LinearModel linear_;
  std::vector<Network> networks_;
};

}  // namespace qiao::bot
