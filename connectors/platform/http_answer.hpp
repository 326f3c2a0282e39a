#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "qiao/outbound.hpp"

namespace qiao::platform {

/// How a client reaches its system; an OutboundClient in the hub, a function in tests.
using Transport = std::function<Result<OutboundResponse>(const OutboundRequest&)>;

/// The error that stands for an HTTP status that is not 2xx: 401 unauthorized, 403 forbidden, 404 not_found, 429
/// rate_limited with its Retry-After, 408 and 5xx unavailable, all else bad_value. `detail` is what the system said
/// about it; ids are `<system>.http_<status>`. No part of the URL or the body is repeated: they may carry secrets.
Error status_error(std::string_view system, const OutboundResponse& response, std::string_view detail = {});

/// "a=1&b=%20" from names and values.
std::string form(const std::vector<std::pair<std::string, std::string>>& fields);

/// Joins a base URL and a path with exactly one slash between them.
std::string join_url(std::string_view base, std::string_view path);

/// Cuts a foreign text to what fits into a message for people, at a character's end and without line breaks.
std::string excerpt(std::string_view text);

}  // namespace qiao::platform
