#include "outbound_url.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "qiao/outbound.hpp"

namespace qiao::detail {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alpha(char c) { return c >= 'a' && c <= 'z'; }

Error bad_url(std::string_view why) { return {Errc::bad_value, "outbound.bad_url", fmt::format("bad URL: {}", why)}; }

bool is_ipv6(const std::string& text) {
  in6_addr address{};
  return ::inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

bool is_dotted_quad(const std::string& text) {
  in_addr address{};
  return ::inet_pton(AF_INET, text.c_str(), &address) == 1;
}

/// Why a name is no DNS name; empty when it is one. The last label tells numbers from names, as in browsers.
std::string_view bad_name(std::string_view host) {
  if (host.empty()) return "it has no host";
  if (host.size() > 253) return "the host is too long";
  std::string_view label;
  for (std::string_view rest = host;;) {
    const std::size_t dot = rest.find('.');
    label = rest.substr(0, dot);
    if (label.empty()) return "the host has an empty label or ends with a dot";
    if (label.size() > 63) return "a label of the host is too long";
    if (label.front() == '-' || label.back() == '-') return "a label of the host begins or ends with a hyphen";
    if (!std::all_of(label.begin(), label.end(),
                     [](char c) { return is_digit(c) || is_alpha(c) || c == '-' || c == '_'; })) {
      return "the host has a character that no name has; write foreign names in their ASCII form (xn--…)";
    }
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  if (is_digit(label.front()) && (std::all_of(label.begin(), label.end(), is_digit) || label.starts_with("0x"))) {
    return "the host is an address in an unusual spelling; write four decimal numbers";
  }
  return {};
}

struct Block4 {
  std::uint32_t prefix;
  int bits;
  std::string_view name;
};
constexpr std::uint32_t quad(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
  return a << 24U | b << 16U | c << 8U | d;
}
// The special-purpose registries of RFC 6890 as they stand, multicast and the reserved end.
constexpr Block4 kSpecial4[] = {
    {quad(0, 0, 0, 0), 8, "this network"},        {quad(10, 0, 0, 0), 8, "private"},
    {quad(100, 64, 0, 0), 10, "carrier's own"},   {quad(127, 0, 0, 0), 8, "loopback"},
    {quad(169, 254, 0, 0), 16, "link-local"},     {quad(172, 16, 0, 0), 12, "private"},
    {quad(192, 0, 0, 0), 24, "reserved"},         {quad(192, 0, 2, 0), 24, "documentation"},
    {quad(192, 31, 196, 0), 24, "reserved"},      {quad(192, 52, 193, 0), 24, "reserved"},
    {quad(192, 88, 99, 0), 24, "6to4 relay"},     {quad(192, 168, 0, 0), 16, "private"},
    {quad(192, 175, 48, 0), 24, "reserved"},      {quad(198, 18, 0, 0), 15, "benchmarking"},
    {quad(198, 51, 100, 0), 24, "documentation"}, {quad(203, 0, 113, 0), 24, "documentation"},
    {quad(224, 0, 0, 0), 4, "multicast"},         {quad(240, 0, 0, 0), 4, "reserved"},
};

struct Block6 {
  std::array<std::uint8_t, 6> prefix;
  int bits;
  std::string_view name;
};
// Of what is routed at all (2000::/3), the parts that lead elsewhere.
constexpr Block6 kSpecial6[] = {
    {{0x20, 0x01}, 23, "protocol assignment (Teredo, ORCHID, benchmarking)"},
    {{0x20, 0x01, 0x0d, 0xb8}, 32, "documentation"},
    {{0x20, 0x02}, 16, "6to4"},
    {{0x26, 0x20, 0x00, 0x4f, 0x80, 0x00}, 48, "reserved"},
    {{0x3f, 0xff}, 20, "documentation"},
};

std::string_view special4(std::uint32_t address) {
  for (const Block4& block : kSpecial4) {
    if ((address ^ block.prefix) >> (32 - block.bits) == 0) return block.name;
  }
  return {};
}

std::string_view special6(const std::uint8_t* a) {
  if ((a[0] & 0xe0U) != 0x20U) {
    if (a[0] == 0xff) return "multicast";
    if ((a[0] & 0xfeU) == 0xfc) return "private (unique local)";
    if (a[0] == 0xfe) return "link-local or site-local";
    if (std::all_of(a, a + 15, [](std::uint8_t b) { return b == 0; })) return a[15] == 1 ? "loopback" : "unspecified";
    return "not a public IPv6 address (mapped, compatible, NAT64 or reserved)";
  }
  for (const Block6& block : kSpecial6) {
    const auto whole = static_cast<std::size_t>(block.bits / 8);
    const int rest = block.bits % 8;
    if (std::memcmp(a, block.prefix.data(), whole) != 0) continue;
    if (rest == 0 || (a[whole] ^ block.prefix[whole]) >> (8 - rest) == 0) return block.name;
  }
  return {};
}

}  // namespace

std::string UrlParts::authority() const {
  std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != (tls ? 443 : 80)) text += fmt::format(":{}", port);
  return text;
}

std::string UrlParts::host_port() const {
  return fmt::format(fmt::runtime(host.find(':') == std::string::npos ? "{}:{}" : "[{}]:{}"), host, port);
}

Result<UrlParts> parse_url(std::string_view url) {
  if (url.size() > 8192) return bad_url("it is longer than 8192 bytes");
  for (const char c : url) {
    if (c <= ' ' || c > '~' || c == '\\' || c == '"' || c == '<' || c == '>' || c == '#') {
      return bad_url("it has a character that must be percent-encoded, or a fragment");
    }
  }
  UrlParts parts;
  const std::size_t colon = url.find("://");
  std::string scheme(url.substr(0, colon == std::string_view::npos ? 0 : colon));
  std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (scheme != "http" && scheme != "https") return bad_url("it does not begin with http:// or https://");
  parts.tls = scheme == "https";
  url.remove_prefix(scheme.size() + 3);
  const std::size_t end = std::min(url.find_first_of("/?"), url.size());
  std::string_view authority = url.substr(0, end);
  parts.path = url.substr(end);
  if (parts.path.empty() || parts.path.front() == '?') parts.path.insert(0, "/");
  if (authority.find('@') != std::string_view::npos) return bad_url("a user name stands before the host");

  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos) return bad_url("the bracket of the IPv6 address is not closed");
    parts.host = authority.substr(1, close - 1);
    if (!is_ipv6(parts.host)) return bad_url("what stands in brackets is no IPv6 address");
    parts.literal = true;
    authority.remove_prefix(close + 1);
    if (!authority.empty() && authority.front() != ':') return bad_url("something follows the bracket");
    port = authority;
  } else {
    const std::size_t at = std::min(authority.find(':'), authority.size());
    parts.host = authority.substr(0, at);
    port = authority.substr(at);
  }
  std::transform(parts.host.begin(), parts.host.end(), parts.host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (!parts.literal) {
    parts.literal = is_dotted_quad(parts.host);
    if (!parts.literal) {
      if (const std::string_view why = bad_name(parts.host); !why.empty()) return bad_url(why);
    }
  }
  parts.port = parts.tls ? 443 : 80;
  if (!port.empty()) {
    port.remove_prefix(1);
    if (port.empty() || port.size() > 5 || !std::all_of(port.begin(), port.end(), is_digit)) {
      return bad_url("the port is no number");
    }
    const int number = std::stoi(std::string(port));
    if (number < 1 || number > 65535) return bad_url("the port is not between 1 and 65535");
    parts.port = static_cast<std::uint16_t>(number);
  }
  return parts;
}

std::string_view special_address(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    return special4(ntohl(v4.sin_addr.s_addr));
  }
  if (address->sa_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, address, sizeof v6);
    return special6(v6.sin6_addr.s6_addr);
  }
  return "of an unknown kind";
}

}  // namespace qiao::detail

namespace qiao {

std::string host_and_port(std::string_view url) {
  const auto parts = detail::parse_url(url);
  return parts ? parts->host_port() : std::string();
}

std::string url_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
                       c == '.' || c == '_' || c == '~';
    if (plain) {
      out += c;
    } else {
      fmt::format_to(std::back_inserter(out), "%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

}  // namespace qiao
