#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/channel/incoming.hpp"
#include "connectors/messenger/config.hpp"
#include "connectors/meta/graph.hpp"

namespace qiao::messenger {

/// Reads a call of the webhook; what is about other pages than `page_id` is left out. Errors: `messenger.bad_call`.
Result<std::vector<channel::Incoming>> read_call(std::string_view json, const std::string& page_id);
/// `message` of POST /me/messages for everything but files. Errors: what Messenger cannot show.
Result<nlohmann::json> message_of(const channel::Part& part);

/// What this hub has sent: Instagram tells it back without the mark that Messenger returns. Any thread.
class OwnMessages {
 public:
  /// `text`: or the kind of the file. The echo may be faster than the answer.
  void begin(const std::string& user, const std::string& text);
  void end(const std::string& user, const std::string& text, const std::string& id);
  [[nodiscard]] bool holds(const std::string& user, const std::string& text, const std::string& id) const;

 private:
  static constexpr std::size_t kMost = 4096;
  mutable std::mutex mutex_;
  std::multiset<std::string> under_way_;
  std::set<std::string> ids_;
  std::deque<std::string> order_;
};

class Client final : public channel::Platform, public std::enable_shared_from_this<Client> {
 public:
  static constexpr const char* kName = "messenger";
  static constexpr bool kWindow = true;

  Client(const MessengerConfig& config, std::shared_ptr<channel::Services> services);
  Result<void> start(Context& host);

  [[nodiscard]] contract::ChannelCapabilities capabilities() const override;
  Result<std::string> send(const channel::Part& part) override;
  Result<void> typing(const std::string& user, bool on) override;
  [[nodiscard]] bool shows_seen() const override { return config_.read_marks; }
  Result<void> seen(const std::string& user, const std::string& external_id) override;
  Result<contract::ConnectorTested> test() override;
  Result<std::int64_t> forget(const std::string& user) override { return receiver_->forget(user); }

 private:
  Result<channel::Receiver::Told> read_hook(const HttpRequest& request);
  Result<nlohmann::json> deliver(const channel::Part& part, bool human_agent);
  Result<std::string> send_part(const channel::Part& part);
  Result<void> act(const std::string& user, const char* action);
  Result<std::string> name_of(const std::string& user);

  const MessengerConfig config_;
  const std::shared_ptr<channel::Services> services_;
  meta::Graph graph_;
  const std::shared_ptr<channel::Receiver> receiver_;
  OwnMessages own_;
};

}  // namespace qiao::messenger
