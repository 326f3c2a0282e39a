#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/config/source_text.hpp"
#include "qiao/config.hpp"

namespace qiao::core {

/// What one file may cost. Aliases are followed while reading, so a bomb stops at these numbers.
struct YamlLimits {
  std::size_t bytes = 1U << 20U;
  std::size_t aliases = 1000;
  std::size_t nodes = 100'000;              ///< after following aliases
  std::size_t expanded_bytes = 16U << 20U;  ///< text of all scalars after following aliases
  std::size_t depth = 50;
};

/// Reads one YAML document into a tree with places. Strict: duplicate keys, tags, merge keys, several documents,
/// unclosed quotes and keys without a colon are refused, each with its place. Null when the text could not be read;
/// duplicate keys are only noted, so that the rest can be checked too. Any thread; survives any bytes.
std::shared_ptr<const ConfigNode> read_yaml(std::string_view text, const std::string& file, Problems& problems,
                                            const YamlLimits& limits = {});

/// A Section out of YAML text, without `${…}`; for tests and tools. The error holds all mistakes.
Result<Section> section_from_yaml(std::string_view text, const std::string& path = {});

}  // namespace qiao::core
