#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "plugins/bot/matcher.hpp"
#include "plugins/bot/tool/data_set.hpp"

namespace qiao::bot {

/// What can be asked what a text is about; learned from a knowledge base or from labelled sentences.
struct Subject {
  struct Said {
    std::string intent;
    double score;
    std::string reason{};
    std::string group{};  ///< who helps
  };
  std::function<std::vector<Said>(const std::string& text, std::size_t most)> ask;
  double seconds = 0;     ///< of learning
  std::size_t bytes = 0;  ///< of what was learned
  std::size_t intents = 0;
  std::size_t sentences = 0;

  /// As the bot does it with its knowledge.
  static Subject of_knowledge(std::vector<KnowledgeEntry> entries, const Background& background);
  /// The classifier by itself.
  static Subject of_sentences(const std::vector<Labelled>& rows, const Background& background);
};

struct Confusion {
  std::string meant;
  std::string said;
  int times;
};

/// Shares in percent; those that cannot be computed are empty.
struct Figures {
  std::size_t in_scope = 0;
  std::size_t out_of_scope = 0;
  double top1 = 0;
  double top3 = 0;
  std::optional<double> group;
  std::optional<double> auroc;
  std::optional<double> threshold;
  double right = 0;               ///< in scope, answered and right, of all in scope
  double wrongly_refused = 0;     ///< of all in scope
  std::optional<double> refused;  ///< of all out of scope: recall of refusing
  std::optional<double> refusal_precision;
  double precision = 0;                 ///< right answers of all answers
  std::optional<double> refused_at_95;  ///< out of scope refused where 95 % of what is in scope is kept
  double p50_us = 0;
  double p99_us = 0;
  std::vector<Confusion> confusions;  ///< most frequent first; of the best guesses, whatever the threshold
};

Figures measure(const Subject& subject, const std::vector<Labelled>& rows, std::optional<double> threshold);

/// The threshold with the most rows right, refusing what is out of scope being right; the middle of the best ones.
double best_threshold(const Subject& subject, const std::vector<Labelled>& rows);

/// For people; one figure a line.
std::string report(const Subject& subject, const Figures& figures);

}  // namespace qiao::bot
