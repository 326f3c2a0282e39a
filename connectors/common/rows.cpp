#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "connectors/common/mapping.hpp"
#include "connectors/platform/phone.hpp"

namespace qiao::common {

using namespace contract;

void describe(Schema<ListMap>& s) {
  s.optional("rows", &ListMap::rows).doc("JSON pointer to the list; empty: the value itself");
  s.required("fields", &ListMap::fields).doc("Field of the hub: where it comes from; see docs/integrators/mapping.md");
}

void describe(Schema<OrderMap>& s) {
  s.optional("rows", &OrderMap::rows).doc("JSON pointer to the list of orders; empty: the value itself");
  s.required("fields", &OrderMap::fields)
      .doc("Fields of an order, or of an order's line: rows of one number belong together");
  s.optional("lines", &OrderMap::lines).doc("Lines inside of an order: sku, name, quantity, price");
  s.optional("shipments", &OrderMap::shipments)
      .doc("Shipments inside of an order: carrier, tracking, status, shipped_at, expected_at");
}

namespace {

bool maps(const Fields& fields, const char* name) { return fields.contains(name); }

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

}  // namespace

Result<StockReader> StockReader::compile(const Fields& fields, const std::optional<ListMap>& levels,
                                         const Locale& locale) {
  StockReader reader;
  auto row = FieldMap::compile<StockRow>(fields, locale);
  if (!row) return row.error();
  reader.row_ = std::move(*row);
  reader.computes_available_ = !maps(fields, "available");
  if (levels) {
    auto level = FieldMap::compile<StockLevel>(levels->fields, locale);
    if (!level) return level.error();
    reader.level_ = std::move(*level);
    reader.levels_at_ = levels->rows;
    reader.computes_available_ = !maps(levels->fields, "available");
  }
  return reader;
}

Result<std::vector<std::shared_ptr<const Stock>>> StockReader::read(const std::vector<Json>& rows,
                                                                    std::span<const std::string> skus) const {
  std::vector<std::shared_ptr<Stock>> found(skus.size());
  for (const Json& row : rows) {
    StockRow flat;
    if (auto done = row_.apply(row, &flat); !done) return done.error();
    if (flat.sku.empty() && skus.size() == 1) flat.sku = skus.front();
    const auto asked = std::find(skus.begin(), skus.end(), flat.sku);
    if (asked == skus.end()) continue;
    auto& stock = found[static_cast<std::size_t>(asked - skus.begin())];
    if (!stock) {
      stock = std::make_shared<Stock>();
      stock->sku = flat.sku;
      stock->name = flat.name;
      stock->unit = flat.unit;
    }
    std::vector<StockLevel> levels;
    if (level_.empty()) {
      levels.push_back({flat.warehouse, flat.warehouse_name, flat.on_hand, flat.reserved, flat.available});
    } else {
      for (const Json& one : rows_at(row, levels_at_)) {
        if (auto done = level_.apply(one, &levels.emplace_back()); !done) return done.error();
      }
    }
    for (StockLevel& level : levels) {
      if (computes_available_) level.available = level.on_hand - level.reserved;
      const auto same = std::find_if(stock->levels.begin(), stock->levels.end(),
                                     [&](const StockLevel& l) { return l.warehouse == level.warehouse; });
      if (same == stock->levels.end()) {
        stock->levels.push_back(std::move(level));
      } else {
        same->on_hand += level.on_hand;
        same->reserved += level.reserved;
        same->available += level.available;
      }
    }
  }
  return std::vector<std::shared_ptr<const Stock>>(found.begin(), found.end());
}

struct OrderReader::Owned {
  Order order;
  std::string customer;
  std::string phone;
  std::string email;
};

Result<OrderReader> OrderReader::compile(const OrderMap& map, const Locale& locale) {
  OrderReader reader;
  reader.locale_ = locale;
  auto row = FieldMap::compile<OrderRow>(map.fields, locale);
  if (!row) return row.error();
  reader.row_ = std::move(*row);
  if (map.lines) {
    auto line = FieldMap::compile<OrderLine>(map.lines->fields, locale);
    if (!line) return line.error();
    reader.line_ = std::move(*line);
    reader.lines_at_ = map.lines->rows;
  }
  if (map.shipments) {
    auto shipment = FieldMap::compile<Shipment>(map.shipments->fields, locale);
    if (!shipment) return shipment.error();
    reader.shipment_ = std::move(*shipment);
    reader.shipments_at_ = map.shipments->rows;
  }
  return reader;
}

Result<std::vector<OrderReader::Owned>> OrderReader::collect(const std::vector<Json>& rows) const {
  std::vector<Owned> orders;
  for (const Json& row : rows) {
    OrderRow flat;
    if (auto done = row_.apply(row, &flat); !done) return done.error();
    if (flat.number.empty()) continue;
    auto owned =
        std::find_if(orders.begin(), orders.end(), [&](const Owned& o) { return o.order.number == flat.number; });
    if (owned == orders.end()) {
      orders.push_back({{flat.number, flat.placed_at, flat.status, flat.amount, flat.currency, {}, {}},
                        flat.customer,
                        flat.phone,
                        lower(flat.email)});
      owned = orders.end() - 1;
    }
    Order& order = owned->order;
    if (!flat.sku.empty() || !flat.name.empty())
      order.lines.push_back({flat.sku, flat.name, flat.quantity, flat.price});
    const bool shipped = !flat.carrier.empty() || !flat.tracking.empty() || !flat.shipment_status.empty();
    const bool known = std::any_of(order.shipments.begin(), order.shipments.end(),
                                   [&](const Shipment& s) { return s.tracking == flat.tracking; });
    if (shipped && !known) {
      order.shipments.push_back({flat.carrier, flat.tracking, flat.shipment_status, flat.shipped_at, flat.expected_at});
    }
    if (!line_.empty()) {
      for (const Json& one : rows_at(row, lines_at_)) {
        if (auto done = line_.apply(one, &order.lines.emplace_back()); !done) return done.error();
      }
    }
    if (!shipment_.empty()) {
      for (const Json& one : rows_at(row, shipments_at_)) {
        if (auto done = shipment_.apply(one, &order.shipments.emplace_back()); !done) return done.error();
      }
    }
  }
  std::stable_sort(orders.begin(), orders.end(),
                   [](const Owned& a, const Owned& b) { return a.order.placed_at > b.order.placed_at; });
  return orders;
}

Result<std::vector<Order>> OrderReader::read(const std::vector<Json>& rows, const OrderQuery& q) const {
  auto orders = collect(rows);
  if (!orders) return orders.error();
  const std::string email = lower(q.email);
  std::vector<Order> found;
  for (Owned& owned : *orders) {
    if (found.size() == static_cast<std::size_t>(q.limit)) break;
    if (!q.number.empty() && owned.order.number != q.number) continue;
    if (!q.customer.empty() && !owned.customer.empty() && owned.customer != q.customer) continue;
    if (!q.phone.empty() && !platform::same_phone(owned.phone, q.phone, locale_.country)) continue;
    if (!email.empty() && owned.email != email) continue;
    found.push_back(std::move(owned.order));
  }
  return found;
}

Result<std::vector<Order>> OrderReader::read(const std::vector<Json>& rows, std::size_t limit) const {
  auto orders = collect(rows);
  if (!orders) return orders.error();
  std::vector<Order> found;
  for (Owned& owned : *orders) {
    if (found.size() == limit) break;
    found.push_back(std::move(owned.order));
  }
  return found;
}

}  // namespace qiao::common
