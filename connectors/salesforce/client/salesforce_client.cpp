#include "connectors/salesforce/client/salesforce_client.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "connectors/channel/signing.hpp"
#include "connectors/platform/phone.hpp"
#include "qiao/utf8.hpp"

namespace qiao::salesforce {
namespace {

using namespace platform;
using namespace contract;

/// Errors are a list with one entry: [{"message", "errorCode"}].
Error fault(const OutboundResponse& response) {
  const auto body = read_json(response.body, "salesforce");
  const Json& first = body ? at(*body, std::size_t{0}) : at(Json(), "");
  const std::string code = text(at(first, "errorCode"));
  const std::string message = fmt::format("salesforce: {}: {}", code, excerpt(text(at(first, "message"))));
  if (code == "INVALID_SESSION_ID") return {Errc::unavailable, kSessionLost, message};
  if (code == "REQUEST_LIMIT_EXCEEDED") {
    Error error{Errc::rate_limited, "salesforce.limit", message};
    error.retry_after = std::chrono::minutes(5);
    return error;
  }
  if (code == "SERVER_UNAVAILABLE") return {Errc::unavailable, "salesforce.unavailable", message};
  if (code == "NOT_FOUND" || code == "ENTITY_IS_DELETED") return {Errc::not_found, "salesforce.not_found", message};
  if (code.starts_with("INSUFFICIENT_ACCESS") || code == "API_DISABLED_FOR_ORG") {
    return {Errc::forbidden, "salesforce.forbidden", message};
  }
  if (response.status == 400 && !code.empty()) {
    return {Errc::bad_value, "salesforce.refused", message + "; check the objects and fields in the configuration"};
  }
  return status_error("salesforce", response, code);
}

std::string joined(const std::vector<std::string>& list) { return fmt::format("{}", fmt::join(list, ",")); }

/// A field over relations: "Product2.ProductCode".
const Json& field(const Json& record, std::string_view path) {
  const Json* value = &record;
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t end = std::min(path.find('.', start), path.size());
    value = &at(*value, path.substr(start, end - start));
    start = end + 1;
  }
  return *value;
}

/// Ids are 15 or 18 letters and digits.
bool is_id(std::string_view text) {
  return (text.size() == 15 || text.size() == 18) && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
         });
}

}  // namespace

std::string soql_literal(std::string_view text) {
  std::string literal = "'";
  for (const char c : text) {
    if (c == '\\' || c == '\'') literal += '\\';
    // Line breaks cannot stand in a literal as they are; nobody searches for them.
    literal += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return literal + "'";
}

std::string soql_like(std::string_view text) {
  std::string literal = "'%";
  for (const char c : text) {
    if (c == '\\' || c == '\'' || c == '%' || c == '_') literal += '\\';
    literal += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return literal + "%'";
}

Result<std::string> jwt_bearer(const std::string& private_key, const std::string& claims) {
  auto token = channel::sign_jwt("RS256", R"({"alg":"RS256"})", claims, private_key);
  if (token) return token;
  return Error{Errc::unauthorized, "salesforce.bad_key",
               "private_key: expected an RSA key in PEM, without a passphrase"};
}

Client::Client(const SalesforceConfig& config, Transport transport, const Clock& clock)
    : config_(config), transport_(std::move(transport)), clock_(clock), session_(clock, [this] { return log_in(); }) {}

Result<Grant> Client::log_in() {
  std::vector<std::pair<std::string, std::string>> fields;
  if (config_.private_key.empty()) {
    fields = {{"grant_type", "client_credentials"},
              {"client_id", config_.client_id},
              {"client_secret", config_.client_secret.reveal()}};
  } else {
    const auto now = std::chrono::duration_cast<std::chrono::seconds>(clock_.now().time_since_epoch()).count();
    const Json claims = {
        {"iss", config_.client_id}, {"sub", config_.user}, {"aud", config_.audience}, {"exp", now + 180}};
    auto assertion = jwt_bearer(config_.private_key.reveal(), claims.dump());
    if (!assertion) return assertion.error();
    fields = {{"grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"}, {"assertion", *assertion}};
  }
  OutboundRequest request;
  request.method = "POST";
  request.url = join_url(config_.url, "services/oauth2/token");
  request.headers = {{"content-type", "application/x-www-form-urlencoded"}};
  request.body = form(fields);
  auto response = transport_(request);
  if (!response) return response.error();
  if (response->status == 400 || response->status == 401) {
    const auto body = read_json(response->body, "salesforce");
    return Error{Errc::unauthorized, "salesforce.login_refused",
                 fmt::format("salesforce refused the log-in: {}: {}", body ? text(at(*body, "error")) : "",
                             body ? excerpt(text(at(*body, "error_description"))) : "")};
  }
  if (response->status != 200) return fault(*response);
  auto body = read_json(response->body, "salesforce");
  if (!body) return body.error();
  Grant session{text(at(*body, "access_token")), text(at(*body, "instance_url")), config_.token_life};
  if (session.token.empty()) return Error{Errc::unavailable, "salesforce.bad_answer", "salesforce gave no token"};
  if (session.base.empty()) session.base = config_.url;
  return session;
}

Result<Json> Client::call(const std::string& method, const std::string& path, const Json& body) {
  return with_session(session_, [&](const Grant& session) -> Result<Json> {
    OutboundRequest request = json_request(
        method,
        join_url(session.base,
                 path.starts_with('/') ? path : fmt::format("services/data/{}/{}", config_.api_version, path)),
        body);
    request.headers.emplace_back("authorization", "Bearer " + session.token);
    return ask(transport_, "salesforce", request, fault);
  });
}

Result<Json::array_t> Client::query(const std::string& soql) {
  std::string path = "query?q=" + url_encode(soql);
  return all_pages("salesforce", "one answer", [&](std::size_t) -> Result<Page> {
    auto page = call("GET", path);
    if (!page) return page.error();
    path = text(at(*page, "nextRecordsUrl"));
    // Only ever a path of the same server: the token goes with it.
    if (!path.empty() && !path.starts_with("/services/data/")) {
      return Error{Errc::unavailable, "salesforce.bad_answer", "salesforce named a next page elsewhere"};
    }
    return Page{items(at(*page, "records")), path.empty()};
  });
}

Result<Backend::Stocks> Client::stock(std::span<const std::string> skus) {
  const StockObject& o = config_.stock;
  std::vector<std::string> wanted;
  for (const std::string& sku : skus) wanted.push_back(soql_literal(sku));
  auto known = query(fmt::format("SELECT ProductCode, Name FROM Product2 WHERE ProductCode IN ({})", joined(wanted)));
  if (!known) return known.error();
  std::map<std::string, Stock> found;
  for (const Json& row : *known) {
    Stock& s = found[text(at(row, "ProductCode"))];
    s.sku = text(at(row, "ProductCode"));
    s.name = text(at(row, "Name"));
  }
  std::vector<std::string> fields;
  for (const std::string& f : {o.sku, o.name, o.on_hand, o.reserved, o.warehouse, o.unit}) {
    if (!f.empty()) fields.push_back(f);
  }
  auto rows = query(fmt::format("SELECT {} FROM {} WHERE {} IN ({})", joined(fields), o.object, o.sku, joined(wanted)));
  if (!rows) return rows.error();
  for (const Json& row : *rows) {
    const std::string sku = text(field(row, o.sku));
    Stock& s = found[sku];
    s.sku = sku;
    if (s.name.empty() && !o.name.empty()) s.name = text(field(row, o.name));
    if (s.unit.empty() && !o.unit.empty()) s.unit = text(field(row, o.unit));
    const std::string place = o.warehouse.empty() ? std::string{} : text(field(row, o.warehouse));
    StockLevel& level = level_of(s.levels, place, place);
    level.on_hand += number(field(row, o.on_hand));
    if (!o.reserved.empty()) level.reserved += number(field(row, o.reserved));
    level.available = level.on_hand - level.reserved;
  }
  return in_order<std::string>(skus, found);
}

Result<std::vector<Product>> Client::products(const ProductSearch& q) {
  const std::string like = soql_like(q.text);
  auto rows =
      query(fmt::format("SELECT ProductCode, Name, QuantityUnitOfMeasure FROM Product2 WHERE ProductCode LIKE {} OR "
                        "Name LIKE {} LIMIT {}",
                        like, like, q.limit));
  if (!rows) return rows.error();
  std::vector<Product> found;
  std::vector<std::string> codes;
  for (const Json& row : *rows) {
    Product p;
    p.sku = text(at(row, "ProductCode"));
    p.name = text(at(row, "Name"));
    p.unit = text(at(row, "QuantityUnitOfMeasure"));
    codes.push_back(soql_literal(p.sku));
    found.push_back(std::move(p));
  }
  if (found.empty()) return found;
  auto prices = query(fmt::format(
      "SELECT Product2.ProductCode, UnitPrice FROM PricebookEntry WHERE Product2.ProductCode IN ({})", joined(codes)));
  if (!prices) return prices.error();
  for (const Json& row : *prices) {
    for (Product& p : found) {
      if (p.sku != text(field(row, "Product2.ProductCode")) || !p.price.empty()) continue;
      p.price = amount(at(row, "UnitPrice"));
      p.currency = config_.currency;
    }
  }
  exact_first(found, q.text);
  return found;
}

Result<std::vector<Order>> Client::read_orders(const std::string& where, int limit) {
  auto rows =
      query(fmt::format("SELECT OrderNumber, EffectiveDate, Status, TotalAmount, (SELECT Quantity, UnitPrice, "
                        "Product2.ProductCode, Product2.Name FROM OrderItems) "
                        "FROM Order WHERE {} ORDER BY EffectiveDate DESC LIMIT {}",
                        where, limit));
  if (!rows) return rows.error();
  std::vector<Order> found;
  for (const Json& row : *rows) {
    Order o;
    o.number = text(at(row, "OrderNumber"));
    o.placed_at = time(text(at(row, "EffectiveDate")), config_.utc_offset);
    o.status = text(at(row, "Status"));
    o.amount = amount(at(row, "TotalAmount"));
    o.currency = config_.currency;
    for (const Json& line : items(at(row, {"OrderItems", "records"}))) {
      o.lines.push_back({text(field(line, "Product2.ProductCode")), text(field(line, "Product2.Name")),
                         number(at(line, "Quantity")), amount(at(line, "UnitPrice"))});
    }
    found.push_back(std::move(o));
  }
  return found;
}

Result<std::vector<Order>> Client::orders(const OrderQuery& q) {
  std::vector<std::string> conditions;
  if (!q.number.empty()) conditions.push_back("OrderNumber = " + soql_literal(q.number));
  if (!q.customer.empty()) conditions.push_back("BillToContactId = " + soql_literal(q.customer));
  if (!q.phone.empty() || !q.email.empty()) {
    auto ids = owners_of(*this, "salesforce", q);
    if (!ids) return ids.error();
    for (std::string& id : *ids) id = soql_literal(id);
    conditions.push_back(fmt::format("BillToContactId IN ({})", joined(*ids)));
  }
  auto found = read_orders(fmt::format("{}", fmt::join(conditions, " AND ")), q.limit);
  if (found && found->empty() && !q.number.empty()) return Error{Errc::not_found, "salesforce has no such order"};
  return found;
}

Result<std::vector<CustomerCard>> Client::contacts(const std::string& where) {
  std::string fields = "Id, Name, Phone, MobilePhone, Email, Account.Name, Owner.Name";
  if (!config_.tags_field.empty()) fields += ", " + config_.tags_field;
  auto rows = query(fmt::format("SELECT {} FROM Contact WHERE {} LIMIT 50", fields, where));
  if (!rows) return rows.error();
  std::vector<CustomerCard> found;
  for (const Json& row : *rows) {
    CustomerCard card;
    card.crm_id = text(at(row, "Id"));
    card.name = text(at(row, "Name"));
    card.phone = text(at(row, "MobilePhone"));
    if (card.phone.empty()) card.phone = text(at(row, "Phone"));
    card.email = text(at(row, "Email"));
    card.company = text(field(row, "Account.Name"));
    card.owner = text(field(row, "Owner.Name"));
    if (!config_.tags_field.empty()) card.tags = split(text(at(row, config_.tags_field)), ';');
    card.url = join_url(config_.url, "lightning/r/Contact/" + card.crm_id + "/view");
    found.push_back(std::move(card));
  }
  return found;
}

Result<std::vector<CustomerCard>> Client::customers(const LookupCustomer& q) {
  if (!q.crm_id.empty()) return contacts("Id = " + soql_literal(q.crm_id));
  if (q.phone.empty()) return contacts("Email = " + soql_literal(q.email));
  std::vector<std::string> spellings;
  for (const std::string& spelling : phone_spellings(q.phone, config_.country))
    spellings.push_back(soql_literal(spelling));
  auto found = contacts(fmt::format("MobilePhone IN ({0}) OR Phone IN ({0})", joined(spellings)));
  if (!found || !found->empty() || !config_.search_phones) return found;
  // Spelled unlike any of these: the full-text search compares digits.
  auto hits =
      call("GET",
           "search?q=" + url_encode(fmt::format("FIND {{{}}} IN PHONE FIELDS RETURNING Contact(Id)", digits(q.phone))));
  if (!hits) return hits.error();
  std::vector<std::string> ids;
  for (const Json& hit : items(at(*hits, "searchRecords"))) {
    if (is_id(text(at(hit, "Id")))) ids.push_back(soql_literal(text(at(hit, "Id"))));
  }
  if (ids.empty()) return found;
  found = contacts(fmt::format("Id IN ({})", joined(ids)));
  if (found)
    std::erase_if(*found, [&](const CustomerCard& card) { return !same_phone(card.phone, q.phone, config_.country); });
  return found;
}

Result<void> Client::complete(CustomerCard& card) {
  auto found = read_orders("BillToContactId = " + soql_literal(card.crm_id), 10);
  if (!found) return found.error();
  card.orders = std::move(*found);
  return {};
}

Result<void> Client::record(const std::string& crm_id, const RecordActivity& a) {
  if (!is_id(crm_id)) return Error{Errc::not_found, "this is no id of a Salesforce contact"};
  // Long texts cannot be searched by SOQL; the subject can.
  const std::string mark = fmt::format("[qiao:{}]", a.external_id);
  auto there = query(fmt::format("SELECT Id FROM Task WHERE WhoId = {} AND Subject LIKE {} LIMIT 1",
                                 soql_literal(crm_id), soql_like(mark)));
  if (!there) return there.error();
  if (!there->empty()) return {};
  const std::string subject(utf8_head(excerpt(a.subject), 255 - mark.size() - 1));
  auto done = call("POST", "sobjects/Task",
                   {{"WhoId", crm_id},
                    {"Subject", subject + " " + mark},
                    {"Description", a.url.empty() ? a.text : a.text + "\n" + a.url},
                    {"Status", "Completed"},
                    {"ActivityDate", to_iso8601(a.at + std::chrono::hours(config_.utc_offset)).substr(0, 10)}});
  if (!done) return done.error();
  return {};
}

Result<void> Client::tag(const std::string& crm_id, const TagCustomer& q) {
  if (config_.tags_field.empty()) {
    return Error{Errc::unsupported, "salesforce.no_tags",
                 "Salesforce has no tags of its own; set tags_field to a multi-select picklist"};
  }
  if (!is_id(crm_id)) return Error{Errc::not_found, "this is no id of a Salesforce contact"};
  auto card = contacts("Id = " + soql_literal(crm_id));
  if (!card) return card.error();
  if (card->empty()) return Error{Errc::not_found, "salesforce has no such contact"};
  std::vector<std::string> tags = card->front().tags;
  for (const std::string& tag : q.add) {
    if (std::find(tags.begin(), tags.end(), tag) == tags.end()) tags.push_back(tag);
  }
  std::erase_if(
      tags, [&](const std::string& tag) { return std::find(q.remove.begin(), q.remove.end(), tag) != q.remove.end(); });
  if (tags == card->front().tags) return {};
  auto done =
      call("PATCH", "sobjects/Contact/" + crm_id, {{config_.tags_field, fmt::format("{}", fmt::join(tags, ";"))}});
  if (!done) return done.error();
  return {};
}

Result<std::string> Client::test() {
  session_.forgive();
  auto limits = call("GET", "limits");
  if (!limits) return limits.error();
  return fmt::format("logged in; {} calls are left today", text(at(*limits, {"DailyApiRequests", "Remaining"})));
}

}  // namespace qiao::salesforce
