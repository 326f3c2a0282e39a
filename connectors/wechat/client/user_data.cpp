#include "connectors/wechat/client/user_data.hpp"

#include "connectors/channel/signing.hpp"
#include "connectors/platform/json_answer.hpp"

namespace qiao::wechat {

using namespace platform;

Result<std::string> open_user_data(std::string_view session_key, std::string_view iv, std::string_view encrypted,
                                   std::string_view app_id) {
  const Error bad{Errc::bad_value, "wechat.user_data", "the encrypted data does not belong to this log-in"};
  const auto key = channel::from_base64(session_key);
  const auto start = channel::from_base64(iv);
  const auto sealed = channel::from_base64(encrypted);
  if (!key || !start || !sealed || key->size() != 16 || start->size() != 16) return bad;
  auto plain = channel::aes_cbc_decrypt(*key, *start, *sealed);
  if (!plain) return bad;
  const auto json = read_json(*plain, "wechat");
  if (!json || text(at(*json, {"watermark", "appid"})) != app_id) return bad;
  return plain;
}

std::string user_data_signature(std::string_view raw_data, std::string_view session_key) {
  return channel::hex(channel::sha1(std::string(raw_data) + std::string(session_key)));
}

std::string sign_identity(const MiniProgramUser& user, std::string_view secret, Time now) {
  Json payload = {{"user", user.open_id}, {"exp", to_micros(now) / 1'000'000 + 3600}};
  if (!user.union_id.empty()) payload["unionid"] = user.union_id;
  if (!user.phone.empty()) payload["phone"] = user.phone;
  const std::string encoded = channel::base64_url(payload.dump());
  return encoded + "." + channel::hex(channel::hmac_sha256(secret, encoded));
}

}  // namespace qiao::wechat
