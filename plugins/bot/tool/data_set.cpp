#include "plugins/bot/tool/data_set.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "plugins/bot/knowledge_file.hpp"
#include "plugins/contacts/csv.hpp"

namespace qiao::bot {
namespace {

using Cells = std::map<std::string, std::string>;

const std::set<std::string> kNoIntent{"", "oos", "ood", "NO_NODES_DETECTED"};

Error wrong(const Rows& rows, std::size_t line, const std::string& what) {
  return {Errc::bad_value, "bot.bad_data_set", fmt::format("{}:{}: {}", rows.file.string(), line, what)};
}

std::string first_of(const Cells& cells, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (const auto found = cells.find(name); found != cells.end()) return found->second;
  }
  return {};
}

bool wanted(const Rows& rows, const Cells& cells) {
  if (!rows.split.empty() && first_of(cells, {"split"}) != rows.split) return false;
  return std::all_of(rows.only.begin(), rows.only.end(), [&](const auto& pair) {
    const auto found = cells.find(pair.first);
    return found != cells.end() && found->second == pair.second;
  });
}

/// Takes a row over; false when it has no text.
bool take(const Cells& cells, std::vector<Labelled>& out) {
  Labelled row{first_of(cells, {"text", "sentence", "utterance"}), first_of(cells, {"intent", "label", "category"}),
               first_of(cells, {"group"})};
  if (row.text.empty()) return false;
  if (kNoIntent.contains(row.intent)) row.intent.clear();
  out.push_back(std::move(row));
  return true;
}

std::vector<contacts::CsvRow> split_by_tab(const std::string& text) {
  std::vector<contacts::CsvRow> out;
  std::istringstream in(text);
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.empty()) continue;
    contacts::CsvRow row{number, {}};
    for (std::size_t begin = 0; begin <= line.size();) {
      const std::size_t end = std::min(line.find('\t', begin), line.size());
      row.cells.push_back(line.substr(begin, end - begin));
      begin = end + 1;
    }
    out.push_back(std::move(row));
  }
  return out;
}

Result<std::vector<Labelled>> from_table(const Rows& rows, const std::vector<contacts::CsvRow>& table) {
  std::vector<Labelled> out;
  if (table.empty()) return wrong(rows, 1, "no line with the names of the columns");
  const std::vector<std::string>& names = table.front().cells;
  for (std::size_t i = 1; i < table.size(); ++i) {
    Cells cells;
    for (std::size_t c = 0; c < table[i].cells.size() && c < names.size(); ++c) cells[names[c]] = table[i].cells[c];
    if (wanted(rows, cells) && !take(cells, out)) return wrong(rows, table[i].line, "no text in this row");
  }
  return out;
}

/// {"train": [["text", "intent"], …], "oos_train": …}
Result<std::vector<Labelled>> from_clinc(const Rows& rows, const nlohmann::json& root) {
  std::vector<Labelled> out;
  for (const auto& [split, list] : root.items()) {
    for (const auto& row : list) {
      if (!row.is_array() || row.size() != 2) return wrong(rows, 1, split + ": expected pairs of text and intent");
      const Cells cells{{"split", split}, {"text", row[0].get<std::string>()}, {"intent", row[1].get<std::string>()}};
      const bool same = split == rows.split || split == "oos_" + rows.split;
      if (rows.split.empty() || same) take(cells, out);
    }
  }
  return out;
}

Result<std::vector<Labelled>> from_lines(const Rows& rows, const std::string& text) {
  std::vector<Labelled> out;
  std::istringstream in(text);
  std::string line;
  for (std::size_t number = 1; std::getline(in, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    Cells cells;
    const nlohmann::json object = nlohmann::json::parse(line);
    for (const auto& [name, value] : object.items()) {
      if (value.is_string()) cells[name] = value.get<std::string>();
    }
    if (wanted(rows, cells) && !take(cells, out)) return wrong(rows, number, "no text in this row");
  }
  return out;
}

}  // namespace

Rows Rows::of(const std::string& words) {
  const std::size_t colon = words.rfind(':');
  std::error_code ignored;
  if (colon == std::string::npos || std::filesystem::exists(words, ignored)) return {words, {}, {}};
  return {words.substr(0, colon), words.substr(colon + 1), {}};
}

Result<std::vector<Labelled>> read_labelled(const Rows& rows) {
  std::ifstream in(rows.file, std::ios::binary);
  if (!in) return Error{Errc::not_found, "bot.no_data_set", "cannot read " + rows.file.string()};
  std::ostringstream bytes;
  bytes << in.rdbuf();
  const std::string text = bytes.str();
  const std::string kind = rows.file.extension().string();
  auto out = [&]() -> Result<std::vector<Labelled>> {
    try {
      if (kind == ".tsv") return from_table(rows, split_by_tab(text));
      if (kind == ".jsonl") return from_lines(rows, text);
      if (kind == ".json") return from_clinc(rows, nlohmann::json::parse(text));
    } catch (const nlohmann::json::exception& e) {
      return wrong(rows, 1, e.what());
    }
    auto table = contacts::parse_csv(text);
    if (!table) return Error{Errc::bad_value, "bot.bad_data_set", rows.file.string() + ": " + table.error().message};
    return from_table(rows, *table);
  }();
  if (out && out->empty()) return wrong(rows, 1, "no row is left; is there such a split or column?");
  return out;
}

Result<std::vector<KnowledgeEntry>> read_knowledge(const std::filesystem::path& file) {
  try {
    const YAML::Node root = YAML::LoadFile(file.string());
    if (!root.IsMap() || !root["entries"]) return read_knowledge_file(file);
    std::vector<KnowledgeEntry> out;
    for (const YAML::Node& node : root["entries"]) {
      KnowledgeEntry e;
      e.key = node["id"].as<std::string>();
      e.group = node["group"].as<std::string>("");
      e.questions.push_back(node["title"].as<std::string>());
      for (const YAML::Node& q : node["questions"]) e.questions.push_back(q.as<std::string>());
      e.answer_zh = node["answer"].as<std::string>();
      out.push_back(std::move(e));
    }
    return out;
  } catch (const YAML::BadFile&) {
    return Error{Errc::not_found, "bot.no_knowledge_file", "cannot read " + file.string()};
  } catch (const YAML::Exception& e) {
    return Error{Errc::bad_value, "bot.bad_knowledge", fmt::format("{}:{}: {}", file.string(), e.mark.line + 1, e.msg)};
  }
}

}  // namespace qiao::bot
