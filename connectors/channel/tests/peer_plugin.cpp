// A channel whose platform is whatever HTTP server the test points it to: what the kit does is tested with it.
#include "connectors/channel/incoming.hpp"
#include "connectors/channel/plugin.hpp"

namespace qiao::peer {

struct PeerConfig : channel::ChannelSettings {
  std::string endpoint;
  std::int32_t max_text = 0;
  std::chrono::seconds window{0};
  bool everybody_reads = false;
  bool long_ids = false;
  [[nodiscard]] std::vector<std::string> addresses() const { return {endpoint}; }
};
void describe(Schema<PeerConfig>& s) {
  channel::describe_common(s, 1000);
  s.required("endpoint", &PeerConfig::endpoint).url().doc("Where the platform is");
  s.optional("max_text", &PeerConfig::max_text).doc("Longest text");
  s.optional("window", &PeerConfig::window, std::chrono::seconds(0)).doc("How long a customer can be written to");
  s.optional("everybody_reads", &PeerConfig::everybody_reads, false).doc("A public thread");
  s.optional("long_ids", &PeerConfig::long_ids, false).doc("Its ids of messages have 200 bytes in front");
}

struct Posted {
  std::string user;
  std::string text;
  std::string key;
};
QIAO_FIELDS(Posted, user, text, key)

class Client final : public channel::Platform {
 public:
  static constexpr const char* kName = "peer-channel";
  static constexpr bool kWindow = true;

  Client(const PeerConfig& config, std::shared_ptr<channel::Services> services)
      : config_(config), services_(std::move(services)) {}

  Result<void> start(Context& host) {
    receiver_ = std::make_shared<channel::Receiver>(services_, channel::Receiver::Options{});
    host.http().raw(
        {.method = "POST", .path = "/hooks/" + host.instance(), .access = Access::anyone(), .run = Run::direct},
        [this](const std::shared_ptr<const HttpRequest>& request, HttpReply reply) {
          auto in = from_json<Posted>(request->body);
          if (!in) return reply(HttpResponse::problem(in.error()));
          if (in->text == "delivered") {
            channel::Incoming receipt;
            receipt.kind = channel::Incoming::Kind::receipt;
            receipt.message.external_id = in->key;
            receipt.state = contract::Delivery::delivered;
            return receiver_->take({receipt}, [reply](const Result<void>&) { reply(HttpResponse{}); });
          }
          contract::AcceptMessage message;
          message.external_id = in->key;
          message.user = in->user;
          message.content.text = in->text;
          services_->channel->accept(std::move(message), [reply](const Result<contract::Accepted>& stored) {
            reply(stored ? HttpResponse{} : HttpResponse::problem(stored.error()));
          });
        });
    return {};
  }

  [[nodiscard]] contract::ChannelCapabilities capabilities() const override {
    contract::ChannelCapabilities can;
    can.platform = "peer";
    can.kinds = {"location", "buttons"};
    can.max_text = config_.max_text;
    can.window = config_.window;
    can.public_thread = config_.everybody_reads;
    can.notices = {"ticket.resolved"};
    return can;
  }

  Result<std::string> send(const channel::Part& part) override {
    static constexpr const char* kPaths[] = {"/text", "/file", "/card", "/choice", "/notice"};
    auto answer = services_->http->send(
        {.method = "POST",
         .url = config_.endpoint + kPaths[static_cast<int>(part.kind)],
         .body =
             to_json(Posted{part.user, part.kind == channel::Part::Kind::notice ? part.notice : part.text, part.key})});
    if (!answer) return answer.error();
    switch (answer->status) {
      case 200:
        return (config_.long_ids ? std::string(200, 'p') : "p") + part.key;
      case 401:
        return channel::failure::token("log in again");
      case 403:
        return channel::failure::window_closed("the customer wrote too long ago");
      case 415:
        return channel::failure::unsupported("not this");
      case 429: {
        Error busy{Errc::rate_limited, "come back tomorrow"};
        busy.retry_after = std::chrono::hours(24);
        return busy;
      }
      case 503:
        return Error{Errc::unavailable, "the platform is busy"};
      default:
        return Error{Errc::bad_value, "the platform refuses it"};
    }
  }

  Result<contract::ConnectorTested> test() override { return contract::ConnectorTested{"there"}; }

 private:
  const PeerConfig config_;
  const std::shared_ptr<channel::Services> services_;
  std::shared_ptr<channel::Receiver> receiver_;
};

class PeerPlugin final : public channel::ChannelPlugin<PeerConfig, Client> {
 public:
  static void describe(Manifest& m) {
    m.summary("a channel for tests of the channel kit");
    declare(m);
  }
};

}  // namespace qiao::peer

using qiao::peer::PeerPlugin;
QIAO_PLUGIN(PeerPlugin, "peer-channel", "channel", "0.1.0")
