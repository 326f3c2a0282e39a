#pragma once

#include <memory>

#include "plugins/web/services.hpp"

namespace qiao::web {

/// Reports how far messages to this channel's customers got, and tells other plugins whose a visitor's token is.
///
/// The hub itself is the web channel's platform: what is stored waits here for the customer's browser, so it is sent.
/// Only at sites with `push` it stays pending until the customer's app has it or somebody has told them: that is the
/// connector app's business.
void serve_receipts(Bus& bus, const std::shared_ptr<Services>& services);

/// The customer's app has this message.
void report_delivered(Services& services, Id conversation, std::int64_t seq);

}  // namespace qiao::web
