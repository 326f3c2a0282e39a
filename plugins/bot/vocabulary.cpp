#include "plugins/bot/vocabulary.hpp"

#include <algorithm>
#include <functional>

namespace qiao::bot {
namespace {

Error wrong(const std::string& what) { return {Errc::bad_value, "bot.bad_vocabulary", what}; }

bool boundary(const std::u32string& text, std::size_t at) {
  return at == 0 || at >= text.size() || text[at] == U' ' || text[at - 1] == U' ' || is_han(text[at]) ||
         is_han(text[at - 1]);
}

/// The fields of Plain that follow from its text.
Plain plain_of(std::u32string text, bool question) {
  Plain out;
  out.question = question;
  for (const char32_t c : text) {
    const bool space = c == U' ';
    if (space && (out.text.empty() || out.text.back() == U' ')) continue;
    const bool starts =
        !space && !is_han(c) && (out.text.empty() || out.text.back() == U' ' || is_han(out.text.back()));
    out.words += starts ? 1 : 0;
    out.han = out.han || is_han(c);
    out.text.push_back(c);
  }
  while (!out.text.empty() && out.text.back() == U' ') out.text.pop_back();
  out.compact = out.text;
  std::erase(out.compact, U' ');
  return out;
}

}  // namespace

Result<void> check_vocabulary(const Vocabulary& v) {
  constexpr std::size_t kMost = 5000;
  constexpr std::size_t kLongest = 100;
  if (v.synonyms.size() > kMost || v.stop_words.size() > kMost || v.products.size() > kMost)
    return wrong("more than 5,000 lines of one kind");
  std::map<std::u32string, std::string> meant;  // word → what it stands for
  const auto check = [&](const std::string& word, const std::string& target) -> Result<void> {
    const Plain plain = make_plain(word);
    if (plain.compact.empty() || word.size() > kLongest)
      return wrong("\"" + word + "\": a word of 1 to 100 bytes with a letter or digit is needed");
    const auto [known, fresh] = meant.emplace(plain.text, target);
    if (!fresh && known->second != target)
      return wrong("\"" + word + "\" cannot stand for both \"" + known->second + "\" and \"" + target + "\"");
    return {};
  };
  for (const Synonym& s : v.synonyms) {
    if (s.same_as.empty()) return wrong("\"" + s.word + "\": a word that means the same is needed");
    if (auto done = check(s.word, s.word); !done) return done;
    for (const std::string& other : s.same_as) {
      if (auto done = check(other, s.word); !done) return done;
    }
  }
  for (const ProductWord& p : v.products) {
    if (p.sku.size() > kLongest) return wrong("\"" + p.name + "\": the SKU is longer than 100 bytes");
    if (auto done = check(p.name, p.name); !done) return done;
    for (const std::string& other : p.same_as) {
      if (auto done = check(other, p.name); !done) return done;
    }
  }
  for (const std::string& word : v.stop_words) {
    if (auto done = check(word, ""); !done) return done;
  }
  return {};
}

ShopWords::ShopWords(const Vocabulary& vocabulary) {
  const auto add = [&](const std::string& word, const std::u32string& meaning) {
    std::u32string text = make_plain(word).text;
    if (text.empty()) return;
    longest_ = std::max(longest_, text.size());
    mark_ = mark_ * 1099511628211ULL + std::hash<std::u32string>{}(text)*31 + std::hash<std::u32string>{}(meaning) + 1;
    replace_[std::move(text)] = meaning;
  };
  for (const std::string& word : vocabulary.stop_words) add(word, U" ");
  const auto same = [&](const std::string& name, const std::vector<std::string>& others) {
    const std::u32string meaning = make_plain(name).text;
    // The word itself too, so that no shorter one is found inside it.
    add(name, meaning);
    for (const std::string& other : others) add(other, meaning);
  };
  for (const Synonym& s : vocabulary.synonyms) same(s.word, s.same_as);
  for (const ProductWord& p : vocabulary.products) same(p.name, p.same_as);
}

Plain ShopWords::apply(const Plain& plain) const {
  if (replace_.empty()) return plain;
  const std::u32string& text = plain.text;
  std::u32string out;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t taken = 0;
    for (std::size_t n = boundary(text, at) ? std::min(longest_, text.size() - at) : 0; n > 0 && taken == 0; --n) {
      if (!boundary(text, at + n)) continue;
      const auto found = replace_.find(text.substr(at, n));
      if (found == replace_.end()) continue;
      // "10 kg flour": words of letters must not grow together.
      const bool glue = !out.empty() && out.back() != U' ' && !is_han(out.back()) && !found->second.empty() &&
                        !is_han(found->second.front());
      if (glue) out.push_back(U' ');
      out += found->second;
      taken = n;
    }
    if (taken == 0) {
      const bool glue = !out.empty() && !is_han(out.back()) && out.back() != U' ' && text[at] != U' ' &&
                        !is_han(text[at]) && boundary(text, at);
      if (glue) out.push_back(U' ');
      out.push_back(text[at]);
      taken = 1;
    }
    at += taken;
  }
  Plain rewritten = plain_of(std::move(out), plain.question);
  return rewritten.text.empty() ? plain : rewritten;
}

}  // namespace qiao::bot
