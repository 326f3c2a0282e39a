// Goods, stock and orders out of CSV files; newer files are taken up while the hub runs.
#include "qiao/plugin.hpp"

#include <mutex>

#include "connectors/erp-csv/config.hpp"
#include "connectors/erp-csv/files.hpp"
#include "qiao/contract/connector.hpp"
#include "qiao/contract/erp.hpp"

namespace qiao::erp_csv {

using namespace contract;

class CsvPlugin final : public Plugin {
 public:
  static void describe(Manifest& m) {
    m.config<Config>();
    m.serves<StockQuery>().serves<StockBatchQuery>().serves<ProductSearch>().serves<OrderQuery>();
    m.serves<TestConnector>();
    m.summary("Goods, stock and orders out of CSV files that are watched; in the demo those of its shop");
  }

  Result<void> configure(const Section& section) override {
    auto bound = section.bind<Config>();
    if (!bound) return bound.error();
    config_ = std::move(*bound);
    return {};
  }

  Result<void> start(Context& host) override {
    host_ = &host;
    std::filesystem::path folder = host.data_dir();
    demo_ = config_.empty() && host.demo();
    if (demo_) {
      folder = host.share_dir() / "erp-csv";
      config_.products = FileConfig{"products.csv", {}};
      config_.stock = FileConfig{"stock.csv", {}};
      config_.orders = FileConfig{"orders.csv", {}};
    }
    // Without files there is no ERP here, and whoever asks is told so by the hub.
    if (config_.empty()) return {};
    files_.emplace(config_, folder);
    look();
    serve(host.bus());
    Lane reading{Lane::blocking};
    reading.name = "files";
    reading.concurrency = 1;
    host.bus().every(config_.look_every, reading, [this] { look(); });
    return {};
  }

  void stop() noexcept override {
    files_.reset();
    const std::lock_guard lock(mutex_);
    snapshot_.reset();
  }

 private:
  void look() {
    auto [fresh, problem] = files_->look();
    {
      const std::lock_guard lock(mutex_);
      // With nothing older at hand, what could be read is better than nothing.
      if (fresh && (problem.empty() || !snapshot_)) snapshot_ = fresh;
    }
    if (fresh && problem.empty()) {
      host_->log().info("files read, products={} skus_in_stock={} orders={}", fresh->catalogue.products(),
                        fresh->catalogue.stocked(), fresh->catalogue.order_count());
    } else if (fresh) {
      host_->log().warn("a file is not as it should be: {}", problem);
    }
    if (problem.empty()) return host_->health().report(Health::State::ok);
    host_->health().report(Health::State::degraded, problem + "; answering from what was read before");
  }

  std::shared_ptr<const Snapshot> now() {
    const std::lock_guard lock(mutex_);
    return snapshot_;
  }

  /// The demo's goods are always of today.
  [[nodiscard]] Time as_of(const Snapshot& snapshot) const { return demo_ ? host_->clock().now() : snapshot.as_of; }
  [[nodiscard]] bool stale(const Snapshot& snapshot) const {
    return host_->clock().now() - as_of(snapshot) > config_.fresh_for;
  }

  Result<Stock> stock(const Snapshot& snapshot, const std::string& sku, const std::string& warehouse) const {
    const Stock* found = snapshot.catalogue.stock(sku);
    if (!found) return Error{Errc::not_found, fmt::format("there is no SKU {}", sku.substr(0, 100))};
    Stock answer = *found;
    if (!warehouse.empty()) {
      std::erase_if(answer.levels, [&](const StockLevel& l) { return l.warehouse != warehouse; });
      answer.on_hand = answer.reserved = answer.available = 0;
      for (const StockLevel& l : answer.levels) {
        answer.on_hand += l.on_hand;
        answer.reserved += l.reserved;
        answer.available += l.available;
      }
    }
    answer.as_of = as_of(snapshot);
    answer.stale = stale(snapshot);
    answer.source = host_->instance();
    return answer;
  }

  void serve(Bus& bus) {
    Lane direct{Lane::direct};
    bus.serve<StockQuery>(direct,
                          [this](const StockQuery& q, const Headers&) { return stock(*now(), q.sku, q.warehouse); });
    bus.serve<StockBatchQuery>([this](const StockBatchQuery& q, const Headers&) -> Result<StockList> {
      if (q.skus.empty() || q.skus.size() > 100) return Error{Errc::bad_value, "skus: expected 1 to 100"};
      const auto snapshot = now();
      StockList list;
      for (const std::string& sku : q.skus) {
        if (auto one = stock(*snapshot, sku, q.warehouse)) {
          list.found.push_back(std::move(*one));
        } else {
          list.unknown.push_back(sku);
        }
      }
      return list;
    });
    bus.serve<ProductSearch>([this](const ProductSearch& q, const Headers&) -> Result<ProductList> {
      if (q.text.empty() || q.text.size() > 200) return Error{Errc::bad_value, "text: expected 1 to 200 bytes"};
      if (q.limit < 1 || q.limit > 50) return Error{Errc::bad_value, "limit: expected 1 to 50"};
      const auto snapshot = now();
      return ProductList{snapshot->catalogue.search(q.text, static_cast<std::size_t>(q.limit)), as_of(*snapshot),
                         stale(*snapshot)};
    });
    bus.serve<OrderQuery>([this](const OrderQuery& q, const Headers&) -> Result<OrderList> {
      if (q.number.empty() && q.customer.empty() && q.phone.empty() && q.email.empty()) {
        return Error{Errc::bad_value, "give a number, a customer, a phone number or an e-mail address"};
      }
      if (q.limit < 1 || q.limit > 50) return Error{Errc::bad_value, "limit: expected 1 to 50"};
      const auto snapshot = now();
      return OrderList{snapshot->catalogue.orders(q, config_.country), as_of(*snapshot), stale(*snapshot),
                       host_->instance()};
    });
    bus.serve<TestConnector>([this](const TestConnector&, const Headers&) -> Result<ConnectorTested> {
      const auto snapshot = now();
      return ConnectorTested{fmt::format("{} products, {} SKUs with stock, {} orders; files of {}",
                                         snapshot->catalogue.products(), snapshot->catalogue.stocked(),
                                         snapshot->catalogue.order_count(), to_iso8601(as_of(*snapshot)))};
    });
  }

  Config config_;
  Context* host_ = nullptr;
  bool demo_ = false;
  std::optional<Files> files_;  // of the lane "files"
  std::mutex mutex_;
  std::shared_ptr<const Snapshot> snapshot_;
};

}  // namespace qiao::erp_csv

QIAO_PLUGIN(qiao::erp_csv::CsvPlugin, "erp-csv", "erp", "1.0.0")
