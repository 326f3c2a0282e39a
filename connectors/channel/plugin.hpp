#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "connectors/channel/channel.hpp"
#include "qiao/outbound.hpp"
#include "qiao/plugin.hpp"

namespace qiao::channel {

/// The plugin of a channel connector: a Config (derived from ChannelSettings, with `addresses()`: the base URLs that
/// the operator named) and a Client, a Platform that is made as `Client(const Config&, std::shared_ptr<Services>)`,
/// with `static constexpr const char* kName` (the plugin), `static constexpr bool kWindow` and `Result<void>
/// start(Context&)`, which registers routes and starts pollers and may use the channel. A derived class adds what else
/// it declares.
struct Services {
  Context& host;
  /// Calls the platform; closed in drain.
  std::shared_ptr<OutboundClient> http;
  /// Usable from Client::start on. Outlives the client's calls.
  Channel* channel = nullptr;
};

template <class Config, class Client>
class ChannelPlugin : public Plugin {
 public:
  static void declare(Manifest& m) {
    m.config<Config>();
    Channel::declare(m, Client::kWindow);
  }

  Result<void> configure(const Section& section) override {
    auto bound = section.bind<Config>();
    if (!bound) return bound.error();
    config_ = std::move(*bound);
    return {};
  }

  Result<void> start(Context& host) override {
    OutboundSettings settings;
    for (const std::string& address : config_.addresses()) settings.named.push_back(host_and_port(address));
    settings.total_timeout = config_.timeout;
    settings.connect_timeout = std::min(settings.connect_timeout, config_.timeout);
    settings.max_body = kMostAnswer;
    settings.ca_file = config_.ca_file;
    services_ = std::make_shared<Services>(Services{host, std::make_shared<OutboundClient>(settings), nullptr});
    client_ = std::make_shared<Client>(config_, services_);
    channel_ = std::make_unique<Channel>(host, Client::kName, config_, client_);
    services_->channel = channel_.get();
    if (auto ok = channel_->start(); !ok) return ok;
    return client_->start(host);
  }

  void drain(Deadline deadline) override {
    client_->close();
    channel_->drain(deadline);
    services_->http->close();
  }

  void stop() noexcept override {
    channel_.reset();
    client_.reset();
    services_.reset();
  }

 protected:
  static constexpr std::size_t kMostAnswer = 32u << 20;  ///< media comes this way
  Config config_;
  std::shared_ptr<Services> services_;
  std::shared_ptr<Client> client_;
  std::unique_ptr<Channel> channel_;
};

}  // namespace qiao::channel
