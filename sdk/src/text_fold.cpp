#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/utf16.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "qiao/text_index.hpp"

namespace qiao {
namespace {

constexpr std::pair<char16_t, char16_t> kTraditional[] = {
#include "traditional.inc"
};

constexpr std::size_t kShortestPrefix = 2;
constexpr std::size_t kLongestPrefix = 16;
constexpr std::size_t kMostPhrases = 8;
constexpr std::size_t kMostTerms = 16;

/// Scripts that are written without spaces.
bool dense(char32_t c) noexcept {
  return (c >= 0x3040 && c <= 0x30FF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x4E00 && c <= 0x9FFF) ||
         (c >= 0xAC00 && c <= 0xD7AF) || (c >= 0x20000 && c <= 0x3134F);
}

const UNormalizer2* folding() {
  static const UNormalizer2* const instance = [] {
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2* found = unorm2_getNFKCCasefoldInstance(&status);
    return U_SUCCESS(status) ? found : nullptr;
  }();
  return instance;
}

/// Appends characters of one text and sees where words begin.
class Folder {
 public:
  explicit Folder(FoldedText& out) : out_(out) {}

  void separate() noexcept { apart_ = true; }
  void add(char32_t c, std::size_t from, std::size_t to) {
    const char32_t plain = simplified(c);
    const bool now = dense(plain);
    out_.text.push_back(plain);
    out_.from.push_back(static_cast<std::uint32_t>(from));
    out_.to.push_back(static_cast<std::uint32_t>(to));
    out_.starts.push_back(apart_ || now != dense_ ? 1 : 0);
    apart_ = false;
    dense_ = now;
  }
  /// A character with the marks that follow it, as ICU folds them together.
  void add_segment(std::u16string_view segment, std::size_t from, std::size_t to) {
    UErrorCode status = U_ZERO_ERROR;
    char16_t folded[64];
    const std::int32_t length = unorm2_normalize(folding(), segment.data(), static_cast<std::int32_t>(segment.size()),
                                                 folded, static_cast<std::int32_t>(std::size(folded)), &status);
    if (U_FAILURE(status)) return separate();
    for (std::int32_t i = 0; i < length;) {
      UChar32 c = 0;
      U16_NEXT(folded, i, length, c);
      if (u_isalnum(c) || u_getCombiningClass(c) != 0)
        add(static_cast<char32_t>(c), from, to);
      else
        separate();
    }
  }

 private:
  FoldedText& out_;
  bool apart_ = true;
  bool dense_ = false;
};

void append_utf8(std::string& out, char32_t c) {
  char bytes[4];
  std::int32_t length = 0;
  U8_APPEND_UNSAFE(bytes, length, static_cast<UChar32>(c));
  out.append(bytes, static_cast<std::size_t>(length));
}

std::string to_utf8(std::u32string_view text) {
  std::string out;
  for (const char32_t c : text) append_utf8(out, c);
  return out;
}

/// Calls `run(begin, end)` for each word or run of Chinese.
template <class F>
void each_run(const FoldedText& folded, F run) {
  std::size_t begin = 0;
  for (std::size_t i = 1; i <= folded.text.size(); ++i) {
    if (i < folded.text.size() && folded.starts[i] == 0) continue;
    if (i > begin) run(begin, i);
    begin = i;
  }
}

void keep_each_once(std::vector<std::string>& terms) {
  std::sort(terms.begin(), terms.end());
  terms.erase(std::unique(terms.begin(), terms.end()), terms.end());
}

}  // namespace

char32_t simplified(char32_t c) noexcept {
  if (c < 0x4E00 || c > 0x9FFF) return c;
  const auto* found = std::lower_bound(std::begin(kTraditional), std::end(kTraditional), c,
                                       [](const auto& pair, char32_t wanted) { return pair.first < wanted; });
  return found != std::end(kTraditional) && found->first == c ? found->second : c;
}

FoldedText fold_text(std::string_view utf8) {
  FoldedText out;
  out.text.reserve(utf8.size() / 2);
  Folder folder(out);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(utf8.data());
  const auto size = static_cast<std::int32_t>(utf8.size());
  std::u16string segment;
  for (std::int32_t i = 0; i < size;) {
    const std::int32_t from = i;
    UChar32 c = 0;
    U8_NEXT(bytes, i, size, c);
    const bool alone = i >= size || bytes[i] < 0x80 || (bytes[i] >= 0xE4 && bytes[i] <= 0xE9);
    if (c < 0) {
      folder.separate();
    } else if (alone && c < 0x80) {
      const bool upper = c >= 'A' && c <= 'Z';
      if (upper || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
        folder.add(static_cast<char32_t>(upper ? c + 32 : c), static_cast<std::size_t>(from),
                   static_cast<std::size_t>(i));
      else
        folder.separate();
    } else if (alone && c >= 0x4E00 && c <= 0x9FFF) {
      folder.add(static_cast<char32_t>(c), static_cast<std::size_t>(from), static_cast<std::size_t>(i));
    } else {
      segment.clear();
      char16_t units[2];
      std::int32_t count = 0;
      U16_APPEND_UNSAFE(units, count, c);
      segment.append(units, static_cast<std::size_t>(count));
      // Marks belong to the character before them; a text of nothing but marks is cut into pieces.
      while (i < size && segment.size() < 16) {
        std::int32_t next = i;
        UChar32 mark = 0;
        U8_NEXT(bytes, next, size, mark);
        if (mark < 0 || unorm2_hasBoundaryBefore(folding(), mark)) break;
        count = 0;
        U16_APPEND_UNSAFE(units, count, mark);
        segment.append(units, static_cast<std::size_t>(count));
        i = next;
      }
      folder.add_segment(segment, static_cast<std::size_t>(from), static_cast<std::size_t>(i));
    }
  }
  return out;
}

std::vector<std::string> index_terms(std::string_view utf8) {
  const FoldedText folded = fold_text(utf8);
  const std::u32string_view text = folded.text;
  std::vector<std::string> terms;
  each_run(folded, [&](std::size_t begin, std::size_t end) {
    if (dense(text[begin])) {
      for (std::size_t i = begin; i + 1 < end; ++i) terms.push_back(to_utf8(text.substr(i, 2)));
    } else {
      const std::size_t longest = std::min(end - begin, kLongestPrefix);
      for (std::size_t n = kShortestPrefix; n <= longest; ++n) terms.push_back(to_utf8(text.substr(begin, n)));
    }
  });
  keep_each_once(terms);
  return terms;
}

SearchWords::SearchWords(std::string_view asked) {
  while (phrases_.size() < kMostPhrases) {
    // The ideographic space is three bytes of which none is a letter, so it separates inside the phrase.
    const auto begin = asked.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) break;
    const auto end = std::min(asked.find_first_of(" \t\r\n", begin), asked.size());
    FoldedText phrase = fold_text(asked.substr(begin, end - begin));
    asked.remove_prefix(end);
    if (phrase.text.empty()) continue;
    const std::u32string_view text = phrase.text;
    each_run(phrase, [&](std::size_t from, std::size_t to) {
      if (dense(text[from])) {
        for (std::size_t i = from; i + 1 < to; ++i) terms_.push_back(to_utf8(text.substr(i, 2)));
      } else if (to - from >= kShortestPrefix) {
        terms_.push_back(to_utf8(text.substr(from, std::min(to - from, kLongestPrefix))));
      }
    });
    phrases_.push_back(std::move(phrase));
  }
  keep_each_once(terms_);
  if (terms_.size() > kMostTerms) terms_.resize(kMostTerms);
}

std::vector<SearchWords::Range> SearchWords::find(std::string_view text) const {
  std::vector<Range> found;
  if (phrases_.empty()) return found;
  const FoldedText folded = fold_text(text);
  for (const FoldedText& phrase : phrases_) {
    bool there = false;
    const std::size_t length = phrase.text.size();
    for (std::size_t at = folded.text.find(phrase.text); at != std::u32string::npos;
         at = folded.text.find(phrase.text, at + 1)) {
      // Chinese may begin in the middle of a run; every other word begins where a word begins.
      bool fits = dense(phrase.text[0]) || folded.starts[at] != 0;
      for (std::size_t i = 1; fits && i < length; ++i) fits = phrase.starts[i] == folded.starts[at + i];
      if (!fits) continue;
      there = true;
      found.push_back({folded.from[at], folded.to[at + length - 1]});
    }
    if (!there) return {};
  }
  std::sort(found.begin(), found.end(),
            [](const Range& a, const Range& b) { return std::pair(a.from, a.to) < std::pair(b.from, b.to); });
  std::vector<Range> merged;
  for (const Range& range : found) {
    if (!merged.empty() && range.from <= merged.back().to)
      merged.back().to = std::max(merged.back().to, range.to);
    else
      merged.push_back(range);
  }
  return merged;
}

}  // namespace qiao
