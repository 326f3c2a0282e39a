#include "core/bus/topics.hpp"

#include <algorithm>
#include <bit>
#include <map>

namespace qiao::core::bus {
namespace {

Targets all_of(const std::vector<const Target*>& subscribers) {
  Targets targets;
  for (const Target* target : subscribers) targets.add(target);
  return targets;
}

Targets only(const std::vector<const Target*>& subscribers, const std::vector<std::string>& names) {
  Targets targets;
  for (const Target* target : subscribers) {
    if (std::find(names.begin(), names.end(), target->instance->name()) != names.end()) targets.add(target);
  }
  return targets;
}

}  // namespace

void Targets::add(const Target* target) { (target->lane->direct() ? direct : queued).push_back(target); }

const Target* Topic::server_named(std::string_view instance) const noexcept {
  if (instance.empty()) return server;
  for (const Target* candidate : servers) {
    if (candidate->instance->name() == instance) return candidate;
  }
  return nullptr;
}

TopicTable::TopicTable(const std::vector<Instance*>& visible, const Wiring& wiring, const Intern& intern) {
  std::map<std::uint64_t, Topic*> by_id;
  const auto topic_of = [&](const MessageType& type) -> Topic& {
    Topic*& topic = by_id[type.id];
    if (topic == nullptr) {
      topics_.push_back(std::make_unique<Topic>());
      topic = topics_.back().get();
      topic->id = type.id;
      topic->name = type.name;
    }
    return *topic;
  };
  for (const Instance* instance : visible) {
    for (const auto& target : instance->subscriptions()) topic_of(*target->type).subscribers.push_back(target.get());
    for (const auto& target : instance->servers()) {
      Topic& topic = topic_of(*target->type);
      const auto binding = wiring.bindings.find(std::string(topic.name));
      const bool bound = binding != wiring.bindings.end();
      // Without a binding the first to come serves; `check_wiring` does not let a hub start like that.
      topic.servers.push_back(target.get());
      if (bound ? binding->second == instance->name() : topic.server == nullptr) topic.server = target.get();
    }
  }
  for (const auto& topic : topics_) {
    topic->usual = all_of(topic->subscribers);
    const auto routes = wiring.routes.find(std::string(topic->name));
    if (routes == wiring.routes.end()) continue;
    for (const EventRoute& route : routes->second) {
      if (route.from.empty()) {
        topic->usual = only(topic->subscribers, route.to);
      } else {
        topic->routed.push_back({intern(route.from).data(), only(topic->subscribers, route.to)});
      }
    }
  }
  const std::size_t size = std::bit_ceil(std::max<std::size_t>(8, topics_.size() * 2 + 1));
  slots_.resize(size, nullptr);
  mask_ = size - 1;
  for (const auto& topic : topics_) {
    std::size_t i = topic->id & mask_;
    while (slots_[i] != nullptr) i = (i + 1) & mask_;
    slots_[i] = topic.get();
  }
}

}  // namespace qiao::core::bus
