#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace qiao::core {

/// A request target taken apart and decoded.
struct Target {
  std::vector<std::string> segments;  ///< decoded; "/a/" has "a" and ""
  std::string path;                   ///< the segments joined
  std::vector<std::pair<std::string, std::string>> query;
};

/// Understands `/path?query` and the absolute form `http://host/path`. Nothing for `..` and `.` segments, broken
/// percent signs, control characters and text that is not UTF-8: no handler needs them, and attackers do.
std::optional<Target> parse_target(std::string_view target);

/// Percent-decodes; `plus` turns + into a space, as in queries and forms.
std::optional<std::string> percent_decode(std::string_view text, bool plus);

/// The host of an origin such as "https://shop.example:8443", with its port; empty when it is not one.
std::string_view origin_host(std::string_view origin);

}  // namespace qiao::core
