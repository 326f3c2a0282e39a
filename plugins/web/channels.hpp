#pragma once

#include <memory>

#include "plugins/web/services.hpp"

namespace qiao::web {

/// What the web plugin does for the other channels: keeps their files (contract/files.hpp), tells agents what each can
/// carry and who can be written to (`GET /api/v1/channels`, `GET /api/v1/conversations/{id}/window`), and shows
/// supervisors what needs a person. Also describes itself as a channel.
void serve_channels(Context& host, const std::shared_ptr<Services>& services);

/// Declares what serve_channels deals in.
void declare_channels(Manifest& m);

}  // namespace qiao::web
