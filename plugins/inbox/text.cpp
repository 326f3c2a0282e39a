#include "plugins/inbox/text.hpp"

#include <fmt/format.h>

#include "qiao/utf8.hpp"

namespace qiao::inbox {
namespace {

/// The length of the valid sequence at the start of `text`, 0 when there is none; `code` is its character.
std::size_t sequence(std::string_view text, char32_t& code) noexcept {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  std::size_t length = 0;
  char32_t least = 0;
  if (lead < 0x80) {
    code = lead;
    return 1;
  }
  if (lead >= 0xC2 && lead < 0xE0) {
    length = 2, code = lead & 0x1Fu, least = 0x80;
  } else if (lead >= 0xE0 && lead < 0xF0) {
    length = 3, code = lead & 0x0Fu, least = 0x800;
  } else if (lead >= 0xF0 && lead < 0xF5) {
    length = 4, code = lead & 0x07u, least = 0x10000;
  } else {
    return 0;
  }
  if (text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0u) != 0x80) return 0;
    code = (code << 6u) | (byte(i) & 0x3Fu);
  }
  if (code < least || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000)) return 0;
  return length;
}

bool cjk(char32_t code) noexcept {
  return (code >= 0x4E00 && code <= 0x9FFF) || (code >= 0x3400 && code <= 0x4DBF) ||
         (code >= 0x20000 && code <= 0x2FA1F) || (code >= 0xF900 && code <= 0xFAFF);
}

}  // namespace

bool clean_utf8(std::string_view text) noexcept {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto c = static_cast<unsigned char>(text[at]);
    if (c != 0 && c < 0x80) {
      ++at;
      continue;
    }
    char32_t code = 0;
    const std::size_t length = c == 0 ? 0 : sequence(text.substr(at), code);
    if (length == 0) return false;
    at += length;
  }
  return true;
}

std::string shorten(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return std::string(text);
  constexpr std::string_view kEllipsis = "…";
  return std::string(utf8_head(text, bytes > kEllipsis.size() ? bytes - kEllipsis.size() : 0)).append(kEllipsis);
}

std::string language_of(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    char32_t code = 0;
    const std::size_t length = sequence(text.substr(at), code);
    if (length > 0 && cjk(code)) return "zh-CN";
    at += std::max<std::size_t>(length, 1);
  }
  return "en";
}

bool chinese(std::string_view language) noexcept { return language.starts_with("zh"); }

namespace notice {

std::string visitor_name(std::string_view language, Id contact) {
  // The count part of an id changes with each one, its time part only each millisecond.
  const auto number = static_cast<std::uint64_t>(contact.value) * 0x9E3779B97F4A7C15ull >> 40u;
  return fmt::format("{} {:04}", chinese(language) ? "访客" : "Visitor", number % 10000);
}

std::string queued(std::string_view language, std::string_view group, std::int32_t ahead) {
  if (chinese(language)) {
    if (ahead <= 0) return fmt::format("正在为您转接{}，您是下一位，请稍候。", group);
    return fmt::format("正在为您转接{}，前面还有 {} 位，请稍候。", group, ahead);
  }
  if (ahead <= 0) return fmt::format("We are connecting you with {}. You are next.", group);
  return fmt::format("We are connecting you with {}. {} {} before you.", group, ahead,
                     ahead == 1 ? "person is" : "people are");
}

std::string assigned(std::string_view language, std::string_view agent) {
  return chinese(language) ? fmt::format("{} 为您服务。", agent) : fmt::format("You are now talking with {}.", agent);
}

std::string resolved(std::string_view language) {
  return chinese(language) ? "本次会话已结束，感谢您的咨询。如有需要，直接留言即可。"
                           : "This conversation is closed. Thank you! Just write again if you need anything.";
}

std::string reopened(std::string_view language) {
  return chinese(language) ? "您的会话已重新打开。" : "Your conversation is open again.";
}

std::string attachment(std::string_view language) { return chinese(language) ? "[附件]" : "[attachment]"; }

std::string told_elsewhere(std::string_view language, std::string_view channel) {
  return chinese(language) ? fmt::format("已改由 {} 告知客户", channel)
                           : fmt::format("told through {} instead", channel);
}

std::string not_told(std::string_view language, std::string_view text) {
  if (chinese(language))
    return fmt::format("客户还没有收到这条通知，也没有其他渠道可以送达，请联系客户告知：\n{}", text);
  return fmt::format(
      "The customer has not got this notice, and no other channel of theirs can take it. Please tell them:\n{}", text);
}

}  // namespace notice
}  // namespace qiao::inbox
