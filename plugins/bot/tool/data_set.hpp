#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "plugins/bot/entry.hpp"

namespace qiao::bot {

/// A sentence of a customer whose meaning is known. No intent: nothing that the knowledge is about.
struct Labelled {
  std::string text;
  std::string intent;
  std::string group;
};

/// Which rows of a file: those of a split, and with these values in other columns.
struct Rows {
  std::filesystem::path file;
  std::string split;                        ///< empty: all
  std::map<std::string, std::string> only;  ///< column → value
  /// "FILE" or "FILE:SPLIT".
  static Rows of(const std::string& words);
};

/// Reads labelled sentences: TSV or CSV whose first line names the columns (text, sentence or utterance; intent, label
/// or category; split; group; others to choose by), JSONL with the same names, or CLINC150's JSON of splits. The
/// intents oos and NO_NODES_DETECTED stand for no intent. Errors name file and line.
Result<std::vector<Labelled>> read_labelled(const Rows& rows);

/// A knowledge base for measuring: what read_knowledge_file reads, or `entries:` with id, title, group, questions and
/// answer.
Result<std::vector<KnowledgeEntry>> read_knowledge(const std::filesystem::path& file);

}  // namespace qiao::bot
