#include "core/loader/start_order.hpp"

#include <set>

namespace qiao::core {

std::vector<std::size_t> start_order(std::span<const OrderedInstance> instances) {
  using Type = Manifest::Port::Type;
  std::unordered_map<std::uint64_t, std::vector<std::size_t>> servers;
  for (std::size_t i = 0; i < instances.size(); ++i) {
    for (const auto& port : instances[i].manifest->ports()) {
      if (port.type == Type::serves) servers[port.message->id].push_back(i);
    }
  }
  std::vector<std::set<std::size_t>> waits_for(instances.size());
  for (std::size_t i = 0; i < instances.size(); ++i) {
    for (const auto& port : instances[i].manifest->ports()) {
      if (port.type != Type::asks) continue;
      for (std::size_t server : servers[port.message->id]) {
        if (server != i) waits_for[i].insert(server);
      }
    }
  }
  std::vector<std::size_t> order;
  std::vector<bool> done(instances.size(), false);
  while (order.size() < instances.size()) {
    std::optional<std::size_t> next;
    std::optional<std::size_t> first_left;
    for (std::size_t i = 0; i < instances.size() && !next; ++i) {
      if (done[i]) continue;
      if (!first_left) first_left = i;
      if (std::all_of(waits_for[i].begin(), waits_for[i].end(), [&](std::size_t server) { return done[server]; }))
        next = i;
    }
    const std::size_t chosen = next ? *next : *first_left;
    done[chosen] = true;
    order.push_back(chosen);
  }
  return order;
}

}  // namespace qiao::core
