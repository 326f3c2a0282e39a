#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_set>

#include "connectors/channel/plugin.hpp"
#include "connectors/wechat/client/api.hpp"
#include "connectors/wechat/client/callback.hpp"
#include "connectors/wechat/client/exchanges.hpp"
#include "connectors/wechat/client/message.hpp"
#include "connectors/wechat/config.hpp"

namespace qiao::wechat {

/// Where Memory keeps what a tap on a menu item of ours says.
std::string choice_name(const std::string& user, const std::string& id);

/// What `POST /hooks/NAME/login` takes: the codes that wx.login and the phone button give a mini program.
struct LoginRequest {
  std::string code;
  std::string phone_code;      ///< of the phone button
  std::string encrypted_data;  ///< and `iv`: the same of older base libraries
  std::string iv;
};
QIAO_FIELDS(LoginRequest, code, phone_code, encrypted_data, iv)

struct LoginAnswer {
  std::string identity;  ///< for the `identify` frame of the chat protocol
};
QIAO_FIELDS(LoginAnswer, identity)

/// What comes from the platform: callbacks under /hooks/NAME, and log-ins of the mini program's own chat.
class Reception : public std::enable_shared_from_this<Reception> {
 public:
  Reception(const WechatConfig& config, const Callback& callback, Api& api, std::shared_ptr<Exchanges> exchanges,
            std::shared_ptr<channel::Services> services);
  void start();
  /// Nothing waits for an answer of the bot any more.
  void close() noexcept { closed_ = true; }

 private:
  void post(const std::shared_ptr<const HttpRequest>& request, const HttpReply& reply);
  void event(const Exchanges::Ref& exchange, const Incoming& m);
  void message(const Exchanges::Ref& exchange, const Incoming& m, contract::Content content);
  /// Fetches its file, or looks up what a tapped choice says. Blocking.
  void prepare(const Exchanges::Ref& exchange, const Incoming& m, const std::string& body);
  /// Downloads and keeps the file of a message. A passing failure is an error; one for good is told in `content`.
  Result<void> attach(const Incoming& m, contract::Content& content, std::chrono::milliseconds within);
  /// Files that could not be fetched at once.
  void fetch_pending();
  void stored(const Exchanges::Ref& exchange, const Result<contract::Accepted>& result, const std::string& welcome);
  /// How long the platform still listens.
  [[nodiscard]] std::chrono::milliseconds left(const Exchanges::Ref& exchange) const;
  void wait_for_answer(const Exchanges::Ref& exchange);
  /// Asks once in a while who a customer is.
  void get_to_know(const std::string& user);
  Result<LoginAnswer> login(const LoginRequest& request);

  const WechatConfig& config_;
  const Callback& callback_;
  Api& api_;
  const std::shared_ptr<Exchanges> exchanges_;
  const std::shared_ptr<channel::Services> services_;
  Counter& received_;
  Counter& repeated_;
  Counter& refused_;
  std::atomic<bool> closed_{false};
  std::mutex mutex_;
  std::unordered_set<std::string> known_;  ///< customers that were asked about
};

}  // namespace qiao::wechat
