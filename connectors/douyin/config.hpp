#pragma once

#include <string>
#include <vector>

#include "connectors/channel/settings.hpp"

namespace qiao::douyin {

using namespace std::chrono_literals;

enum class Receives : std::uint8_t { comments, messages };
QIAO_ENUM(Receives, comments, messages)

struct DouyinConfig : channel::ChannelSettings {
  std::string url;
  Receives receives = Receives::comments;
  std::string account_of;
  std::string others_to;
  std::string client_key;
  Secret client_secret;
  std::string open_id;
  Secret refresh_token;
  std::string public_url;
  std::string scopes;
  bool mini_app = false;
  std::vector<std::string> videos;
  std::chrono::seconds poll{60};
  std::int64_t comment_length = 100;
  std::string video_path;
  std::string upload_path;
  std::string welcome;
  std::int64_t window_messages = 6;
  std::chrono::hours window{24};
  Bytes max_image{10u << 20};

  [[nodiscard]] std::vector<std::string> addresses() const { return {url}; }
};

inline void describe(Schema<DouyinConfig>& s) {
  s.optional("url", &DouyinConfig::url, "https://open.douyin.com").url().doc("Address of the platform");
  s.required("receives", &DouyinConfig::receives)
      .doc("comments under the account's videos (public), or private messages (私信); an instance for each");
  s.optional("account_of", &DouyinConfig::account_of)
      .doc("The other instance that holds this account's credentials and webhook; then nothing of them stands here");
  s.optional("others_to", &DouyinConfig::others_to)
      .doc("The instance that takes what this one does not receive; the platform knows one webhook an app");
  s.optional("client_key", &DouyinConfig::client_key).doc("client_key of the app");
  s.optional("client_secret", &DouyinConfig::client_secret).doc("Its secret; also signs webhooks");
  s.required("open_id", &DouyinConfig::open_id).doc("open_id of the company's account under this app");
  s.optional("refresh_token", &DouyinConfig::refresh_token)
      .doc("From an authorisation made elsewhere; without it `qiao connector test` prints a link that authorises");
  s.optional("public_url", &DouyinConfig::public_url).url().doc("Where the platform reaches the hub, for that link");
  s.optional("scopes", &DouyinConfig::scopes, "user_info,item.comment,im.direct_message,im.recall_message")
      .doc("Rights that the link asks for; only those that the app was granted");
  s.optional("mini_app", &DouyinConfig::mini_app).doc("Comments by the calls of mini-apps (scope ma.item.comment)");
  s.optional("videos", &DouyinConfig::videos)
      .max_items(200)
      .doc("item_ids whose comments are also asked for, for apps without comment events");
  s.optional("poll", &DouyinConfig::poll, 60s).range(1s, 86400s).doc("How often they are asked for");
  s.optional("comment_length", &DouyinConfig::comment_length, 100)
      .range(10, 2000)
      .doc("Characters of one reply; longer ones become several. The platform does not say how many it takes");
  s.optional("video_path", &DouyinConfig::video_path, "/api/douyin/v1/video/video_data/")
      .doc("Call that knows titles and covers of videos; empty: none");
  s.optional("upload_path", &DouyinConfig::upload_path, "/tool/imagex/client_upload/")
      .doc("Call that takes pictures for private messages; empty: pictures are not sent");
  s.optional("welcome", &DouyinConfig::welcome)
      .max_length(1000)
      .doc("Text for customers who open the private chat; empty: none");
  s.optional("window_messages", &DouyinConfig::window_messages, 6)
      .range(1, 100)
      .doc("Private messages that may follow one of the customer's");
  s.optional("window", &DouyinConfig::window, std::chrono::hours(24))
      .range(std::chrono::hours(1), std::chrono::hours(720))
      .doc("And for how long");
  s.optional("max_image", &DouyinConfig::max_image, 10_MB).doc("Larger pictures are not sent");
  s.rule("client_key", [](const DouyinConfig& c) -> std::string {
    if (!c.account_of.empty() || (!c.client_key.empty() && !c.client_secret.empty())) return {};
    return "client_key and client_secret are needed, or account_of names the instance that has them";
  });
  channel::describe_common(s, 5);
}

}  // namespace qiao::douyin
