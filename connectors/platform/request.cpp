#include "connectors/platform/request.hpp"

#include <fmt/format.h>

namespace qiao::platform {

std::string json_text(const Json& value) { return value.dump(-1, ' ', false, Json::error_handler_t::replace); }

OutboundRequest json_request(std::string method, std::string url, const Json& body) {
  OutboundRequest request;
  request.method = std::move(method);
  request.url = std::move(url);
  if (!body.is_null()) {
    request.headers.emplace_back("content-type", "application/json");
    request.body = json_text(body);
  }
  return request;
}

Result<Json> ask(const Transport& transport, std::string_view system, const OutboundRequest& request,
                 const StatusFault& fault) {
  auto response = transport(request);
  if (!response) return response.error();
  if (response->status < 200 || response->status > 299) {
    return fault ? fault(*response) : status_error(system, *response);
  }
  if (response->status == 204) return Json();
  return read_json(response->body, system);
}

Result<Json::array_t> all_pages(std::string_view system, std::string_view what,
                                const std::function<Result<Page>(std::size_t index)>& next) {
  constexpr std::size_t kMostRows = 40'000;
  Json::array_t all;
  for (std::size_t index = 0;; ++index) {
    auto page = next(index);
    if (!page) return page.error();
    const bool last = page->last || page->rows.empty();
    all.insert(all.end(), std::make_move_iterator(page->rows.begin()), std::make_move_iterator(page->rows.end()));
    if (last) return all;
    if (all.size() >= kMostRows) {
      return Error{Errc::too_large, fmt::format("{}.too_many_rows", system),
                   fmt::format("{} has more than {} rows of {}", system, kMostRows, what)};
    }
  }
}

}  // namespace qiao::platform
