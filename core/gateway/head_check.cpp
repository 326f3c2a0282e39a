#include "core/gateway/head_check.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

namespace qiao::core {
namespace {

/// What a byte may be part of; a look-up a byte, because every request passes here.
enum CharClass : std::uint8_t { kToken = 1, kValue = 2, kHost = 4, kDigit = 8, kTarget = 16 };

constexpr std::array<std::uint8_t, 256> kClasses = [] {
  std::array<std::uint8_t, 256> classes{};
  const auto mark = [&](std::string_view chars, int which) {
    for (const char c : chars) {
      auto& one = classes[static_cast<unsigned char>(c)];
      one = static_cast<std::uint8_t>(one | which);
    }
  };
  mark("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", kToken | kHost);
  mark("0123456789", kToken | kHost | kDigit);
  mark("!#$%&'*+-.^_`|~", kToken);
  mark("-._~:[]", kHost);
  mark("\t", kValue);
  for (unsigned u = 0x20; u < 256; ++u) {
    if (u != 0x7f) classes[u] |= kValue;
    if (u > 0x20 && u < 0x7f) classes[u] |= kTarget;
  }
  return classes;
}();

bool is_a(CharClass which, char c) noexcept { return (kClasses[static_cast<unsigned char>(c)] & which) != 0; }

bool all_are(CharClass which, std::string_view text) noexcept {
  std::uint8_t common = which;
  for (const char c : text) common &= kClasses[static_cast<unsigned char>(c)];
  return common != 0;
}

/// What `all_are(kValue, …)` says, eight bytes at a time: values are most of a head.
bool is_value(std::string_view text) noexcept {
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  constexpr std::uint64_t kHigh = 0x8080808080808080;
  while (text.size() >= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data(), sizeof word);
    const std::uint64_t delete_is_zero = word ^ (0x7f * kOnes);
    const bool control = (((word - 0x20 * kOnes) & ~word) & kHigh) != 0;  // some byte below 0x20
    const bool deletion = (((delete_is_zero - kOnes) & ~delete_is_zero) & kHigh) != 0;
    // A tab is a control character that may stand in a value.
    if ((control || deletion) && !all_are(kValue, text.substr(0, sizeof word))) return false;
    text.remove_prefix(sizeof word);
  }
  return all_are(kValue, text);
}

constexpr char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_host(std::string_view value) {
  if (value.empty() || value.size() > 255 || value.front() == ':') return false;
  return all_are(kHost, value);
}

bool is_length(std::string_view value) { return !value.empty() && value.size() <= 18 && all_are(kDigit, value); }

std::optional<Refusal> check_request_line(std::string_view line, bool& http10) {
  const std::size_t first = line.find(' ');
  const std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos || line.find(' ', second + 1) != std::string_view::npos) {
    return Refusal{400, "the request line is not METHOD TARGET VERSION"};
  }
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, second - first - 1);
  const std::string_view version = line.substr(second + 1);
  if (!is_token(method) || method.size() > 32) return Refusal{400, "the method is not a token"};
  if (target.empty() || !all_are(kTarget, target)) {
    return Refusal{400, "the request target has characters that must be percent-encoded"};
  }
  if (target.size() > 8192) return Refusal{414, "the request target is longer than 8 KiB"};
  http10 = version == "HTTP/1.0";
  if (!http10 && version != "HTTP/1.1") return Refusal{400, "the version is neither HTTP/1.1 nor HTTP/1.0"};
  return std::nullopt;
}

struct Seen {
  int hosts = 0;
  int lengths = 0;
  int codings = 0;
};

std::optional<Refusal> check_field(std::string_view line, bool http10, Seen& seen) {
  if (line.front() == ' ' || line.front() == '\t') return Refusal{400, "a folded header line"};
  std::size_t colon = 0;
  while (colon < line.size() && is_a(kToken, line[colon])) ++colon;
  if (line.find(':', colon) == std::string_view::npos) return Refusal{400, "a header line without a colon"};
  if (colon == 0 || line[colon] != ':') {
    return Refusal{400, "a header name is not a token; no space may stand before the colon"};
  }
  const std::string_view name = line.substr(0, colon);
  if (!is_value(line.substr(colon))) return Refusal{400, "a header value has control characters"};
  const std::string_view value = trim(line.substr(colon + 1));
  if (equals_ignoring_case(name, "host")) {
    if (++seen.hosts > 1) return Refusal{400, "Host is repeated"};
    if (!is_host(value)) return Refusal{400, "Host is not a host name"};
  } else if (equals_ignoring_case(name, "content-length")) {
    if (++seen.lengths > 1) return Refusal{400, "Content-Length is repeated"};
    if (!is_length(value)) return Refusal{400, "Content-Length is not a plain number"};
  } else if (equals_ignoring_case(name, "transfer-encoding")) {
    if (++seen.codings > 1) return Refusal{400, "Transfer-Encoding is repeated"};
    if (!equals_ignoring_case(value, "chunked")) return Refusal{400, "Transfer-Encoding is not chunked"};
    if (http10) return Refusal{400, "HTTP/1.0 has no Transfer-Encoding"};
  }
  return std::nullopt;
}

}  // namespace

bool is_token(std::string_view text) noexcept { return !text.empty() && all_are(kToken, text); }

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

bool HeadScanner::scan(std::string_view data, std::size_t limit) {
  if (size_ != 0 || refusal_) return size_ != 0;
  const std::size_t from = seen_;
  const bool complete = find_end(data, limit);
  if (data.substr(from, seen_ - from).find('\0') == std::string_view::npos) return complete;
  size_ = 0;
  refusal_ = Refusal{400, "a zero byte in the head"};
  return false;
}

bool HeadScanner::find_end(std::string_view data, std::size_t limit) {
  while (seen_ < data.size()) {
    const std::size_t at = data.find('\n', seen_);
    if (at == std::string_view::npos) {
      seen_ = data.size();
      break;
    }
    if (at == 0 || data[at - 1] != '\r') {
      refusal_ = Refusal{400, "a line does not end with CR LF"};
      return false;
    }
    seen_ = at + 1;
    if (at - 1 == line_) {
      if (line_ == 0) {
        refusal_ = Refusal{400, "an empty line before the request line"};
        return false;
      }
      if (seen_ > limit) break;
      size_ = seen_;
      return true;
    }
    line_ = seen_;
  }
  if (seen_ > limit) refusal_ = Refusal{431, "the head is too large"};
  return false;
}

std::optional<Refusal> check_head(std::string_view head, std::size_t max_fields) {
  bool http10 = false;
  Seen seen;
  std::size_t fields = 0;
  bool first = true;
  while (!head.empty()) {
    const std::size_t end = head.find("\r\n");
    if (end == std::string_view::npos) return Refusal{400, "a line does not end with CR LF"};
    const std::string_view line = head.substr(0, end);
    head.remove_prefix(end + 2);
    if (line.empty()) break;
    if (std::exchange(first, false)) {
      if (auto refused = check_request_line(line, http10)) return refused;
      continue;
    }
    if (++fields > max_fields) return Refusal{431, "too many header lines"};
    if (auto refused = check_field(line, http10, seen)) return refused;
  }
  if (first) return Refusal{400, "an empty request"};
  if (seen.lengths > 0 && seen.codings > 0) return Refusal{400, "both Content-Length and Transfer-Encoding"};
  if (seen.hosts == 0 && !http10) return Refusal{400, "Host is missing"};
  return std::nullopt;
}

}  // namespace qiao::core
