#pragma once

#include "plugins/partners/key_service.hpp"
#include "qiao/bus.hpp"

namespace qiao::partners {

/// Serves the operator's command line. All arguments outlive the instance's registrations.
void serve_operator(Bus& bus, const Lane& lane, KeyService& keys, const KeyRing& ring, const Clock& clock);

}  // namespace qiao::partners
