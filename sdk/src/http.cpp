#include "qiao/http.hpp"

#include <fmt/format.h>

namespace qiao {
namespace {

std::string_view find(const std::vector<std::pair<std::string, std::string>>& list, std::string_view name) {
  for (const auto& [key, value] : list) {
    if (key == name) return value;
  }
  return {};
}

std::string_view title(int status) {
  switch (status) {
    case 400:
      return "Bad request";
    case 401:
      return "Not logged in";
    case 403:
      return "Not allowed";
    case 404:
      return "Not found";
    case 409:
      return "Conflict";
    case 413:
      return "Too large";
    case 429:
      return "Too many requests";
    case 501:
      return "Not supported";
    case 503:
      return "Temporarily unavailable";
    case 504:
      return "Timed out";
    default:
      return "Internal error";
  }
}

}  // namespace

bool Principal::may(std::string_view permission) const {
  return std::any_of(permissions.begin(), permissions.end(),
                     [&](const std::string& p) { return p == "*" || p == permission; });
}

std::string_view HttpRequest::header(std::string_view lower_case_name) const { return find(headers, lower_case_name); }
std::string_view HttpRequest::param(std::string_view name) const { return find(params, name); }
std::string_view HttpRequest::query_value(std::string_view name) const { return find(query, name); }

std::string_view HttpRequest::cookie(std::string_view name) const {
  std::string_view rest = header("cookie");
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(';'), rest.size());
    std::string_view pair = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    while (!pair.empty() && pair.front() == ' ') pair.remove_prefix(1);
    const std::size_t equals = pair.find('=');
    if (equals != std::string_view::npos && pair.substr(0, equals) == name) return pair.substr(equals + 1);
  }
  return {};
}

HttpResponse HttpResponse::problem(const Error& error) {
  HttpResponse response;
  response.status = http_status(error.code);
  response.content_type = "application/problem+json";
  response.body = "{\"type\":";
  append_json_string(response.body, fmt::format("urn:qiao:error:{}", error.name()));
  response.body += ",\"title\":";
  append_json_string(response.body, title(response.status));
  response.body += fmt::format(",\"status\":{},\"detail\":", response.status);
  append_json_string(response.body, error.message);
  response.body += '}';
  if (error.retry_after.count() > 0) {
    response.headers.emplace_back("Retry-After", std::to_string((error.retry_after.count() + 999) / 1000));
  }
  return response;
}

}  // namespace qiao
