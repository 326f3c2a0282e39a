#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "plugins/bot/entry.hpp"
#include "plugins/bot/text.hpp"

namespace qiao::bot {

struct Match {
  const KnowledgeEntry* entry;  ///< lives as long as the Matcher
  double score;                 ///< 0–1
  const char* reason;           ///< exact, keyword, similar
};

/// Finds the entries that a text is about. The engine of the bot: what is above it asks only `best`.
///
/// Texts are compared with every way an entry is asked, by TF-IDF cosine, lifted by how much of the known question is
/// in the text; keywords lift an entry over mere similarity, the question itself over both. Immutable, any thread; a
/// few microseconds for hundreds of entries.
class Matcher {
 public:
  explicit Matcher(std::vector<KnowledgeEntry> entries);

  /// Best first, each entry once, scores above 0. Only entries of this site or of all sites, and only enabled ones.
  [[nodiscard]] std::vector<Match> best(const Plain& text, std::string_view site, std::size_t most = 3) const;
  [[nodiscard]] const std::vector<KnowledgeEntry>& entries() const noexcept { return entries_; }

 private:
  struct Variant {
    std::size_t entry;
    std::u32string compact;
    double norm = 0;
    double total = 0;
  };
  struct Posting {
    std::uint32_t variant;
    float weight;
  };
  struct Keyword {
    std::size_t entry;
    std::vector<Plain> parts;
    std::size_t length = 0;
  };
  void index();
  [[nodiscard]] double keyword_score(const Keyword& keyword, const Plain& text) const;

  std::vector<KnowledgeEntry> entries_;
  std::vector<Variant> variants_;
  std::vector<Keyword> keywords_;
  std::unordered_map<std::uint64_t, std::vector<Posting>> postings_;
  std::unordered_map<std::uint64_t, double> idf_;
  double unknown_idf_ = 1;
};

}  // namespace qiao::bot
