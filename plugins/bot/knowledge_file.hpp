#pragma once

#include <filesystem>
#include <vector>

#include "plugins/bot/entry.hpp"

namespace qiao::bot {

/// Reads a YAML list of entries, strictly. Errors name file, line and what was expected.
Result<std::vector<KnowledgeEntry>> read_knowledge_file(const std::filesystem::path& file);

}  // namespace qiao::bot
