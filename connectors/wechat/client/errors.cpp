#include "connectors/wechat/client/errors.hpp"

#include <fmt/format.h>

#include "connectors/channel/platform.hpp"
#include "connectors/platform/http_answer.hpp"

namespace qiao::wechat {
namespace {

using namespace std::chrono_literals;
namespace failure = channel::failure;

constexpr auto kMinute = 60s;

std::chrono::milliseconds until_midnight(Time now) {
  constexpr auto kDay = std::chrono::hours(24);
  const auto local = now.time_since_epoch() + std::chrono::hours(8);
  return std::chrono::duration_cast<std::chrono::milliseconds>(kDay - local % kDay);
}

Error slow_down(std::string says) {
  Error error{Errc::rate_limited, "wechat.too_often", std::move(says)};
  error.retry_after = kMinute;
  return error;
}

Error busy(std::string says, std::chrono::milliseconds pause) {
  Error error{Errc::unavailable, "wechat.busy", std::move(says)};
  error.retry_after = pause;
  return error;
}

}  // namespace

bool is_token_error(std::int64_t code) { return code == 40001 || code == 40014 || code == 42001; }
bool is_typing_error(std::int64_t code) { return code == 45072 || code == 45080 || code == 45081; }

Error error_of(std::int64_t code, std::string_view message, Time now) {
  const auto says = [&](const char* sentence) { return fmt::format("{} (WeChat {})", sentence, code); };
  switch (code) {
    case -1:
      return busy(says("微信系统繁忙，稍后重试 / WeChat is busy"), 0ms);
    case 40001:
    case 40014:
    case 42001:
      return failure::token(
          says("access_token 被拒绝，请检查 AppSecret 是否被重置 / the access token is refused: was the "
               "AppSecret reset?"));
    case 40013:
    case 40125:
    case 41002:
    case 41004:
      return failure::token(
          says("AppID 或 AppSecret 不正确，请在公众平台核对 / AppID or AppSecret is wrong: compare them "
               "with the console"));
    case 40164:
      return failure::token(
          says("本机 IP 不在白名单，请在公众平台的“IP 白名单”中添加 / this machine's address is not in "
               "the console's IP list: add it"));
    case 48001:
    case 48004:
    case 50001:
    case 50002:
      return failure::token(
          says("该帐号没有此接口权限或接口已被封禁，请在公众平台查看 / the account may not use this "
               "interface: look at the console"));
    case 45015:
      return failure::window_closed(
          says("客户超过可回复时限（48 小时）未互动，等客户再次来信 / outside the 48 hours after "
               "the customer's last message; wait for the customer"));
    case 45047:
      return failure::window_closed(
          says("已达到可主动发送的条数，等客户再次来信 / as many messages as allowed were sent; "
               "wait for the customer"));
    case 45009:
    case 45029:
      return failure::quota(says("当日接口调用次数已用完，零点后恢复 / the day's quota is used up until midnight"),
                            until_midnight(now));
    case 45011:
      return slow_down(says("调用太频繁，稍后重试 / too many calls a minute"));
    case 45066:
      return busy(says("相同消息正在处理 / the same message is being handled"), kMinute);
    case 40004:
    case 40005:
    case 40006:
    case 40007:
    case 40008:
    case 40009:
    case 40010:
    case 40011:
    case 40012:
    case 45001:
    case 45007:
      return failure::unsupported(
          says("微信不接受此文件的类型或大小 / WeChat does not take a file of this kind or size"));
    case 40003:
      return {Errc::bad_value, "wechat.40003",
              says("该客户不属于此帐号 / the customer does not belong to this account")};
    case 43004:
      return {Errc::bad_value, "wechat.43004", says("客户已取消关注 / the customer does not follow the account")};
    case 43101:
      return {Errc::bad_value, "wechat.43101",
              says("客户未同意接收订阅消息 / the customer has not agreed to subscription messages")};
    case 48002:
      return {Errc::bad_value, "wechat.48002",
              says("客户关闭了消息接收 / the customer has switched the account's messages off")};
    case 45002:
      return {Errc::too_large, "wechat.45002",
              says("文字过长，请调小 max_text / the text is too long: lower max_text")};
    case 40037:
      return {Errc::bad_value, "wechat.40037", says("模板编号不正确 / the template id is wrong")};
    default:
      return {Errc::bad_value, fmt::format("wechat.{}", code),
              fmt::format("微信拒绝了请求 / WeChat refused: {} ({})", platform::excerpt(message), code)};
  }
}

}  // namespace qiao::wechat
