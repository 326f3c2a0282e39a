#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "plugins/bot/entry.hpp"
#include "plugins/bot/nlu/understanding.hpp"
#include "plugins/bot/text.hpp"

namespace qiao::bot {

struct Match {
  const KnowledgeEntry* entry;  ///< lives as long as the Matcher
  double score;                 ///< 0–1
  const char* reason;           ///< exact, keyword, learned, similar
};

/// Finds the entries that a text is about. The engine of the bot: what is above it asks only `best`.
///
/// What was learned (Understanding) says which entry is meant and how likely that is. Entries that were changed since
/// are compared with the text by TF-IDF cosine until they are learned. Keywords lift an entry over both, the question
/// itself over all. Immutable, any thread; well below a millisecond for hundreds of entries.
class Matcher {
 public:
  explicit Matcher(std::vector<KnowledgeEntry> entries, std::shared_ptr<const Understanding> understanding = nullptr,
                   std::shared_ptr<const ShopWords> words = std::make_shared<const ShopWords>());

  /// Best first, each entry once, scores above 0. Only entries of this site or of all sites, and only enabled ones.
  [[nodiscard]] std::vector<Match> best(const Plain& text, std::string_view site, std::size_t most = 3) const;
  /// True when nothing has changed since the learning.
  [[nodiscard]] bool all_learned() const noexcept {
    return understanding_ && learned_.size() == entries_.size() && understanding_->entries() == entries_.size() &&
           understanding_->words() == words_->mark();
  }
  /// Null when there is no such entry, or customers do not get it.
  [[nodiscard]] const KnowledgeEntry* find(std::string_view key) const;
  /// Why an entry was found: its question that is most like the text, and the rule of its keywords that holds.
  struct Why {
    std::string question;
    std::string keyword;
  };
  [[nodiscard]] Why explain(const Plain& text, const KnowledgeEntry& entry) const;
  [[nodiscard]] const std::vector<KnowledgeEntry>& entries() const noexcept { return entries_; }

 private:
  struct Variant {
    std::size_t entry;
    std::u32string compact;
    bool learned = false;  ///< its entry is understood: only the question itself counts here
    double norm = 0;
    double total = 0;
  };
  /// A feature that entries have.
  struct Term {
    std::uint64_t id;
    double idf;
    std::uint32_t first;  ///< of its postings, which end where the next term's begin
  };
  struct Posting {
    std::uint32_t variant;
    float weight;
  };
  struct Keyword {
    std::size_t entry;
    std::string rule;
    bool certain = false;  ///< "!退款": whatever was learned
    std::vector<Plain> parts;
    std::size_t length = 0;
  };
  void index();
  /// Null when no entry has the feature.
  [[nodiscard]] const Term* term(std::uint64_t id) const noexcept;
  [[nodiscard]] double keyword_score(const Keyword& keyword, const Plain& text) const;

  std::vector<KnowledgeEntry> entries_;
  std::shared_ptr<const Understanding> understanding_;
  std::shared_ptr<const ShopWords> words_;
  std::unordered_map<std::string, std::size_t> learned_;  ///< key → entry, of those that are understood
  std::vector<Variant> variants_;
  std::vector<Keyword> keywords_;
  std::vector<Term> terms_;  ///< by id, and one that only ends the last one's postings
  std::vector<Posting> postings_;
  double unknown_idf_ = 1;
};

}  // namespace qiao::bot
