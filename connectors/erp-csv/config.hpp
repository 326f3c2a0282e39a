#pragma once

#include <map>
#include <string>

#include "connectors/erp-csv/catalogue.hpp"
#include "qiao/config.hpp"

namespace qiao::erp_csv {

using namespace std::chrono_literals;

struct FileConfig {
  std::string file;
  Columns columns;
};

inline void describe(Schema<FileConfig>& s) {
  s.required("file", &FileConfig::file)
      .doc("The CSV file; a relative path starts at the instance's folder, <data>/instances/<name>");
  s.optional("columns", &FileConfig::columns)
      .doc("Our name of a column: what stands in the file's heading. Usual names, English and Chinese, need no entry");
}

struct Config {
  std::optional<FileConfig> products;
  std::optional<FileConfig> stock;
  std::optional<FileConfig> orders;
  std::chrono::milliseconds look_every = 5s;
  std::chrono::milliseconds fresh_for = 24h;
  std::string country = "86";

  [[nodiscard]] bool empty() const { return !products && !stock && !orders; }
};

inline void describe(Schema<Config>& s) {
  s.optional("products", &Config::products).doc("Goods: sku, name, barcode, unit, price, currency, url, anything else");
  s.optional("stock", &Config::stock).doc("Stock: sku, warehouse, warehouse_name, on_hand, reserved, available");
  s.optional("orders", &Config::orders)
      .doc("Orders, a line each: number, placed_at, status, amount, customer, phone, email, sku, quantity, tracking …");
  s.optional("look_every", &Config::look_every).range(100ms, 1h).doc("How often newer files are looked for");
  s.optional("fresh_for", &Config::fresh_for)
      .range(1min, 720h)
      .doc("Stock out of an older file is answered, and marked as stale");
  s.optional("country", &Config::country)
      .pattern("[0-9]{1,4}", "a calling code, e.g. 86")
      .doc("Calling code of the country whose telephone numbers stand in the file without one");
}

}  // namespace qiao::erp_csv
