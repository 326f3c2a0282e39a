#include "plugins/bot/matcher.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <span>

namespace qiao::bot {
namespace {

constexpr double kCosineShare = 0.65;
constexpr double kCoverageShare = 1 - kCosineShare;
constexpr double kKeywordBase = 0.8;
constexpr double kKeywordRange = 0.15;
// Similar words are less than a meaning that was learned.
constexpr double kSimilarWords = 0.5;
constexpr double kSureOfSmallTalk = 0.5;
constexpr double kCertainKeyword = 0.995;
constexpr double kMostLearned = 0.99;  // only the very question is certain

}  // namespace

Matcher::Matcher(std::vector<KnowledgeEntry> entries, std::shared_ptr<const Understanding> understanding,
                 std::shared_ptr<const ShopWords> words)
    : entries_(std::move(entries)), understanding_(std::move(understanding)), words_(std::move(words)) {
  for (std::size_t e = 0; understanding_ && e < entries_.size(); ++e) {
    if (understanding_->knows(entries_[e])) learned_.emplace(entries_[e].key, e);
  }
  index();
}

void Matcher::index() {
  std::vector<std::vector<Feature>> lists;
  std::unordered_map<std::uint64_t, std::set<std::size_t>> used_by;
  for (std::size_t e = 0; e < entries_.size(); ++e) {
    const KnowledgeEntry& entry = entries_[e];
    if (!entry.enabled) continue;
    for (const std::string& question : entry.questions) {
      const Plain plain = words_->apply(make_plain(question));
      lists.push_back(features(plain));
      for (const Feature& f : lists.back()) used_by[f.id].insert(e);
      variants_.push_back({e, plain.compact, learned_.contains(entry.key)});
    }
    for (const std::string& text : entry.keywords) {
      Keyword keyword{e, text, text.starts_with("!") || text.starts_with("！"), {}, 0};
      for (std::size_t begin = 0; begin <= text.size();) {
        const std::size_t end = std::min(text.find('+', begin), text.size());
        Plain part = words_->apply(make_plain(std::string_view(text).substr(begin, end - begin)));
        keyword.length += part.compact.size();
        if (!part.compact.empty()) keyword.parts.push_back(std::move(part));
        begin = end + 1;
      }
      if (!keyword.parts.empty()) keywords_.push_back(std::move(keyword));
    }
  }
  const double count = static_cast<double>(entries_.size());
  terms_.reserve(used_by.size() + 1);
  for (const auto& [id, users] : used_by) {
    terms_.push_back({id, std::log(1 + count / static_cast<double>(users.size())), 0});
  }
  std::sort(terms_.begin(), terms_.end(), [](const Term& a, const Term& b) { return a.id < b.id; });
  terms_.push_back({UINT64_MAX, 0, 0});
  // A word that no entry has speaks against a match, but less than a rare known word speaks for one.
  unknown_idf_ = 0.5 * std::log(1 + count);
  const auto number = [this](const Feature& f) { return static_cast<std::size_t>(term(f.id) - terms_.data()); };
  std::vector<std::uint32_t> next(terms_.size(), 0);  // where the term's next posting goes
  for (const auto& list : lists) {
    for (const Feature& f : list) ++next[number(f)];
  }
  std::exclusive_scan(next.begin(), next.end(), next.begin(), std::uint32_t{0});
  for (std::size_t t = 0; t < terms_.size(); ++t) terms_[t].first = next[t];
  postings_.resize(next.back());
  for (std::size_t v = 0; v < lists.size(); ++v) {
    Variant& variant = variants_[v];
    for (const Feature& f : lists[v]) {
      const std::size_t t = number(f);
      const double weight = f.weight * terms_[t].idf;
      variant.norm += weight * weight;
      variant.total += weight;
      postings_[next[t]++] = {static_cast<std::uint32_t>(v), static_cast<float>(weight)};
    }
    variant.norm = std::sqrt(variant.norm);
  }
}

const Matcher::Term* Matcher::term(std::uint64_t id) const noexcept {
  const auto end = terms_.end() - 1;
  const auto at = std::lower_bound(terms_.begin(), end, id, [](const Term& t, std::uint64_t i) { return t.id < i; });
  return at != end && at->id == id ? &*at : nullptr;
}

double Matcher::keyword_score(const Keyword& keyword, const Plain& text) const {
  for (const Plain& part : keyword.parts) {
    const bool there = part.han ? has(text.compact, part.compact) : has_words(text.text, part.text);
    if (!there) return 0;
  }
  if (keyword.certain) return kCertainKeyword;
  const double share =
      static_cast<double>(keyword.length) / static_cast<double>(std::max<std::size_t>(text.compact.size(), 1));
  return kKeywordBase + kKeywordRange * std::min(1.0, share);
}

std::vector<Match> Matcher::best(const Plain& said, std::string_view site, std::size_t most) const {
  const Plain text = words_->apply(said);
  std::vector<Match> found(entries_.size(), Match{nullptr, 0, "similar"});
  const auto offer = [&](std::size_t entry, double score, const char* reason) {
    if (score <= found[entry].score) return;
    const KnowledgeEntry& e = entries_[entry];
    if (e.site.empty() || e.site == site) found[entry] = {&e, score, reason};
  };

  std::vector<double> dot(variants_.size(), 0);
  std::vector<double> covered(variants_.size(), 0);
  double norm = 0;
  for (const Feature& f : features(text)) {
    const Term* known = term(f.id);
    const double weight = f.weight * (known ? known->idf : unknown_idf_);
    norm += weight * weight;
    if (known == nullptr) continue;
    for (const Posting& p : std::span(postings_).subspan(known->first, (known + 1)->first - known->first)) {
      dot[p.variant] += weight * static_cast<double>(p.weight);
      covered[p.variant] += static_cast<double>(p.weight);
    }
  }
  norm = std::sqrt(norm);
  for (std::size_t v = 0; v < variants_.size(); ++v) {
    const Variant& variant = variants_[v];
    if (dot[v] > 0 && !variant.learned) {
      const double cosine = dot[v] / (norm * variant.norm);
      const double similar = kCosineShare * cosine + kCoverageShare * covered[v] / variant.total * std::sqrt(cosine);
      offer(variant.entry, kSimilarWords * similar, "similar");
    }
    if (!text.compact.empty() && variant.compact == text.compact) offer(variant.entry, 1, "exact");
  }
  if (understanding_) {
    for (const Understanding::Guess& guess : understanding_->guess(text, entries_.size())) {
      const auto entry = learned_.find(*guess.key);
      if (entry == learned_.end()) continue;
      // Small talk in answer to a question is worse than no answer.
      if (entries_[entry->second].small_talk && guess.probability < kSureOfSmallTalk) continue;
      offer(entry->second, std::min(kMostLearned, guess.probability), "learned");
    }
  }
  for (const Keyword& keyword : keywords_) offer(keyword.entry, keyword_score(keyword, text), "keyword");

  std::erase_if(found, [](const Match& m) { return m.entry == nullptr; });
  std::stable_sort(found.begin(), found.end(), [](const Match& a, const Match& b) { return a.score > b.score; });
  if (found.size() > most) found.resize(most);
  return found;
}

const KnowledgeEntry* Matcher::find(std::string_view key) const {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const auto& e) { return e.key == key; });
  return found == entries_.end() || !found->enabled ? nullptr : &*found;
}

Matcher::Why Matcher::explain(const Plain& said, const KnowledgeEntry& entry) const {
  Why out;
  const Plain text = words_->apply(said);
  const std::vector<Feature> wanted = features(text);
  double most = 0;
  for (const std::string& question : entry.questions) {
    const std::vector<Feature> own = features(words_->apply(make_plain(question)));
    std::size_t same = 0;
    for (std::size_t i = 0, j = 0; i < wanted.size() && j < own.size();) {
      if (wanted[i].id == own[j].id) {
        ++same, ++i, ++j;
      } else {
        ++(wanted[i].id < own[j].id ? i : j);
      }
    }
    const double all = static_cast<double>(wanted.size() + own.size() - same);
    const double like = all > 0 ? static_cast<double>(same) / all : 0;
    if (like > most) {
      most = like;
      out.question = question;
    }
  }
  double best_rule = 0;
  for (const Keyword& keyword : keywords_) {
    if (entries_[keyword.entry].key != entry.key) continue;
    if (const double score = keyword_score(keyword, text); score > best_rule) {
      best_rule = score;
      out.keyword = keyword.rule;
    }
  }
  return out;
}

}  // namespace qiao::bot
