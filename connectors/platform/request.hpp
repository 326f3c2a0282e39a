#pragma once

#include <string>
#include <string_view>

#include "connectors/platform/http_answer.hpp"
#include "connectors/platform/json_answer.hpp"

namespace qiao::platform {

/// As text for a request; what is no UTF-8 is replaced.
std::string json_text(const Json& value);

/// A request with a JSON body, or without one when it is null.
OutboundRequest json_request(std::string method, std::string url, const Json& body = {});

/// What a system means by a status that is not 2xx.
using StatusFault = std::function<Error(const OutboundResponse&)>;

/// Asks and reads the answer, which is null for 204 (no content). A status that is not 2xx becomes `fault`, by itself
/// `status_error`.
Result<Json> ask(const Transport& transport, std::string_view system, const OutboundRequest& request,
                 const StatusFault& fault = {});

/// One page of a long list.
struct Page {
  Json::array_t rows;
  bool last = false;
};

/// The rows of all pages: `next(0)`, `next(1)` … until one is the last, or has no rows.
/// `<system>.too_many_rows` (too_large) past 40,000; `what` says of what.
Result<Json::array_t> all_pages(std::string_view system, std::string_view what,
                                const std::function<Result<Page>(std::size_t index)>& next);

}  // namespace qiao::platform
