#include "plugins/bot/nlu/features.hpp"

#include <libstemmer.h>

#include <algorithm>
#include <memory>
#include <string>

#include "plugins/bot/nlu/syllables.hpp"

namespace qiao::bot {
namespace {

class Hash {
 public:
  explicit Hash(FeatureKind kind)
      : value_(0xcbf29ce484222325ULL ^ (static_cast<std::uint64_t>(kind) + 1) * 0x9E3779B97F4A7C15ULL) {}
  Hash& operator<<(std::uint64_t part) {
    value_ = (value_ ^ part) * 0x100000001b3ULL;
    value_ ^= value_ >> 29U;
    return *this;
  }
  Hash& operator<<(std::string_view part) {
    for (const char c : part) value_ = (value_ ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
    return *this << std::uint64_t{0x1F};
  }
  operator std::uint32_t() const {  // NOLINT: meant to be implicit
    std::uint64_t h = value_;
    h ^= h >> 29U;
    h *= 0xbf58476d1ce4e5b9ULL;
    return static_cast<std::uint32_t>(h >> 32U) & (kFeatureSpace - 1);
  }

 private:
  std::uint64_t value_;
};

/// One stemmer a thread: they keep state.
std::string stem(const std::string& word) {
  struct Free {
    void operator()(sb_stemmer* s) const { sb_stemmer_delete(s); }
  };
  static thread_local const std::unique_ptr<sb_stemmer, Free> stemmer(sb_stemmer_new("english", "UTF_8"));
  const auto* out =
      sb_stemmer_stem(stemmer.get(), reinterpret_cast<const sb_symbol*>(word.data()), static_cast<int>(word.size()));
  if (out == nullptr) return word;
  return {reinterpret_cast<const char*>(out), static_cast<std::size_t>(sb_stemmer_length(stemmer.get()))};
}

struct Collector {
  FeatureBag bag;
  void add(FeatureKind kind, std::uint32_t id) { bag[static_cast<std::size_t>(kind)].push_back(id); }

  void words(const std::vector<std::string>& all) {
    std::vector<std::string> stems;
    for (const std::string& w : all) stems.push_back(stem(w));
    for (std::size_t i = 0; i < all.size(); ++i) {
      add(FeatureKind::unit, Hash(FeatureKind::unit) << stems[i]);
      add(FeatureKind::form, Hash(FeatureKind::form) << all[i]);
      if (i + 2 < all.size()) add(FeatureKind::skip, Hash(FeatureKind::skip) << stems[i] << "_" << stems[i + 2]);
      if (i + 3 < all.size()) add(FeatureKind::skip, Hash(FeatureKind::skip) << stems[i] << "__" << stems[i + 3]);
      const std::string spaced = " " + all[i] + " ";
      for (std::size_t n = 2; n <= 5; ++n) {
        for (std::size_t at = 0; at + n <= spaced.size(); ++at) {
          add(FeatureKind::letters, Hash(FeatureKind::letters) << std::string_view(spaced).substr(at, n));
        }
      }
    }
    if (all.empty()) return;
    for (std::size_t i = 0; i <= all.size(); ++i) {
      add(FeatureKind::pair, Hash(FeatureKind::pair) << (i > 0 ? stems[i - 1] : std::string("^"))
                                                     << (i < all.size() ? stems[i] : std::string("$")));
    }
  }

  void han(std::u32string_view run) {
    for (std::size_t i = 0; i < run.size(); ++i) {
      add(FeatureKind::unit, Hash(FeatureKind::unit) << std::uint64_t{run[i]});
      const std::uint32_t sound = syllable_of(run[i]);
      add(FeatureKind::pair, Hash(FeatureKind::pair) << std::uint64_t{sound});
      if (i + 1 >= run.size()) continue;
      add(FeatureKind::form, Hash(FeatureKind::form) << std::uint64_t{run[i]} << std::uint64_t{run[i + 1]});
      add(FeatureKind::skip, Hash(FeatureKind::skip) << std::uint64_t{sound} << std::uint64_t{syllable_of(run[i + 1])});
    }
  }

  void concepts(const std::vector<Lexicon::Hit>& hits) {
    for (std::size_t i = 0; i < hits.size(); ++i) {
      add(FeatureKind::concept_, Hash(FeatureKind::concept_) << std::uint64_t{hits[i].concept_id});
      for (std::size_t j = i + 1; j < hits.size() && j < i + 6; ++j) {
        const auto [a, b] = std::minmax(hits[i].concept_id, hits[j].concept_id);
        if (a != b) add(FeatureKind::meaning, Hash(FeatureKind::meaning) << std::uint64_t{a} << std::uint64_t{b});
      }
    }
  }
};

}  // namespace

FeatureBag feature_bag(const Plain& plain, const Lexicon& lexicon) {
  Collector out;
  std::vector<Lexicon::Hit> hits = lexicon.find(plain);
  std::u32string text = plain.text;
  for (const Lexicon::Hit& hit : hits) {
    if (hit.concept_id != Lexicon::kNothing) continue;
    std::fill(text.begin() + static_cast<std::ptrdiff_t>(hit.begin),
              text.begin() + static_cast<std::ptrdiff_t>(hit.end), U' ');
  }
  std::erase_if(hits, [](const Lexicon::Hit& hit) { return hit.concept_id == Lexicon::kNothing; });
  // Whoever only says hello says something.
  if (hits.empty() && text.find_first_not_of(U' ') == std::u32string::npos) text = plain.text;
  std::vector<std::string> words;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == U' ') {
      ++i;
      continue;
    }
    std::size_t end = i;
    const bool chinese = is_han(text[i]);
    while (end < text.size() && text[end] != U' ' && is_han(text[end]) == chinese) ++end;
    if (chinese) {
      out.han(std::u32string_view(text).substr(i, end - i));
    } else {
      words.push_back(to_utf8(std::u32string_view(text).substr(i, end - i)));
    }
    i = end;
  }
  out.words(words);
  out.concepts(hits);
  return std::move(out.bag);
}

}  // namespace qiao::bot
