#include "connectors/kingdee/client/kingdee_client.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "connectors/platform/phone.hpp"

namespace qiao::kingdee {
namespace {

using namespace platform;
using namespace contract;

constexpr std::size_t kPage = 2000;  // what the service gives at most
constexpr std::string_view kService = "Kingdee.BOS.WebApi.ServicesStub.";

/// `K in ('a','b')`
std::string one_of(const std::string& key, std::span<const std::string> values) {
  std::vector<std::string> list;
  for (const std::string& value : values) list.push_back(filter_literal(value));
  return fmt::format("{} in ({})", key, fmt::join(list, ","));
}

std::string equals(const std::string& key, const std::string& value) {
  return fmt::format("{}={}", key, filter_literal(value));
}

Error unsafe(const char* what) {
  return {Errc::not_found, fmt::format("kingdee has no such {}: numbers there hold letters, digits and -_./+#", what)};
}

}  // namespace

std::string filter_literal(std::string_view text) {
  std::string literal = "'";
  for (const char c : text) {
    if (c == '\'') literal += '\'';
    literal += c;
  }
  return literal + "'";
}

bool is_safe(std::string_view code) {
  return !code.empty() && code.size() <= 80 && std::all_of(code.begin(), code.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
           std::string_view("-_./+#").find(c) != std::string_view::npos || static_cast<unsigned char>(c) >= 0x80;
  });
}

Result<Grant> parse_login(const Json& answer) {
  const std::string session = text(at(answer, "KDSVCSessionId"));
  if (integer(at(answer, "LoginResultType")) == 1 && !session.empty()) return Grant{session, {}, {}};
  if (!at(answer, "LoginResultType").is_number()) {
    return Error{Errc::unavailable, "kingdee.bad_answer",
                 "kingdee answered something else to the log-in; look at the base URL"};
  }
  return Error{
      Errc::unauthorized, "kingdee.login_refused",
      fmt::format("kingdee refused the log-in ({}): {}; it is not tried again until the connector is tested or "
                  "restarted, so that the account is not locked",
                  integer(at(answer, "LoginResultType")), excerpt(text(at(answer, "Message"))))};
}

Result<Json::array_t> parse_rows(const Json& answer) {
  // An error has the shape of a row: [[{"Result": {"ResponseStatus": …}}]].
  const Json* status = &at(at(at(answer, std::size_t{0}), std::size_t{0}), {"Result", "ResponseStatus"});
  if (status->is_null()) status = &at(answer, {"Result", "ResponseStatus"});
  if (!status->is_null()) {
    const std::string said = text(at(at(at(*status, "Errors"), std::size_t{0}), "Message"));
    const std::int64_t code = integer(at(*status, "MsgCode"));
    const std::string message = fmt::format("kingdee: {}", excerpt(said));
    if (code == 1) return Error{Errc::unavailable, kSessionLost, message};
    return Error{code == 4 ? Errc::forbidden : Errc::bad_value, "kingdee.refused",
                 message + "; check the forms, fields and rights in the configuration"};
  }
  if (!answer.is_array()) {
    return Error{Errc::unavailable, "kingdee.bad_answer", "kingdee answered something else than rows"};
  }
  return items(answer);
}

Client::Client(const KingdeeConfig& config, Transport transport, const Clock& clock)
    : config_(config), transport_(std::move(transport)), session_(clock, [this]() -> Result<Grant> {
        const bool app = config_.password.empty();
        Json parameters =
            app ? Json::array(
                      {config_.account, config_.user, config_.app_id, config_.app_secret.reveal(), config_.language})
                : Json::array({config_.account, config_.user, config_.password.reveal(), config_.language});
        auto answer = post(app ? "AuthService.LoginByAppSecret" : "AuthService.ValidateUser",
                           {{"parameters", std::move(parameters)}});
        if (!answer) return answer.error();
        return parse_login(*answer);
      }) {}

Result<Json> Client::post(const std::string& service, const Json& body, const std::string& session) {
  OutboundRequest request =
      json_request("POST", join_url(config_.url, fmt::format("{}{}.common.kdsvc", kService, service)), body);
  if (!session.empty()) request.headers.emplace_back("kdservice-sessionid", session);
  return ask(transport_, "kingdee", request);
}

Result<Json::array_t> Client::query(const Query& q) {
  std::vector<std::string> asked;
  for (const std::string& key : q.keys) {
    if (!key.empty()) asked.push_back(key);
  }
  const std::size_t limit = q.most == 0 ? kPage : std::min(q.most, kPage);
  return all_pages("kingdee", q.form, [&](std::size_t index) -> Result<Page> {
    const Json body = {{"data",
                        {{"FormId", q.form},
                         {"FieldKeys", fmt::format("{}", fmt::join(asked, ","))},
                         {"FilterString", q.filter},
                         {"OrderString", q.order},
                         {"TopRowCount", 0},
                         {"StartRow", index * kPage},
                         {"Limit", limit}}}};
    auto rows = with_session(session_, [&](const Grant& session) -> Result<Json::array_t> {
      auto answer = post("DynamicFormService.ExecuteBillQuery", body, session.token);
      if (!answer) return answer.error();
      return parse_rows(*answer);
    });
    if (!rows) return rows.error();
    Page page{{}, rows->size() < limit || q.most != 0};
    for (const Json& row : *rows) {
      if (!row.is_array()) {
        return Error{Errc::unavailable, "kingdee.bad_answer", "kingdee answered something else than rows"};
      }
      Json full = Json::array();
      for (std::size_t i = 0, column = 0; i < q.keys.size(); ++i) {
        full.push_back(q.keys[i].empty() ? Json() : at(row, column++));
      }
      page.rows.push_back(std::move(full));
    }
    return page;
  });
}

Result<Backend::Stocks> Client::stock(std::span<const std::string> skus) {
  std::vector<std::string> safe;
  std::copy_if(skus.begin(), skus.end(), std::back_inserter(safe), [](const std::string& s) { return is_safe(s); });
  std::map<std::string, Stock> found;
  if (!safe.empty()) {
    const ProductForm& p = config_.products;
    auto known = query({p.form, {p.sku, p.name, p.unit}, one_of(p.sku, safe), {}, kPage});
    if (!known) return known.error();
    for (const Json& row : *known) {
      Stock& s = found[text(row[0])];
      s.sku = text(row[0]);
      s.name = text(row[1]);
      s.unit = text(row[2]);
    }
    const StockForm& f = config_.stock;
    auto rows = query(
        {f.form, {f.sku, f.warehouse, f.warehouse_name, f.on_hand, f.reserved, f.available}, one_of(f.sku, safe)});
    if (!rows) return rows.error();
    for (const Json& row : *rows) {
      const auto entry = found.find(text(row[0]));
      if (entry == found.end()) continue;
      StockLevel& level = level_of(entry->second.levels, text(row[1]), text(row[2]));
      level.on_hand += number(row[3]);
      level.reserved += number(row[4]);
      level.available += f.available.empty() ? number(row[3]) - number(row[4]) : number(row[5]);
    }
  }
  return in_order<std::string>(skus, found);
}

Result<std::vector<Product>> Client::products(const ProductSearch& q) {
  const ProductForm& p = config_.products;
  std::string words = q.text;
  std::erase_if(words, [](char c) { return c == '%' || c == '_' || c == '[' || static_cast<unsigned char>(c) < 0x20; });
  const std::string like = filter_literal("%" + words + "%");
  std::string filter = fmt::format("{} like {} or {} like {}", p.sku, like, p.name, like);
  if (!p.barcode.empty()) filter += fmt::format(" or {}", equals(p.barcode, words));
  auto rows = query({p.form, {p.sku, p.name, p.barcode, p.unit}, filter, {}, static_cast<std::size_t>(q.limit)});
  if (!rows) return rows.error();
  std::vector<Product> found;
  for (const Json& row : *rows) {
    Product product;
    product.sku = text(row[0]);
    product.name = text(row[1]);
    product.barcode = text(row[2]);
    product.unit = text(row[3]);
    found.push_back(std::move(product));
  }
  exact_first(found, q.text);
  return found;
}

Result<std::vector<Order>> Client::orders(const OrderQuery& q) {
  const OrderForm& f = config_.orders;
  std::vector<std::string> conditions;
  if (!q.number.empty()) {
    if (!is_safe(q.number)) return unsafe("order");
    conditions.push_back(equals(f.number, q.number));
  }
  if (!q.customer.empty()) {
    if (!is_safe(q.customer)) return unsafe("customer");
    conditions.push_back(equals(f.customer, q.customer));
  }
  if (!q.phone.empty() || !q.email.empty()) {
    auto codes = owners_of(*this, "kingdee", q);
    if (!codes) return codes.error();
    conditions.push_back(one_of(f.customer, *codes));
  }
  // One row a line, newest first: the lines of an order stand together.
  // One row a line, and only so many rows: the last order may then lack some of its lines.
  const std::size_t most =
      q.number.empty() ? std::min<std::size_t>(static_cast<std::size_t>(q.limit) * 20, kPage) : kPage;
  auto rows = query(
      {f.form,
       {f.number, f.date, f.status, f.customer, f.sku, f.name, f.quantity, f.shipped, f.price, f.amount, f.currency},
       fmt::format("{}", fmt::join(conditions, " and ")),
       f.date + " DESC",
       most});
  if (!rows) return rows.error();
  std::vector<Order> list;
  for (const Json& row : *rows) {
    auto order = std::find_if(list.begin(), list.end(), [&](const Order& o) { return o.number == text(row[0]); });
    if (order == list.end()) {
      if (list.size() == static_cast<std::size_t>(q.limit)) break;
      Order o;
      o.number = text(row[0]);
      o.placed_at = time(text(row[1]), config_.utc_offset);
      o.status = text(row[2]);
      o.amount = amount(row[9]);
      o.currency = text(row[10]);
      list.push_back(std::move(o));
      order = std::prev(list.end());
    }
    order->lines.push_back({text(row[4]), text(row[5]), number(row[6]), amount(row[8])});
  }
  if (rows->size() == most && list.size() > 1 && list.size() < static_cast<std::size_t>(q.limit)) list.pop_back();
  if (list.empty() && !q.number.empty()) return Error{Errc::not_found, "kingdee has no such order"};
  return list;
}

Result<std::vector<CustomerCard>> Client::customers(const LookupCustomer& q) {
  const CustomerForm& f = config_.customers;
  std::vector<std::string> filters;
  std::vector<std::string> by_contact;
  if (!q.crm_id.empty()) {
    if (!is_safe(q.crm_id)) return std::vector<CustomerCard>{};
    filters.push_back(equals(f.code, q.crm_id));
  } else if (!q.phone.empty()) {
    const std::string like = filter_literal("%" + phone_like(q.phone) + "%");
    filters.push_back(fmt::format("{} like {}", f.phone, like));
    if (!f.contact_form.empty()) {
      auto people = query({f.contact_form,
                           {f.contact_phone, f.contact_customer},
                           fmt::format("{} like {}", f.contact_phone, like),
                           {},
                           50});
      if (!people) return people.error();
      for (const Json& row : *people) {
        const std::string code = text(row[1]);
        if (same_phone(text(row[0]), q.phone, config_.country) && is_safe(code)) by_contact.push_back(code);
      }
      if (!by_contact.empty()) filters.push_back(one_of(f.code, by_contact));
    }
  } else {
    if (f.email.empty()) return std::vector<CustomerCard>{};
    filters.push_back(equals(f.email, q.email));
  }
  auto rows = query({f.form,
                     {f.code, f.name, f.phone, f.email, f.owner, f.tier},
                     fmt::format("{}", fmt::join(filters, " or ")),
                     {},
                     50});
  if (!rows) return rows.error();
  std::vector<CustomerCard> found;
  for (const Json& row : *rows) {
    CustomerCard card;
    card.crm_id = text(row[0]);
    card.name = text(row[1]);
    card.phone = text(row[2]);
    card.email = text(row[3]);
    card.owner = text(row[4]);
    card.tier = text(row[5]);
    const bool named = std::find(by_contact.begin(), by_contact.end(), card.crm_id) != by_contact.end();
    if (!q.phone.empty() && !named && !same_phone(card.phone, q.phone, config_.country)) continue;
    if (card.phone.empty() && named) card.phone = q.phone;
    found.push_back(std::move(card));
  }
  return found;
}

Result<void> Client::complete(CustomerCard& card) { return add_orders(*this, card); }

Result<std::string> Client::test() {
  session_.forgive();
  const ProductForm& p = config_.products;
  auto rows = query({p.form, {p.sku}, {}, {}, 1});
  if (!rows) return rows.error();
  return fmt::format("logged in to {} as {}", config_.account, config_.user);
}

}  // namespace qiao::kingdee
