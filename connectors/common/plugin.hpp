#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "connectors/platform/service.hpp"
#include "qiao/plugin.hpp"

namespace qiao::common {

/// The plugin of a connector whose system is described in YAML: a Config (derived from platform::CommonSettings) and a
/// Client, a platform::Backend with `static Result<std::shared_ptr<Client>> make(const Config&, const Clock&)`, which
/// checks mappings and templates and opens nothing; `close()`, which wakes whoever waits; `kErp` and `kCrm`; and
/// `static std::size_t batch(const Config&)`, the SKUs that one call may carry.
template <class Config, class Client>
class DescribedPlugin : public Plugin {
 public:
  static void declare(Manifest& m) {
    m.config<Config>();
    if constexpr (Client::kErp) platform::Service::declare_erp(m);
    if constexpr (Client::kCrm) platform::Service::declare_crm(m);
    platform::Service::declare_test(m);
  }

  Result<void> configure(const Section& section) override {
    auto bound = section.bind<Config>();
    if (!bound) return bound.error();
    config_ = std::move(*bound);
    if (auto checked = Client::make(config_, system_clock()); !checked) return checked.error();
    return {};
  }

  Result<void> start(Context& host) override {
    auto made = Client::make(config_, host.clock());
    if (!made) return made.error();
    client_ = std::move(*made);
    service_.emplace(host, config_, Client::batch(config_), client_);
    if constexpr (Client::kErp) service_->serve_erp(host.bus());
    if constexpr (Client::kCrm) service_->serve_crm(host.bus());
    service_->serve_test(host.bus());
    return {};
  }

  void drain(Deadline) override { client_->close(); }

  void stop() noexcept override {
    service_.reset();
    client_.reset();
  }

 private:
  Config config_;
  std::shared_ptr<Client> client_;
  std::optional<platform::Service> service_;
};

}  // namespace qiao::common
