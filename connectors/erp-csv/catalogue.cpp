#include "connectors/erp-csv/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>

#include "connectors/platform/json_answer.hpp"
#include "connectors/platform/phone.hpp"

namespace qiao::erp_csv {
namespace {

using namespace contract;

struct Column {
  std::string_view name;
  std::array<std::string_view, 9> usual;
};

constexpr Column kProductColumns[] = {
    {"sku", {"sku", "商品编码", "物料编码", "货号", "编码", "item_code", "default_code", "code"}},
    {"name", {"name", "商品名称", "物料名称", "名称", "品名", "item_name"}},
    {"barcode", {"barcode", "条码", "条形码", "ean"}},
    {"unit", {"unit", "单位", "计量单位", "uom"}},
    {"price", {"price", "价格", "单价", "售价", "list_price"}},
    {"currency", {"currency", "币种"}},
    {"url", {"url", "链接", "商品链接", "link"}},
};
constexpr Column kStockColumns[] = {
    {"sku", {"sku", "商品编码", "物料编码", "货号", "编码", "item_code", "default_code", "code"}},
    {"warehouse", {"warehouse", "仓库编码", "仓库", "warehouse_code"}},
    {"warehouse_name", {"warehouse_name", "仓库名称"}},
    {"on_hand", {"on_hand", "现存量", "库存", "库存数量", "数量", "quantity", "qty", "actual_qty"}},
    {"reserved", {"reserved", "占用", "占用量", "预留", "reserved_qty"}},
    {"available", {"available", "可用量", "可用库存", "可用"}},
};
constexpr Column kOrderColumns[] = {
    {"number", {"number", "订单号", "单据编号", "order_no", "order_number", "order"}},
    {"placed_at", {"placed_at", "下单时间", "订单日期", "日期", "date"}},
    {"status", {"status", "状态", "订单状态"}},
    {"amount", {"amount", "金额", "总金额", "total"}},
    {"currency", {"currency", "币种"}},
    {"customer", {"customer", "客户编码", "客户", "customer_id"}},
    {"phone", {"phone", "手机", "手机号", "电话", "mobile"}},
    {"email", {"email", "邮箱", "e-mail"}},
    {"sku", {"sku", "商品编码", "货号"}},
    {"name", {"name", "商品名称", "品名"}},
    {"quantity", {"quantity", "数量", "qty"}},
    {"price", {"price", "单价"}},
    {"carrier", {"carrier", "快递公司", "承运商"}},
    {"tracking", {"tracking", "快递单号", "运单号", "tracking_no"}},
    {"shipment_status", {"shipment_status", "物流状态"}},
    {"shipped_at", {"shipped_at", "发货时间"}},
    {"expected_at", {"expected_at", "预计送达"}},
};

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return out;
}

/// Where the columns of a table stand.
class Heading {
 public:
  Heading(const CsvTable& table, std::span<const Column> known, const Columns& columns) {
    for (const Column& column : known) {
      const auto given = columns.find(std::string(column.name));
      for (std::size_t i = 0; i < table.heading.size() && !at_.contains(column.name); ++i) {
        const std::string title = lower(table.heading[i]);
        const bool fits = given != columns.end()
                              ? title == lower(given->second)
                              : std::find(column.usual.begin(), column.usual.end(), title) != column.usual.end();
        if (fits && !title.empty() && !taken_.contains(i)) {
          at_[column.name] = i;
          taken_.insert(i);
        }
      }
    }
    for (std::size_t i = 0; i < table.heading.size(); ++i) {
      if (!taken_.contains(i) && !table.heading[i].empty()) others_.emplace_back(i, table.heading[i]);
    }
  }

  Result<void> needs(std::initializer_list<std::string_view> names) const {
    for (const std::string_view name : names) {
      if (!at_.contains(name)) {
        return Error{Errc::bad_value, "erp.bad_csv",
                     fmt::format("line 1: no column is \"{0}\"; name it in the configuration, e.g. columns: {{{0}: "
                                 "标题}}",
                                 name)};
      }
    }
    return {};
  }
  [[nodiscard]] std::string text(const CsvRow& row, std::string_view name) const {
    const auto found = at_.find(name);
    return found == at_.end() || found->second >= row.cells.size() ? std::string() : row.cells[found->second];
  }
  /// Columns that nobody knows, by their titles.
  [[nodiscard]] const std::vector<std::pair<std::size_t, std::string>>& others() const { return others_; }

 private:
  std::map<std::string_view, std::size_t> at_;
  std::set<std::size_t> taken_;
  std::vector<std::pair<std::size_t, std::string>> others_;
};

/// "1,200.5" and "1200.5"; empty is 0; nothing when it is no number.
std::optional<double> amount_of(std::string text) {
  std::erase(text, ',');
  if (text.empty()) return 0;
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

/// A time as the file has it, in China's zone when it names none; also with slashes, as Excel likes them.
std::optional<Time> time_of(std::string text) {
  if (text.empty()) return Time{};
  std::replace(text.begin(), text.end(), '/', '-');
  // 2026-1-5 is 2026-01-05.
  for (std::size_t i = 4; i + 1 < text.size() && i <= 7; i += 3) {
    if (text[i] == '-' && (i + 2 >= text.size() || text[i + 2] < '0' || text[i + 2] > '9')) text.insert(i + 1, "0");
  }
  const Time at = platform::time(text, 8);
  if (at == Time{}) return std::nullopt;
  return at;
}

std::string not_number(const CsvRow& row, std::string_view column, const std::string& cell) {
  return fmt::format("line {}: {}: expected a number, got \"{}\"", row.line, column, cell.substr(0, 40));
}

}  // namespace

std::string sku_key(std::string_view sku) {
  std::string key;
  for (const char c : sku) {
    if (c != ' ') key += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  }
  return key;
}

Stock& Catalogue::stock_of(const std::string& sku) {
  Stock& stock = stock_[sku_key(sku)];
  if (stock.sku.empty()) stock.sku = sku;
  return stock;
}

Result<void> Catalogue::add_products(const CsvTable& table, const Columns& columns,
                                     std::vector<std::string>& problems) {
  const Heading heading(table, kProductColumns, columns);
  if (auto fine = heading.needs({"sku", "name"}); !fine) return fine;
  for (const CsvRow& row : table.rows) {
    Product product;
    product.sku = heading.text(row, "sku");
    product.name = heading.text(row, "name");
    if (product.sku.empty()) {
      problems.push_back(fmt::format("line {}: a product without sku", row.line));
      continue;
    }
    product.price = heading.text(row, "price");
    if (!amount_of(product.price)) {
      problems.push_back(not_number(row, "price", product.price));
      continue;
    }
    product.barcode = heading.text(row, "barcode");
    product.unit = heading.text(row, "unit");
    product.currency = heading.text(row, "currency");
    product.url = heading.text(row, "url");
    for (const auto& [at, title] : heading.others()) {
      if (at < row.cells.size() && !row.cells[at].empty()) product.attributes[title] = row.cells[at];
    }
    if (!product_by_sku_.emplace(sku_key(product.sku), products_.size()).second) {
      problems.push_back(fmt::format("line {}: sku {} stands there twice", row.line, product.sku));
      continue;
    }
    // A product that the stock file does not list is sold out, not unknown.
    Stock& stock = stock_of(product.sku);
    stock.name = product.name;
    stock.unit = product.unit;
    products_.push_back(std::move(product));
  }
  return {};
}

Result<void> Catalogue::add_stock(const CsvTable& table, const Columns& columns, std::vector<std::string>& problems) {
  const Heading heading(table, kStockColumns, columns);
  if (auto fine = heading.needs({"sku", "on_hand"}); !fine) return fine;
  for (const CsvRow& row : table.rows) {
    const std::string sku = heading.text(row, "sku");
    if (sku.empty()) {
      problems.push_back(fmt::format("line {}: stock without sku", row.line));
      continue;
    }
    StockLevel level;
    level.warehouse = heading.text(row, "warehouse");
    level.warehouse_name = heading.text(row, "warehouse_name");
    bool fine = true;
    const auto number = [&](std::string_view column, double& value) {
      const std::string cell = heading.text(row, column);
      const auto read = amount_of(cell);
      if (!read) problems.push_back(not_number(row, column, cell));
      fine = fine && read;
      value = read.value_or(0);
    };
    number("on_hand", level.on_hand);
    number("reserved", level.reserved);
    number("available", level.available);
    if (!fine) continue;
    if (heading.text(row, "available").empty()) level.available = level.on_hand - level.reserved;
    Stock& stock = stock_of(sku);
    stock.on_hand += level.on_hand;
    stock.reserved += level.reserved;
    stock.available += level.available;
    const auto same = std::find_if(stock.levels.begin(), stock.levels.end(),
                                   [&](const StockLevel& l) { return l.warehouse == level.warehouse; });
    if (same == stock.levels.end()) {
      stock.levels.push_back(std::move(level));
    } else {
      // Several rows of one warehouse are its shelves or lots.
      same->on_hand += level.on_hand;
      same->reserved += level.reserved;
      same->available += level.available;
    }
  }
  for (auto& [key, stock] : stock_) {
    std::sort(stock.levels.begin(), stock.levels.end(),
              [](const StockLevel& a, const StockLevel& b) { return a.warehouse < b.warehouse; });
  }
  return {};
}

Result<void> Catalogue::add_orders(const CsvTable& table, const Columns& columns, std::vector<std::string>& problems) {
  const Heading heading(table, kOrderColumns, columns);
  if (auto fine = heading.needs({"number"}); !fine) return fine;
  std::unordered_map<std::string, std::size_t> by_number;
  for (const CsvRow& row : table.rows) {
    const std::string number = heading.text(row, "number");
    const auto placed = time_of(heading.text(row, "placed_at"));
    const auto quantity = amount_of(heading.text(row, "quantity"));
    const auto shipped = time_of(heading.text(row, "shipped_at"));
    const auto expected = time_of(heading.text(row, "expected_at"));
    if (number.empty() || !placed || !quantity || !shipped || !expected) {
      problems.push_back(number.empty() ? fmt::format("line {}: an order without number", row.line)
                         : !quantity    ? not_number(row, "quantity", heading.text(row, "quantity"))
                                        : fmt::format("line {}: expected times like 2026-11-20 08:30", row.line));
      continue;
    }
    const auto [at, first] = by_number.emplace(number, orders_.size());
    if (first) {
      OwnedOrder owned;
      owned.order.number = number;
      owned.order.placed_at = *placed;
      owned.order.status = heading.text(row, "status");
      owned.order.amount = heading.text(row, "amount");
      owned.order.currency = heading.text(row, "currency");
      owned.customer = heading.text(row, "customer");
      owned.phone = heading.text(row, "phone");
      owned.email = lower(heading.text(row, "email"));
      orders_.push_back(std::move(owned));
    }
    Order& order = orders_[at->second].order;
    if (const std::string sku = heading.text(row, "sku"), name = heading.text(row, "name");
        !sku.empty() || !name.empty()) {
      order.lines.push_back({sku, name, *quantity, heading.text(row, "price")});
      if (const auto product = product_by_sku_.find(sku_key(sku)); name.empty() && product != product_by_sku_.end()) {
        order.lines.back().name = products_[product->second].name;
      }
    }
    Shipment shipment{heading.text(row, "carrier"), heading.text(row, "tracking"), heading.text(row, "shipment_status"),
                      *shipped, *expected};
    const bool known = std::any_of(order.shipments.begin(), order.shipments.end(),
                                   [&](const Shipment& s) { return s.tracking == shipment.tracking; });
    if (!known && !(shipment.carrier.empty() && shipment.tracking.empty() && shipment.status.empty())) {
      order.shipments.push_back(std::move(shipment));
    }
  }
  std::stable_sort(orders_.begin(), orders_.end(),
                   [](const OwnedOrder& a, const OwnedOrder& b) { return a.order.placed_at > b.order.placed_at; });
  return {};
}

const Stock* Catalogue::stock(std::string_view sku) const {
  const auto found = stock_.find(sku_key(sku));
  return found == stock_.end() ? nullptr : &found->second;
}

namespace {

/// The characters of a text that carry meaning, each once.
std::set<std::u32string_view::value_type> letters(std::string_view text) {
  std::set<char32_t> out;
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    const std::size_t size = c < 0x80 ? 1 : (c >> 5U) == 6 ? 2 : (c >> 4U) == 14 ? 3 : 4;
    char32_t letter = size == 1 ? c : c & (0xFFU >> (size + 1));
    for (std::size_t k = 1; k < size && i + k < text.size(); ++k) {
      letter = (letter << 6U) | (static_cast<unsigned char>(text[i + k]) & 0x3FU);
    }
    if (letter > 0x2E80) out.insert(letter);
    i += size;
  }
  return out;
}

/// The words in Latin letters and digits.
std::vector<std::string> words(const std::string& text) {
  std::vector<std::string> out(1);
  for (const char c : text) {
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-') {
      out.back() += c;
    } else if (!out.back().empty()) {
      out.emplace_back();
    }
  }
  if (out.back().empty()) out.pop_back();
  return out;
}

/// 0: does not fit. Word order does not count: 豆沙色口红 finds 口红 豆沙色.
int fit(const Product& product, const std::string& text) {
  if (sku_key(product.sku) == sku_key(text) || (!product.barcode.empty() && product.barcode == text)) return 100;
  const std::string name = lower(product.name);
  const std::string sku = lower(product.sku);
  if (name == text) return 90;
  if (name.find(text) != std::string::npos) return 80;
  for (const std::string& word : words(text)) {
    if (name.find(word) == std::string::npos && sku.find(word) == std::string::npos) return 0;
  }
  const auto wanted = letters(text);
  if (wanted.empty()) return 60;
  const auto has = letters(name);
  const auto common = static_cast<int>(
      std::count_if(wanted.begin(), wanted.end(), [&](char32_t letter) { return has.contains(letter); }));
  const int share = common * 100 / static_cast<int>(wanted.size());
  return share == 100 ? 70 : share >= 75 && common >= 2 ? share / 2 : 0;
}

}  // namespace

std::vector<Product> Catalogue::search(std::string_view text, std::size_t limit) const {
  const std::string wanted = lower(text);
  std::vector<std::pair<int, const Product*>> hits;
  for (const Product& product : products_) {
    if (const int points = fit(product, wanted); points > 0) hits.emplace_back(points, &product);
  }
  std::stable_sort(hits.begin(), hits.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  if (hits.size() > limit) hits.resize(limit);
  std::vector<Product> found;
  for (const auto& [points, product] : hits) found.push_back(*product);
  return found;
}

std::vector<Order> Catalogue::orders(const OrderQuery& q, std::string_view country) const {
  std::vector<Order> found;
  const std::string email = lower(q.email);
  for (const OwnedOrder& owned : orders_) {
    if (found.size() == static_cast<std::size_t>(q.limit)) break;
    if (!q.number.empty() && lower(owned.order.number) != lower(q.number)) continue;
    if (!q.customer.empty() && owned.customer != q.customer) continue;
    if (!q.phone.empty() && !platform::same_phone(owned.phone, q.phone, country)) continue;
    if (!email.empty() && owned.email != email) continue;
    found.push_back(owned.order);
  }
  return found;
}

}  // namespace qiao::erp_csv
