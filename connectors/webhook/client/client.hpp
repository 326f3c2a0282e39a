#pragma once

#include "connectors/channel/plugin.hpp"
#include "connectors/webhook/client/incoming.hpp"
#include "connectors/webhook/client/outgoing.hpp"

namespace qiao::webhook {

/// An event that the platform will not send again and the hub could not take: it stays among the dead letters until the
/// operator has mended the mapping and replays it.
struct EventRefused {
  std::string instance;
  std::string why;
  std::string event;  ///< JSON as it came
};
QIAO_FIELDS(EventRefused, instance, why, event)
QIAO_EVENT(EventRefused, "webhook.event.refused", 1)

/// A text or file that the platform refused for good; a replay sends it again.
struct MessageRefused {
  std::string instance;
  std::string why;
  std::string key;
  std::string user;
  Id conversation;
  Id message;
  std::int64_t seq = 0;
  contract::Author author = contract::Author::agent;
  std::string author_name;
  std::string text;
  contract::Attachment file;  ///< no id: a text
};
QIAO_FIELDS(MessageRefused, instance, why, key, user, conversation, message, seq, author, author_name, text, file)
QIAO_EVENT(MessageRefused, "webhook.message.refused", 1)

/// A platform that is described in YAML.
class Client final : public channel::Platform, public std::enable_shared_from_this<Client> {
 public:
  static constexpr const char* kName = "webhook";
  static constexpr bool kWindow = false;
  Client(const WebhookConfig& config, std::shared_ptr<channel::Services> services);

  /// The mapping and the templates, without a network: for `qiao check`.
  static Result<void> check(const WebhookConfig& config);
  static void declare(Manifest& m);
  Result<void> start(Context& host);

  [[nodiscard]] contract::ChannelCapabilities capabilities() const override;
  Result<std::string> send(const channel::Part& part) override;
  Result<void> typing(const std::string& user, bool on) override;
  Result<contract::ConnectorTested> test() override;

 private:
  using Done = std::function<void(Result<void>)>;
  struct Batch;

  void called(const HttpRequest& request, const HttpReply& reply);
  void take(Json event, Done done);
  void take(Event event, Done done);
  void accept(Event event, std::vector<contract::Attachment> files, std::string lost, Done done);
  void fetch(Event event, Done done);
  Result<std::string> bytes_of(const IncomingFile& file) const;
  Result<void> refuse(const Json& event, const Error& error);
  Result<std::string> send_now(const channel::Part& part);

  const WebhookConfig config_;
  const std::shared_ptr<channel::Services> services_;
  std::optional<Reader> reader_;
  std::shared_ptr<Sender> sender_;
};

}  // namespace qiao::webhook
