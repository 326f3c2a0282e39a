#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "qiao/export.hpp"

namespace qiao {

/// A place in a configuration file; lines and columns count from 1, columns in characters.
struct ConfigMark {
  std::shared_ptr<const std::string> file;  ///< as given on the command line; null: not from a file
  std::uint32_t line = 0;
  std::uint32_t column = 0;
};

/// The YAML that an operator wrote, read once: merged, aliases followed, `${…}` filled in. Built by the kernel and
/// never changed afterwards, so any thread may read it.
struct ConfigNode {
  enum class Kind : std::uint8_t { null, scalar, list, map };
  struct Entry;

  Kind kind = Kind::null;
  bool quoted = false;            ///< a scalar in quotes or a block: always a text
  bool secret = false;            ///< came from `${env:}` or `${file:}`: shown as ***
  std::string text;               ///< of a scalar
  ConfigMark mark;                ///< where the value begins
  ConfigMark key;                 ///< where its key stands; of the root and of list items the same as `mark`
  std::vector<ConfigNode> items;  ///< of a list
  std::vector<Entry> entries;     ///< of a map, in the order written, keys unique

  [[nodiscard]] const ConfigNode* find(std::string_view name) const noexcept;
};

struct ConfigNode::Entry {
  std::string name;
  ConfigNode value;
};

inline const ConfigNode* ConfigNode::find(std::string_view name) const noexcept {
  for (const Entry& entry : entries) {
    if (entry.name == name) return &entry.value;
  }
  return nullptr;
}

/// Equal in content; places do not count.
QIAO_API bool same_config(const ConfigNode& a, const ConfigNode& b);

/// One mistake of the person who wrote the configuration.
struct ConfigProblem {
  std::string id;  ///< "config.unknown_key"; docs/reference/config-errors.md lists them
  std::string file;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::string path;     ///< "plugins.stock-berlin.config.timout"
  std::string message;  ///< a sentence without the place
  std::string nearest;  ///< what was probably meant, or ""
};

/// `conf.d/stock.yaml:8:7: error[config.unknown_key]: plugins.….timout: unknown key; did you mean "timeout"?`
QIAO_API std::string to_string(const ConfigProblem& problem);
QIAO_API ConfigProblem config_problem(std::string id, const ConfigMark& mark, std::string path, std::string message,
                                      std::string nearest = {});
/// By file, line and column; one problem is listed once.
QIAO_API void sort_problems(std::vector<ConfigProblem>& problems);

/// The candidate that is fewest typing slips away (Damerau-Levenshtein), or "" when none is near.
QIAO_API std::string nearest_name(std::string_view word, std::span<const std::string> candidates);

}  // namespace qiao
