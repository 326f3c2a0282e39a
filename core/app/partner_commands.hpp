#pragma once

#include <string>

#include "core/app/control.hpp"
#include "qiao/bus.hpp"

namespace qiao::core {

/// `qiao partner-key …` at a running hub: "create", "list" or "revoke" and the request as JSON.
ControlReply partner_key_command(Bus& bus, const std::string& argument);

}  // namespace qiao::core
