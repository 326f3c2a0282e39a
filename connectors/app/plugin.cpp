#include "qiao/plugin.hpp"

#include <algorithm>
#include <array>

#include "connectors/app/client/apns.hpp"
#include "connectors/app/client/fcm.hpp"
#include "connectors/app/client/getui.hpp"
#include "connectors/app/client/http2.hpp"
#include "connectors/app/client/jpush.hpp"
#include "connectors/app/pusher.hpp"
#include "qiao/contract/channel.hpp"
#include "qiao/contract/connector.hpp"
#include "qiao/contract/contacts.hpp"
#include "qiao/contract/visitors.hpp"

namespace qiao::app {
namespace {

using namespace std::chrono_literals;

const Lane kAskLane{.kind = Lane::blocking, .concurrency = 2, .name = "ask", .budget = 120s};

struct DeviceNamed {
  std::string provider;
  std::string token;
};
QIAO_FIELDS(DeviceNamed, provider, token)

class AppPlugin final : public Plugin {
 public:
  static void describe(Manifest& m) {
    m.summary("Customers' apps: their devices, and waking them through APNs, FCM, JPush and Getui");
    m.config<AppConfig>();
    m.asks<contract::GetConversation>().asks<contract::GetTranscript>().asks<contract::ReportDelivery>();
    m.asks<contract::VerifyVisitor>();
    m.serves<contract::TestConnector>().serves<contract::ErasePerson>();
    m.subscribes<contract::MessageOutgoing>().publishes<contract::ConnectorAlert>();
  }

  Result<void> configure(const Section& section) override {
    auto bound = section.bind<AppConfig>();
    if (!bound) return bound.error();
    config_ = std::move(*bound);
    if (config_.fcm.on()) {
      auto account = ServiceAccount::read(config_.fcm.service_account.reveal());
      if (!account) return account.error();
      account_ = std::move(*account);
    }
    return {};
  }

  Result<void> start(Context& host) override {
    memory_ = std::make_shared<channel::Memory>(host, "app");
    const std::string sqlite = channel::Memory::tables(memory_->table(), false);
    const std::string mysql = channel::Memory::tables(memory_->table(), true);
    const std::array<Migration, 1> steps{Migration{.version = 1, .name = "devices", .sql = sqlite, .mysql = mysql}};
    if (auto done = host.store().migrate(steps); !done) return done;

    auto devices = std::make_shared<Devices>(*memory_, config_.device_life);
    pusher_ = std::make_shared<Pusher>(host, config_, devices, make_services(host));
    Bus& bus = host.bus();
    bus.subscribe<contract::MessageOutgoing>(
        Lane{.kind = Lane::direct},
        [pusher = pusher_](const contract::MessageOutgoing& e, const Headers&) { pusher->outgoing(e); });
    bus.serve<contract::TestConnector>(
        kAskLane, [pusher = pusher_](const contract::TestConnector&, const Headers&) { return test(*pusher); });
    bus.serve<contract::ErasePerson>(
        kAskLane, [devices, channel = config_.channel](const contract::ErasePerson& q, const Headers&) {
          return erase(*devices, channel, q.person);
        });
    bus.every(1h, kAskLane, [memory = memory_, &log = host.log()] {
      if (auto done = memory->sweep(); !done) log.warn("cannot tidy up: {}", done.error().message);
    });
    add_routes(host, devices);
    return {};
  }

  void drain(Deadline) override {
    pusher_->drain();
    if (http2_) http2_->close();
    http_->close();
  }

  void stop() noexcept override {
    pusher_.reset();
    memory_.reset();
    http2_.reset();
    http_.reset();
  }

 private:
  Pusher::Services make_services(Context& host) {
    OutboundSettings settings;
    for (const std::string& url : {config_.fcm.url, account_.token_url, config_.jpush.url, config_.getui.url}) {
      if (!url.empty()) settings.named.push_back(host_and_port(url));
    }
    settings.total_timeout = config_.timeout;
    settings.connect_timeout = std::min(settings.connect_timeout, config_.timeout);
    settings.ca_file = config_.ca_file;
    http_ = std::make_shared<OutboundClient>(settings);
    const platform::Transport http1 = [http = http_](const OutboundRequest& r) { return http->send(r); };

    Pusher::Services services;
    if (config_.apns.on()) {
      http2_ = std::make_shared<Http2Client>(
          Http2Client::Settings{std::min(5000ms, config_.timeout), config_.timeout, config_.ca_file});
      services["apns"] = std::make_shared<Apns>(
          config_.apns, [http = http2_](const OutboundRequest& r) { return http->send(r); }, *memory_, host.clock());
    }
    if (config_.fcm.on()) {
      services["fcm"] = std::make_shared<Fcm>(config_.fcm.url, account_, http1, *memory_, host.clock());
    }
    if (config_.jpush.on()) services["jpush"] = std::make_shared<Jpush>(config_.jpush, http1);
    if (config_.getui.on()) {
      services["getui"] = std::make_shared<Getui>(config_.getui, http1, *memory_, host.clock());
    }
    return services;
  }

  static Result<contract::ConnectorTested> test(Pusher& pusher) {
    std::string says;
    for (const auto& [provider, service] : pusher.services()) {
      auto tested = service->test();
      if (!tested) return tested.error();
      pusher.alerts().over("push." + provider);
      says += (says.empty() ? "" : "; ") + *tested;
    }
    if (says.empty()) says = "no push service is set up: apps are not woken";
    return contract::ConnectorTested{says};
  }

  static Result<contract::ErasedCount> erase(Devices& devices, const std::string& channel,
                                             const contract::Person& person) {
    contract::ErasedCount count;
    for (const contract::Identity& identity : person.identities) {
      if (identity.channel != channel) continue;
      auto gone = devices.forget(identity.user);
      if (!gone) return gone.error();
      if (*gone > 0) count.removed["devices"] += *gone;
    }
    return count;
  }

  /// Whose token the request carries. Waits.
  static Result<std::string> visitor(Bus& bus, const std::string& channel, const HttpRequest& request) {
    constexpr std::string_view kBearer = "Bearer ";
    const std::string_view header = request.header("authorization");
    if (header.substr(0, kBearer.size()) != kBearer) {
      return Error{Errc::unauthorized, "send the visitor's token as Authorization: Bearer"};
    }
    auto verified = bus.ask(contract::VerifyVisitor{std::string(header.substr(kBearer.size()))}, 5s);
    if (!verified) return verified.error();
    if (verified->channel != channel) return Error{Errc::unauthorized, "this token is for another channel"};
    return verified->user;
  }

  void add_routes(Context& host, const std::shared_ptr<Devices>& devices) {
    std::vector<std::string> providers;
    for (const auto& [name, service] : pusher_->services()) providers.push_back(name);
    const Route put{.method = "PUT",
                    .path = "/api/v1/visitor/device",
                    .access = Access::anyone(),
                    .summary = "Registers the device on which this visitor's app runs. Bearer: the visitor's token"};
    host.http().route<Device, Nothing>(put,
                                       [&bus = host.bus(), devices, providers, channel = config_.channel](
                                           const Device& in, const HttpRequest& request) -> Result<Nothing> {
                                         auto user = visitor(bus, channel, request);
                                         if (!user) return user.error();
                                         if (auto ok = check_device(in, providers); !ok) return ok.error();
                                         if (auto kept = devices->put(*user, in); !kept) return kept.error();
                                         return Nothing{};
                                       });
    const Route drop{.method = "DELETE",
                     .path = "/api/v1/visitor/device",
                     .access = Access::anyone(),
                     .summary = "This device belongs to the visitor no more: after a logout"};
    host.http().route<DeviceNamed, Nothing>(drop,
                                            [&bus = host.bus(), devices, channel = config_.channel](
                                                const DeviceNamed& in, const HttpRequest& request) -> Result<Nothing> {
                                              auto user = visitor(bus, channel, request);
                                              if (!user) return user.error();
                                              if (auto gone = devices->remove(*user, in.provider, in.token); !gone)
                                                return gone.error();
                                              return Nothing{};
                                            });
  }

  AppConfig config_;
  ServiceAccount account_;
  std::shared_ptr<OutboundClient> http_;
  std::shared_ptr<Http2Client> http2_;
  std::shared_ptr<channel::Memory> memory_;
  std::shared_ptr<Pusher> pusher_;
};

}  // namespace
}  // namespace qiao::app

using qiao::app::AppPlugin;
QIAO_PLUGIN(AppPlugin, "app", "channel", "0.1.0")
