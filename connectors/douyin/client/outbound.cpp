#include "connectors/douyin/client/outbound.hpp"

#include <fmt/format.h>

#include "connectors/douyin/client/inbound.hpp"
#include "connectors/platform/json_answer.hpp"

namespace qiao::douyin {

namespace {

using platform::Json;
using namespace std::chrono_literals;

std::string written(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json message(const Place& place, std::string_view user, Json content) {
  return {{"msg_id", place.message},
          {"conversation_id", place.conversation},
          {"to_user_id", user},
          {"scene", place.scene},
          {"content", std::move(content)}};
}

}  // namespace

std::string reply_body(std::string_view item, std::string_view comment, std::string_view text) {
  Json body = {{"item_id", item}, {"content", text}};
  if (!comment.empty()) body["comment_id"] = comment;
  return written(body);
}

std::string text_body(const Place& place, std::string_view user, std::string_view text) {
  return written(message(place, user, {{"msg_type", 1}, {"text", {{"text", text}}}}));
}

std::string image_body(const Place& place, std::string_view user, std::string_view media_id) {
  return written(message(place, user, {{"msg_type", 2}, {"image", {{"media_id", media_id}}}}));
}

std::string resource_body(const std::string& conversation, const std::string& message, const std::string& open_id) {
  return written({{"conversation_id", conversation}, {"message_id", message}, {"open_id", open_id}});
}

bool is_token_error(std::int64_t code) {
  return code == 10008 || code == 2190008 || code == 2190002 || code == 28001003 || code == 28001008;
}

Error error_of(std::int64_t code, std::string_view description) {
  const auto id = fmt::format("douyin.{}", code);
  const auto says = [&](std::string_view what) {
    return fmt::format("Douyin {} ({}): {}", code, clip(description, 120), what);
  };
  if (is_token_error(code)) {
    return channel::failure::token(says("the access token is refused; authorise the account again"));
  }
  switch (code) {
    case 10010:
      return channel::failure::token(says("the authorisation has ended; authorise the account again"));
    case 10013:
      return channel::failure::token(says("client_key or client_secret is wrong"));
    case 10002:
    case 10003:
    case 10004:
    case 10005:
      return channel::failure::token(says("the app lacks this right, or its client_key is wrong; see the console"));
    case 10020:
      return {Errc::conflict, id, says("the renewals are used up; authorise the account again")};
    case 28001005:
    case 2100001:
    case 2100004:
      return {Errc::unavailable, id, says("the platform is busy")};
    case 28001038:
      return {Errc::bad_value, id,
              says("this text is not allowed: too long, a link, or words that the platform refuses")};
    case 28003070:
    case 28003081:
      return channel::failure::window_closed(says("the customer must write again before more can be sent"));
    case 28003082:
      return channel::failure::window_closed(says("there is no message of the customer to answer"));
    case 28003095:
      return channel::failure::quota(says("the account's own automatic reply is on; switch it off in Douyin"), 30min);
    case 28029003:
      return channel::failure::quota(says("the account is no verified company account (蓝V)"), 30min);
    default:
      return {Errc::bad_value, id, says("refused")};
  }
}

}  // namespace qiao::douyin
