#include "connectors/app/notice.hpp"

#include <fmt/format.h>

#include "connectors/channel/signing.hpp"

namespace qiao::app {
namespace {

constexpr std::size_t kMostText = 100;  // characters: what lock screens show

bool is_chinese(const std::string& language) { return language.rfind("zh", 0) == 0; }

int minutes_at(const std::string& hours, std::size_t at) {
  return std::stoi(hours.substr(at, 2)) * 60 + std::stoi(hours.substr(at + 3, 2));
}

/// The beginning of a text, whole characters, on one line.
std::string beginning(std::string_view text) {
  std::string out;
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if ((c & 0xC0) != 0x80 && ++count > kMostText) return out + "…";
    out += c < ' ' ? ' ' : text[i];
  }
  return out;
}

std::string title_of(const AppConfig& config, const std::string& language) {
  for (const std::string& tag : {language, language.substr(0, language.find('-'))}) {
    if (const auto found = config.titles.find(tag); found != config.titles.end()) return found->second;
  }
  for (const auto& [tag, title] : config.titles) {
    if (is_chinese(tag) == is_chinese(language)) return title;
  }
  return is_chinese(language) ? "客服消息" : "Customer service";
}

std::string body_of(const AppConfig& config, const contract::MessageView& message, int unread, bool chinese) {
  if (config.show_text && !message.content.text.empty()) {
    const std::string text = beginning(message.content.text);
    return message.author_name.empty() ? text : beginning(message.author_name) + (chinese ? "：" : ": ") + text;
  }
  if (unread > 1)
    return chinese ? fmt::format("您有 {} 条新消息", unread) : fmt::format("You have {} new messages", unread);
  return chinese ? "您有一条新消息" : "You have a new message";
}

}  // namespace

bool quiet_now(const std::string& hours, Time now, std::int32_t utc_offset) {
  if (hours.size() != 11) return false;
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(now.time_since_epoch()).count() + utc_offset;
  const int at = static_cast<int>(minutes % 1440);
  const int from = minutes_at(hours, 0), until = minutes_at(hours, 6);
  return from <= until ? at >= from && at < until : at >= from || at < until;
}

Notice notice_of(const AppConfig& config, const Device& device, const contract::MessageView& message, int unread,
                 Time now) {
  const std::string language = device.language.empty() ? "zh-CN" : device.language;
  Notice notice;
  notice.key =
      channel::hex(channel::sha256(message.id.str() + ":" + device.provider + ":" + device.token)).substr(0, 24);
  notice.conversation = message.conversation.str();
  notice.title = title_of(config, language);
  notice.body = body_of(config, message, unread, is_chinese(language));
  notice.badge = unread;
  notice.silent = quiet_now(config.quiet, now, device.utc_offset);
  return notice;
}

}  // namespace qiao::app
