#include "core/config/diff.hpp"

#include <algorithm>
#include <set>

namespace qiao::core {
namespace {

const ConfigNode& part(const ConfigNode& node, std::string_view name) {
  static const ConfigNode nothing;
  const ConfigNode* found = node.find(name);
  return found ? *found : nothing;
}

std::set<std::string> names_of(const ConfigNode& a, const ConfigNode& b) {
  std::set<std::string> names;
  for (const ConfigNode::Entry& entry : a.entries) names.insert(entry.name);
  for (const ConfigNode::Entry& entry : b.entries) names.insert(entry.name);
  return names;
}

// An empty map and a key without a value both say "the defaults".
bool says_nothing(const ConfigNode& node) {
  return node.kind == ConfigNode::Kind::null || (node.kind == ConfigNode::Kind::map && node.entries.empty());
}

bool same(const ConfigNode& a, const ConfigNode& b) {
  return (says_nothing(a) && says_nothing(b)) || same_config(a, b);
}

const SchemaInfo* nested(const KeyInfo& key) {
  const ConfigType* type = &key.type();
  if (type->kind == ConfigType::Kind::optional) type = &type->element();
  return type->kind == ConfigType::Kind::section ? &type->section() : nullptr;
}

/// Calls `changed(path, reloadable)` for each key that differs.
template <class F>
void compare(const SchemaInfo& schema, const ConfigNode& a, const ConfigNode& b, const std::string& path,
             bool reloadable, const F& changed) {
  for (const std::string& name : names_of(a, b)) {
    const ConfigNode& before = part(a, name);
    const ConfigNode& after = part(b, name);
    if (same(before, after)) continue;
    const KeyInfo* key = schema.find(name);
    const std::string where = path.empty() ? name : path + "." + name;
    const bool soft = reloadable || (key && key->reloadable);
    const SchemaInfo* inside = key ? nested(*key) : nullptr;
    if (inside)
      compare(*inside, before, after, where, soft, changed);
    else
      changed(where, soft);
  }
}

bool restart_needed(const PluginConfig& before, const PluginConfig& after, const KnownPlugins& plugins) {
  if (before.use != after.use || before.isolation != after.isolation) return true;
  const auto known = plugins.find(after.use);
  const SchemaInfo* schema =
      known != plugins.end() && known->second.manifest ? known->second.manifest->config_schema() : nullptr;
  if (!schema) return true;
  bool hard = false;
  compare(*schema, before.config.node(), after.config.node(), {}, false,
          [&hard](const std::string&, bool reloadable) { hard |= !reloadable; });
  return hard;
}

void compare_instances(const HubConfig& before, const HubConfig& after, const KnownPlugins& plugins, ConfigDiff& out) {
  const auto running = [](const HubConfig& config, const std::string& name) -> const PluginConfig* {
    const auto found = config.plugins.find(name);
    return found != config.plugins.end() && found->second.enabled ? &found->second : nullptr;
  };
  std::set<std::string> names;
  for (const auto& [name, config] : before.plugins) names.insert(name);
  for (const auto& [name, config] : after.plugins) names.insert(name);
  for (const std::string& name : names) {
    const PluginConfig* old_one = running(before, name);
    const PluginConfig* new_one = running(after, name);
    if (!old_one && !new_one) continue;
    if (!old_one) {
      out.added.push_back(name);
    } else if (!new_one) {
      out.removed.push_back(name);
    } else if (old_one->use != new_one->use || old_one->isolation != new_one->isolation ||
               !same(old_one->config.node(), new_one->config.node())) {
      (restart_needed(*old_one, *new_one, plugins) ? out.restarted : out.reconfigured).push_back(name);
    }
    if (old_one && new_one && old_one->required != new_one->required) {
      out.hub.push_back({"plugins." + name + ".required", false});
    }
  }
}

}  // namespace

bool ConfigDiff::hub_restart_needed() const noexcept {
  return std::any_of(hub.begin(), hub.end(), [](const HubKey& key) { return key.restart; });
}

ConfigDiff diff_config(const LoadedConfig& before, const LoadedConfig& after, const KnownPlugins& plugins) {
  ConfigDiff out;
  compare_instances(before.config, after.config, plugins, out);
  const auto note = [&out](const std::string& path, bool reloadable) {
    const std::string_view top = std::string_view(path).substr(0, path.find('.'));
    if (top == "routes" || top == "bindings")
      out.wiring = true;
    else if (top != "plugins")
      out.hub.push_back({path, !reloadable});
  };
  static const ConfigNode nothing;
  compare(schema_of<HubConfig>(), before.tree ? *before.tree : nothing, after.tree ? *after.tree : nothing, {}, false,
          note);
  std::sort(out.hub.begin(), out.hub.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return out;
}

}  // namespace qiao::core
