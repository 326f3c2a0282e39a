#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "connectors/channel/incoming.hpp"
#include "connectors/meta/graph.hpp"
#include "connectors/whatsapp/config.hpp"

namespace qiao::whatsapp {

/// Reads a call of the webhook; what is for other numbers than `phone_number_id` is left out. Errors:
/// `whatsapp.bad_call`.
Result<std::vector<channel::Incoming>> read_call(std::string_view json, const std::string& phone_number_id);
/// The body of POST /messages for everything but files. Errors: what WhatsApp cannot show.
Result<nlohmann::json> body_of(const channel::Part& part, const WhatsappConfig& config);
/// image, audio, video or document: as what WhatsApp takes a file; "" when it is too large for it.
std::string media_kind(std::string_view media_type, std::int64_t size);

class Client final : public channel::Platform, public std::enable_shared_from_this<Client> {
 public:
  static constexpr const char* kName = "whatsapp";
  static constexpr bool kWindow = true;

  Client(const WhatsappConfig& config, std::shared_ptr<channel::Services> services);
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
  Result<channel::Receiver::File> fetch(const channel::Media& media);
  Result<nlohmann::json> upload(const channel::Part& part);

  const WhatsappConfig config_;
  const std::shared_ptr<channel::Services> services_;
  meta::Graph graph_;
  const std::shared_ptr<channel::Receiver> receiver_;
  std::mutex mutex_;
  std::unordered_map<std::string, std::string> latest_;  ///< customer → their last message, for the typing sign
};

}  // namespace qiao::whatsapp
