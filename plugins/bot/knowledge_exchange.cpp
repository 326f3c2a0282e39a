#include "plugins/bot/knowledge_exchange.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "connectors/erp-csv/csv.hpp"
#include "plugins/bot/knowledge_file.hpp"
#include "plugins/bot/spreadsheet.hpp"
#include "plugins/bot/text.hpp"
#include "plugins/contacts/csv.hpp"
#include "qiao/json.hpp"

namespace qiao::bot {
namespace {

constexpr std::size_t kMostEntries = 10'000;

Error wrong(const std::string& what) { return {Errc::bad_value, "bot.bad_knowledge", what}; }

std::string joined(const std::vector<std::string>& items) {
  std::string out;
  for (const std::string& item : items) out += (out.empty() ? "" : "\n") + item;
  return out;
}

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    std::string line = text.substr(begin, end - begin);
    const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
    while (!line.empty() && blank(line.back())) line.pop_back();
    while (!line.empty() && blank(line.front())) line.erase(line.begin());
    if (!line.empty()) out.push_back(std::move(line));
    begin = end + 1;
  }
  return out;
}

template <class T>
Result<void> read_json(const std::string& cell, T& into) {
  auto read = from_json<T>(cell);
  if (!read) return read.error();
  into = std::move(*read);
  return {};
}

// Lists stand in a cell as a record with one field, so that its errors name it.
struct Buttons {
  std::vector<EntryButton> buttons;
};
QIAO_FIELDS(Buttons, buttons)
struct Variants {
  std::vector<EntryVariant> variants;
};
QIAO_FIELDS(Variants, variants)
struct Files {
  std::vector<EntryFile> attachments;
};
QIAO_FIELDS(Files, attachments)

Result<bool> truth(const std::string& cell) {
  static const std::set<std::string> yes{"true", "TRUE", "1", "yes", "是", "启用"};
  static const std::set<std::string> no{"false", "FALSE", "0", "no", "否", "停用"};
  if (yes.contains(cell)) return true;
  if (no.contains(cell)) return false;
  return wrong("expected true or false, got \"" + cell + "\"");
}

/// 2026-11-22 or a full time.
Result<Time> time_of(const std::string& cell) { return from_iso8601(cell.size() == 10 ? cell + "T00:00:00Z" : cell); }

std::string time_text(Time at) { return at == Time{} ? std::string() : to_iso8601(at); }

struct Column {
  const char* name;
  const char* chinese;
  std::string (*write)(const KnowledgeEntry&);
  Result<void> (*read)(const std::string&, KnowledgeEntry&);
};

template <std::string KnowledgeEntry::*Field>
constexpr Column text_column(const char* name, const char* chinese) {
  return {name, chinese, [](const KnowledgeEntry& e) { return e.*Field; },
          [](const std::string& cell, KnowledgeEntry& e) -> Result<void> {
            e.*Field = cell;
            return {};
          }};
}
template <std::vector<std::string> KnowledgeEntry::*Field>
constexpr Column list_column(const char* name, const char* chinese) {
  return {name, chinese, [](const KnowledgeEntry& e) { return joined(e.*Field); },
          [](const std::string& cell, KnowledgeEntry& e) -> Result<void> {
            e.*Field = lines(cell);
            return {};
          }};
}
template <bool KnowledgeEntry::*Field>
constexpr Column flag_column(const char* name, const char* chinese) {
  return {name, chinese, [](const KnowledgeEntry& e) { return std::string(e.*Field ? "true" : "false"); },
          [](const std::string& cell, KnowledgeEntry& e) -> Result<void> {
            auto flag = truth(cell);
            if (!flag) return flag.error();
            e.*Field = *flag;
            return {};
          }};
}
template <Time KnowledgeEntry::*Field>
constexpr Column time_column(const char* name, const char* chinese) {
  return {name, chinese, [](const KnowledgeEntry& e) { return time_text(e.*Field); },
          [](const std::string& cell, KnowledgeEntry& e) -> Result<void> {
            auto at = time_of(cell);
            if (!at) return at.error();
            e.*Field = *at;
            return {};
          }};
}
template <class Record, auto Field, auto Inner>
constexpr Column json_column(const char* name, const char* chinese) {
  return {name, chinese,
          [](const KnowledgeEntry& e) {
            if ((e.*Field).empty()) return std::string();
            Record record;
            record.*Inner = e.*Field;
            return to_json(record);
          },
          [](const std::string& cell, KnowledgeEntry& e) -> Result<void> {
            Record record;
            if (auto done = read_json(cell, record); !done) return done;
            e.*Field = std::move(record.*Inner);
            return {};
          }};
}

using E = KnowledgeEntry;
const Column kColumns[] = {
    text_column<&E::key>("key", "标识"),
    list_column<&E::questions>("questions", "问法"),
    list_column<&E::keywords>("keywords", "关键词"),
    text_column<&E::answer_zh>("answer_zh", "中文回答"),
    text_column<&E::answer_en>("answer_en", "英文回答"),
    text_column<&E::group>("group", "技能组"),
    text_column<&E::intent>("intent", "意图"),
    list_column<&E::labels>("labels", "标签"),
    text_column<&E::site>("site", "站点"),
    flag_column<&E::enabled>("enabled", "启用"),
    flag_column<&E::handoff>("handoff", "转人工"),
    flag_column<&E::small_talk>("small_talk", "闲聊"),
    {"live", "实时查询",
     [](const E& e) {
       return std::string(e.live == Live::none ? "" : e.live == Live::stock ? "stock" : "order");
     },
     [](const std::string& cell, E& e) -> Result<void> {
       if (cell != "stock" && cell != "order") return wrong("expected stock or order, got \"" + cell + "\"");
       e.live = cell == "stock" ? Live::stock : Live::order;
       return {};
     }},
    time_column<&E::valid_from>("valid_from", "生效时间"),
    time_column<&E::valid_until>("valid_until", "失效时间"),
    list_column<&E::related>("related", "相关知识"),
    json_column<Buttons, &E::buttons, &Buttons::buttons>("buttons", "按钮"),
    {"card", "卡片", [](const E& e) { return e.card.kind.empty() ? std::string() : to_json(e.card); },
     [](const std::string& cell, E& e) { return read_json(cell, e.card); }},
    json_column<Variants, &E::variants, &Variants::variants>("variants", "渠道与站点变体"),
    json_column<Files, &E::attachments, &Files::attachments>("attachments", "附件"),
};

/// A key for a row that has none: always the same for the same question.
std::string key_for(const std::string& question) {
  std::uint64_t h = 0xcbf29ce484222325ULL;
  for (const char32_t c : make_plain(question).compact) h = (h ^ c) * 0x100000001b3ULL;
  return fmt::format("q{:012x}", h & 0xFFFFFFFFFFFFULL);
}

Result<std::vector<KnowledgeEntry>> from_table(const Table& table) {
  if (table.empty()) return wrong("the file is empty; its first row names the columns");
  std::vector<const Column*> columns;
  for (const std::string& heading : table.front()) {
    const auto found = std::find_if(std::begin(kColumns), std::end(kColumns),
                                    [&](const Column& c) { return heading == c.name || heading == c.chinese; });
    if (found == std::end(kColumns) && !heading.empty()) {
      return wrong(fmt::format("row 1: there is no column \"{}\"; take an export as the pattern", heading));
    }
    columns.push_back(found == std::end(kColumns) ? nullptr : found);
  }
  if (table.size() - 1 > kMostEntries) return wrong("more than 10,000 entries");
  std::vector<KnowledgeEntry> out;
  std::map<std::string, std::size_t> seen;
  for (std::size_t r = 1; r < table.size(); ++r) {
    KnowledgeEntry e;
    for (std::size_t c = 0; c < table[r].size(); ++c) {
      const std::string cell(contacts::undefused(table[r][c]));
      if (cell.empty() || c >= columns.size() || columns[c] == nullptr) continue;
      if (auto done = columns[c]->read(cell, e); !done)
        return wrong(fmt::format("row {}, {}: {}", r + 1, columns[c]->name, done.error().message));
    }
    if (e.key.empty() && !e.questions.empty()) e.key = key_for(e.questions.front());
    if (auto ok = check_entry(e); !ok) return wrong(fmt::format("row {}: {}", r + 1, ok.error().message));
    const auto [earlier, fresh] = seen.emplace(e.key, r + 1);
    if (!fresh) return wrong(fmt::format("row {}: the key \"{}\" stands in row {} too", r + 1, e.key, earlier->second));
    out.push_back(std::move(e));
  }
  return out;
}

}  // namespace

std::string write_knowledge(const std::vector<KnowledgeEntry>& entries, Format format) {
  if (format == Format::yaml) return write_knowledge_yaml(entries);
  Table table(1);
  for (const Column& column : kColumns) table[0].emplace_back(column.name);
  for (const KnowledgeEntry& e : entries) {
    std::vector<std::string> row;
    for (const Column& column : kColumns) row.push_back(column.write(e));
    table.push_back(std::move(row));
  }
  if (format == Format::xlsx) return write_xlsx(table, "knowledge");
  std::string out = "\xEF\xBB\xBF";  // so that spreadsheets read UTF-8
  for (const auto& row : table) {
    std::string line;
    for (const std::string& cell : row) {
      if (&cell != &row.front()) line += ',';
      contacts::append_cell(line, cell);
    }
    out += line + "\r\n";
  }
  return out;
}

Result<std::vector<KnowledgeEntry>> parse_knowledge(std::string_view bytes, Format format) {
  if (format == Format::yaml) return parse_knowledge_yaml(bytes, "the file");
  Table table;
  if (format == Format::xlsx) {
    auto read = read_xlsx(bytes);
    if (!read) return read.error();
    table = std::move(*read);
  } else {
    auto read = erp_csv::read_csv(bytes);
    if (!read) return wrong(read.error().message);
    table.push_back(std::move(read->heading));
    for (erp_csv::CsvRow& row : read->rows) table.push_back(std::move(row.cells));
  }
  return from_table(table);
}

}  // namespace qiao::bot
