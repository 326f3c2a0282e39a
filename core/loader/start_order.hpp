#pragma once

#include <span>
#include <string>
#include <vector>

#include "qiao/plugin.hpp"

namespace qiao::core {

/// One instance to be ordered; what it points to outlives the call.
struct OrderedInstance {
  std::string_view name;
  const Manifest* manifest;
};

/// The order in which instances start, as indexes: who serves a request starts before who asks it, otherwise the order
/// given. Where instances need each other in a circle, the order given decides among them. Stopping goes backwards.
std::vector<std::size_t> start_order(std::span<const OrderedInstance> instances);

}  // namespace qiao::core
