#pragma once

#include <string>
#include <string_view>

#include "connectors/channel/platform.hpp"

/// \file
/// What is said to Douyin: bodies of calls, and what its errors mean.

namespace qiao::douyin {

/// Where a private answer goes: what the customer said last.
struct Place {
  std::string conversation;
  std::string message;
  std::string scene;  ///< im_reply_msg, im_enter_direct_msg
};

/// Under the comment; with an empty `comment` a new one under the video.
std::string reply_body(std::string_view item, std::string_view comment, std::string_view text);
std::string text_body(const Place& place, std::string_view user, std::string_view text);
std::string image_body(const Place& place, std::string_view user, std::string_view media_id);
std::string resource_body(const std::string& conversation, const std::string& message, const std::string& open_id);

bool is_token_error(std::int64_t code);
/// What an error_code other than 0 means; `says` is the platform's description.
Error error_of(std::int64_t code, std::string_view says);

}  // namespace qiao::douyin
