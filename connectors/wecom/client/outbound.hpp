#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connectors/channel/platform.hpp"
#include "connectors/wecom/client/inbound.hpp"
#include "connectors/wecom/config.hpp"

/// \file
/// What is said to 微信客服: bodies of calls, and what its errors mean.

namespace qiao::wecom {

constexpr std::size_t kMenuEntries = 10, kMenuHead = 1024;

/// Menu ids that the hub made carry what a tap says, when it is short enough; ids of menus from the console do not.
std::string menu_id(std::string_view value);
/// The value of one of our ids; empty: not ours.
std::string menu_value(std::string_view id);

/// A grade under the question for a rating.
struct Grade {
  Id conversation;
  int score = 0;
};
std::string grade_value(const Grade& grade);
/// Score 0: it is no grade.
Grade grade_of(std::string_view value);

std::string text_body(const Customer& to, std::string_view key, std::string_view text);
std::string menu_body(const Customer& to, std::string_view key, std::string_view head,
                      const std::vector<contract::Button>& buttons);
/// `kind`: image, voice, video, file.
std::string media_body(const Customer& to, std::string_view key, std::string_view kind, std::string_view media_id);
/// `thumb`: media id of the picture; location needs none. Empty: no such card there.
std::string card_body(const Customer& to, std::string_view key, const contract::Card& card, std::string_view thumb);
/// For send_msg_on_event.
std::string welcome_body(std::string_view code, std::string_view key, const std::string& text,
                         const std::vector<MenuEntry>& menu);
std::string pull_body(std::string_view open_kfid, std::string_view cursor, std::string_view token);
std::string state_body(const Customer& customer, int state);
std::string customers_body(const std::vector<std::string>& ids);
std::string servicers_body(std::string_view open_kfid, const std::vector<std::string>& userids);

/// The kind as which a file can be sent, "" when it is too large for any.
std::string media_kind(const contract::Attachment& file, const WecomConfig& config);

bool is_token_error(std::int64_t code);
/// What an errcode other than 0 means; `says` is the platform's errmsg.
Error error_of(std::int64_t code, std::string_view says);

}  // namespace qiao::wecom
