#pragma once

#include "plugins/partners/embed.hpp"
#include "plugins/partners/key_service.hpp"

namespace qiao::partners {

inline constexpr const char* kManagePartners = "partners.manage";

/// The routes below /api/v1/partner-keys. All arguments outlive them.
void add_admin_routes(Http& http, KeyService& keys, const KeyRing& ring, const Clock& clock, const Embed& embed);

}  // namespace qiao::partners
