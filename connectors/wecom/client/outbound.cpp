#include "connectors/wecom/client/outbound.hpp"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "connectors/channel/parts.hpp"
#include "connectors/platform/json_answer.hpp"

namespace qiao::wecom {

namespace {

using platform::Json;
using namespace std::chrono_literals;

constexpr std::string_view kOurs = "q:";
constexpr std::string_view kGrade = "qiao.grade/";

Json message(const Customer& to, std::string_view key, std::string_view kind, Json body) {
  Json out = {{"touser", to.external_userid}, {"open_kfid", to.open_kfid}, {"msgid", key}, {"msgtype", kind}};
  out[std::string(kind)] = std::move(body);
  return out;
}

std::string written(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json menu(std::string_view head, const std::vector<contract::Button>& buttons) {
  Json list = Json::array();
  for (const contract::Button& button : buttons) {
    if (list.size() == kMenuEntries) break;
    const std::string label = clip(button.label, 128);
    if (!button.url.empty()) {
      list.push_back({{"type", "view"}, {"view", {{"url", button.url}, {"content", label}}}});
    } else {
      const std::string& value = button.value.empty() ? button.label : button.value;
      list.push_back({{"type", "click"}, {"click", {{"id", menu_id(value)}, {"content", label}}}});
    }
  }
  return {{"head_content", clip(head, kMenuHead)}, {"list", std::move(list)}};
}

}  // namespace

std::string menu_id(std::string_view value) {
  std::string id = std::string(kOurs).append(value);
  return id.size() <= 128 ? id : std::string(kOurs);
}

std::string menu_value(std::string_view id) {
  return id.starts_with(kOurs) ? std::string(id.substr(kOurs.size())) : std::string();
}

std::string grade_value(const Grade& grade) {
  return fmt::format("{}{}/{}", kGrade, grade.conversation.value, grade.score);
}

Grade grade_of(std::string_view value) {
  if (!value.starts_with(kGrade)) return {};
  value.remove_prefix(kGrade.size());
  Grade grade;
  const char* end = value.data() + value.size();
  const auto id = std::from_chars(value.data(), end, grade.conversation.value);
  if (id.ec != std::errc() || id.ptr == end || *id.ptr != '/') return {};
  const auto score = std::from_chars(id.ptr + 1, end, grade.score);
  if (score.ec != std::errc() || score.ptr != end || grade.score < 1 || grade.score > 5) return {};
  return grade;
}

std::string text_body(const Customer& to, std::string_view key, std::string_view text) {
  return written(message(to, key, "text", {{"content", text}}));
}

std::string menu_body(const Customer& to, std::string_view key, std::string_view head,
                      const std::vector<contract::Button>& buttons) {
  return written(message(to, key, "msgmenu", menu(head, buttons)));
}

std::string media_body(const Customer& to, std::string_view key, std::string_view kind, std::string_view media_id) {
  return written(message(to, key, kind, {{"media_id", media_id}}));
}

std::string card_body(const Customer& to, std::string_view key, const contract::Card& card, std::string_view thumb) {
  const auto data = [&](const char* name) {
    const auto found = card.data.find(name);
    return found == card.data.end() ? std::string() : found->second;
  };
  if (card.kind == "location") {
    return written(message(to, key, "location",
                           {{"name", card.title.empty() ? data("label") : card.title},
                            {"address", card.text},
                            {"latitude", std::strtod(data("latitude").c_str(), nullptr)},
                            {"longitude", std::strtod(data("longitude").c_str(), nullptr)}}));
  }
  if (thumb.empty()) return {};
  if (card.kind == "mini_program") {
    return written(message(to, key, "miniprogram",
                           {{"appid", data("app_id")},
                            {"title", clip(card.title, 64)},
                            {"thumb_media_id", thumb},
                            {"pagepath", data("path")}}));
  }
  if (card.url.empty() || card.url.size() > 2048) return {};
  return written(message(to, key, "link",
                         {{"title", clip(card.title, 128)},
                          {"desc", clip(card.text, 512)},
                          {"url", card.url},
                          {"thumb_media_id", thumb}}));
}

std::string welcome_body(std::string_view code, std::string_view key, const std::string& text,
                         const std::vector<MenuEntry>& entries) {
  Json out = {{"code", code}, {"msgid", key}};
  if (entries.empty()) {
    out["msgtype"] = "text";
    out["text"] = {{"content", clip(text, 2048)}};
  } else {
    std::vector<contract::Button> buttons;
    for (const MenuEntry& entry : entries) buttons.push_back({entry.label, entry.value, entry.url});
    out["msgtype"] = "msgmenu";
    out["msgmenu"] = menu(text, buttons);
  }
  return written(out);
}

std::string pull_body(std::string_view open_kfid, std::string_view cursor, std::string_view token) {
  Json out = {{"open_kfid", open_kfid}, {"limit", 1000}, {"voice_format", 0}};
  if (!cursor.empty()) out["cursor"] = cursor;
  if (!token.empty()) out["token"] = token;
  return written(out);
}

std::string state_body(const Customer& customer, int state) {
  Json out = {{"open_kfid", customer.open_kfid}, {"external_userid", customer.external_userid}};
  if (state >= 0) out["service_state"] = state;
  return written(out);
}

std::string customers_body(const std::vector<std::string>& ids) {
  return written({{"external_userid_list", ids}, {"need_enter_session_context", 0}});
}

std::string servicers_body(std::string_view open_kfid, const std::vector<std::string>& userids) {
  return written({{"open_kfid", open_kfid}, {"userid_list", userids}});
}

std::string media_kind(const contract::Attachment& file, const WecomConfig& config) {
  const auto fits = [&](Bytes most) { return file.size <= static_cast<std::int64_t>(most.count); };
  const std::string kind = channel::file_kind(file.media_type);
  if ((file.media_type == "image/png" || file.media_type == "image/jpeg") && fits(config.max_image)) return "image";
  if (file.media_type == "audio/amr" && fits(config.max_voice)) return "voice";
  if (file.media_type == "video/mp4" && fits(config.max_video)) return "video";
  return fits(config.max_file) ? "file" : "";
}

bool is_token_error(std::int64_t code) { return code == 40014 || code == 42001 || code == 41001; }

Error error_of(std::int64_t code, std::string_view errmsg) {
  // "…, hint: […], from ip: …" is for the platform's own support.
  const std::string_view short_says = errmsg.substr(0, errmsg.find(", hint"));
  const auto says = [&](std::string_view what) {
    return fmt::format("WeCom {} ({}): {}", code, clip(short_says, 120), what);
  };
  const auto id = fmt::format("wecom.{}", code);
  switch (code) {
    case -1:
    case 6000:
      return {Errc::unavailable, id, says("the platform is busy")};
    case 40014:
    case 41001:
    case 42001:
    case 40001:
      return channel::failure::token(says("the secret or its token is refused; check corp_id and secret"));
    case 40013:
      return channel::failure::token(says("corp_id is wrong"));
    case 60020:
      return channel::failure::token(says("this machine's address is not among the trusted IPs of the app"));
    case 48002:
      return channel::failure::token(says("the app may not call 微信客服; allow it in the console"));
    case 40201:
      return channel::failure::quota(says("the account is blocked for sensitive content"), 30min);
    case 95011:
    case 95012:
    case 95017:
      return channel::failure::quota(says("微信客服 is not open to this app; see its API settings in the console"),
                                     30min);
    case 45009:
    case 45033: {
      Error error{Errc::rate_limited, id, says("too many calls")};
      error.retry_after = code == 45009 ? 30s : 1s;
      return error;
    }
    case 95001:
    case 95002:
      return channel::failure::window_closed(says("the customer must write again before more can be sent"));
    case 40007:
      return {Errc::conflict, "wecom.media", says("the media id is unknown or has expired")};
    case 95018:
    case 95013:
    case 95016:
      return {Errc::conflict, "wecom.state", says("the session's state does not allow it")};
    case 95014:
      return {Errc::bad_value, id, says("this employee is no servicer of the account")};
    case 95007:
      return {Errc::bad_value, "wecom.pull_token", says("the token of the callback is not valid any more")};
    case 95000:
    case 95004:
      return {Errc::not_found, id, says("there is no such 客服账号")};
    default:
      return {Errc::bad_value, id, says("refused")};
  }
}

}  // namespace qiao::wecom
