#include "connectors/erpnext/client/erpnext_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "connectors/platform/phone.hpp"
#include "qiao/markup.hpp"

namespace qiao::erpnext {
namespace {

using namespace platform;
using namespace contract;

constexpr int kPage = 1000;

/// Frappe tells people why in a JSON text with a list of JSON texts.
std::string server_message(const Json& body) {
  const auto list = read_json(text(at(body, "_server_messages")), "erpnext");
  if (!list || items(*list).empty()) return text(at(body, "exc_type"));
  const auto first = read_json(text(items(*list).front()), "erpnext");
  return first ? text(at(*first, "message")) : text(items(*list).front());
}

Error fault(const OutboundResponse& response) {
  const auto body = read_json(response.body, "erpnext");
  Error error = status_error("erpnext", response, body ? server_message(*body) : std::string{});
  if (body && text(at(*body, "exc_type")) == "DoesNotExistError") error.code = Errc::not_found;
  if (body && text(at(*body, "exc_type")) == "PermissionError") error.code = Errc::forbidden;
  return error;
}

std::string like(std::string_view words) { return "%" + like_literal(words) + "%"; }

}  // namespace

Client::Client(const ErpnextConfig& config, Transport transport, const Clock&)
    : config_(config), transport_(std::move(transport)) {}

Result<Json> Client::call(const std::string& method, const std::string& path, const std::string& query,
                          const Json& body) {
  OutboundRequest request =
      json_request(method, join_url(config_.url, path) + (query.empty() ? "" : "?" + query), body);
  request.headers.emplace_back("accept", "application/json");
  request.headers.emplace_back("authorization",
                               fmt::format("token {}:{}", config_.key.reveal(), config_.secret.reveal()));
  return ask(transport_, "erpnext", request, fault);
}

Result<Json> Client::list(const std::string& doctype, const Question& q) {
  std::vector<std::pair<std::string, std::string>> query{{"filters", json_text(q.filters)},
                                                         {"fields", json_text(q.fields)},
                                                         {"limit_page_length", std::to_string(q.limit)},
                                                         {"limit_start", std::to_string(q.start)}};
  if (!q.any.empty()) query.emplace_back("or_filters", json_text(q.any));
  if (!q.order.empty()) query.emplace_back("order_by", q.order);
  auto answer = call("GET", "api/resource/" + url_encode(doctype), form(query));
  if (!answer) return answer.error();
  return at(*answer, "data");
}

Result<Json> Client::document(const std::string& doctype, const std::string& name) {
  auto answer = call("GET", fmt::format("api/resource/{}/{}", url_encode(doctype), url_encode(name)));
  if (!answer) return answer.error();
  return at(*answer, "data");
}

Result<Json::array_t> Client::every(const std::string& doctype, Question q) {
  q.limit = kPage;
  return all_pages("erpnext", doctype, [&](std::size_t index) -> Result<Page> {
    q.start = static_cast<int>(index) * kPage;
    auto page = list(doctype, q);
    if (!page) return page.error();
    return Page{items(*page), items(*page).size() < kPage};
  });
}

Result<Backend::Stocks> Client::stock(std::span<const std::string> skus) {
  const std::vector<std::string> wanted(skus.begin(), skus.end());
  const Json filter = Json::array({Json::array({"item_code", "in", wanted})});
  Question items_of{
      .filters = filter, .fields = {"item_code", "item_name", "stock_uom"}, .limit = static_cast<int>(skus.size())};
  auto known = list("Item", items_of);
  if (!known) return known.error();
  std::map<std::string, Stock> found;
  for (const Json& row : items(*known)) {
    Stock& s = found[text(at(row, "item_code"))];
    s.sku = text(at(row, "item_code"));
    s.name = text(at(row, "item_name"));
    s.unit = text(at(row, "stock_uom"));
  }
  if (!found.empty()) {
    auto bins = every(
        "Bin",
        {.filters = filter, .fields = {"item_code", "warehouse", "actual_qty", "reserved_qty"}, .order = "name asc"});
    if (!bins) return bins.error();
    for (const Json& row : *bins) {
      const auto entry = found.find(text(at(row, "item_code")));
      if (entry == found.end()) continue;
      StockLevel level;
      level.warehouse = level.warehouse_name = text(at(row, "warehouse"));
      level.on_hand = number(at(row, "actual_qty"));
      level.reserved = number(at(row, "reserved_qty"));
      level.available = level.on_hand - level.reserved;
      entry->second.levels.push_back(std::move(level));
    }
  }
  return in_order<std::string>(skus, found);
}

Result<std::vector<Product>> Client::products(const ProductSearch& q) {
  auto rows = list("Item", {.filters = Json::array({Json::array({"disabled", "=", 0})}),
                            .any = Json::array({Json::array({"item_code", "like", like(q.text)}),
                                                Json::array({"item_name", "like", like(q.text)})}),
                            .fields = {"item_code", "item_name", "stock_uom"},
                            .limit = q.limit});
  if (!rows) return rows.error();
  std::vector<Product> found;
  Json codes = Json::array();
  for (const Json& row : items(*rows)) {
    Product p;
    p.sku = text(at(row, "item_code"));
    p.name = text(at(row, "item_name"));
    p.unit = text(at(row, "stock_uom"));
    codes.push_back(p.sku);
    found.push_back(std::move(p));
  }
  if (found.empty()) return found;
  auto prices =
      list("Item Price",
           {.filters = Json::array({Json::array({"item_code", "in", codes}), Json::array({"selling", "=", 1})}),
            .fields = {"item_code", "price_list_rate", "currency"},
            .limit = 500});
  if (!prices) return prices.error();
  for (const Json& row : items(*prices)) {
    for (Product& p : found) {
      if (p.sku != text(at(row, "item_code")) || !p.price.empty()) continue;
      p.price = amount(at(row, "price_list_rate"));
      p.currency = text(at(row, "currency"));
    }
  }
  exact_first(found, q.text);
  return found;
}

Result<Order> Client::order(const std::string& code, std::string* customer) {
  auto doc = document("Sales Order", code);
  if (!doc) return doc.error();
  Order o;
  o.number = text(at(*doc, "name"));
  if (o.number.empty()) return Error{Errc::not_found, "erpnext has no such order"};
  o.placed_at = time(text(at(*doc, "transaction_date")), config_.utc_offset);
  o.status = text(at(*doc, "status"));
  o.amount = amount(at(*doc, "grand_total"));
  o.currency = text(at(*doc, "currency"));
  for (const Json& row : items(at(*doc, "items"))) {
    o.lines.push_back(
        {text(at(row, "item_code")), text(at(row, "item_name")), number(at(row, "qty")), amount(at(row, "rate"))});
  }
  if (customer != nullptr) *customer = text(at(*doc, "customer"));
  return o;
}

Result<std::vector<Order>> Client::orders(const OrderQuery& q) {
  const auto asked = customers_asked(*this, "erpnext", q);
  if (!asked) return asked.error();
  std::vector<Order> found;
  if (!q.number.empty()) {
    std::string customer;
    auto one = order(q.number, &customer);
    if (!one) return one.error();
    if (!asked->empty() && std::find(asked->begin(), asked->end(), customer) == asked->end()) {
      return Error{Errc::not_found, "erpnext has no such order of that customer"};
    }
    found.push_back(std::move(*one));
    return found;
  }
  auto rows = list("Sales Order", {.filters = Json::array({Json::array({"customer", "in", *asked})}),
                                   .fields = {"name"},
                                   .limit = q.limit,
                                   .order = "transaction_date desc"});
  if (!rows) return rows.error();
  for (const Json& row : items(*rows)) {
    auto one = order(text(at(row, "name")));
    if (!one) return one.error();
    found.push_back(std::move(*one));
  }
  return found;
}

Result<std::vector<CustomerCard>> Client::customers(const LookupCustomer& q) {
  std::vector<std::string> ids;
  if (!q.crm_id.empty()) {
    ids.push_back(q.crm_id);
  } else {
    const Json filter = q.phone.empty()
                            ? Json::array({"Contact Email", "email_id", "=", q.email})
                            : Json::array({"Contact Phone", "phone", "like", "%" + phone_like(q.phone) + "%"});
    auto contacts = list("Contact", {.filters = Json::array({filter}), .fields = {"name"}, .limit = 20});
    if (!contacts) return contacts.error();
    for (const Json& row : items(*contacts)) {
      auto contact = document("Contact", text(at(row, "name")));
      if (!contact) return contact.error();
      bool fits = q.phone.empty();
      for (const Json& phone : items(at(*contact, "phone_nos"))) {
        if (same_phone(text(at(phone, "phone")), q.phone, config_.country)) fits = true;
      }
      if (!fits) continue;
      for (const Json& link : items(at(*contact, "links"))) {
        const std::string name = text(at(link, "link_name"));
        if (text(at(link, "link_doctype")) != "Customer" || name.empty()) continue;
        if (std::find(ids.begin(), ids.end(), name) == ids.end()) ids.push_back(name);
      }
    }
  }
  std::vector<CustomerCard> found;
  for (const std::string& id : ids) {
    auto doc = document("Customer", id);
    if (!doc && doc.error().code == Errc::not_found) continue;
    if (!doc) return doc.error();
    CustomerCard card;
    card.crm_id = text(at(*doc, "name"));
    if (card.crm_id.empty()) continue;
    card.name = text(at(*doc, "customer_name"));
    card.phone = text(at(*doc, "mobile_no"));
    card.email = text(at(*doc, "email_id"));
    card.company = text(at(*doc, "customer_group"));
    card.tier = text(at(*doc, "loyalty_program_tier"));
    card.owner = text(at(*doc, "account_manager"));
    card.tags = split(text(at(*doc, "_user_tags")), ',');
    card.url = join_url(config_.url, "app/customer/" + url_encode(card.crm_id));
    found.push_back(std::move(card));
  }
  return found;
}

Result<void> Client::complete(CustomerCard& card) { return add_orders(*this, card); }

Result<void> Client::record(const std::string& crm_id, const RecordActivity& a) {
  const std::string mark = fmt::format("qiao:{}", a.external_id);
  auto there = list("Comment", {.filters = Json::array({Json::array({"reference_doctype", "=", "Customer"}),
                                                        Json::array({"reference_name", "=", crm_id}),
                                                        Json::array({"content", "like", like("[" + mark + "]")})}),
                                .fields = {"name"},
                                .limit = 1});
  if (!there) return there.error();
  if (!items(*there).empty()) return {};
  // A comment is shown as HTML; the site cleans it, and nothing of ours is markup.
  const std::string content = fmt::format("{} {}\n{}\n{}\n[{}]", a.subject, to_iso8601(a.at), a.text, a.url, mark);
  auto done = call("POST", "api/resource/Comment", {},
                   {{"comment_type", "Comment"},
                    {"reference_doctype", "Customer"},
                    {"reference_name", crm_id},
                    {"content", escape_markup(content, "<br>")}});
  if (!done) return done.error();
  return {};
}

Result<void> Client::tag(const std::string& crm_id, const TagCustomer& q) {
  const auto change = [&](const char* what, const std::string& tag) {
    return call("POST", fmt::format("api/method/frappe.desk.doctype.tag.tag.{}", what), {},
                {{"tag", tag}, {"dt", "Customer"}, {"dn", crm_id}});
  };
  for (const std::string& tag : q.add) {
    if (auto done = change("add_tag", tag); !done) return done.error();
  }
  for (const std::string& tag : q.remove) {
    if (auto done = change("remove_tag", tag); !done) return done.error();
  }
  return {};
}

Result<std::string> Client::test() {
  auto user = call("GET", "api/method/frappe.auth.get_logged_user");
  if (!user) return user.error();
  auto rows = list("Bin", {.fields = {"name"}, .limit = 1});
  if (!rows) return rows.error();
  return fmt::format("logged in as {}", text(at(*user, "message")));
}

}  // namespace qiao::erpnext
