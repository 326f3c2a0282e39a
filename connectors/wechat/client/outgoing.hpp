#pragma once

#include <optional>
#include <string>

#include "connectors/channel/platform.hpp"
#include "connectors/platform/json_answer.hpp"
#include "connectors/wechat/config.hpp"

/// \file
/// What is sent, as the bodies that the platform wants. Plain functions.

namespace qiao::wechat {

using platform::Json;

Json text_body(const std::string& user, const std::string& text);
/// `kind`: image, voice or video; `thumb` may be empty.
Json media_body(const std::string& user, const std::string& kind, const std::string& media_id, const std::string& thumb,
                const std::string& title);
/// A menu whose items can be tapped (official accounts). Item n has the id `prefix` + n; buttons with an address stand
/// below as text.
Json choice_body(const std::string& user, const channel::Part& part, const std::string& prefix);
/// link, location and mini_program; empty: this product cannot show the card. `thumb`: the media id of its picture.
std::optional<Json> card_body(const WechatConfig& config, const std::string& user, const contract::Card& card,
                              const std::string& thumb);

struct Call {
  std::string path;
  Json body;
};
/// A notice by template.
Call notice_call(const WechatConfig& config, const NoticeSettings& settings, const channel::Part& part);

/// "{number}" and so on filled in; unknown names become nothing.
std::string fill(std::string_view pattern, const std::map<std::string, std::string>& values);
/// Cuts a value to what a field of that name may hold ("thing1": 20 characters); an empty one becomes 无.
std::string fit_field(std::string_view field, std::string value);

}  // namespace qiao::wechat
