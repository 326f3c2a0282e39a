#include "plugins/bot/text.hpp"

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>

#include <algorithm>
#include <array>
#include <utility>

#include "qiao/text_index.hpp"

namespace qiao::bot {
namespace {

constexpr std::size_t kLongest = 2000;

struct Replacement {
  std::u32string_view from;
  std::u32string_view to;
};

constexpr Replacement kColloquial[] = {
    {U"咋个", U"怎么"}, {U"咋样", U"怎么样"}, {U"咋", U"怎么"},   {U"啥时候", U"什么时候"}, {U"啥", U"什么"},
    {U"木有", U"没有"}, {U"么有", U"没有"},   {U"肿么", U"怎么"}, {U"辣么", U"那么"},       {U"神马", U"什么"},
};

// Politeness and grammar: they say nothing about what is asked.
constexpr std::u32string_view kEmptyPhrases[] = {U"请问",     U"怎么样", U"怎么", U"怎样", U"如何", U"什么",
                                                 U"可不可以", U"能不能", U"可以", U"一下", U"麻烦", U"帮我",
                                                 U"帮忙",     U"想问",   U"我想", U"你们", U"咱们", U"一个"};
constexpr std::u32string_view kEmptyCharacters = U"的了吗呢吧啊呀哦嘛哈我你您们想要能会是就都也有在给把呗咯么呐诶";
constexpr std::u32string_view kEmptyWords[] = {
    U"a",     U"an",   U"the",    U"is",   U"are",  U"am",   U"was",  U"be",    U"do",     U"does", U"did",   U"can",
    U"could", U"i",    U"me",     U"my",   U"you",  U"your", U"we",   U"our",   U"it",     U"its",  U"to",    U"of",
    U"in",    U"on",   U"at",     U"for",  U"with", U"and",  U"or",   U"how",   U"what",   U"when", U"which", U"there",
    U"this",  U"that", U"please", U"have", U"has",  U"get",  U"will", U"would", U"should", U"if",   U"about", U"tell",
    U"want",  U"need", U"like",   U"s",    U"t",    U"m",    U"re",   U"ve",    U"any",    U"some"};

std::u16string folded(std::string_view utf8) {
  UErrorCode status = U_ZERO_ERROR;
  std::u16string text(std::min(utf8.size(), kLongest * 4), u'\0');
  std::int32_t length = 0;
  u_strFromUTF8WithSub(text.data(), static_cast<std::int32_t>(text.size()), &length, utf8.data(),
                       static_cast<std::int32_t>(text.size()), ' ', nullptr, &status);
  text.resize(std::min(static_cast<std::size_t>(std::max(length, 0)), kLongest));
  if (U_FAILURE(status) || text.empty()) return {};
  const UNormalizer2* nfkc = unorm2_getNFKCCasefoldInstance(&status);
  if (U_FAILURE(status)) return text;
  // One character grows to 18 at most; nearly always the text stays as long as it is.
  std::u16string out(text.size() + 64, u'\0');
  for (int attempt = 0; attempt < 2; ++attempt) {
    status = U_ZERO_ERROR;
    const std::int32_t needed = unorm2_normalize(nfkc, text.data(), static_cast<std::int32_t>(text.size()), out.data(),
                                                 static_cast<std::int32_t>(out.size()), &status);
    if (status != U_BUFFER_OVERFLOW_ERROR) {
      if (U_FAILURE(status)) return text;
      out.resize(static_cast<std::size_t>(needed));
      return out;
    }
    out.resize(static_cast<std::size_t>(needed));
  }
  return text;
}

void replace_all(std::u32string& text, std::u32string_view from, std::u32string_view to) {
  for (std::size_t at = text.find(from); at != std::u32string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

void erase_all(std::u32string& text, std::u32string_view part) { replace_all(text, part, {}); }

std::uint64_t hash(std::u32string_view text, std::uint64_t seed) {
  std::uint64_t h = 0xcbf29ce484222325ULL ^ seed;
  for (char32_t c : text) h = (h ^ c) * 0x100000001b3ULL;
  return h;
}

/// "deliveries" and "delivery", "orders" and "order" are one word; more stemming than that confuses short texts.
std::u32string stem(std::u32string_view word) {
  std::u32string out(word);
  if (out.size() > 4 && out.ends_with(U"ies")) return out.substr(0, out.size() - 3) + U"y";
  if (out.size() > 3 && out.back() == U's' && out[out.size() - 2] != U's') out.pop_back();
  if (out.size() > 5 && out.ends_with(U"ing"))
    out.resize(out.size() - 3);
  else if (out.size() > 4 && out.ends_with(U"ed"))
    out.resize(out.size() - 2);
  if (out.size() > 3 && out.back() == U'e') out.pop_back();
  return out;
}

struct Collector {
  std::vector<Feature> list;

  void han(const std::u32string& run) {
    for (std::size_t i = 0; i < run.size(); ++i) {
      list.push_back({hash({&run[i], 1}, 1), 0.35});
      if (i + 1 < run.size()) list.push_back({hash({&run[i], 2}, 2), 1.0});
    }
  }
  void word(std::u32string_view run, bool all) {
    if (!all && std::find(std::begin(kEmptyWords), std::end(kEmptyWords), run) != std::end(kEmptyWords)) return;
    const bool number = std::all_of(run.begin(), run.end(), [](char32_t c) { return c >= U'0' && c <= U'9'; });
    list.push_back({hash(stem(run), 3), number ? 0.5 : 1.2});
  }
};

/// "开不开门" and "有没有" ask for "开门" and "有".
void drop_alternatives(std::u32string& text) {
  for (std::size_t i = 0; i + 2 < text.size(); ++i) {
    if (is_han(text[i]) && text[i] == text[i + 2] && (text[i + 1] == U'不' || text[i + 1] == U'没')) text.erase(i, 2);
  }
}

std::vector<Feature> collect(const Plain& plain, bool all) {
  std::u32string text = plain.text;
  if (!all) {
    drop_alternatives(text);
    for (std::u32string_view phrase : kEmptyPhrases) erase_all(text, phrase);
    std::erase_if(text, [](char32_t c) { return kEmptyCharacters.find(c) != std::u32string_view::npos; });
  }
  Collector out;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == U' ') {
      ++i;
      continue;
    }
    const bool han = is_han(text[i]);
    std::size_t end = i;
    while (end < text.size() && text[end] != U' ' && is_han(text[end]) == han) ++end;
    if (han)
      out.han(text.substr(i, end - i));
    else
      out.word(std::u32string_view(text).substr(i, end - i), all);
    i = end;
  }
  return std::move(out.list);
}

}  // namespace

bool is_han(char32_t c) {
  return (c >= 0x4E00 && c <= 0x9FFF) || (c >= 0x3400 && c <= 0x4DBF) || (c >= 0x20000 && c <= 0x3134F);
}

Plain make_plain(std::string_view utf8) {
  Plain out;
  const std::u16string source = folded(utf8);
  const auto length = static_cast<std::int32_t>(source.size());
  bool in_word = false;
  for (std::int32_t i = 0; i < length;) {
    UChar32 c = 0;
    U16_NEXT(source.data(), i, length, c);
    out.question = out.question || c == '?';
    if (!u_isalnum(c)) {
      if (!out.text.empty() && out.text.back() != U' ') out.text.push_back(U' ');
      in_word = false;
      continue;
    }
    const char32_t plain = simplified(static_cast<char32_t>(c));
    const bool han = is_han(plain);
    out.han = out.han || han;
    if (!han && !in_word) ++out.words;
    in_word = !han;
    out.text.push_back(plain);
  }
  while (!out.text.empty() && out.text.back() == U' ') out.text.pop_back();
  for (const Replacement& r : kColloquial) replace_all(out.text, r.from, r.to);
  out.compact = out.text;
  std::erase(out.compact, U' ');
  return out;
}

std::vector<Feature> features(const Plain& plain) {
  std::vector<Feature> list = collect(plain, false);
  if (list.empty()) list = collect(plain, true);
  std::sort(list.begin(), list.end(), [](const Feature& a, const Feature& b) { return a.id < b.id; });
  // A word said twice does not mean twice as much.
  list.erase(std::unique(list.begin(), list.end(), [](const Feature& a, const Feature& b) { return a.id == b.id; }),
             list.end());
  return list;
}

bool has_words(std::u32string_view text, std::u32string_view words) {
  const auto boundary = [&](std::size_t at) { return at >= text.size() || text[at] == U' ' || is_han(text[at]); };
  for (std::size_t at = text.find(words); at != std::u32string_view::npos; at = text.find(words, at + 1)) {
    if ((at == 0 || boundary(at - 1)) && boundary(at + words.size())) return true;
  }
  return false;
}

std::string to_utf8(std::u32string_view text) {
  std::string out;
  for (const char32_t c : text) {
    if (c < 0x80) {
      out += static_cast<char>(c);
    } else if (c < 0x800) {
      out += static_cast<char>(0xC0 | (c >> 6));
      out += static_cast<char>(0x80 | (c & 0x3F));
    } else if (c < 0x10000) {
      out += static_cast<char>(0xE0 | (c >> 12));
      out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
      out += static_cast<char>(0x80 | (c & 0x3F));
    } else {
      out += static_cast<char>(0xF0 | (c >> 18));
      out += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
      out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
      out += static_cast<char>(0x80 | (c & 0x3F));
    }
  }
  return out;
}

}  // namespace qiao::bot
