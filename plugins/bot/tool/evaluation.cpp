#include "plugins/bot/tool/evaluation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <map>

namespace qiao::bot {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

double share(std::size_t part, std::size_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

/// What nothing is said about is surer to be out of scope than everything else.
constexpr double kSilence = -1e9;

struct Judged {
  bool in_scope;
  bool right;
  double score;
};

/// The chance that a row in scope scores above one that is not.
std::optional<double> auroc(std::vector<Judged> rows) {
  std::sort(rows.begin(), rows.end(), [](const Judged& a, const Judged& b) { return a.score < b.score; });
  double pairs = 0;
  double below = 0;
  double in_scope = 0;
  for (std::size_t i = 0; i < rows.size();) {
    std::size_t end = i;
    double in = 0;
    double out = 0;
    for (; end < rows.size() && rows[end].score == rows[i].score; ++end) ++(rows[end].in_scope ? in : out);
    pairs += in * (below + out / 2);
    below += out;
    in_scope += in;
    i = end;
  }
  if (below == 0 || in_scope == 0) return std::nullopt;
  return 100 * pairs / below / in_scope;
}

}  // namespace

Subject Subject::of_knowledge(std::vector<KnowledgeEntry> entries, const Background& background) {
  Subject out;
  out.intents = entries.size();
  for (const KnowledgeEntry& e : entries) out.sentences += e.questions.size();
  const std::clock_t begin = std::clock();
  auto learned = Understanding::learn(entries, background);
  out.seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  out.bytes = learned->bytes();
  const auto matcher = std::make_shared<const Matcher>(std::move(entries), std::move(learned));
  out.ask = [matcher](const std::string& text, std::size_t most) {
    std::vector<Said> said;
    for (const Match& m : matcher->best(make_plain(text), {}, most))
      said.push_back({m.entry->key, m.score, m.reason, m.entry->group});
    return said;
  };
  return out;
}

Subject Subject::of_sentences(const std::vector<Labelled>& rows, const Background& background) {
  std::map<std::string, int> number;
  for (const Labelled& row : rows) {
    if (!row.intent.empty()) number.emplace(row.intent, 0);
  }
  auto names = std::make_shared<std::vector<std::string>>();
  for (auto& [name, n] : number) {
    n = static_cast<int>(names->size());
    names->push_back(name);
  }
  std::vector<Example> examples;
  for (const Labelled& row : rows) {
    examples.push_back({row.text, row.intent.empty() ? Example::kElsewhere : number[row.intent]});
  }
  Subject out;
  out.intents = names->size();
  out.sentences = examples.size();
  const std::clock_t begin = std::clock();
  const auto classifier =
      std::make_shared<const Classifier>(examples, static_cast<int>(names->size()), background.lexicon,
                                         Classifier::Settings::fitting(examples.size(), names->size()));
  out.seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  out.bytes = classifier->bytes();
  out.ask = [classifier, names](const std::string& text, std::size_t most) {
    std::vector<Said> said;
    for (const Classifier::Ranked& r : classifier->classify(make_plain(text), most)) {
      said.push_back({(*names)[static_cast<std::size_t>(r.label)], r.score, "learned", {}});
    }
    return said;
  };
  return out;
}

double best_threshold(const Subject& subject, const std::vector<Labelled>& rows) {
  std::vector<Judged> judged;
  for (const Labelled& row : rows) {
    const auto said = subject.ask(row.text, 1);
    const bool in_scope = !row.intent.empty();
    judged.push_back(
        {in_scope, in_scope && !said.empty() && said[0].intent == row.intent, said.empty() ? kSilence : said[0].score});
  }
  std::sort(judged.begin(), judged.end(), [](const Judged& a, const Judged& b) { return a.score < b.score; });
  long right = std::count_if(judged.begin(), judged.end(), [](const Judged& j) { return j.right; });
  long best = right;
  double from = judged.front().score;  // the threshold may be anywhere from here …
  double to = judged.front().score;    // … to here
  for (std::size_t i = 0; i < judged.size(); ++i) {
    right += judged[i].in_scope ? (judged[i].right ? -1 : 0) : 1;
    if (right < best) continue;
    const double next = i + 1 < judged.size() ? judged[i + 1].score : judged[i].score + 1;
    if (right > best) from = judged[i].score;
    best = right;
    to = next;
  }
  return (from + to) / 2;
}

Figures measure(const Subject& subject, const std::vector<Labelled>& rows, std::optional<double> threshold) {
  Figures out;
  out.threshold = threshold;
  std::vector<Judged> judged;
  std::vector<double> micros;
  std::map<std::pair<std::string, std::string>, int> confused;
  std::size_t first = 0;
  std::size_t among_three = 0;
  std::size_t group_right = 0;
  std::size_t with_group = 0;
  for (std::size_t i = 0; i < std::min<std::size_t>(rows.size(), 100); ++i) subject.ask(rows[i].text, 3);  // warm
  for (const Labelled& row : rows) {
    const auto begin = Clock::now();
    const auto said = subject.ask(row.text, 3);
    micros.push_back(seconds_since(begin) * 1e6);
    const bool in_scope = !row.intent.empty();
    const bool right = in_scope && !said.empty() && said[0].intent == row.intent;
    judged.push_back({in_scope, right, said.empty() ? kSilence : said[0].score});
    if (!in_scope) continue;
    ++out.in_scope;
    first += right;
    among_three += std::any_of(said.begin(), said.end(), [&](const auto& s) { return s.intent == row.intent; });
    if (!right) ++confused[{row.intent, said.empty() ? "" : said[0].intent}];
    if (!row.group.empty()) {
      ++with_group;
      group_right += !said.empty() && said[0].group == row.group;
    }
  }
  out.out_of_scope = rows.size() - out.in_scope;
  out.top1 = share(first, out.in_scope);
  out.top3 = share(among_three, out.in_scope);
  if (with_group > 0) out.group = share(group_right, with_group);
  out.auroc = auroc(judged);
  std::sort(micros.begin(), micros.end());
  out.p50_us = micros[micros.size() / 2];
  out.p99_us = micros[micros.size() * 99 / 100];

  const double limit = threshold.value_or(-1e300);
  std::size_t answered = 0;
  std::size_t right = 0;
  std::size_t refused_in = 0;
  std::size_t refused_out = 0;
  std::vector<double> in_scores;
  for (const Judged& j : judged) {
    if (j.in_scope) in_scores.push_back(j.score);
    if (j.score < limit) {
      ++(j.in_scope ? refused_in : refused_out);
    } else {
      ++answered;
      right += j.right;
    }
  }
  out.right = share(right, out.in_scope);
  out.wrongly_refused = share(refused_in, out.in_scope);
  out.precision = share(right, answered);
  if (out.out_of_scope > 0) {
    if (threshold) {
      out.refused = share(refused_out, out.out_of_scope);
      if (refused_in + refused_out > 0) out.refusal_precision = share(refused_out, refused_in + refused_out);
    }
    std::sort(in_scores.begin(), in_scores.end());
    const double keep = in_scores.empty() ? 0 : in_scores[in_scores.size() / 20];
    const auto below =
        std::count_if(judged.begin(), judged.end(), [&](const Judged& j) { return !j.in_scope && j.score < keep; });
    out.refused_at_95 = share(static_cast<std::size_t>(below), out.out_of_scope);
  }
  for (const auto& [pair, times] : confused) out.confusions.push_back({pair.first, pair.second, times});
  std::stable_sort(out.confusions.begin(), out.confusions.end(),
                   [](const Confusion& a, const Confusion& b) { return a.times > b.times; });
  return out;
}

std::string report(const Subject& subject, const Figures& f) {
  std::string out;
  const auto line = [&](std::string_view name, const std::string& value) {
    out += fmt::format("{:<34} {}\n", name, value);
  };
  const auto percent = [](double value) { return fmt::format("{:.2f} %", value); };
  line("learned from", fmt::format("{} sentences, {} intents", subject.sentences, subject.intents));
  line("learning took", fmt::format("{:.2f} s of one core", subject.seconds));
  line("size of what was learned", fmt::format("{:.1f} MB", static_cast<double>(subject.bytes) / 1e6));
  line("asked", fmt::format("{} in scope, {} out of scope", f.in_scope, f.out_of_scope));
  line("right (top 1)", percent(f.top1));
  line("right among three (top 3)", percent(f.top3));
  if (f.group) line("group right", percent(*f.group));
  if (f.auroc) line("AUROC", percent(*f.auroc));
  if (f.refused_at_95) line("refused, keeping 95 % in scope", percent(*f.refused_at_95));
  if (f.threshold) {
    line("threshold", fmt::format("{:.4f}", *f.threshold));
    line("  answered right, of in scope", percent(f.right));
    line("  refused, of in scope", percent(f.wrongly_refused));
    if (f.refused) line("  refused, of out of scope", percent(*f.refused));
    if (f.refusal_precision) line("  out of scope, of refused", percent(*f.refusal_precision));
    line("  right, of answered", percent(f.precision));
  }
  line("time of a question", fmt::format("{:.0f} us (p50), {:.0f} us (p99)", f.p50_us, f.p99_us));
  if (!f.confusions.empty()) out += "most confused (meant -> said):\n";
  for (std::size_t i = 0; i < std::min<std::size_t>(f.confusions.size(), 10); ++i) {
    const Confusion& c = f.confusions[i];
    out += fmt::format("  {} x  {} -> {}\n", c.times, c.meant, c.said.empty() ? "(nothing)" : c.said);
  }
  return out;
}

}  // namespace qiao::bot
