#pragma once

#include <memory>

#include "plugins/web/services.hpp"

namespace qiao::web {

/// Whose tokens count no more. In `start`; waits.
Result<void> read_erased(Database& database, Services& services);
/// What this channel keeps about a person: their uploads, and that their browser is known.
void serve_privacy(Context& host, const std::shared_ptr<Services>& services);

}  // namespace qiao::web
