#include "connectors/wechat/client/outgoing.hpp"

#include <fmt/format.h>

#include <array>

#include "qiao/outbound.hpp"

namespace qiao::wechat {
namespace {

constexpr std::size_t kMostChoices = 20;

/// At most `most` characters.
std::string first_characters(std::string text, std::size_t most) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) == 0x80) continue;
    if (count++ == most) {
      text.resize(i);
      break;
    }
  }
  return text;
}

std::string of(const contract::Card& card, const char* name) {
  const auto found = card.data.find(name);
  return found == card.data.end() ? std::string{} : found->second;
}

std::string encoded(const std::string& pattern, std::map<std::string, std::string> values) {
  for (auto& [name, value] : values) value = url_encode(value);
  return fill(pattern, values);
}

}  // namespace

std::string fill(std::string_view pattern, const std::map<std::string, std::string>& values) {
  std::string out;
  for (std::size_t i = 0; i < pattern.size();) {
    const std::size_t end = pattern[i] == '{' ? pattern.find('}', i) : std::string_view::npos;
    if (end == std::string_view::npos) {
      out += pattern[i++];
      continue;
    }
    const auto found = values.find(std::string(pattern.substr(i + 1, end - i - 1)));
    if (found != values.end()) out += found->second;
    i = end + 1;
  }
  return out;
}

std::string fit_field(std::string_view field, std::string value) {
  struct Limit {
    std::string_view kind;
    std::size_t most;
  };
  static constexpr std::array kLimits = {
      Limit{"thing", 20},     Limit{"character_string", 32}, Limit{"phrase", 5},     Limit{"name", 10},
      Limit{"const", 20},     Limit{"number", 32},           Limit{"letter", 32},    Limit{"symbol", 5},
      Limit{"car_number", 8}, Limit{"phone_number", 17},     Limit{"short_thing", 5}};
  const std::string_view kind = field.substr(0, field.find_last_not_of("0123456789") + 1);
  for (char& c : value) {
    if (c == '\n' || c == '\r' || c == '\t') c = ' ';
  }
  for (const Limit& limit : kLimits) {
    if (kind == limit.kind) value = first_characters(std::move(value), limit.most);
  }
  return value.empty() ? "无" : value;
}

Json text_body(const std::string& user, const std::string& text) {
  return {{"touser", user}, {"msgtype", "text"}, {"text", {{"content", text}}}};
}

Json media_body(const std::string& user, const std::string& kind, const std::string& media_id, const std::string& thumb,
                const std::string& title) {
  Json media = {{"media_id", media_id}};
  if (kind == "video") {
    media["title"] = first_characters(title, 32);
    media["description"] = "";
    if (!thumb.empty()) media["thumb_media_id"] = thumb;
  }
  return {{"touser", user}, {"msgtype", kind}, {kind, std::move(media)}};
}

Json choice_body(const std::string& user, const channel::Part& part, const std::string& prefix) {
  Json list = Json::array();
  std::string links;
  for (std::size_t i = 0; i < part.buttons.size(); ++i) {
    const contract::Button& button = part.buttons[i];
    if (!button.url.empty()) {
      links += fmt::format("{}{}: {}", links.empty() ? "" : "\n", button.label, button.url);
    } else if (list.size() < kMostChoices) {
      list.push_back({{"id", fmt::format("{}{}", prefix, i)}, {"content", button.label}});
    }
  }
  if (list.empty()) {
    return text_body(user, part.text.empty() ? links : links.empty() ? part.text : part.text + "\n" + links);
  }
  return {{"touser", user},
          {"msgtype", "msgmenu"},
          {"msgmenu", {{"head_content", part.text}, {"list", std::move(list)}, {"tail_content", links}}}};
}

std::optional<Json> card_body(const WechatConfig& config, const std::string& user, const contract::Card& card,
                              const std::string& thumb) {
  const auto link = [&](const std::string& title, const std::string& text, const std::string& url) -> Json {
    const std::string picture = card.picture.starts_with("http") ? card.picture : std::string{};
    if (!config.official()) {
      return {{"touser", user},
              {"msgtype", "link"},
              {"link", {{"title", title}, {"description", text}, {"url", url}, {"thumb_url", picture}}}};
    }
    Json article = {{"title", title}, {"description", text}, {"url", url}};
    if (!picture.empty()) article["picurl"] = picture;
    return {{"touser", user}, {"msgtype", "news"}, {"news", {{"articles", Json::array({article})}}}};
  };
  if (card.kind == "link" && !card.url.empty()) return link(card.title, card.text, card.url);
  if (card.kind == "location") {
    const std::string label = of(card, "label");
    const std::string title = card.title.empty() ? label : card.title;
    const std::string url = encoded(config.map_url, {{"latitude", of(card, "latitude")},
                                                     {"longitude", of(card, "longitude")},
                                                     {"title", title.empty() ? "位置" : title},
                                                     {"text", label.empty() ? title : label}});
    return link(title.empty() ? "位置 / Location" : title, label, url);
  }
  if (card.kind == "mini_program" && !thumb.empty()) {
    Json page = {{"title", card.title}, {"pagepath", of(card, "path")}, {"thumb_media_id", thumb}};
    if (config.official()) page["appid"] = of(card, "app_id");
    return Json{{"touser", user}, {"msgtype", "miniprogrampage"}, {"miniprogrampage", std::move(page)}};
  }
  return std::nullopt;
}

Call notice_call(const WechatConfig& config, const NoticeSettings& settings, const channel::Part& part) {
  Json data = Json::object();
  for (const auto& [field, pattern] : settings.fields) {
    data[field] = {{"value", fit_field(field, fill(pattern, part.values))}};
  }
  Json body = {{"touser", part.user}, {"template_id", settings.template_id}, {"data", std::move(data)}};
  const std::string url = fill(settings.url, part.values);
  const std::string page = fill(settings.page, part.values);
  if (!config.official()) {
    if (!page.empty()) body["page"] = page;
    body["lang"] = config.english() ? "en_US" : "zh_CN";
    return {"/cgi-bin/message/subscribe/send", std::move(body)};
  }
  if (settings.kind == NoticeKind::subscription) {
    if (!page.empty()) body["page"] = page;
    return {"/cgi-bin/message/subscribe/bizsend", std::move(body)};
  }
  if (!url.empty()) body["url"] = url;
  body["client_msg_id"] = part.key;
  return {"/cgi-bin/message/template/send", std::move(body)};
}

}  // namespace qiao::wechat
