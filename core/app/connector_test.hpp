#pragma once

#include <string>

#include "core/app/control.hpp"
#include "qiao/bus.hpp"

namespace qiao::core {

/// `qiao connector …` at a running hub: "list", or "test INSTANCE". Waits for the outside system, at most half a
/// minute.
ControlReply connector_command(Bus& bus, const std::string& argument);

}  // namespace qiao::core
