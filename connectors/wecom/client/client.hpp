#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "connectors/channel/incoming.hpp"
#include "connectors/channel/plugin.hpp"
#include "connectors/channel/wechat_crypt.hpp"
#include "connectors/wecom/client/api.hpp"
#include "connectors/wecom/client/inbound.hpp"
#include "connectors/wecom/config.hpp"

namespace qiao::wecom {

/// 微信客服 of one company. A callback only says "pull": messages come by sync_msg, an account at a time, and the
/// cursor moves after all of a page are stored.
class Client final : public channel::Platform {
 public:
  static constexpr const char* kName = "wecom";
  static constexpr bool kWindow = true;

  Client(const WecomConfig& config, std::shared_ptr<channel::Services> services);

  Result<void> start(Context& host);
  [[nodiscard]] contract::ChannelCapabilities capabilities() const override;
  Result<std::string> send(const channel::Part& part) override;
  Result<contract::ConnectorTested> test() override;
  void renew_credentials() override;
  Result<std::int64_t> forget(const std::string& user) override;
  void close() noexcept override;

 private:
  /// What is to be done for one account, and whether somebody does it.
  struct Pull {
    bool running = false;
    bool again = false;
    int failures = 0;
    std::string token;
  };

  // callbacks
  void verify(const HttpRequest& request, const HttpReply& reply);
  void called(const HttpRequest& request, const HttpReply& reply);
  void refuse(const Error& error, const HttpReply& reply);

  // pulling (pull.cpp)
  void start_pulling();
  bool post(std::function<void()> work);
  /// False: the hub stops, or has too much to do.
  bool pull(const std::string& open_kfid, std::string token);
  void pull_all();
  void work(const std::string& open_kfid);
  /// An alert while pulling for an account (or, "", asking for the accounts) cannot work without a person.
  void pulled(const std::string& open_kfid, const Result<void>& result);
  /// What was said before it is no work for the hub.
  Result<Time> begun();
  Result<void> pages(const std::string& open_kfid, std::string token);
  Result<void> take(std::vector<Item>& items);
  Result<void> take_message(Item& item);
  Result<void> take_event(const Item& item);
  Result<void> note(const Item& item, contract::Content content);
  void greet(const std::vector<Item>& items);
  void introduce(const std::vector<Item>& items);
  std::string name_of(const std::string& external_userid);
  bool known(const std::string& external_userid);
  Result<channel::Receiver::File> fetch(const std::string& media_id);
  /// Whether it was the answer to a question for a rating.
  Result<bool> graded(const Item& item);
  [[nodiscard]] bool wanted(const std::string& open_kfid) const;

  // sessions
  void hold_session(const Customer& customer);
  Result<int> session_state(const Customer& customer);
  Error wrong_state(const Customer& customer, Error error);

  // sending
  Result<std::string> body_of(const channel::Part& part, const Customer& to, bool fresh_media);
  Result<void> send_long_head(const channel::Part& part, const Customer& to, std::string& head);
  Result<std::string> uploaded(const contract::Attachment& file, const std::string& kind, bool fresh);
  Result<std::string> thumb(const contract::Card& card, bool fresh);
  void ask_rating(const contract::ConversationChanged& change);
  Result<void> ensure_servicers();

  const WecomConfig config_;
  const std::shared_ptr<channel::Services> services_;
  const bool english_;
  std::unique_ptr<channel::WechatCrypt> crypt_;
  std::unique_ptr<Api> api_;
  std::shared_ptr<channel::Receiver> receiver_;
  std::atomic<std::int64_t> refused_at_{0};
  std::mutex mutex_;
  std::map<std::string, Pull> pulls_;
  std::set<std::string> failing_;             ///< accounts of which the alert tells
  std::map<std::string, std::string> names_;  ///< nicknames of customers who wrote lately
  bool closing_ = false;
};

}  // namespace qiao::wecom
