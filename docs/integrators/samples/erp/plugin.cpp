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

using Stock = std::multimap<std::string, contract::StockLevel>;  // by SKU, a row a warehouse

Result<Stock> read_stock(const std::filesystem::path& file, Time now) {
  std::ifstream in(file);
  if (!in) return Error{Errc::unavailable, fmt::format("cannot read the stock in {}", file.string())};
  Stock stock;
  std::string line;
  std::getline(in, line);  // the heading
  for (int number = 2; std::getline(in, line); ++number) {
    std::istringstream cells(line);
    contract::StockLevel level;
    char comma = 0;
    if (!std::getline(cells, level.sku, ',') || !std::getline(cells, level.warehouse, ',') ||
        !(cells >> level.on_hand >> comma >> level.reserved)) {
      return Error{Errc::bad_value,
                   fmt::format("{}:{}: expected sku,warehouse,on_hand,reserved", file.string(), number)};
    }
    level.as_of = now;
    stock.emplace(level.sku, level);
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
    auto stock = read_stock(file_, host_->clock().now());
    if (!stock) return stock.error();
    stock_ = std::move(*stock);
    written_ = written;
    host_->log().info("stock read, rows={}", stock_.size());
    return {};
  }

  [[nodiscard]] Result<contract::StockLevel> answer(const contract::StockQuery& q) const {
    contract::StockLevel sum{q.sku, q.warehouse, 0, 0, {}};
    bool known = false;
    for (auto [row, end] = stock_.equal_range(q.sku); row != end; ++row) {
      if (!q.warehouse.empty() && row->second.warehouse != q.warehouse) continue;
      sum.on_hand += row->second.on_hand;
      sum.reserved += row->second.reserved;
      sum.as_of = row->second.as_of;
      known = true;
    }
    if (!known) return Error{Errc::not_found, fmt::format("no stock of {} in \"{}\"", q.sku, q.warehouse)};
    return sum;
  }

  Config config_;
  Context* host_ = nullptr;
  std::filesystem::path file_;
  std::filesystem::file_time_type written_;
  Stock stock_;
};

}  // namespace qiao::samples

QIAO_PLUGIN(qiao::samples::ErpPlugin, "sample-erp", "erp", "1.0.0")
