#include "connectors/wechat/client/callback.hpp"

#include <fmt/format.h>

#include <charconv>

#include "connectors/channel/signing.hpp"
#include "connectors/channel/xml.hpp"
#include "connectors/platform/json_answer.hpp"

namespace qiao::wechat {
namespace {

/// The Encrypt field of XML or JSON; empty when there is none.
Result<std::string> encrypted_part(std::string_view body) {
  const std::size_t first = body.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && body[first] == '{') {
    const auto json = platform::read_json(body, "wechat");
    if (!json) return Error{Errc::bad_value, "wechat.bad_message", "the callback is no JSON"};
    return platform::text(platform::at(*json, "Encrypt"));
  }
  const auto xml = channel::read_xml(body);
  if (!xml) return Error{Errc::bad_value, "wechat.bad_message", xml.error().message};
  return (*xml)["Encrypt"].text;
}

}  // namespace

Result<Callback> Callback::make(const WechatConfig& config) {
  Callback callback;
  callback.token_ = config.token.reveal();
  callback.mode_ = config.mode;
  callback.age_ = config.signature_age;
  if (config.mode != Mode::plain) {
    auto crypt = channel::WechatCrypt::make(callback.token_, config.aes_key.reveal(), config.app_id);
    if (!crypt) return crypt.error();
    callback.crypt_ = std::move(*crypt);
  }
  return callback;
}

Result<void> Callback::check(std::string_view signature, const HttpRequest& request) const {
  const std::string expected = channel::sorted_sha1(
      {token_, std::string(request.query_value("timestamp")), std::string(request.query_value("nonce"))});
  if (channel::same(expected, signature)) return {};
  return Error{Errc::unauthorized, "wechat.signature",
               "the signature does not fit: is `token` the one of the message push settings?"};
}

Result<std::string> Callback::echo(const HttpRequest& request) const {
  if (auto ok = check(request.query_value("signature"), request); !ok) return ok.error();
  return std::string(request.query_value("echostr"));
}

Result<Callback::Opened> Callback::open(const HttpRequest& request, Time now) const {
  if (auto ok = check(request.query_value("signature"), request); !ok) return ok.error();
  const std::string_view timestamp = request.query_value("timestamp");
  if (age_.count() > 0) {
    std::int64_t seconds = 0;
    std::from_chars(timestamp.data(), timestamp.data() + timestamp.size(), seconds);
    // Compared as seconds: a number from outside may be anything.
    const std::int64_t here = to_micros(now) / 1'000'000;
    const std::int64_t most = std::chrono::seconds(age_).count();
    if (seconds < here - most || seconds > here + most) {
      return Error{Errc::unauthorized, "wechat.old_signature",
                   "this was signed too long ago, or one of the two clocks is wrong"};
    }
  }
  if (!crypt_) return Opened{request.body, false};
  auto sealed = encrypted_part(request.body);
  if (!sealed) return sealed.error();
  if (sealed->empty()) {
    // In compatible mode the platform sends both; a body without the encrypted part is not its own.
    return Error{Errc::bad_value, "wechat.not_encrypted",
                 "the callback is not encrypted: the message push settings and `mode` differ"};
  }
  auto message = crypt_->open(request.query_value("msg_signature"), timestamp, request.query_value("nonce"), *sealed);
  if (!message) return message.error();
  return Opened{std::move(*message), true};
}

Result<std::string> Callback::answer(std::string_view text, std::string_view user, std::string_view account,
                                     bool sealed, Time now) const {
  const std::int64_t seconds = to_micros(now) / 1'000'000;
  std::string plain = fmt::format(
      "<xml><ToUserName>{}</ToUserName><FromUserName>{}</FromUserName><CreateTime>{}</CreateTime>"
      "<MsgType><![CDATA[text]]></MsgType><Content>{}</Content></xml>",
      channel::cdata(user), channel::cdata(account), seconds, channel::cdata(text));
  if (!sealed || !crypt_) return plain;
  auto cipher = crypt_->encrypt(plain);
  if (!cipher) return cipher.error();
  const std::string timestamp = std::to_string(seconds);
  const std::string nonce = channel::random_token(10);
  return fmt::format(
      "<xml><Encrypt>{}</Encrypt><MsgSignature>{}</MsgSignature><TimeStamp>{}</TimeStamp><Nonce>{}</Nonce></xml>",
      channel::cdata(*cipher), channel::cdata(crypt_->sign(timestamp, nonce, *cipher)), timestamp,
      channel::cdata(nonce));
}

}  // namespace qiao::wechat
