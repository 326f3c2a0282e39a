#include "core/gateway/url.hpp"

#include <algorithm>

#include "core/gateway/ws_frame.hpp"

namespace qiao::core {
namespace {

int hex(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool clean(std::string_view text, bool path) {
  bool ascii = true;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (u == 0 || u == 0x7f || (path && u < 0x20)) return false;
    ascii = ascii && u < 0x80;
  }
  return ascii || valid_utf8(text);
}

bool parse_query(std::string_view query, std::vector<std::pair<std::string, std::string>>& out) {
  while (!query.empty()) {
    const std::size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    auto name = percent_decode(pair.substr(0, equals), true);
    auto value = percent_decode(equals < pair.size() ? pair.substr(equals + 1) : std::string_view(), true);
    if (!name || !value || !clean(*name, true) || !clean(*value, false)) return false;
    out.emplace_back(std::move(*name), std::move(*value));
  }
  return true;
}

}  // namespace

std::optional<std::string> percent_decode(std::string_view text, bool plus) {
  if (text.find_first_of(plus ? "%+" : "%") == std::string_view::npos) return std::string(text);
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex(text[i + 1]);
      const int low = hex(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += plus && text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

std::optional<Target> parse_target(std::string_view target) {
  if (target.starts_with("http://") || target.starts_with("https://")) {
    const std::size_t slash = target.find('/', target.find("//") + 2);
    target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
  }
  if (target.empty() || target.front() != '/' || target.find('#') != std::string_view::npos) return std::nullopt;
  Target out;
  const std::size_t question = std::min(target.find('?'), target.size());
  if (question < target.size() && !parse_query(target.substr(question + 1), out.query)) return std::nullopt;
  std::string_view rest = target.substr(0, question);
  out.path.reserve(rest.size());
  out.segments.reserve(static_cast<std::size_t>(std::count(rest.begin(), rest.end(), '/')));
  while (!rest.empty()) {
    rest.remove_prefix(1);
    const std::size_t end = std::min(rest.find('/'), rest.size());
    auto segment = percent_decode(rest.substr(0, end), false);
    if (!segment || *segment == "." || *segment == ".." || !clean(*segment, true)) return std::nullopt;
    out.path += '/';
    out.path += *segment;
    out.segments.push_back(std::move(*segment));
    rest.remove_prefix(end);
  }
  return out;
}

std::string_view origin_host(std::string_view origin) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (origin.starts_with(scheme)) {
      origin.remove_prefix(scheme.size());
      return origin.find('/') == std::string_view::npos ? origin : std::string_view();
    }
  }
  return {};
}

}  // namespace qiao::core
