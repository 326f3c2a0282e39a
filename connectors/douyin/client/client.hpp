#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "connectors/channel/incoming.hpp"
#include "connectors/channel/plugin.hpp"
#include "connectors/douyin/client/api.hpp"
#include "connectors/douyin/client/inbound.hpp"
#include "connectors/douyin/client/outbound.hpp"
#include "connectors/douyin/config.hpp"

namespace qiao::douyin {

/// A webhook that came to another instance of the same app.
struct TakeEvent {
  std::string body;
  std::string id;  ///< Msg-Id
};
QIAO_FIELDS(TakeEvent, body, id)
QIAO_REQUEST_MANY(TakeEvent, contract::Done, "douyin.event", 1)

struct TokenGiven {
  std::string token;
};
QIAO_FIELDS(TokenGiven, token)
/// The account's token, from the instance that keeps it.
struct AskToken {
  std::string refused;
};
QIAO_FIELDS(AskToken, refused)
QIAO_REQUEST_MANY(AskToken, TokenGiven, "douyin.token", 1)

/// One account's comments, or its private messages.
class Client final : public channel::Platform {
 public:
  static constexpr const char* kName = "douyin";
  static constexpr bool kWindow = true;

  Client(const DouyinConfig& config, std::shared_ptr<channel::Services> services);

  Result<void> start(Context& host);
  [[nodiscard]] contract::ChannelCapabilities capabilities() const override;
  Result<std::string> send(const channel::Part& part) override;
  Result<contract::ConnectorTested> test() override;
  void renew_credentials() override;
  Result<std::int64_t> forget(const std::string& user) override { return receiver_->forget(user); }

 private:
  // webhooks and polling (receive.cpp)
  void listen(Context& host);
  void called(const std::shared_ptr<const HttpRequest>& request, const HttpReply& reply);
  /// Takes an event, or hands it to the instance that does.
  Result<void> take(const std::string& body, const std::string& id);
  Result<void> take_comment(const Comment& comment);
  Result<void> take_message(const Webhook& hook);
  Result<void> note(const std::string& id, const std::string& user, const std::string& name, std::string text, Time at);
  Result<void> answered_elsewhere(const std::string& id, const std::string& user, const std::string& text, Time at);
  void granted(const Webhook& hook);
  void greet(const Webhook& hook, const Place& place);
  Result<channel::Receiver::File> fetch(const channel::Media& media);
  contract::Card post_card(const std::string& item);
  void poll();
  Result<void> poll_video(const std::string& item);
  Result<std::vector<Comment>> replies(const std::string& item, const std::string& comment, Time since);

  /// An alert when it is not.
  void signed_in(const Result<std::string>& token);
  Result<std::string> send_comment(const channel::Part& part);
  Result<std::string> send_message(const channel::Part& part);
  /// What went out lately, so that the platform's echo of it is known.
  void sending(const std::string& text);
  bool was_ours(const std::string& text);

  [[nodiscard]] bool comments() const { return config_.receives == Receives::comments; }

  const DouyinConfig config_;
  const std::shared_ptr<channel::Services> services_;
  const bool english_;
  std::unique_ptr<Account> account_;  ///< when this instance keeps the credentials
  std::unique_ptr<Api> api_;
  std::shared_ptr<channel::Receiver> receiver_;
  std::atomic<bool> told_of_others_{false};
  std::atomic<std::int64_t> refused_at_{0};
  std::mutex mutex_;
  std::deque<std::pair<SteadyTime, std::string>> sent_;
};

}  // namespace qiao::douyin
