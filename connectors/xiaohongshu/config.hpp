#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connectors/channel/settings.hpp"

namespace qiao::xiaohongshu {

using namespace std::chrono_literals;

/// How a push of the shop platform is signed; public documents contradict each other.
enum class PushSignature : std::uint8_t { md5_sorted, none };
QIAO_ENUM(PushSignature, md5_sorted, none)

/// The shop platform, 千帆 (Ark).
struct ArkConfig {
  std::string url;
  std::string app_id;
  Secret app_secret;
  Secret code;
  Secret refresh_token;
  PushSignature push_signature = PushSignature::md5_sorted;
  std::string push_signature_name;
  std::vector<std::string> notes;
  std::string order_path;
  std::string user_path;
  std::string status_path;
};

constexpr const char* kPointer = "(/[A-Za-z0-9_-]+)+";
constexpr const char* kPointerSays = "a path like /data/user_id";

inline void describe(Schema<ArkConfig>& s) {
  s.optional("url", &ArkConfig::url, "https://ark.xiaohongshu.com/ark/open_api/v3/common_controller")
      .url()
      .doc("Gateway of the platform");
  s.required("app_id", &ArkConfig::app_id).doc("appId of the app in the shop's open platform");
  s.required("app_secret", &ArkConfig::app_secret).doc("Its appSecret");
  s.optional("code", &ArkConfig::code).doc("From the shop's authorisation, used once");
  s.optional("refresh_token", &ArkConfig::refresh_token).doc("Instead of a code");
  s.optional("push_signature", &ArkConfig::push_signature, PushSignature::md5_sorted)
      .doc("How pushes are signed: MD5 of secret, sorted query and secret, or not at all (then only trusted networks)");
  s.optional("push_signature_name", &ArkConfig::push_signature_name, "sign")
      .doc("Parameter of the query that carries it");
  s.optional("notes", &ArkConfig::notes, {"msg_after_sale_create", "msg_fulfillment_status_change"})
      .doc("Pushes (msgTag) that become a note in the customer's conversation, when there is one");
  s.optional("order_path", &ArkConfig::order_path, "/orderId")
      .pattern(kPointer, kPointerSays)
      .doc("Order number in a push");
  s.optional("user_path", &ArkConfig::user_path, "/userId")
      .pattern(kPointer, kPointerSays)
      .doc("Id of the buyer in an order's details");
  s.optional("status_path", &ArkConfig::status_path, "/orderStatus")
      .pattern(kPointer, kPointerSays)
      .doc("State in an order's details");
}

enum class Cipher : std::uint8_t { none, wechat };
QIAO_ENUM(Cipher, none, wechat)
enum class Signature : std::uint8_t { none, sorted_sha1, hmac_sha256 };
QIAO_ENUM(Signature, none, sorted_sha1, hmac_sha256)

/// Where something stands in the JSON of a message that came.
struct IncomingPaths {
  std::string id = "/message_id";
  std::string user = "/user_id";
  std::string name = "/nick_name";
  std::string text = "/content/text";
  std::string picture = "/content/image_url";
  std::string time = "/create_time";
  std::string comment = "/comment_id";
  std::string note = "/note_id";
  std::string note_title = "/note_title";
  std::string note_url = "/note_url";
};

inline void describe(Schema<IncomingPaths>& s) {
  s.optional("id", &IncomingPaths::id, IncomingPaths{}.id).pattern(kPointer, kPointerSays).doc("Id of the message");
  s.optional("user", &IncomingPaths::user, IncomingPaths{}.user)
      .pattern(kPointer, kPointerSays)
      .doc("Id of the customer");
  s.optional("name", &IncomingPaths::name, IncomingPaths{}.name)
      .pattern(kPointer, kPointerSays)
      .doc("Name of the customer");
  s.optional("text", &IncomingPaths::text, IncomingPaths{}.text).pattern(kPointer, kPointerSays).doc("The text");
  s.optional("picture", &IncomingPaths::picture, IncomingPaths{}.picture)
      .pattern(kPointer, kPointerSays)
      .doc("Address of a picture");
  s.optional("time", &IncomingPaths::time, IncomingPaths{}.time)
      .pattern(kPointer, kPointerSays)
      .doc("Seconds or milliseconds since 1970");
  s.optional("comment", &IncomingPaths::comment, IncomingPaths{}.comment)
      .pattern(kPointer, kPointerSays)
      .doc("Id of the comment, when it is one");
  s.optional("note", &IncomingPaths::note, IncomingPaths{}.note)
      .pattern(kPointer, kPointerSays)
      .doc("The note it stands under");
  s.optional("note_title", &IncomingPaths::note_title, IncomingPaths{}.note_title)
      .pattern(kPointer, kPointerSays)
      .doc("Title of that note");
  s.optional("note_url", &IncomingPaths::note_url, IncomingPaths{}.note_url)
      .pattern(kPointer, kPointerSays)
      .doc("Address of that note");
}

/// Where something stands in the JSON of an answer that goes out.
struct OutgoingPaths {
  std::string user = "/user_id";
  std::string key = "/request_id";
  std::string text = "/content/text";
  std::string comment = "/comment_id";
  std::string note = "/note_id";
  std::string fixed = R"({"message_type":"text"})";
};

inline void describe(Schema<OutgoingPaths>& s) {
  s.optional("user", &OutgoingPaths::user, OutgoingPaths{}.user)
      .pattern(kPointer, kPointerSays)
      .doc("Id of the customer");
  s.optional("key", &OutgoingPaths::key, OutgoingPaths{}.key)
      .pattern(kPointer, kPointerSays)
      .doc("An id that is the same in every try");
  s.optional("text", &OutgoingPaths::text, OutgoingPaths{}.text).pattern(kPointer, kPointerSays).doc("The text");
  s.optional("comment", &OutgoingPaths::comment, OutgoingPaths{}.comment)
      .pattern(kPointer, kPointerSays)
      .doc("The comment that is answered");
  s.optional("note", &OutgoingPaths::note, OutgoingPaths{}.note)
      .pattern(kPointer, kPointerSays)
      .doc("The note it stands under");
  s.optional("fixed", &OutgoingPaths::fixed, OutgoingPaths{}.fixed).doc("JSON object that every answer begins with");
}

/// The example adapter: an interface that is like its cousins, with everything that differs as a setting.
struct AccessConfig {
  std::string adapter;
  std::string others_to;
  std::string send_url;
  std::string comment_url;
  std::string test_url;
  std::string token_header;
  Secret access_token;
  Cipher cipher = Cipher::none;
  std::string sealed;
  Signature signature = Signature::hmac_sha256;
  std::string signature_name;
  Secret secret;
  Secret encoding_aes_key;
  std::string receiver;
  IncomingPaths incoming;
  OutgoingPaths outgoing;
  std::string answer_id;
  std::string answer_code;
  std::int64_t max_text = 500;
  bool public_thread = false;
};

inline void describe(Schema<AccessConfig>& s) {
  s.optional("adapter", &AccessConfig::adapter, "settings")
      .doc("settings: the interface as the keys below describe it; or the name of a class of one's own");
  s.optional("others_to", &AccessConfig::others_to)
      .doc(
          "The instance that takes comments when this one takes private messages, or private messages when this one "
          "takes comments (public_thread), for an interface with one push address");
  s.optional("send_url", &AccessConfig::send_url).url().doc("Address that takes private answers");
  s.optional("comment_url", &AccessConfig::comment_url).url().doc("Address that takes answers to comments");
  s.optional("test_url", &AccessConfig::test_url).url().doc("Address that answers when the token is good");
  s.optional("token_header", &AccessConfig::token_header, "Access-Token").doc("Header of the token");
  s.optional("access_token", &AccessConfig::access_token).doc("The token that came with the invitation");
  s.optional("cipher", &AccessConfig::cipher, Cipher::none).doc("none, or wechat: AES as WeChat's callbacks have it");
  s.optional("sealed", &AccessConfig::sealed, "/content")
      .pattern(kPointer, kPointerSays)
      .doc("With a cipher: where the ciphertext stands");
  s.optional("signature", &AccessConfig::signature, Signature::hmac_sha256)
      .doc(
          "sorted_sha1: over secret, timestamp, nonce (and ciphertext) in the query; hmac_sha256: hex over the raw "
          "body");
  s.optional("signature_name", &AccessConfig::signature_name, "x-signature")
      .doc("Header of hmac_sha256, or parameter of sorted_sha1");
  s.optional("secret", &AccessConfig::secret).doc("Secret (or Token) of the signature");
  s.optional("encoding_aes_key", &AccessConfig::encoding_aes_key).doc("Key of the cipher, 43 characters");
  s.optional("receiver", &AccessConfig::receiver).doc("App id inside the ciphertext");
  s.optional("incoming", &AccessConfig::incoming).doc("Where things stand in a message that comes");
  s.optional("outgoing", &AccessConfig::outgoing).doc("Where things stand in an answer that goes");
  s.optional("answer_id", &AccessConfig::answer_id, "/data/message_id")
      .pattern(kPointer, kPointerSays)
      .doc("Id of the sent message in the platform's answer");
  s.optional("answer_code", &AccessConfig::answer_code, "/code")
      .pattern(kPointer, kPointerSays)
      .doc("Code in it that is 0 when all went well");
  s.optional("max_text", &AccessConfig::max_text, 500).range(10, 10000).doc("Characters of one answer");
  s.optional("public_thread", &AccessConfig::public_thread).doc("The instance takes comments: everybody reads along");
  s.rule("signature", [](const AccessConfig& c) -> std::string {
    return c.signature != Signature::none && c.secret.empty() && c.adapter == "settings" ? "needs a secret" : "";
  });
}

struct XiaohongshuConfig : channel::ChannelSettings {
  std::optional<ArkConfig> ark;
  std::optional<AccessConfig> messages;

  [[nodiscard]] std::vector<std::string> addresses() const {
    std::vector<std::string> all;
    if (ark) all.push_back(ark->url);
    if (messages) {
      for (const std::string* one : {&messages->send_url, &messages->comment_url, &messages->test_url}) {
        if (!one->empty()) all.push_back(*one);
      }
    }
    return all;
  }
};

inline void describe(Schema<XiaohongshuConfig>& s) {
  s.optional("ark", &XiaohongshuConfig::ark).doc("Orders and after-sales of the shop (千帆)");
  s.optional("messages", &XiaohongshuConfig::messages)
      .doc("Private messages or comments, for companies that Xiaohongshu has invited; there is no public interface");
  channel::describe_common(s, 2);
}

}  // namespace qiao::xiaohongshu
