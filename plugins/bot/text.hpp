#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace qiao::bot {

/// What a customer typed, made comparable: compatibility forms and full width folded (NFKC), lower case, simplified
/// characters, colloquial words replaced by their plain ones; everything that is neither letter nor digit is one space.
struct Plain {
  std::u32string text;     ///< words separated by one space
  std::u32string compact;  ///< the same without spaces
  bool han = false;        ///< has Chinese characters
  int words = 0;           ///< runs of letters or digits that are not Chinese
  bool question = false;   ///< had a question mark
};

/// Longer input than 2,000 characters is cut; broken UTF-8 becomes spaces.
Plain make_plain(std::string_view utf8);

struct Feature {
  std::uint64_t id;
  double weight;
};

/// What two texts are compared by: characters and pairs of characters of Chinese, words of other languages; words
/// without content are left out unless there is nothing else. Ids ascending and unique.
std::vector<Feature> features(const Plain& plain);

[[nodiscard]] inline bool has(std::u32string_view text, std::u32string_view part) {
  return text.find(part) != std::u32string_view::npos;
}
/// `words` as whole words of `text`, which is Plain::text.
[[nodiscard]] bool has_words(std::u32string_view text, std::u32string_view words);
[[nodiscard]] bool is_han(char32_t c);
[[nodiscard]] std::string to_utf8(std::u32string_view text);

}  // namespace qiao::bot
