#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/bot/entry.hpp"

namespace qiao::bot {

/// Reads a YAML list of entries, strictly. Errors name file, line and what was expected.
Result<std::vector<KnowledgeEntry>> read_knowledge_file(const std::filesystem::path& file);
/// The same from memory; `name` is what errors call it.
Result<std::vector<KnowledgeEntry>> parse_knowledge_yaml(std::string_view text, const std::string& name);
/// What parse_knowledge_yaml reads back as it was; what is empty or usual is left out.
std::string write_knowledge_yaml(const std::vector<KnowledgeEntry>& entries);

}  // namespace qiao::bot
