#pragma once

#include <string>

#include "qiao/contract/calls.hpp"
#include "qiao/http.hpp"

namespace qiao::web {

/// The frame `call` for one agent. `mine`: it is about this agent's phone. The number is shown in part but to
/// those who manage contacts: an agent unmasks it in the profile, where that is audited.
std::string call_frame(const contract::CallChanged& call, bool mine, const Principal& reader);

}  // namespace qiao::web
