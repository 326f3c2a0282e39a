#include "plugins/contacts/claims.hpp"

#include <fmt/format.h>

#include "qiao/utf8.hpp"

namespace qiao::contacts {
namespace {

namespace kind = contract::identity_kind;

constexpr std::size_t kFewestDigits = 5;
constexpr std::size_t kMostDigits = 15;  // of E.164
constexpr std::size_t kMostEmail = 254;
constexpr std::size_t kMostValue = 200;

bool digit(char c) { return c >= '0' && c <= '9'; }

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::size_t characters(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text) count += (static_cast<unsigned char>(c) & 0xC0u) != 0x80u ? 1 : 0;
  return count;
}

/// The first `count` characters.
std::string_view first(std::string_view text, std::size_t count) {
  std::size_t end = 0;
  while (end < text.size()) {
    if ((static_cast<unsigned char>(text[end]) & 0xC0u) != 0x80u && count-- == 0) break;
    ++end;
  }
  return text.substr(0, end);
}

}  // namespace

std::string normal_phone(std::string_view text, std::string_view default_country) {
  text = trimmed(text);
  const bool plus = text.starts_with('+');
  if (plus) text.remove_prefix(1);
  std::string digits;
  for (const char c : text) {
    if (digit(c)) {
      digits += c;
    } else if (c != ' ' && c != '-' && c != '(' && c != ')' && c != '.' && c != '/') {
      return {};
    }
  }
  bool international = plus;
  if (!international && digits.starts_with("00")) {
    digits.erase(0, 2);
    international = true;
  }
  // In China the country code is often written without the plus; no number at home is that long.
  if (!international && default_country == "86" && digits.size() == 13 && digits.starts_with("861")) {
    international = true;
  }
  if (!international) {
    if (digits.starts_with('0')) digits.erase(0, 1);
    digits.insert(0, default_country);
  }
  if (digits.size() < kFewestDigits || digits.size() > kMostDigits) return {};
  return "+" + digits;
}

std::string normal_email(std::string_view text) {
  text = trimmed(text);
  const auto at = text.rfind('@');
  if (text.size() > kMostEmail || at == std::string_view::npos || at == 0 || at + 3 > text.size()) return {};
  if (text.find('.', at) == std::string_view::npos) return {};
  std::string out;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) <= ' ' || c == ',' || c == ';' || c == '<' || c == '>' || c == '"') return {};
    out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return out;
}

Result<contract::Claim> normalised(contract::Claim claim, std::string_view default_country) {
  const auto bad = [&](std::string_view what) {
    return Error{Errc::bad_value, "claim.bad_value", fmt::format("{}: {}", claim.kind, what)};
  };
  if (claim.kind == kind::kPhone) {
    claim.value = normal_phone(claim.value, default_country);
    if (claim.value.empty()) return bad("not a phone number; digits with an optional + and country code are expected");
  } else if (claim.kind == kind::kEmail) {
    claim.value = normal_email(claim.value);
    if (claim.value.empty()) return bad("not an e-mail address");
  } else if (claim.kind == kind::kUnionId || claim.kind == kind::kAppUser || claim.kind == kind::kCrm) {
    claim.value = std::string(trimmed(claim.value));
    if (claim.value.empty() || claim.value.size() > kMostValue) return bad("1 to 200 bytes are expected");
    if (!clean_text(claim.value)) return bad("not valid UTF-8");
    if (claim.kind == kind::kCrm && claim.value.find(':') == std::string::npos) return bad("expected INSTANCE:ID");
  } else {
    return Error{
        Errc::bad_value, "claim.bad_kind",
        fmt::format("kind: expected phone, email, unionid, app_user or crm, got \"{}\"", utf8_head(claim.kind, 40))};
  }
  return claim;
}

std::string shown_phone(std::string_view e164, std::string_view default_country) {
  if (e164.starts_with('+') && e164.substr(1).starts_with(default_country) && default_country == "86" &&
      e164.size() == 14 && e164[3] == '1') {
    return std::string(e164.substr(3));
  }
  return std::string(e164);
}

std::string masked(std::string_view what, std::string_view value) {
  if (value.empty()) return {};
  if (what == kind::kPhone) {
    const std::size_t tail = value.size() >= 9 ? 4 : 2;
    const std::size_t head = value.size() >= 11 ? 3 : value.size() >= 7 ? 2 : 1;
    return fmt::format("{}****{}", value.substr(0, head), value.substr(value.size() - std::min(tail, value.size())));
  }
  if (what == kind::kEmail) {
    const auto at = value.rfind('@');
    if (at != std::string_view::npos) return fmt::format("{}***{}", first(value, 1), value.substr(at));
  }
  return fmt::format("{}****", first(value, characters(value) > 6 ? 2 : 1));
}

bool clean_text(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    std::size_t more = 0;
    std::uint32_t code = 0;
    if (lead == 0) return false;
    if (lead < 0x80) {
      ++i;
      continue;
    }
    if (lead >= 0xC2 && lead < 0xE0) {
      more = 1;
      code = lead & 0x1Fu;
    } else if (lead >= 0xE0 && lead < 0xF0) {
      more = 2;
      code = lead & 0x0Fu;
    } else if (lead >= 0xF0 && lead < 0xF5) {
      more = 3;
      code = lead & 0x07u;
    } else {
      return false;
    }
    if (i + more >= text.size()) return false;
    for (std::size_t k = 1; k <= more; ++k) {
      const auto c = static_cast<unsigned char>(text[i + k]);
      if ((c & 0xC0u) != 0x80u) return false;
      code = (code << 6) | (c & 0x3Fu);
    }
    if ((more == 2 && code < 0x800) || (more == 3 && code < 0x10000) || code > 0x10FFFF ||
        (code >= 0xD800 && code < 0xE000)) {
      return false;
    }
    i += more + 1;
  }
  return true;
}

std::string like_prefix(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '%' || c == '_' || c == '!') out += '!';
    out += c;
  }
  return out + "%";
}

}  // namespace qiao::contacts
