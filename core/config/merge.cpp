#include "core/config/merge.hpp"

#include <fmt/format.h>

#include <unordered_map>

namespace qiao::core {
namespace {

using Kind = ConfigNode::Kind;

void merge_at(ConfigNode& into, ConfigNode& more, const std::string& path, Problems& problems) {
  if (more.kind == Kind::null) return;
  if (into.kind == Kind::null) {
    into = std::move(more);
    return;
  }
  if (into.kind != Kind::map || more.kind != Kind::map) {
    const std::string first =
        fmt::format("{}:{}:{}", into.key.file ? *into.key.file : std::string(), into.key.line, into.key.column);
    problems.push_back(config_problem("config.conflict", more.key, path,
                                      fmt::format("is also set at {}; keep one of the two", first)));
    return;
  }
  std::unordered_map<std::string_view, std::size_t> known;
  for (std::size_t i = 0; i < into.entries.size(); ++i) known.emplace(into.entries[i].name, i);
  std::vector<ConfigNode::Entry> fresh;
  for (ConfigNode::Entry& entry : more.entries) {
    const auto found = known.find(entry.name);
    if (found == known.end()) {
      fresh.push_back(std::move(entry));
    } else {
      merge_at(into.entries[found->second].value, entry.value, path.empty() ? entry.name : path + "." + entry.name,
               problems);
    }
  }
  for (ConfigNode::Entry& entry : fresh) into.entries.push_back(std::move(entry));
}

}  // namespace

void merge(ConfigNode& into, ConfigNode more, Problems& problems) { merge_at(into, more, {}, problems); }

}  // namespace qiao::core
