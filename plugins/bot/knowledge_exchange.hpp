#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugins/bot/entry.hpp"

namespace qiao::bot {

enum class Format : std::uint8_t { yaml, csv, xlsx };
QIAO_ENUM(Format, yaml, csv, xlsx)

/// The entries as a file: YAML as read_knowledge_file takes it, or a table with one entry a row, lists with one item a
/// line, and what has parts of its own as JSON.
std::string write_knowledge(const std::vector<KnowledgeEntry>& entries, Format format);

/// The entries of such a file. Headings of tables may be Chinese; columns that are not there stay empty, a row without
/// key gets one from its first question. Errors name the row and the column. At most 10,000 entries.
Result<std::vector<KnowledgeEntry>> parse_knowledge(std::string_view bytes, Format format);

}  // namespace qiao::bot
