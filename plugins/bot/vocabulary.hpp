#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "plugins/bot/text.hpp"
#include "qiao/fields.hpp"
#include "qiao/result.hpp"

namespace qiao::bot {

/// Words that customers use for one that the knowledge uses.
struct Synonym {
  std::string word;
  std::vector<std::string> same_as;
};
QIAO_FIELDS(Synonym, word, same_as)

/// A product as customers call it.
struct ProductWord {
  std::string name;
  std::string sku;  ///< may be empty
  std::vector<std::string> same_as;
};
QIAO_FIELDS(ProductWord, name, sku, same_as)

/// A shop's own words, edited in the workspace.
struct Vocabulary {
  std::vector<Synonym> synonyms;
  std::vector<std::string> stop_words;  ///< say nothing about what is meant
  std::vector<ProductWord> products;
};
QIAO_FIELDS(Vocabulary, synonyms, stop_words, products)

/// `bad_value` with a sentence that names the word.
Result<void> check_vocabulary(const Vocabulary& vocabulary);

/// A vocabulary as it is applied to what customers write and to the questions of the knowledge, so that both speak
/// alike. Immutable; any thread.
class ShopWords {
 public:
  ShopWords() = default;
  explicit ShopWords(const Vocabulary& vocabulary);

  /// The longest word wins; words of Latin letters count as whole words only. A text of stop words alone stays.
  [[nodiscard]] Plain apply(const Plain& plain) const;
  [[nodiscard]] bool empty() const noexcept { return replace_.empty(); }
  /// The same for the same words; differs, as good as always, for others.
  [[nodiscard]] std::size_t mark() const noexcept { return mark_; }

 private:
  std::map<std::u32string, std::u32string> replace_;
  std::size_t longest_ = 0;
  std::size_t mark_ = 0;
};

}  // namespace qiao::bot
