#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "connectors/platform/http_answer.hpp"
#include "connectors/platform/service.hpp"
#include "qiao/plugin.hpp"

namespace qiao::platform {

/// The plugin of a connector to a named system: a Config (derived from CommonSettings, with `addresses()`: the base
/// URLs that the operator named) and a Client (a Backend made from `(const Config&, Transport, const Clock&)`). Which
/// contracts it serves is the Client's `kErp` and `kCrm`; how many SKUs one call may carry its `kStockBatch`.
template <class Config, class Client>
class PlatformPlugin : public Plugin {
 public:
  static void declare(Manifest& m) {
    m.config<Config>();
    if constexpr (Client::kErp) Service::declare_erp(m);
    if constexpr (Client::kCrm) Service::declare_crm(m);
    Service::declare_test(m);
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
    settings.max_body = config_.max_answer.count;
    settings.connect_timeout = std::min(settings.connect_timeout, config_.timeout);
    settings.ca_file = config_.ca_file;
    outbound_ = std::make_shared<OutboundClient>(settings);
    client_ = std::make_shared<Client>(
        config_, [outbound = outbound_](const OutboundRequest& request) { return outbound->send(request); },
        host.clock());
    service_.emplace(host, config_, Client::kStockBatch, client_);
    if constexpr (Client::kErp) service_->serve_erp(host.bus());
    if constexpr (Client::kCrm) service_->serve_crm(host.bus());
    service_->serve_test(host.bus());
    return {};
  }

  void drain(Deadline) override { outbound_->close(); }

  void stop() noexcept override {
    service_.reset();
    client_.reset();
    outbound_.reset();
  }

 private:
  Config config_;
  std::shared_ptr<OutboundClient> outbound_;
  std::shared_ptr<Client> client_;
  std::optional<Service> service_;
};

}  // namespace qiao::platform
