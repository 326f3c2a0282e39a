#include "core/bus/wiring.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace qiao::core {
namespace {

using PortType = Manifest::Port::Type;

struct Seen {
  const MessageType* type;
  std::string instance;
};

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i > 0) out += i + 1 == names.size() ? " and " : ", ";
    out += names[i];
  }
  return out;
}

class Checker {
 public:
  Checker(const std::vector<WiredInstance>& instances, const Wiring& wiring) : wiring_(wiring) {
    for (const WiredInstance& instance : instances) {
      names_.insert(instance.name);
      for (const Manifest::Port& port : instance.manifest->ports()) add(instance.name, port);
    }
  }

  std::vector<WiringProblem> run() {
    check_requests();
    check_bindings();
    check_routes();
    return std::move(problems_);
  }

 private:
  void problem(std::string id, std::string path, std::string text) {
    problems_.push_back({std::move(id), std::move(path), std::move(text)});
  }

  void add(const std::string& instance, const Manifest::Port& port) {
    const MessageType& type = *port.message;
    const std::string name(type.name);
    const auto [it, fresh] = types_.try_emplace({name, type.version}, Seen{&type, instance});
    if (!fresh && it->second.type->size != type.size) {
      problem("wiring.mismatch", "plugins." + instance,
              fmt::format("{} and {} were built with different definitions of {} version {} ({} and {} bytes); rebuild "
                          "both against the same SDK headers",
                          it->second.instance, instance, name, type.version, it->second.type->size, type.size));
    }
    switch (port.type) {
      case PortType::serves:
        servers_[name][type.version].push_back(instance);
        if (type.many) many_.insert(name);
        break;
      case PortType::asks:
        askers_.push_back({instance, port});
        break;
      case PortType::subscribes:
        subscribers_[name].insert(instance);
        break;
      case PortType::publishes:
        publishers_[name].insert(instance);
        break;
    }
  }

  void check_requests() {
    for (const auto& [instance, port] : askers_) {
      const std::string name(port.message->name);
      const int version = port.message->version;
      const auto versions = servers_.find(name);
      if (versions != servers_.end() && versions->second.count(version) > 0) continue;
      if (port.optional) continue;
      std::string text =
          fmt::format("{} needs {} version {}, but no enabled instance serves it", instance, name, version);
      if (versions != servers_.end()) {
        text += fmt::format("; {} serves version {}", versions->second.begin()->second.front(),
                            versions->second.begin()->first);
      } else {
        text += "; enable a plugin that does, or disable " + instance;
      }
      problem("wiring.no_server", "plugins." + instance, std::move(text));
    }
    for (const auto& [name, versions] : servers_) {
      for (const auto& [version, servers] : versions) {
        if (servers.size() < 2 || wiring_.bindings.count(name) > 0 || many_.count(name) > 0) continue;
        problem("wiring.ambiguous", "bindings." + name,
                fmt::format("{} is served by {}; say under bindings which one: `{}: {}`", name, joined(servers), name,
                            servers.front()));
      }
    }
  }

  void check_bindings() {
    for (const auto& [name, instance] : wiring_.bindings) {
      const std::string path = "bindings." + name;
      const auto versions = servers_.find(name);
      if (names_.count(instance) == 0) {
        problem("wiring.unknown_instance", path, fmt::format("there is no enabled instance \"{}\"", instance));
      } else if (versions == servers_.end()) {
        problem("wiring.unknown_message", path, fmt::format("no enabled instance serves a request \"{}\"", name));
      } else {
        const bool serves = std::any_of(versions->second.begin(), versions->second.end(), [&](const auto& version) {
          return std::find(version.second.begin(), version.second.end(), instance) != version.second.end();
        });
        if (!serves) {
          problem(
              "wiring.no_server", path,
              fmt::format("{} does not serve {}; {} does", instance, name, joined(versions->second.begin()->second)));
        }
      }
    }
  }

  void check_routes() {
    for (const auto& [event, routes] : wiring_.routes) {
      const std::string path = "routes." + event;
      const auto subscribers = subscribers_.find(event);
      if (subscribers == subscribers_.end() && publishers_.count(event) == 0) {
        problem("wiring.unknown_message", path,
                fmt::format("no enabled instance publishes or subscribes to \"{}\"", event));
        continue;
      }
      std::set<std::string> sources;
      for (const EventRoute& route : routes) {
        if (!sources.insert(route.from).second) {
          problem("wiring.ambiguous", path,
                  route.from.empty() ? "there are two routes without `from`"
                                     : fmt::format("there are two routes from {}", route.from));
        }
        if (!route.from.empty() && names_.count(route.from) == 0) {
          problem("wiring.unknown_instance", path, fmt::format("there is no enabled instance \"{}\"", route.from));
        }
        for (const std::string& to : route.to) {
          if (names_.count(to) == 0) {
            problem("wiring.unknown_instance", path, fmt::format("there is no enabled instance \"{}\"", to));
          } else if (subscribers == subscribers_.end() || subscribers->second.count(to) == 0) {
            problem("wiring.no_subscriber", path, fmt::format("{} does not subscribe to {}", to, event));
          }
        }
      }
    }
  }

  const Wiring& wiring_;
  std::set<std::string> names_;
  std::map<std::pair<std::string, int>, Seen> types_;
  std::map<std::string, std::map<int, std::vector<std::string>>> servers_;
  std::set<std::string> many_;  // requests that several may serve
  std::map<std::string, std::set<std::string>> subscribers_;
  std::map<std::string, std::set<std::string>> publishers_;
  std::vector<std::pair<std::string, Manifest::Port>> askers_;
  std::vector<WiringProblem> problems_;
};

}  // namespace

std::vector<WiringProblem> check_wiring(const std::vector<WiredInstance>& instances, const Wiring& wiring) {
  return Checker(instances, wiring).run();
}

}  // namespace qiao::core
