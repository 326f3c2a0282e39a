#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "plugins/bot/text.hpp"
#include "qiao/result.hpp"

namespace qiao::bot {

/// Words by what customers mean by them: dialect, English inside Chinese and synonyms come to the same concepts.
/// Immutable once built; any thread.
class Lexicon {
 public:
  struct Hit {
    std::uint32_t concept_id;  ///< hash of the concept's name; kNothing for words that say nothing
    std::size_t begin;         ///< in Plain::text
    std::size_t end;
  };

  /// The concept "nothing".
  static const std::uint32_t kNothing;

  Lexicon() = default;
  /// Concept → the ways to say it. Words are made comparable as customers' texts are.
  explicit Lexicon(const std::map<std::string, std::vector<std::string>>& concepts);
  /// From a YAML map; errors say file, line and column.
  static Result<Lexicon> read(const std::filesystem::path& file);

  /// What stands in the text, in its order; the longest word wins, and one that is written so
  /// over one that sounds so. A word of Latin letters counts as a whole word only.
  [[nodiscard]] std::vector<Hit> find(const Plain& plain) const;
  [[nodiscard]] std::size_t words() const noexcept { return words_; }

 private:
  struct Node {
    std::unordered_map<std::uint32_t, std::uint32_t> next;  ///< by character, or by syllable
    std::vector<std::uint32_t> concepts;                    ///< of the word that ends here
  };
  using Tree = std::vector<Node>;
  void add(const std::string& word, std::uint32_t concept_id);
  static void add(Tree& tree, const std::u32string& keys, std::uint32_t concept_id);
  Tree written_{1};
  Tree spoken_{1};  ///< Chinese words of two characters and more by their sound, for what was mistyped
  std::size_t words_ = 0;
};

}  // namespace qiao::bot
