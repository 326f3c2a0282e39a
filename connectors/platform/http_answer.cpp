#include "connectors/platform/http_answer.hpp"

#include <fmt/format.h>

#include <charconv>

#include "qiao/utf8.hpp"

namespace qiao::platform {

Error status_error(std::string_view system, const OutboundResponse& response, std::string_view detail) {
  Errc code = Errc::bad_value;
  std::string_view hint;
  if (response.status == 401) {
    code = Errc::unauthorized;
    hint = "; check the credentials in the configuration";
  } else if (response.status == 403) {
    code = Errc::forbidden;
    hint = "; the account of the hub lacks a right there";
  } else if (response.status == 404) {
    code = Errc::not_found;
  } else if (response.status == 429) {
    code = Errc::rate_limited;
  } else if (response.status == 408 || response.status >= 500) {
    code = Errc::unavailable;
  }
  Error error{code, fmt::format("{}.http_{}", system, response.status),
              fmt::format("{} answered with status {}{}{}{}", system, response.status, detail.empty() ? "" : ": ",
                          excerpt(detail), hint)};
  int seconds = 0;
  const std::string_view wait = response.header("retry-after");
  if (std::from_chars(wait.data(), wait.data() + wait.size(), seconds).ec == std::errc{} && seconds > 0) {
    error.retry_after = std::chrono::seconds(seconds);
  }
  return error;
}

std::string form(const std::vector<std::pair<std::string, std::string>>& fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    if (!out.empty()) out += '&';
    out += url_encode(name) + "=" + url_encode(value);
  }
  return out;
}

std::string join_url(std::string_view base, std::string_view path) {
  while (base.ends_with('/')) base.remove_suffix(1);
  while (path.starts_with('/')) path.remove_prefix(1);
  return fmt::format("{}/{}", base, path);
}

std::string excerpt(std::string_view text) {
  constexpr std::size_t kLongest = 200;
  std::string out(utf8_head(text, kLongest));
  if (out.size() < text.size()) out += "…";
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return out;
}

}  // namespace qiao::platform
