#include "core/config/check.hpp"

#include <algorithm>

namespace qiao::core {
namespace {

/// A plugin that refuses its settings may quote them.
void hide_secrets(const ConfigNode& node, std::string& message) {
  constexpr std::size_t kShortest = 4;  // hiding "1" everywhere would make the sentence unreadable
  if (node.secret && node.text.size() >= kShortest) {
    for (std::size_t at = message.find(node.text); at != std::string::npos; at = message.find(node.text, at + 3)) {
      message.replace(at, node.text.size(), "***");
    }
  }
  for (const ConfigNode& item : node.items) hide_secrets(item, message);
  for (const ConfigNode::Entry& entry : node.entries) hide_secrets(entry.value, message);
}

class Checker {
 public:
  Checker(const LoadedConfig& loaded, const KnownPlugins& plugins) : loaded_(loaded), plugins_(plugins) {
    for (const auto& [name, plugin] : plugins) names_.push_back(name);
  }

  CheckResult run() {
    CheckResult result;
    result.problems = loaded_.problems;
    result.may_start = loaded_.ok();
    if (loaded_.tree) {
      for (const auto& [instance, node] : instances()) {
        Problems found = check(instance, *node);
        if (found.empty()) continue;
        const auto bound = loaded_.config.plugins.find(instance);
        const bool optional = bound != loaded_.config.plugins.end() && !bound->second.required;
        if (optional)
          result.unusable.insert(instance);
        else
          result.may_start = false;
        std::move(found.begin(), found.end(), std::back_inserter(result.problems));
      }
      if (loaded_.ok()) check_wires(result);
    }
    sort_problems(result.problems);
    return result;
  }

 private:
  [[nodiscard]] std::vector<std::pair<std::string, const ConfigNode*>> instances() const {
    std::vector<std::pair<std::string, const ConfigNode*>> list;
    if (const ConfigNode* plugins = loaded_.tree->find("plugins")) {
      for (const ConfigNode::Entry& entry : plugins->entries) list.emplace_back(entry.name, &entry.value);
    }
    return list;
  }

  // Reads the tree rather than the bound config, which is incomplete after any mistake elsewhere.
  Problems check(const std::string& instance, const ConfigNode& node) {
    Problems found;
    const std::string path = "plugins." + instance;
    const ConfigNode* use = node.find("use");
    if (!use || use->kind != ConfigNode::Kind::scalar) return found;
    const ConfigNode* enabled = node.find("enabled");
    const bool off = enabled && enabled->text == "false";
    if (const ConfigNode* isolation = node.find("isolation"); !off && isolation && isolation->text == "process") {
      found.push_back(
          config_problem("config.unsupported", isolation->mark, path + ".isolation",
                         "this release runs plugins in the hub's process only; write in_process or remove the key"));
    }
    const auto known = plugins_.find(use->text);
    if (known == plugins_.end()) {
      if (!off) unknown_plugin(*use, path, found);
      return found;
    }
    settings(known->second, use->secret ? "***" : use->text, node, path + ".config", found);
    return found;
  }

  void unknown_plugin(const ConfigNode& use, const std::string& path, Problems& found) const {
    const std::string name = use.secret ? "***" : use.text;
    found.push_back(config_problem("config.unknown_plugin", use.mark, path + ".use",
                                   fmt::format("there is no plugin \"{}\"", name),
                                   use.secret ? std::string() : nearest_name(use.text, names_)));
  }

  void settings(const KnownPlugin& plugin, const std::string& name, const ConfigNode& node, const std::string& path,
                Problems& found) const {
    std::shared_ptr<const ConfigNode> config;
    if (const ConfigNode* given = node.find("config")) {
      config = std::shared_ptr<const ConfigNode>(loaded_.tree, given);
    } else {
      auto nothing = std::make_shared<ConfigNode>();
      nothing->mark = nothing->key = node.key;
      config = std::move(nothing);
    }
    const Section section(config, path);
    if (!plugin.manifest) return;
    if (const SchemaInfo* schema = plugin.manifest->config_schema()) {
      section.check(*schema, found);
      const std::size_t all = found.size();
      drop_unfilled(found);
      if (found.size() != all) return;
    } else if (config->kind != ConfigNode::Kind::null &&
               !(config->kind == ConfigNode::Kind::map && config->entries.empty())) {
      found.push_back(config_problem("config.unknown_key", config->key, path,
                                     fmt::format("the plugin \"{}\" takes no settings; remove the key", name)));
    }
    if (!found.empty() || !plugin.configure) return;
    if (const auto configured = plugin.configure(section); !configured) {
      const Error& error = configured.error();
      const std::string id(error.name());
      std::string message = error.message;
      hide_secrets(*config, message);
      found.push_back(config_problem(id.find('.') == std::string::npos ? "config.rejected" : id, config->key, path,
                                     std::move(message)));
    }
  }

  void drop_unfilled(Problems& found) const {
    std::erase_if(found, [this](const ConfigProblem& p) {
      return std::any_of(loaded_.problems.begin(), loaded_.problems.end(),
                         [&](const ConfigProblem& q) { return !q.path.empty() && q.path == p.path; });
    });
  }

  void check_wires(CheckResult& result) const {
    std::vector<WiredInstance> wired;
    for (const auto& [instance, config] : loaded_.config.plugins) {
      if (!config.enabled) continue;
      const auto known = plugins_.find(config.use);
      // Without knowing what an instance serves, whatever is said about the wires would be a guess.
      if (known == plugins_.end() || !known->second.manifest) return;
      wired.push_back({instance, known->second.manifest});
    }
    std::vector<std::string> instances, messages;
    for (const WiredInstance& instance : wired) {
      instances.push_back(instance.name);
      for (const Manifest::Port& port : instance.manifest->ports()) messages.emplace_back(port.message->name);
    }
    for (WiringProblem& problem : check_wiring(wired, wiring_of(loaded_.config))) {
      const ConfigNode* item = item_of(problem.path);
      ConfigMark mark = item ? item->key : part_of(problem.path).key;
      std::string nearest;
      if (problem.id == "wiring.unknown_message") {
        nearest = nearest_name(problem.path.substr(problem.path.find('.') + 1), messages);
      } else if (const ConfigNode* name = item ? stranger(*item, instances) : nullptr;
                 name && problem.id == "wiring.unknown_instance") {
        mark = name->mark;
        nearest = name->secret ? std::string() : nearest_name(name->text, instances);
      }
      result.problems.push_back(config_problem(std::move(problem.id), mark, std::move(problem.path),
                                               std::move(problem.text), std::move(nearest)));
      result.may_start = false;
    }
  }

  /// The first text below a route or binding that is no enabled instance.
  static const ConfigNode* stranger(const ConfigNode& node, const std::vector<std::string>& instances) {
    if (node.kind == ConfigNode::Kind::scalar) {
      return std::find(instances.begin(), instances.end(), node.text) == instances.end() ? &node : nullptr;
    }
    for (const ConfigNode& item : node.items) {
      if (const ConfigNode* found = stranger(item, instances)) return found;
    }
    for (const ConfigNode::Entry& entry : node.entries) {
      if (const ConfigNode* found = stranger(entry.value, instances)) return found;
    }
    return nullptr;
  }

  [[nodiscard]] const ConfigNode& part_of(const std::string& path) const {
    const ConfigNode* part = loaded_.tree->find(path.substr(0, path.find('.')));
    return part ? *part : *loaded_.tree;
  }
  // Message names hold dots, so the path is split only after its first word.
  [[nodiscard]] const ConfigNode* item_of(const std::string& path) const {
    const std::size_t dot = path.find('.');
    return dot == std::string::npos ? nullptr : part_of(path).find(path.substr(dot + 1));
  }

  const LoadedConfig& loaded_;
  const KnownPlugins& plugins_;
  std::vector<std::string> names_;
};

}  // namespace

CheckResult check_config(const LoadedConfig& loaded, const KnownPlugins& plugins) {
  return Checker(loaded, plugins).run();
}

Wiring wiring_of(const HubConfig& config) {
  Wiring wiring;
  wiring.bindings = config.bindings;
  for (const auto& [event, routes] : config.routes) {
    std::vector<EventRoute>& list = wiring.routes[event];
    for (const RouteConfig& route : routes) list.push_back({route.from, route.to});
  }
  return wiring;
}

}  // namespace qiao::core
