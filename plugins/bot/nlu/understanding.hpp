#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "plugins/bot/entry.hpp"
#include "plugins/bot/nlu/classifier.hpp"
#include "plugins/bot/vocabulary.hpp"

namespace qiao::bot {

/// What the bot brings along before it knows any shop: what words mean, and what is nobody's business.
struct Background {
  std::shared_ptr<const Lexicon> lexicon = std::make_shared<const Lexicon>();
  std::vector<std::string> elsewhere;  ///< texts that no knowledge answers

  /// lexicon.yaml and elsewhere.yaml of a folder.
  static Result<Background> read(const std::filesystem::path& folder);
};

/// What was learned from a knowledge base: which entry a text is about, and how likely that is right. Learning takes
/// about a second for a thousand questions, so it happens beside the answering. Immutable; any thread.
class Understanding {
 public:
  struct Guess {
    const std::string* key;  ///< of the entry; lives as long as this object
    double probability;      ///< that the entry is what the customer means
  };

  /// Null when `go_on`, asked between the steps, said no.
  static std::shared_ptr<const Understanding> learn(
      const std::vector<KnowledgeEntry>& entries, const Background& background,
      const std::function<bool()>& go_on = [] { return true; }, const ShopWords& words = {});

  /// Best first. The text is one that the shop's words were applied to.
  [[nodiscard]] std::vector<Guess> guess(const Plain& text, std::size_t most) const;
  /// True when it was learned as it is now; a new or changed entry is not known before the next learning.
  [[nodiscard]] bool knows(const KnowledgeEntry& entry) const;
  /// How many it was learned from, disabled ones included.
  [[nodiscard]] std::size_t entries() const noexcept { return learned_.size(); }
  /// ShopWords::mark of those that it was learned with.
  [[nodiscard]] std::size_t words() const noexcept { return words_; }
  [[nodiscard]] std::size_t bytes() const noexcept { return classifier_ ? classifier_->bytes() : 0; }

 private:
  Understanding() = default;
  bool calibrate(const std::vector<const FeatureBag*>& bags, const std::vector<int>& labels,
                 const std::vector<std::size_t>& folds, const Background& background,
                 const std::function<bool()>& go_on);
  [[nodiscard]] double probability(double score) const;

  std::vector<std::string> keys_;
  std::size_t words_ = 0;
  std::unordered_map<std::string, std::size_t> learned_;  ///< key → hash of what was learned
  std::unique_ptr<const Classifier> classifier_;
  double slope_ = 2;
  double offset_ = 1;
};

}  // namespace qiao::bot
