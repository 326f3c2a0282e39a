#include "connectors/tryton/client/tryton_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "connectors/channel/signing.hpp"
#include "connectors/platform/phone.hpp"

namespace qiao::tryton {
namespace {

using namespace platform;
using namespace contract;

constexpr auto kShopFor = std::chrono::hours(1);

/// {"error": ["UserError", ["what", "why"], ""]}; an unexpected one has its own text as name and a traceback after it.
Error fault(const Json& error) {
  const std::string name = text(at(error, std::size_t{0}));
  const Json& detail = at(error, std::size_t{1});
  const std::string said = detail.is_array() ? text(at(detail, std::size_t{0})) : std::string{};
  const std::string message = fmt::format("tryton: {}: {}", excerpt(name), excerpt(said));
  if (name == "LoginException") {
    return {Errc::unauthorized, "tryton.login_refused",
            "tryton refused the log-in; check user and password in the configuration"};
  }
  if (name == "RateLimitException") return {Errc::rate_limited, "tryton.busy", message};
  if (name == "AccessError" || name.find("AccessError") != std::string::npos)
    return {Errc::forbidden, "tryton.forbidden", message};
  if (name == "ConcurrencyException") return {Errc::unavailable, "tryton.try_again", message};
  if (name == "UserError" || name == "UserWarning") return {Errc::bad_value, "tryton.refused", message};
  return {Errc::unavailable, "tryton.error", message};
}

std::string like(std::string_view words) { return "%" + like_literal(words) + "%"; }

Json clause(const char* field, const char* op, Json value) { return Json::array({field, op, std::move(value)}); }

/// What `read` and `search_read` give for "relation.field".
const Json& related(const Json& row, const char* relation, const char* field) {
  return at(at(row, std::string(relation) + "."), field);
}

}  // namespace

std::string decimal_text(const Json& value) {
  const Json& decimal = at(value, "decimal");
  return decimal.is_null() ? amount(value) : text(decimal);
}

double decimal_number(const Json& value) {
  const Json& decimal = at(value, "decimal");
  return number(decimal.is_null() ? value : decimal);
}

Time time_value(const Json& value, int utc_offset) {
  const std::string kind = text(at(value, "__class__"));
  if (kind != "date" && kind != "datetime") return {};
  const auto part = [&](const char* name) { return integer(at(value, name)); };
  if (part("year") < 1900 || part("year") > 9999) return {};
  const std::chrono::year_month_day date{std::chrono::year(static_cast<int>(part("year"))),
                                         std::chrono::month(static_cast<unsigned>(part("month") & 15)),
                                         std::chrono::day(static_cast<unsigned>(part("day") & 31))};
  if (!date.ok()) return {};
  const Time midnight(std::chrono::sys_days(date).time_since_epoch());
  if (kind == "date") return midnight - std::chrono::hours(utc_offset);
  return midnight + std::chrono::hours(part("hour") % 24) + std::chrono::minutes(part("minute") % 60) +
         std::chrono::seconds(part("second") % 60);
}

Client::Client(const TrytonConfig& config, Transport transport, const Clock& clock)
    : config_(config), transport_(std::move(transport)), clock_(clock), session_(clock, [this]() -> Result<Grant> {
        auto answer = post("common.db.login",
                           Json::array({config_.user, {{"password", config_.password.reveal()}}, config_.language}));
        // The session of the log-in itself cannot be lost: 401 is a wrong password here.
        if (!answer && (answer.error().id == kSessionLost || answer.error().code == Errc::unauthorized)) {
          return Error{Errc::unauthorized, "tryton.login_refused",
                       "tryton refused the log-in; check user and password in the configuration"};
        }
        if (!answer) return answer.error();
        const std::int64_t user = integer(at(*answer, std::size_t{0}));
        const std::string key = text(at(*answer, std::size_t{1}));
        if (user <= 0 || key.empty()) {
          return Error{Errc::unauthorized, "tryton.login_refused",
                       "tryton refused the log-in; check user and password in the configuration"};
        }
        return Grant{"Session " + channel::base64(fmt::format("{}:{}:{}", config_.user, user, key)), {}, {}};
      }) {}

Result<Json> Client::post(const std::string& method, Json params, const std::string& authorization) {
  OutboundRequest request = json_request("POST", join_url(config_.url, config_.database + "/"),
                                         {{"id", 1}, {"method", method}, {"params", std::move(params)}});
  if (!authorization.empty()) request.headers.emplace_back("authorization", authorization);
  auto answer = ask(transport_, "tryton", request, [](const OutboundResponse& response) {
    if (response.status == 401) return Error{Errc::unavailable, kSessionLost, "tryton: the session is gone"};
    return status_error("tryton", response);
  });
  if (!answer) return answer.error();
  if (const Json& error = at(*answer, "error"); !error.is_null()) return fault(error);
  return at(*answer, "result");
}

Result<Json> Client::call(const std::string& method, Json params, Json context) {
  params.push_back(std::move(context));
  const auto once = [&](const Grant& session) { return post(method, params, session.token); };
  auto answer = with_session(session_, once);
  if (!answer && answer.error().id == "tryton.try_again") answer = with_session(session_, once);
  return answer;
}

Result<Json> Client::search(const std::string& model, Json domain, Json fields, int limit, const Json& context,
                            const Json& order) {
  return call(fmt::format("model.{}.search_read", model),
              Json::array({std::move(domain), 0, limit, order, std::move(fields)}), context);
}

Result<Client::Shop> Client::shop() {
  {
    const std::lock_guard lock(mutex_);
    if (clock_.steady() < shop_until_) return shop_;
  }
  Shop fresh;
  fresh.company = config_.company;
  if (fresh.company == 0) {
    auto preferences = call("model.res.user.get_preferences", Json::array({true}), Json::object());
    if (!preferences) return preferences.error();
    fresh.company = integer(at(*preferences, "company"));
    if (fresh.company == 0) {
      return Error{Errc::bad_value, "tryton.no_company",
                   "the hub's user in Tryton has no company; give it one, or set company"};
    }
  }
  auto companies = call("model.company.company.read",
                        Json::array({Json::array({fresh.company}), Json::array({"currency.code"})}), Json::object());
  if (!companies) return companies.error();
  fresh.currency = text(related(at(*companies, std::size_t{0}), "currency", "code"));
  auto rows =
      search("stock.location", Json::array({clause("type", "=", "warehouse")}), {"code", "name"}, 200, context(fresh));
  if (!rows) return rows.error();
  for (const Json& row : items(*rows)) {
    Warehouse w{integer(at(row, "id")), text(at(row, "code")), text(at(row, "name"))};
    if (w.code.empty()) w.code = w.name;
    const auto& wanted = config_.warehouses;
    if (wanted.empty() || std::find(wanted.begin(), wanted.end(), w.code) != wanted.end())
      fresh.warehouses.push_back(std::move(w));
  }
  const std::lock_guard lock(mutex_);
  shop_ = fresh;
  shop_until_ = clock_.steady() + kShopFor;
  return fresh;
}

Json Client::context(const Shop& shop) const { return {{"company", shop.company}, {"language", config_.language}}; }

Result<Backend::Stocks> Client::stock(std::span<const std::string> skus) {
  auto here = shop();
  if (!here) return here.error();
  auto rows =
      search("product.product", Json::array({clause("code", "in", std::vector<std::string>(skus.begin(), skus.end()))}),
             {"code", "name", "default_uom.name"}, static_cast<int>(skus.size()) * 2, context(*here));
  if (!rows) return rows.error();
  std::map<std::int64_t, Stock> found;
  Json ids = Json::array();
  for (const Json& row : items(*rows)) {
    Stock& s = found[integer(at(row, "id"))];
    s.sku = text(at(row, "code"));
    s.name = text(at(row, "name"));
    s.unit = text(related(row, "default_uom", "name"));
    ids.push_back(at(row, "id"));
  }
  if (!found.empty()) {
    // Quantities are as of a day, of the places in the context.
    const std::chrono::year_month_day today(
        std::chrono::floor<std::chrono::days>(clock_.now() + std::chrono::hours(config_.utc_offset)));
    for (const Warehouse& warehouse : here->warehouses) {
      Json where = context(*here);
      where["locations"] = Json::array({warehouse.id});
      where["with_childs"] = true;
      where["stock_date_end"] = {{"__class__", "date"},
                                 {"year", static_cast<int>(today.year())},
                                 {"month", static_cast<unsigned>(today.month())},
                                 {"day", static_cast<unsigned>(today.day())}};
      for (auto& [id, stock] : found) stock.levels.push_back({warehouse.code, warehouse.name});
      for (const bool assigned : {false, true}) {
        if (assigned && !config_.reserved) break;
        if (assigned) where["stock_assign"] = true;
        auto quantities = call("model.product.product.read", Json::array({ids, Json::array({"quantity"})}), where);
        if (!quantities) return quantities.error();
        for (const Json& row : items(*quantities)) {
          const auto entry = found.find(integer(at(row, "id")));
          if (entry == found.end()) continue;
          StockLevel& level = entry->second.levels.back();
          const double quantity = decimal_number(at(row, "quantity"));
          if (!assigned) level.on_hand = quantity;
          level.available = quantity;
          level.reserved = level.on_hand - level.available;
        }
      }
    }
  }
  return in_order(skus, found);
}

Result<std::vector<Product>> Client::products(const ProductSearch& q) {
  auto here = shop();
  if (!here) return here.error();
  auto rows = search("product.product",
                     Json::array({"OR", clause("code", "ilike", like(q.text)), clause("name", "ilike", like(q.text)),
                                  clause("identifiers.code", "=", q.text)}),
                     {"code", "name", "default_uom.name", "list_price"}, q.limit, context(*here));
  if (!rows) return rows.error();
  std::vector<Product> found;
  for (const Json& row : items(*rows)) {
    Product p;
    p.sku = text(at(row, "code"));
    p.name = text(at(row, "name"));
    p.unit = text(related(row, "default_uom", "name"));
    p.price = decimal_text(at(row, "list_price"));
    if (!p.price.empty()) p.currency = here->currency;
    found.push_back(std::move(p));
  }
  exact_first(found, q.text);
  return found;
}

Result<std::vector<Order>> Client::orders(const OrderQuery& q) {
  Json domain = Json::array();
  if (!q.number.empty()) domain.push_back(clause("number", "=", q.number));
  if (!q.customer.empty()) domain.push_back(clause("party", "=", record_number(q.customer)));
  if (!q.phone.empty() || !q.email.empty()) {
    auto owners = owners_of(*this, "tryton", q);
    if (!owners) return owners.error();
    Json ids = Json::array();
    for (const std::string& id : *owners) ids.push_back(record_number(id));
    domain.push_back(clause("party", "in", ids));
  }
  auto found = read_orders(domain, q.limit);
  if (found && found->empty() && !q.number.empty()) return Error{Errc::not_found, "tryton has no such sale"};
  return found;
}

Result<std::vector<Order>> Client::read_orders(const Json& domain, int limit) {
  auto here = shop();
  if (!here) return here.error();
  auto rows = search("sale.sale", domain,
                     {"number", "sale_date", "create_date", "state", "total_amount", "currency.code", "shipments"},
                     limit, context(*here), Json::array({Json::array({"id", "DESC"})}));
  if (!rows) return rows.error();
  std::map<std::int64_t, Order> by_id;
  std::map<std::int64_t, std::vector<std::int64_t>> sales_of;  // shipment → sales
  Json ids = Json::array(), shipments = Json::array();
  for (const Json& row : items(*rows)) {
    const std::int64_t id = integer(at(row, "id"));
    Order& o = by_id[id];
    o.number = text(at(row, "number"));
    o.placed_at = time_value(at(row, "sale_date"), config_.utc_offset);
    if (o.placed_at == Time{}) o.placed_at = time_value(at(row, "create_date"), config_.utc_offset);
    o.status = text(at(row, "state"));
    o.amount = decimal_text(at(row, "total_amount"));
    o.currency = text(related(row, "currency", "code"));
    ids.push_back(id);
    for (const Json& shipment : items(at(row, "shipments"))) {
      sales_of[integer(shipment)].push_back(id);
      shipments.push_back(shipment);
    }
  }
  if (by_id.empty()) return std::vector<Order>{};
  auto lines =
      search("sale.line", Json::array({clause("sale", "in", ids), clause("type", "=", "line")}),
             {"sale", "product.code", "product.name", "description", "quantity", "unit_price"}, 2000, context(*here));
  if (!lines) return lines.error();
  for (const Json& row : items(*lines)) {
    const auto order = by_id.find(integer(at(row, "sale")));
    if (order == by_id.end()) continue;
    std::string name = text(related(row, "product", "name"));
    if (name.empty()) name = text(at(row, "description"));
    order->second.lines.push_back({text(related(row, "product", "code")), std::move(name),
                                   decimal_number(at(row, "quantity")), decimal_text(at(row, "unit_price"))});
  }
  if (!shipments.empty()) {
    auto list = call("model.stock.shipment.out.read",
                     Json::array({shipments, Json::array({"number", "state", "effective_date", "planned_date"})}),
                     context(*here));
    if (!list) return list.error();
    for (const Json& row : items(*list)) {
      for (const std::int64_t sale : sales_of[integer(at(row, "id"))]) {
        const auto order = by_id.find(sale);
        if (order == by_id.end()) continue;
        order->second.shipments.push_back({{},
                                           text(at(row, "number")),
                                           text(at(row, "state")),
                                           time_value(at(row, "effective_date"), config_.utc_offset),
                                           time_value(at(row, "planned_date"), config_.utc_offset)});
      }
    }
  }
  std::vector<Order> found;
  for (auto order = by_id.rbegin(); order != by_id.rend(); ++order) found.push_back(std::move(order->second));
  return found;
}

Result<std::vector<CustomerCard>> Client::customers(const LookupCustomer& q) {
  auto here = shop();
  if (!here) return here.error();
  std::vector<std::int64_t> ids;
  if (!q.crm_id.empty()) {
    ids.push_back(record_number(q.crm_id));
  } else {
    const Json domain = q.phone.empty()
                            ? Json::array({clause("type", "=", "email"), clause("value", "ilike", like(q.email))})
                            : Json::array({clause("type", "in", Json::array({"phone", "mobile"})),
                                           clause("value", "ilike", "%" + phone_like(q.phone) + "%")});
    auto rows = search("party.contact_mechanism", domain, {"party", "value"}, 50, context(*here));
    if (!rows) return rows.error();
    for (const Json& row : items(*rows)) {
      const std::string value = text(at(row, "value"));
      const std::int64_t party = integer(at(row, "party"));
      // The pattern finds more than what is meant.
      if (q.phone.empty() ? !same_email(value, q.email) : !same_phone(value, q.phone, config_.country)) continue;
      if (std::find(ids.begin(), ids.end(), party) == ids.end()) ids.push_back(party);
    }
  }
  std::vector<CustomerCard> found;
  if (ids.empty()) return found;
  auto parties =
      search("party.party", Json::array({clause("id", "in", ids)}), {"name", "categories"}, 50, context(*here));
  if (!parties) return parties.error();
  auto reached = search("party.contact_mechanism", Json::array({clause("party", "in", ids)}),
                        {"party", "type", "value"}, 200, context(*here));
  if (!reached) return reached.error();
  for (const Json& row : items(*parties)) {
    CustomerCard card;
    card.crm_id = text(at(row, "id"));
    card.name = text(at(row, "name"));
    for (const Json& way : items(*reached)) {
      if (text(at(way, "party")) != card.crm_id) continue;
      const std::string type = text(at(way, "type"));
      if ((type == "mobile" || type == "phone") && card.phone.empty()) card.phone = text(at(way, "value"));
      if (type == "email" && card.email.empty()) card.email = text(at(way, "value"));
    }
    for (const Json& category : items(at(row, "categories"))) card.tags.push_back(text(category));  // names: `complete`
    found.push_back(std::move(card));
  }
  return found;
}

Result<void> Client::complete(CustomerCard& card) {
  if (!card.tags.empty()) {
    Json ids = Json::array();
    for (const std::string& id : std::exchange(card.tags, {})) ids.push_back(record_number(id));
    auto here = shop();
    if (!here) return here.error();
    auto names = call("model.party.category.read", Json::array({ids, Json::array({"name"})}), context(*here));
    if (!names) return names.error();
    for (const Json& row : items(*names)) card.tags.push_back(text(at(row, "name")));
  }
  auto found = read_orders(Json::array({clause("party", "=", record_number(card.crm_id))}), 10);
  if (!found) return found.error();
  card.orders = std::move(*found);
  return {};
}

Result<void> Client::record(const std::string& crm_id, const RecordActivity& a) {
  const std::string resource = fmt::format("party.party,{}", record_number(crm_id));
  const std::string mark = fmt::format("[qiao:{}]", a.external_id);
  auto notes =
      search("ir.note", Json::array({clause("resource", "=", resource), clause("message", "ilike", "%[qiao:%")}),
             {"message"}, 1000, Json::object(), Json::array({Json::array({"id", "DESC"})}));
  if (!notes) return notes.error();
  for (const Json& note : items(*notes)) {
    if (text(at(note, "message")).find(mark) != std::string::npos) return {};
  }
  std::string message = fmt::format("{} {}\n{}", a.subject, to_iso8601(a.at), a.text);
  if (!a.url.empty()) message += "\n" + a.url;
  message += "\n" + mark;
  auto done = call("model.ir.note.create", Json::array({Json::array({{{"resource", resource}, {"message", message}}})}),
                   Json::object());
  if (!done) return done.error();
  return {};
}

Result<Json> Client::category_ids(const std::vector<std::string>& names, bool create) {
  Json ids = Json::array();
  for (const std::string& name : names) {
    auto rows = search("party.category", Json::array({clause("name", "=", name), clause("parent", "=", nullptr)}),
                       {"name"}, 1, Json::object());
    if (!rows) return rows.error();
    if (!items(*rows).empty()) {
      ids.push_back(at(items(*rows).front(), "id"));
    } else if (create) {
      auto made = call("model.party.category.create", Json::array({Json::array({{{"name", name}}})}), Json::object());
      if (!made) return made.error();
      ids.push_back(at(*made, std::size_t{0}));
    }
  }
  return ids;
}

Result<void> Client::tag(const std::string& crm_id, const TagCustomer& q) {
  auto added = category_ids(q.add, true);
  if (!added) return added.error();
  auto removed = category_ids(q.remove, false);
  if (!removed) return removed.error();
  Json changes = Json::array();
  if (!added->empty()) changes.push_back(Json::array({"add", *added}));
  if (!removed->empty()) changes.push_back(Json::array({"remove", *removed}));
  if (changes.empty()) return {};
  auto done = call("model.party.party.write",
                   Json::array({Json::array({record_number(crm_id)}), {{"categories", changes}}}), Json::object());
  if (!done) return done.error();
  return {};
}

Result<std::string> Client::test() {
  session_.forgive();
  {
    const std::lock_guard lock(mutex_);
    shop_until_ = {};
  }
  auto here = shop();
  if (!here) return here.error();
  auto rows = search("product.product", Json::array(), {"code"}, 1, context(*here));
  if (!rows) return rows.error();
  return fmt::format("logged in to {}, company {}, {} warehouses", config_.database, here->company,
                     here->warehouses.size());
}

}  // namespace qiao::tryton
