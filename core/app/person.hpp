#pragma once

#include <string>

#include "core/app/control.hpp"
#include "core/app/dead_letter_store.hpp"
#include "core/bus/local_bus.hpp"

namespace qiao::core {

/// What the hub itself keeps about people: dead letters in which their ids, names at channels, or claims stand. Serves
/// the copy and the erasure of them. `letters` and `types` outlive the bus.
void serve_person(Bus& bus, DeadLetterStore& letters, const LocalBus& types);

/// `qiao contact …` at a running hub: "export" or "erase" and the request as JSON. Waits as long as it takes.
ControlReply contact_command(Bus& bus, const std::string& argument);

}  // namespace qiao::core
