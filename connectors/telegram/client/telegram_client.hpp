#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/channel/incoming.hpp"
#include "connectors/telegram/config.hpp"

namespace qiao::telegram {

/// What one update says.
struct Update {
  std::int64_t id = 0;
  std::vector<channel::Incoming> items;
  std::string callback;  ///< of a pressed button: it must be answered
};

/// Reads one update, as a webhook gets it. Errors: `telegram.bad_update`.
Result<Update> read_update(std::string_view json, bool groups);
/// Reads an answer to getUpdates.
Result<std::vector<Update>> read_updates(std::string_view json, bool groups);
/// What to do about an answer that is no success. `user`: the chat that it was about.
Error fault(const OutboundResponse& response, const std::string& user);
/// The chat's new id when a group has become a supergroup; "" otherwise.
std::string moved_to(const OutboundResponse& response);

class Client final : public channel::Platform, public std::enable_shared_from_this<Client> {
 public:
  static constexpr const char* kName = "telegram";
  static constexpr bool kWindow = false;

  Client(const TelegramConfig& config, std::shared_ptr<channel::Services> services);
  Result<void> start(Context& host);

  [[nodiscard]] contract::ChannelCapabilities capabilities() const override;
  Result<std::string> send(const channel::Part& part) override;
  Result<void> typing(const std::string& user, bool on) override;
  Result<contract::ConnectorTested> test() override;
  Result<std::int64_t> forget(const std::string& user) override { return receiver_->forget(user); }
  void close() noexcept override;

 private:
  /// Calls a method with a JSON body; the answer's body.
  Result<std::string> call(const std::string& method, const std::string& json, const std::string& user = {});
  Result<std::string> call(OutboundClient& http, const std::string& method, OutboundRequest request,
                           const std::string& user);
  static Result<std::string> accepted(OutboundResponse response, const std::string& user);
  Result<std::string> send_file(const channel::Part& part);
  Result<channel::Receiver::File> fetch(const channel::Media& media);
  Result<channel::Receiver::Told> read_hook(const HttpRequest& request);
  void answer_callback(const std::string& id);
  void tell_webhook(int tries);
  void poll();
  Result<void> poll_once();
  void alert_token(const Error& error);

  const TelegramConfig config_;
  const std::shared_ptr<channel::Services> services_;
  const std::shared_ptr<channel::Receiver> receiver_;
  OutboundClient long_poll_;
  std::int64_t next_ = 0;  ///< of the poll alone
  bool polls_ready_ = false;
  int polls_failed_ = 0;  ///< in a row
  std::atomic<bool> closed_{false};
};

}  // namespace qiao::telegram
