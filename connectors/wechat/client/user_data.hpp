#pragma once

#include <string>
#include <string_view>

#include "qiao/result.hpp"
#include "qiao/time.hpp"

/// \file
/// What a mini program knows of its user, and how the hub passes on who that is.

namespace qiao::wechat {

/// Opens `encryptedData` of wx.getPhoneNumber and its like; the JSON inside. Errors: `wechat.user_data`.
Result<std::string> open_user_data(std::string_view session_key, std::string_view iv, std::string_view encrypted,
                                   std::string_view app_id);
/// `signature` of wx.getUserProfile.
std::string user_data_signature(std::string_view raw_data, std::string_view session_key);

struct MiniProgramUser {
  std::string open_id;
  std::string union_id;
  std::string phone;
};
/// PAYLOAD.SIGNATURE for the `identify` frame of the chat protocol, good for an hour.
std::string sign_identity(const MiniProgramUser& user, std::string_view secret, Time now);

}  // namespace qiao::wechat
