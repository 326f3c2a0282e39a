#pragma once

#include <string>

#include "qiao/contract/calls.hpp"
#include "qiao/http.hpp"

namespace qiao::web {

/// The frame `call` for one agent. `mine`: it is about this agent's phone. The number is shown in part to whoever may
/// not unmask customers.
std::string call_frame(const contract::CallChanged& call, bool mine, const Principal& reader);

}  // namespace qiao::web
