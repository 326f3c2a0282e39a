// Stock from a CSV file that the ERP exports; a newer file is taken up while the hub runs.
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "qiao/contract/erp.hpp"
#include "qiao/plugin.hpp"

namespace qiao::samples {

using namespace std::chrono_literals;

struct Config {
  std::string file;
  std::chrono::milliseconds look_every{5000};
};
void describe(Schema<Config>& s) {
  s.required("file", &Config::file)
      .doc(
          "CSV with a heading line: sku,warehouse,on_hand,reserved. A relative path starts "
          "at the instance's data folder");
  s.optional("look_every", &Config::look_every).range(100ms, 1h).doc("How often a newer file is looked for");
}

using Table = std::multimap<std::string, contract::StockLevel>;  // by SKU, a row a warehouse

Result<Table> read_stock(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) return Error{Errc::unavailable, fmt::format("cannot read the stock in {}", file.string())};
  Table stock;
  std::string line;
  std::getline(in, line);  // the heading
  for (int number = 2; std::getline(in, line); ++number) {
    std::istringstream cells(line);
    std::string sku;
    contract::StockLevel level;
    char comma = 0;
    if (!std::getline(cells, sku, ',') || !std::getline(cells, level.warehouse, ',') ||
        !(cells >> level.on_hand >> comma >> level.reserved)) {
      return Error{Errc::bad_value,
                   fmt::format("{}:{}: expected sku,warehouse,on_hand,reserved", file.string(), number)};
    }
    level.available = level.on_hand - level.reserved;
    stock.emplace(sku, level);
  }
  return stock;
}

class ErpPlugin final : public Plugin {
 public:
  static void describe(Manifest& m) {
    m.config<Config>().serves<contract::StockQuery>().summary("Stock from a CSV file");
  }

  Result<void> configure(const Section& section) override {
    auto bound = section.bind<Config>();
    if (!bound) return bound.error();
    config_ = *bound;
    return {};
  }

  Result<void> start(Context& host) override {
    host_ = &host;
    file_ = host.data_dir() / config_.file;
    if (auto first = look(); !first) return first;
    host.bus().serve<contract::StockQuery>([this](const contract::StockQuery& q, const Headers&) { return answer(q); });
    // The same lane as the questions, so the table needs no mutex. A bad file is reported and the old stock stays.
    host.bus().every(config_.look_every, {}, [this] {
      const auto looked = look();
      host_->health().report(looked ? Health::State::ok : Health::State::degraded,
                             looked ? "" : looked.error().message + "; answering from the last good file");
    });
    return {};
  }

  void stop() noexcept override { stock_.clear(); }

 private:
  Result<void> look() {
    std::error_code gone;
    const auto written = std::filesystem::last_write_time(file_, gone);
    if (!gone && written == written_) return {};
    auto stock = read_stock(file_);
    if (!stock) return stock.error();
    stock_ = std::move(*stock);
    written_ = written;
    read_at_ = host_->clock().now();
    host_->log().info("stock read, rows={}", stock_.size());
    return {};
  }

  [[nodiscard]] Result<contract::Stock> answer(const contract::StockQuery& q) const {
    contract::Stock stock;
    stock.sku = q.sku;
    stock.as_of = read_at_;
    stock.source = host_->instance();
    for (auto [row, end] = stock_.equal_range(q.sku); row != end; ++row) {
      const contract::StockLevel& level = row->second;
      if (!q.warehouse.empty() && level.warehouse != q.warehouse) continue;
      stock.on_hand += level.on_hand;
      stock.reserved += level.reserved;
      stock.available += level.available;
      stock.levels.push_back(level);
    }
    if (stock.levels.empty()) {
      return Error{Errc::not_found, fmt::format("no stock of {} in \"{}\"", q.sku, q.warehouse)};
    }
    return stock;
  }

  Config config_;
  Context* host_ = nullptr;
  std::filesystem::path file_;
  std::filesystem::file_time_type written_;
  Time read_at_;
  Table stock_;
};

}  // namespace qiao::samples

QIAO_PLUGIN(qiao::samples::ErpPlugin, "sample-erp", "erp", "1.0.0")
