#include "qiao/plugin.hpp"

#include <memory>
#include <optional>

#include "plugins/partners/admin_rest.hpp"
#include "plugins/partners/embed.hpp"
#include "plugins/partners/operator_commands.hpp"
#include "plugins/partners/partner_api.hpp"
#include "qiao/contract/erp.hpp"
#include "qiao/contract/partners.hpp"

namespace qiao::partners {

using namespace std::chrono_literals;

class PartnersPlugin final : public Plugin {
 public:
  static void describe(Manifest& m) {
    m.summary("Partners read live stock with keys of their own: REST, live updates, and an element for their pages");
    m.config<PartnersConfig>();
    m.asks<contract::StockQuery>(true).asks<contract::StockBatchQuery>(true).asks<contract::ProductSearch>(true);
    m.serves<contract::ListPartnerKeys>().serves<contract::MakePartnerKey>().serves<contract::RevokePartnerKey>();
  }

  Result<void> configure(const Section& section) override {
    auto bound = section.bind<PartnersConfig>();
    if (!bound) return bound.error();
    config_ = std::move(*bound);
    return {};
  }

  Result<void> start(Context& host) override {
    Bus& bus = host.bus();
    cache_ = std::make_shared<StockCache>(host.clock(), cache_settings(), ask_erp(bus, config_.erp_deadline));
    gate_.emplace(ring_, host.clock(), config_.per_visitor_minute);
    live_ = std::make_shared<LiveStock>(cache_, *gate_, host.clock(), live_settings());
    keys_.emplace(config_, host.store(), host.audit(), host.clock(), ring_, [live = live_] { live->recheck(); });
    if (auto loaded = keys_->load(); !loaded) return loaded;

    embed_ = add_embed(host.http(), host.share_dir() / "partner", host.log());
    add_admin_routes(host.http(), *keys_, ring_, host.clock(), embed_);
    add_partner_api(host.http(), bus, *gate_, cache_, live_, config_);
    serve_operator(bus, waiting_lane(), *keys_, ring_, host.clock());
    start_timers(host);
    return {};
  }

  void drain(Deadline) override { (void)keys_->save_usage(); }

  void stop() noexcept override {
    keys_.reset();
    live_.reset();
    gate_.reset();
    cache_.reset();
  }

 private:
  static Lane waiting_lane() { return {.kind = Lane::blocking, .concurrency = 1, .name = "keys"}; }
  [[nodiscard]] StockCacheSettings cache_settings() const {
    return {config_.fresh_for, config_.revalidate_for, config_.keep_for, static_cast<std::size_t>(config_.remembered)};
  }
  [[nodiscard]] LiveSettings live_settings() const {
    return {config_.live_every, static_cast<std::size_t>(config_.live_connections), config_.live_connections_per_key};
  }

  void start_timers(Context& host) {
    Bus& bus = host.bus();
    const Lane live{.name = "live"};
    const Lane waiting = waiting_lane();
    bus.every(config_.live_every, live, [live = live_] { live->poll(); });
    bus.every(1s, live, [live = live_] { live->recheck(); });
    bus.every(10s, waiting, [this, &host] {
      if (auto saved = keys_->save_usage(); !saved)
        host.log().warn("the use of partner keys could not be written down: {}", saved.error().message);
    });
    const auto refresh = [this, &host] {
      if (auto done = keys_->refresh(); !done)
        host.log().warn("partner keys could not be read again: {}", done.error().message);
    };
    // The generation before this one went on for a moment after `load`; other nodes change keys at any time.
    bus.after(2s, waiting, refresh);
    bus.every(30s, waiting, refresh);
    Gauge& open = host.metrics().gauge("qiao_partners_live_connections", "Live connections of partners");
    Gauge& remembered = host.metrics().gauge("qiao_partners_remembered", "Answers about stock kept in memory");
    bus.every(5s, live, [live = live_, cache = cache_, &open, &remembered] {
      open.set(static_cast<std::int64_t>(live->connections()));
      remembered.set(static_cast<std::int64_t>(cache->size()));
    });
  }

  PartnersConfig config_;
  KeyRing ring_;
  Embed embed_;
  std::shared_ptr<StockCache> cache_;
  std::optional<Gatekeeper> gate_;
  std::shared_ptr<LiveStock> live_;
  std::optional<KeyService> keys_;
};

}  // namespace qiao::partners

using qiao::partners::PartnersPlugin;
QIAO_PLUGIN(PartnersPlugin, "partners", "service", "0.1.0")
