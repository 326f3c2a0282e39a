#include "plugins/bot/topics.hpp"

#include <unicode/brkiter.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <unordered_map>

namespace qiao::bot {
namespace {

constexpr double kSameTopic = 0.35;
constexpr std::size_t kMostNames = 2;

// The asking itself says nothing about the topic.
constexpr std::u32string_view kAsking[] = {
    U"有没有", U"没有",  U"怎么",   U"怎样",  U"什么", U"可以",   U"请问",   U"你们", U"我们",   U"这个",  U"那个",
    U"哪里",   U"哪个",  U"为什么", U"一下",  U"多少", U"能不能", U"是不是", U"你好", U"您好",   U"谢谢",  U"现在",
    U"还有",   U"知道",  U"想要",   U"需要",  U"有货", U"哪些",   U"如何",   U"是否", U"可不可", U"想问",  U"麻烦",
    U"能否",   U"还是",  U"就是",   U"the",   U"and",  U"you",    U"have",   U"for",  U"with",   U"can",   U"what",
    U"how",    U"does",  U"are",    U"your",  U"this", U"that",   U"there",  U"any",  U"please", U"would", U"could",
    U"when",   U"where", U"why",    U"which", U"do",   U"is",     U"it",     U"to",   U"of",     U"in",    U"on",
    U"my",     U"me",    U"a",      U"an",    U"i",    U"or",
};

std::vector<std::u32string> words_in(icu::BreakIterator& breaks, const std::string& utf8) {
  const icu::UnicodeString text = icu::UnicodeString::fromUTF8(to_utf8(make_plain(utf8).text));
  breaks.setText(text);
  std::vector<std::u32string> words;
  for (std::int32_t begin = breaks.first(), end = breaks.next(); end != icu::BreakIterator::DONE;
       begin = end, end = breaks.next()) {
    std::u32string word;
    for (std::int32_t i = begin; i < end;) {
      const UChar32 c = text.char32At(i);
      if (c != U' ') word.push_back(static_cast<char32_t>(c));
      i = text.moveIndex32(i, 1);
    }
    const bool asking = std::find(std::begin(kAsking), std::end(kAsking), word) != std::end(kAsking);
    if (word.size() >= 2 && !asking) words.push_back(std::move(word));
  }
  return words;
}

struct Group {
  std::unordered_map<std::u32string, double> sum;
  double norm = 0;
  std::vector<std::size_t> questions;
};

}  // namespace

double likeness(const std::vector<Feature>& a, const std::vector<Feature>& b) {
  double dot = 0;
  double norm_a = 0;
  double norm_b = 0;
  for (const Feature& f : a) norm_a += f.weight * f.weight;
  for (const Feature& f : b) norm_b += f.weight * f.weight;
  for (auto x = a.begin(), y = b.begin(); x != a.end() && y != b.end();) {
    if (x->id == y->id) {
      dot += x->weight * y->weight;
      ++x;
      ++y;
    } else {
      x->id < y->id ? ++x : ++y;
    }
  }
  return norm_a > 0 && norm_b > 0 ? dot / std::sqrt(norm_a * norm_b) : 0;
}

std::vector<Topic> topics_of(const std::vector<OpenQuestion>& questions) {
  UErrorCode status = U_ZERO_ERROR;
  const std::unique_ptr<icu::BreakIterator> breaks(
      icu::BreakIterator::createWordInstance(icu::Locale::getChina(), status));
  if (U_FAILURE(status)) return {};

  std::vector<std::vector<std::u32string>> words;
  std::unordered_map<std::u32string, int> used;
  for (const OpenQuestion& q : questions) {
    words.push_back(words_in(*breaks, q.text));
    for (const std::u32string& w : std::set<std::u32string>(words.back().begin(), words.back().end())) ++used[w];
  }
  // A word that many ask with is worth more as a topic than one that stands once, but not one that stands everywhere.
  const auto weight = [&](const std::u32string& word) {
    const double n = used[word];
    return n < 2 ? 0.6 : std::log(2 + static_cast<double>(questions.size()) / n);
  };

  std::vector<Group> groups;
  std::unordered_map<std::u32string, std::vector<std::size_t>> with_word;
  for (std::size_t q = 0; q < questions.size(); ++q) {
    const std::set<std::u32string> own(words[q].begin(), words[q].end());
    double norm = 0;
    for (const std::u32string& w : own) norm += weight(w) * weight(w);
    std::map<std::size_t, double> dots;
    for (const std::u32string& w : own) {
      for (const std::size_t g : with_word[w]) dots[g] += weight(w) * groups[g].sum[w];
    }
    std::size_t best = groups.size();
    double best_score = kSameTopic;
    for (const auto& [g, dot] : dots) {
      const double score = dot / std::sqrt(norm * groups[g].norm);
      if (score > best_score) {
        best = g;
        best_score = score;
      }
    }
    if (best == groups.size()) groups.emplace_back();
    Group& group = groups[best];
    for (const std::u32string& w : own) {
      double& sum = group.sum[w];
      if (sum == 0) with_word[w].push_back(best);
      group.norm += (sum + weight(w)) * (sum + weight(w)) - sum * sum;
      sum += weight(w);
    }
    group.questions.push_back(q);
  }

  std::vector<Topic> topics;
  for (Group& group : groups) {
    std::vector<std::pair<double, std::u32string>> ranked;
    for (const auto& [word, sum] : group.sum) ranked.emplace_back(-sum, word);
    std::sort(ranked.begin(), ranked.end());
    Topic topic;
    for (std::size_t i = 0; i < std::min(kMostNames, ranked.size()); ++i) {
      if (!topic.name.empty()) topic.name += ' ';
      topic.name += to_utf8(ranked[i].second);
    }
    if (topic.name.empty()) topic.name = questions[group.questions.front()].text;
    topic.questions = std::move(group.questions);
    topics.push_back(std::move(topic));
  }
  std::stable_sort(topics.begin(), topics.end(),
                   [](const Topic& a, const Topic& b) { return a.questions.size() > b.questions.size(); });
  return topics;
}

}  // namespace qiao::bot
