#include "core/loader/config_change.hpp"

#include <set>

namespace qiao::core {

bool only_reloadable_changed(const SchemaInfo& schema, const ConfigNode& before, const ConfigNode& after) {
  static const ConfigNode kAbsent;
  std::set<std::string> names;
  for (const ConfigNode* node : {&before, &after}) {
    for (const auto& entry : node->entries) names.insert(entry.name);
  }
  return std::all_of(names.begin(), names.end(), [&](const std::string& name) {
    const ConfigNode* old_value = before.find(name);
    const ConfigNode* new_value = after.find(name);
    if (!old_value) old_value = &kAbsent;
    if (!new_value) new_value = &kAbsent;
    if (same_config(*old_value, *new_value)) return true;
    const KeyInfo* key = schema.find(name);
    if (!key) return false;
    if (key->reloadable) return true;
    const ConfigType& type = key->type();
    return type.kind == ConfigType::Kind::section && only_reloadable_changed(type.section(), *old_value, *new_value);
  });
}

}  // namespace qiao::core
