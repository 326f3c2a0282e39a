#include "connectors/odoo/client/odoo_client.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "connectors/platform/phone.hpp"
#include "qiao/markup.hpp"

namespace qiao::odoo {
namespace {

using namespace platform;
using namespace contract;

constexpr std::size_t kPage = 2000;

/// Many2one values are [id, "name"]; empty is false.
std::int64_t id_of(const Json& value) { return integer(value.is_array() ? at(value, std::size_t{0}) : value); }
std::string name_of(const Json& value) { return text(at(value, std::size_t{1})); }

/// Errors come with HTTP 200. What cannot change by asking again is bad_value, unauthorized or forbidden.
Error fault(const Json& error) {
  const std::string name = text(at(error, {"data", "name"}));
  std::string said = text(at(error, {"data", "message"}));
  if (said.empty()) said = text(at(error, "message"));
  const std::string message = fmt::format("odoo: {}: {}", name.empty() ? "error" : name, excerpt(said));
  if (name.find("SessionExpired") != std::string::npos) return {Errc::unavailable, kSessionLost, message};
  if (name.ends_with("AccessDenied")) {
    return {Errc::unauthorized, "odoo.access_denied", message + "; check user and key in the configuration"};
  }
  if (name.ends_with("AccessError")) {
    return {Errc::forbidden, "odoo.access_error", message + "; the hub's user lacks a right there"};
  }
  if (name.ends_with("MissingError")) return {Errc::not_found, "odoo.missing", message};
  if (name.starts_with("psycopg2") || said.find("could not serialize") != std::string::npos) {
    return {Errc::unavailable, "odoo.try_again", message};
  }
  if (name.starts_with("builtins.") || name.ends_with("ValidationError") || name.ends_with("UserError")) {
    return {Errc::bad_value, "odoo.refused", message};
  }
  return {Errc::unavailable, "odoo.error", message};
}

std::string html(std::string_view plain) { return escape_markup(plain, "<br/>"); }

/// "[A-7] 羽绒服" → "A-7"
std::string code_of(const std::string& display) {
  const auto end = display.find(']');
  return display.starts_with('[') && end != std::string::npos ? display.substr(1, end - 1) : std::string{};
}

std::string without_code(const std::string& display) {
  const auto end = display.find("] ");
  return display.starts_with('[') && end != std::string::npos ? display.substr(end + 2) : display;
}

Json ids_of(const std::map<std::int64_t, Order>& orders) {
  Json ids = Json::array();
  for (const auto& [id, order] : orders) ids.push_back(id);
  return ids;
}

}  // namespace

Client::Client(const OdooConfig& config, Transport transport, const Clock& clock)
    : config_(config), transport_(std::move(transport)), user_(clock, [this]() -> Result<Grant> {
        auto answer = rpc("common", "authenticate",
                          Json::array({config_.database, config_.user, config_.key.reveal(), Json::object()}));
        if (!answer) return answer.error();
        const std::int64_t uid = integer(*answer);
        if (uid <= 0) {
          return Error{Errc::unauthorized, "odoo.access_denied",
                       "odoo refused the log-in; check database, user and key in the configuration"};
        }
        return Grant{std::to_string(uid), {}, {}};
      }) {}

Result<Json> Client::rpc(const std::string& service, const std::string& method, Json args) {
  const Json call = {{"jsonrpc", "2.0"},
                     {"method", "call"},
                     {"id", 1},
                     {"params", {{"service", service}, {"method", method}, {"args", std::move(args)}}}};
  auto answer = ask(transport_, "odoo", json_request("POST", join_url(config_.url, "jsonrpc"), call));
  if (!answer) return answer.error();
  if (const Json& error = at(*answer, "error"); !error.is_null()) return fault(error);
  return at(*answer, "result");
}

Result<Json> Client::execute(const std::string& model, const std::string& method, Json args, Json options) {
  auto call = [&](const Grant& user) {
    return rpc(
        "object", "execute_kw",
        Json::array({config_.database, std::stoll(user.token), config_.key.reveal(), model, method, args, options}));
  };
  auto answer = with_session(user_, call);
  if (!answer && answer.error().id == "odoo.try_again") answer = with_session(user_, call);
  return answer;
}

Result<Json> Client::search(const std::string& model, Json domain, Json fields, int limit, const std::string& order) {
  Json options = {{"fields", std::move(fields)}, {"limit", limit}};
  if (!order.empty()) options["order"] = order;
  return execute(model, "search_read", Json::array({std::move(domain)}), std::move(options));
}

Result<Json::array_t> Client::every(const std::string& model, const Json& domain, const Json& fields) {
  return all_pages("odoo", model, [&](std::size_t index) -> Result<Page> {
    auto page = execute(model, "search_read", Json::array({domain}),
                        {{"fields", fields}, {"limit", kPage}, {"offset", index * kPage}, {"order", "id"}});
    if (!page) return page.error();
    return Page{items(*page), items(*page).size() < kPage};
  });
}

Result<std::map<std::string, std::string>> Client::warehouse_names() {
  {
    const std::lock_guard lock(mutex_);
    if (!warehouses_.empty()) return warehouses_;
  }
  auto rows = search("stock.warehouse", Json::array(), {"code", "name"}, 500);
  if (!rows) return rows.error();
  const std::lock_guard lock(mutex_);
  for (const Json& row : items(*rows)) warehouses_[text(at(row, "code"))] = text(at(row, "name"));
  return warehouses_;
}

Result<Backend::Stocks> Client::stock(std::span<const std::string> skus) {
  auto products =
      search("product.product",
             Json::array({Json::array({"default_code", "in", std::vector<std::string>(skus.begin(), skus.end())})}),
             {"default_code", "name", "uom_id"}, static_cast<int>(skus.size()) * 2);
  if (!products) return products.error();
  std::map<std::int64_t, Stock> found;
  Json ids = Json::array();
  for (const Json& row : items(*products)) {
    Stock& s = found[id_of(at(row, "id"))];
    s.sku = text(at(row, "default_code"));
    s.name = text(at(row, "name"));
    s.unit = name_of(at(row, "uom_id"));
    ids.push_back(at(row, "id"));
  }
  if (!found.empty()) {
    auto names = warehouse_names();
    if (!names) return names.error();
    auto quants = every(
        "stock.quant",
        Json::array({Json::array({"product_id", "in", ids}), Json::array({"location_id.usage", "=", "internal"})}),
        {"product_id", "location_id", "quantity", "reserved_quantity"});
    if (!quants) return quants.error();
    for (const Json& row : *quants) {
      const auto product = found.find(id_of(at(row, "product_id")));
      if (product == found.end()) continue;
      // A place is named from its warehouse down, "WH/Stock/Shelf 1".
      const std::string place = name_of(at(row, "location_id"));
      const std::string code = place.substr(0, place.find('/'));
      const auto name = names->find(code);
      StockLevel& level = level_of(product->second.levels, code, name == names->end() ? std::string{} : name->second);
      level.on_hand += number(at(row, "quantity"));
      level.reserved += number(at(row, "reserved_quantity"));
      level.available = level.on_hand - level.reserved;
    }
  }
  return in_order(skus, found);
}

Result<std::vector<Product>> Client::products(const ProductSearch& q) {
  auto rows =
      search("product.product",
             Json::array({"|", "|", Json::array({"default_code", "ilike", like_literal(q.text)}),
                          Json::array({"barcode", "=", q.text}), Json::array({"name", "ilike", like_literal(q.text)})}),
             {"default_code", "name", "barcode", "uom_id", "list_price", "currency_id"}, q.limit);
  if (!rows) return rows.error();
  std::vector<Product> list;
  for (const Json& row : items(*rows)) {
    Product p;
    p.sku = text(at(row, "default_code"));
    p.name = text(at(row, "name"));
    p.barcode = text(at(row, "barcode"));
    p.unit = name_of(at(row, "uom_id"));
    p.price = amount(at(row, "list_price"));
    p.currency = name_of(at(row, "currency_id"));
    list.push_back(std::move(p));
  }
  exact_first(list, q.text);
  return list;
}

Result<std::vector<Order>> Client::orders(const OrderQuery& q) {
  Json domain = Json::array();
  if (!q.number.empty()) domain.push_back(Json::array({"name", "=", q.number}));
  if (!q.customer.empty()) {
    const std::int64_t partner = record_number(q.customer);
    if (partner == 0) return Error{Errc::not_found, "this is no number of a partner at odoo"};
    domain.push_back(Json::array({"partner_id", "child_of", partner}));
  }
  if (!q.phone.empty() || !q.email.empty()) {
    auto owners = owners_of(*this, "odoo", q);
    if (!owners) return owners.error();
    Json ids = Json::array();
    for (const std::string& id : *owners) ids.push_back(record_number(id));
    domain.push_back(Json::array({"partner_id", "child_of", ids}));
  }
  auto list = read_orders(domain, q.limit);
  if (list && list->empty() && !q.number.empty()) return Error{Errc::not_found, "odoo has no such order"};
  return list;
}

Result<std::vector<Order>> Client::read_orders(const Json& domain, int limit) {
  auto rows = search("sale.order", domain, {"name", "date_order", "state", "amount_total", "currency_id"}, limit,
                     "date_order desc");
  if (!rows) return rows.error();
  std::map<std::int64_t, Order> by_id;
  std::vector<std::int64_t> sequence;
  for (const Json& row : items(*rows)) {
    const std::int64_t id = id_of(at(row, "id"));
    Order& o = by_id[id];
    o.number = text(at(row, "name"));
    o.placed_at = time(text(at(row, "date_order")), 0);
    o.status = text(at(row, "state"));
    o.amount = amount(at(row, "amount_total"));
    o.currency = name_of(at(row, "currency_id"));
    sequence.push_back(id);
  }
  if (!by_id.empty()) {
    if (auto done = add_lines(by_id); !done) return done.error();
    if (config_.delivery) {
      if (auto done = add_shipments(by_id); !done) return done.error();
    }
  }
  std::vector<Order> list;
  for (const std::int64_t id : sequence) list.push_back(by_id[id]);
  return list;
}

Result<void> Client::add_lines(std::map<std::int64_t, Order>& orders) {
  auto rows = every("sale.order.line", Json::array({Json::array({"order_id", "in", ids_of(orders)})}),
                    {"order_id", "product_id", "name", "product_uom_qty", "price_unit"});
  if (!rows) return rows.error();
  for (const Json& row : *rows) {
    const auto order = orders.find(id_of(at(row, "order_id")));
    if (order == orders.end()) continue;
    const std::string product = name_of(at(row, "product_id"));
    order->second.lines.push_back({code_of(product), product.empty() ? text(at(row, "name")) : without_code(product),
                                   number(at(row, "product_uom_qty")), amount(at(row, "price_unit"))});
  }
  return {};
}

Result<void> Client::add_shipments(std::map<std::int64_t, Order>& orders) {
  Json numbers = Json::array();
  for (const auto& [id, order] : orders) numbers.push_back(order.number);
  auto rows = search("stock.picking", Json::array({Json::array({"origin", "in", numbers})}),
                     {"origin", "state", "date_done", "scheduled_date", "carrier_id", "carrier_tracking_ref"}, 200);
  if (!rows) return rows.error();
  for (const Json& row : items(*rows)) {
    for (auto& [id, order] : orders) {
      if (order.number != text(at(row, "origin"))) continue;
      order.shipments.push_back({name_of(at(row, "carrier_id")), text(at(row, "carrier_tracking_ref")),
                                 text(at(row, "state")), time(text(at(row, "date_done")), 0),
                                 time(text(at(row, "scheduled_date")), 0)});
    }
  }
  return {};
}

Result<std::vector<CustomerCard>> Client::customers(const LookupCustomer& q) {
  Json domain = Json::array();
  if (!q.crm_id.empty()) {
    domain.push_back(Json::array({"id", "=", record_number(q.crm_id)}));
  } else if (!q.phone.empty()) {
    for (std::size_t i = 1; i < config_.phone_fields.size(); ++i) domain.push_back("|");
    for (const std::string& field : config_.phone_fields)
      domain.push_back(Json::array({field, "ilike", phone_like(q.phone)}));
  } else {
    domain.push_back(Json::array({"email", "=ilike", like_literal(q.email)}));
  }
  Json fields = {"name", "email", "parent_id", "user_id", "category_id"};
  for (const std::string& field : config_.phone_fields) fields.push_back(field);
  auto rows = search("res.partner", domain, fields, 50);
  if (!rows) return rows.error();
  std::vector<CustomerCard> found;
  for (const Json& row : items(*rows)) {
    CustomerCard card;
    bool fits = q.phone.empty();
    for (const std::string& field : config_.phone_fields) {
      const std::string phone = text(at(row, field));
      if (card.phone.empty()) card.phone = phone;
      if (same_phone(phone, q.phone, config_.country)) fits = true;
    }
    if (!fits) continue;
    card.crm_id = std::to_string(id_of(at(row, "id")));
    card.name = text(at(row, "name"));
    card.email = text(at(row, "email"));
    if (!q.email.empty() && !same_email(card.email, q.email)) continue;
    card.company = name_of(at(row, "parent_id"));
    card.owner = name_of(at(row, "user_id"));
    card.url = join_url(config_.url, fmt::format("web#id={}&model=res.partner&view_type=form", card.crm_id));
    for (const Json& id : items(at(row, "category_id"))) card.tags.push_back(text(id));  // names follow in `complete`
    found.push_back(std::move(card));
  }
  return found;
}

Result<void> Client::complete(CustomerCard& card) {
  if (!card.tags.empty()) {
    Json ids = Json::array();
    for (const std::string& id : std::exchange(card.tags, {})) ids.push_back(record_number(id));
    auto rows = search("res.partner.category", Json::array({Json::array({"id", "in", ids})}), {"name"}, 100);
    if (!rows) return rows.error();
    for (const Json& row : items(*rows)) card.tags.push_back(text(at(row, "name")));
  }
  auto orders = read_orders(Json::array({Json::array({"partner_id", "child_of", record_number(card.crm_id)})}), 10);
  if (!orders) return orders.error();
  card.orders = std::move(*orders);
  return {};
}

Result<void> Client::record(const std::string& crm_id, const RecordActivity& a) {
  const std::int64_t partner = record_number(crm_id);
  const std::string mark = fmt::format("qiao:{}", a.external_id);
  auto there = search("mail.message",
                      Json::array({Json::array({"model", "=", "res.partner"}), Json::array({"res_id", "=", partner}),
                                   Json::array({"body", "ilike", mark + "<"})}),
                      {"body"}, 1);
  if (!there) return there.error();
  if (!items(*there).empty()) return {};
  std::string body = fmt::format("<p><b>{}</b> {}</p><p>{}</p>", html(a.subject), to_iso8601(a.at), html(a.text));
  if (!a.url.empty()) body += fmt::format("<p>{}</p>", html(a.url));
  body += fmt::format("<p><small>{}</small></p>", mark);
  auto done = execute("res.partner", "message_post", Json::array({Json::array({partner})}),
                      {{"body", body}, {"message_type", "comment"}, {"subtype_xmlid", "mail.mt_note"}});
  if (!done) return done.error();
  return {};
}

Result<std::vector<std::int64_t>> Client::category_ids(const std::vector<std::string>& names, bool create) {
  std::vector<std::int64_t> ids;
  for (const std::string& name : names) {
    auto rows = search("res.partner.category", Json::array({Json::array({"name", "=", name})}), {"name"}, 1);
    if (!rows) return rows.error();
    if (!items(*rows).empty()) {
      ids.push_back(id_of(at(items(*rows).front(), "id")));
    } else if (create) {
      auto made = execute("res.partner.category", "create", Json::array({{{"name", name}}}));
      if (!made) return made.error();
      ids.push_back(integer(*made));
    }
  }
  return ids;
}

Result<void> Client::tag(const std::string& crm_id, const TagCustomer& q) {
  Json commands = Json::array();
  auto added = category_ids(q.add, true);
  if (!added) return added.error();
  for (const std::int64_t id : *added) commands.push_back(Json::array({4, id}));
  auto removed = category_ids(q.remove, false);
  if (!removed) return removed.error();
  for (const std::int64_t id : *removed) commands.push_back(Json::array({3, id}));
  if (commands.empty()) return {};
  auto done =
      execute("res.partner", "write", Json::array({Json::array({record_number(crm_id)}), {{"category_id", commands}}}));
  if (!done) return done.error();
  return {};
}

Result<std::string> Client::test() {
  user_.forgive();
  auto user = user_.get();
  if (!user) return user.error();
  auto rows = search("product.product", Json::array(), {"default_code"}, 1);
  if (!rows) return rows.error();
  return fmt::format("logged in to {} as user {}", config_.database, user->token);
}

}  // namespace qiao::odoo
