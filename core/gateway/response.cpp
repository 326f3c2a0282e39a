#include "core/gateway/response.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "core/gateway/head_check.hpp"
#include "qiao/json.hpp"

namespace qiao::core {
namespace {

using namespace std::string_view_literals;

bool safe_value(std::string_view value) {
  return value.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

/// Written by us alone, so that a message has one length and one connection rule.
bool is_ours(std::string_view name) {
  for (const std::string_view own : {"content-length", "transfer-encoding", "connection", "date", "server"}) {
    if (equals_ignoring_case(name, own)) return true;
  }
  return false;
}

}  // namespace

FilePart::~FilePart() {
  if (fd >= 0) ::close(fd);
}

void Answer::release() noexcept {
  response.body = {};
  response.headers = {};
  shared.reset();
  file.reset();
}

std::string_view reason_phrase(int status) noexcept {
  switch (status) {
    case 100:
      return "Continue";
    case 101:
      return "Switching Protocols";
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 417:
      return "Expectation Failed";
    case 422:
      return "Unprocessable Content";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    default:
      return "Status";
  }
}

HttpResponse problem(int status, std::string_view id, std::string_view detail) {
  HttpResponse response;
  response.status = status;
  response.content_type = "application/problem+json";
  response.body = "{\"type\":";
  append_json_string(response.body, fmt::format("urn:qiao:error:{}", id));
  response.body += ",\"title\":";
  append_json_string(response.body, reason_phrase(status));
  response.body += fmt::format(",\"status\":{},\"detail\":", status);
  append_json_string(response.body, detail);
  response.body += '}';
  return response;
}

bool response_head(std::string& out, const HttpResponse& response, std::size_t size, const HeadContext& context) {
  out.clear();
  const auto line = [&](std::string_view name, std::string_view value) {
    out.append(name).append(": "sv).append(value).append("\r\n"sv);
  };
  const fmt::format_int status(response.status);
  out.append("HTTP/1.1 "sv).append(status.data(), status.size()).append(" "sv);
  out.append(reason_phrase(response.status)).append("\r\nDate: "sv).append(context.date).append("\r\n"sv);
  const bool bodiless = response.status < 200 || response.status == 204 || response.status == 304;
  if (!bodiless) {
    if (!safe_value(response.content_type)) return false;
    if (!response.content_type.empty()) line("Content-Type", response.content_type);
    const fmt::format_int length(size);
    line("Content-Length", {length.data(), length.size()});
  }
  if (!context.keep_alive) {
    line("Connection", "close");
  } else if (context.http10) {
    line("Connection", "keep-alive");
  }
  line("X-Request-Id", context.request_id);
  out.append("X-Content-Type-Options: nosniff\r\n"sv);
  bool referrer = false;
  bool cache = false;
  for (const auto& [name, value] : response.headers) {
    if (!is_token(name) || !safe_value(value)) return false;
    if (is_ours(name) || equals_ignoring_case(name, "x-request-id") ||
        equals_ignoring_case(name, "x-content-type-options"))
      continue;
    referrer = referrer || equals_ignoring_case(name, "referrer-policy");
    if (equals_ignoring_case(name, "cache-control")) {
      if (context.behind_login) continue;
      cache = true;
    }
    line(name, value);
  }
  if (!referrer) out.append("Referrer-Policy: no-referrer\r\n"sv);
  if (context.behind_login || (!cache && response.content_type == "application/problem+json"))
    line("Cache-Control", "no-store");
  if (context.secure) line("Strict-Transport-Security", "max-age=31536000");
  out += "\r\n";
  return true;
}

}  // namespace qiao::core
