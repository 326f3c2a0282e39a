// What WeChat posts and answers: whatever comes, it is read or refused, and what was read is fit for the bus.
// The first byte of an input chooses: a plain callback, an encrypted one, the inside of an encrypted one, an answer of
// the API.
#include <cstdlib>

#include "connectors/channel/signing.hpp"
#include "connectors/channel/wechat_crypt.hpp"
#include "connectors/wechat/client/api.hpp"
#include "connectors/wechat/client/callback.hpp"
#include "connectors/wechat/client/message.hpp"
#include "connectors/wechat/client/user_data.hpp"
#include "qiao/json.hpp"

using namespace qiao;
using namespace qiao::wechat;

namespace {

constexpr const char* kToken = "t";
constexpr const char* kKey = "Qm9vc3RlclNlcnZpY2VIdWJLZXlGb3JWZWN0b3JzMDE";
constexpr const char* kTime = "1732248123";

const char* const kSeeds[] = {
    "0<xml><ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[oUSER]]></FromUserName>"
    "<CreateTime>1732248123</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[羽绒服有 L "
    "码吗]]></Content>"
    "<MsgId>24890000000000001</MsgId></xml>",
    "0<xml><FromUserName>o</FromUserName><CreateTime>1</CreateTime><MsgType>location</MsgType><Location_X>23.1</"
    "Location_X>"
    "<Location_Y>113.3</Location_Y><Label>&amp;&#x4e2d;</Label><MsgId>3</MsgId></xml>",
    "0<xml><FromUserName>o</FromUserName><CreateTime>1</CreateTime><MsgType>event</MsgType><Event>subscribe</Event>"
    "<EventKey>qrscene_1</EventKey></xml>",
    "0{\"FromUserName\":\"o\",\"CreateTime\":1,\"MsgType\":\"miniprogrampage\",\"Title\":\"t\",\"PagePath\":\"p\","
    "\"MsgId\":9}",
    "1<xml><ToUserName>gh</ToUserName><Encrypt><![CDATA[G6mbYzTkJHEfORPyZ05FYMaphP+jXqc619bMbpyrT4M7J60aEK1zw4+"
    "lVoRO7LsfWKSgXHDXQ7e5b6BOeYjcuu2cVmDhOy2cIkS4sjFFgFdgraLzoc7ml21kGGARwqNZ]]></Encrypt></xml>",
    "1{\"ToUserName\":\"gh\",\"Encrypt\":\"AAAA\"}",
    "2<xml><FromUserName>o</FromUserName><CreateTime>1</CreateTime><MsgType>link</MsgType><Url>https://a</Url></xml>",
    "3{\"errcode\":0,\"errmsg\":\"ok\",\"msgid\":123,\"media_id\":\"M\",\"video_url\":\"http://v\"}",
    "3{\"errcode\":45015}",
    "3{\"access_token\":\"T\",\"expires_in\":7200}",
};

WechatConfig config_of(Mode mode) {
  WechatConfig config;
  config.app_id = "wx1";
  config.token = Secret(kToken);
  config.aes_key = Secret(kKey);
  config.mode = mode;
  config.signature_age = std::chrono::minutes(0);
  return config;
}

void read(const std::string& message) {
  const auto m = read_message(message);
  if (!m) return;
  if (m->from.empty() || m->from.size() > 64 || external_id(*m).size() > 128) std::abort();
  (void)event_note(*m, true);
  (void)file_name(*m);
  const contract::Content content = content_of(*m, false);
  if (content.text.size() > 8192) std::abort();
  // Strict about UTF-8: what could not be read again could not be stored either.
  if (!from_json<contract::Content>(to_json(content))) std::abort();
}

void answer(const std::string& body) {
  const WechatConfig config = config_of(Mode::plain);
  Api api(
      config,
      [&](const OutboundRequest&) -> Result<OutboundResponse> {
        return OutboundResponse{200, {{"content-type", "application/json"}}, body};
      },
      system_clock());
  api.use({[] { return Result<std::string>("T"); }, [](const std::string&) {}});
  (void)api.fetch_token("T");
  (void)api.ask("POST", "/x");
  (void)api.upload("image", "a", "image/png", "b");
  (void)api.download("M", std::chrono::seconds(1));
  (void)open_user_data(body, body, body, "wx1");
}

}  // namespace

extern "C" void qiao_fuzz_seeds(void (*add)(const char* data, std::size_t size));
extern "C" void qiao_fuzz_seeds(void (*add)(const char* data, std::size_t size)) {
  for (const std::string_view seed : kSeeds) add(seed.data(), seed.size());
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  static const Callback plain = std::move(Callback::make(config_of(Mode::plain)).value());
  static const Callback safe = std::move(Callback::make(config_of(Mode::safe)).value());
  static const auto crypt = channel::WechatCrypt::make(kToken, kKey, "wx1");
  const std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
  HttpRequest request;
  request.query = {{"timestamp", kTime}, {"nonce", "n"}, {"signature", channel::sorted_sha1({kToken, kTime, "n"})}};
  request.body = body;
  switch (data[0] % 4) {
    case 0: {
      const auto opened = plain.open(request, Time{});
      if (!opened || opened->message != body) std::abort();
      read(opened->message);
      break;
    }
    case 1:
      if (safe.open(request, Time{})) std::abort();  // nobody guesses the signature
      (void)crypt->decrypt(body);
      break;
    case 2: {
      const std::string sealed = crypt->encrypt(body).value();
      request.query.emplace_back("msg_signature", crypt->sign(kTime, "n", sealed));
      request.body = "<xml><Encrypt>" + sealed + "</Encrypt></xml>";
      const auto opened = safe.open(request, Time{});
      if (!opened || opened->message != body) std::abort();
      read(opened->message);
      break;
    }
    default:
      answer(body);
  }
  return 0;
}
