#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <string_view>
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
  /// Words with their concepts, as one block: the children of a node stand side by side, ascending, and so do its
  /// concepts; both end where the next node's begin. After the last node stands one that only ends them.
  class Tree {
   public:
    struct Node {
      char32_t key = 0;  ///< a character, or a syllable
      std::uint32_t first_child = 0;
      std::uint32_t first_concept = 0;  ///< of the word that ends here
    };
    using Words = std::map<std::u32string, std::vector<std::uint32_t>>;
    Tree() = default;
    explicit Tree(const Words& words);
    [[nodiscard]] const Node* root() const noexcept { return &nodes_.front(); }
    [[nodiscard]] const Node* child(const Node& node, char32_t key) const noexcept;
    [[nodiscard]] std::span<const std::uint32_t> concepts(const Node& node) const noexcept {
      return std::span(concepts_).subspan(node.first_concept, (&node + 1)->first_concept - node.first_concept);
    }

   private:
    std::vector<Node> nodes_{2};
    std::vector<std::uint32_t> concepts_;
  };
  Tree written_;
  Tree spoken_;  ///< Chinese words of two characters and more by their sound, for what was mistyped
  std::size_t words_ = 0;
};

}  // namespace qiao::bot
