#include "connectors/platform/answers.hpp"

#include <fmt/format.h>

namespace qiao::platform {

using namespace contract;

StockLevel& level_of(std::vector<StockLevel>& levels, const std::string& warehouse, const std::string& name) {
  const auto level =
      std::find_if(levels.begin(), levels.end(), [&](const StockLevel& l) { return l.warehouse == warehouse; });
  if (level != levels.end()) return *level;
  return levels.emplace_back(StockLevel{warehouse, name});
}

void exact_first(std::vector<Product>& products, std::string_view typed) {
  std::stable_partition(products.begin(), products.end(),
                        [&](const Product& p) { return p.sku == typed || p.barcode == typed; });
}

void newest_first(std::vector<Order>& orders) {
  std::stable_sort(orders.begin(), orders.end(),
                   [](const Order& a, const Order& b) { return a.placed_at > b.placed_at; });
}

Result<std::vector<std::string>> owners_of(Backend& backend, std::string_view system, const OrderQuery& q) {
  LookupCustomer who;
  who.phone = q.phone;
  if (q.phone.empty()) who.email = q.email;
  auto people = backend.customers(who);
  if (!people) return people.error();
  if (people->empty()) {
    return Error{Errc::not_found, fmt::format("nobody at {} has that phone number or e-mail address", system)};
  }
  std::vector<std::string> ids;
  for (const CustomerCard& card : *people) ids.push_back(card.crm_id);
  return ids;
}

Result<std::vector<std::string>> customers_asked(Backend& backend, std::string_view system, const OrderQuery& q) {
  if (q.phone.empty() && q.email.empty()) {
    return q.customer.empty() ? std::vector<std::string>{} : std::vector<std::string>{q.customer};
  }
  auto ids = owners_of(backend, system, q);
  if (!ids || q.customer.empty()) return ids;
  std::erase_if(*ids, [&](const std::string& id) { return id != q.customer; });
  if (ids->empty()) {
    return Error{Errc::not_found,
                 fmt::format("the customer at {} has not that phone number or e-mail address", system)};
  }
  return ids;
}

Result<void> add_orders(Backend& backend, CustomerCard& card) {
  OrderQuery q;
  q.customer = card.crm_id;
  auto found = backend.orders(q);
  if (!found) return found.error();
  card.orders = std::move(*found);
  return {};
}

std::vector<std::string> split(std::string_view list, char separator) {
  std::vector<std::string> parts;
  for (std::size_t start = 0; start < list.size();) {
    const std::size_t end = std::min(list.find(separator, start), list.size());
    if (end > start) parts.emplace_back(list.substr(start, end - start));
    start = end + 1;
  }
  return parts;
}

std::string like_literal(std::string_view typed) {
  std::string pattern;
  for (const char c : typed) {
    if (c == '%' || c == '_' || c == '\\') pattern += '\\';
    pattern += c;
  }
  return pattern;
}

}  // namespace qiao::platform
