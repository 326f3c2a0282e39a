#pragma once

#include <string>

#include "connectors/platform/json_answer.hpp"
#include "connectors/wechat/config.hpp"

namespace qiao::wechat {

/// The body of /cgi-bin/menu/create.
platform::Json menu_body(const WechatConfig& config);
/// What a tap says as the customer's words; empty: nothing, it is only noted.
std::string menu_words(const WechatConfig& config, const std::string& key);

}  // namespace qiao::wechat
