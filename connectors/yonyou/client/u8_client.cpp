#include <fmt/format.h>

#include <algorithm>

#include "connectors/platform/phone.hpp"
#include "connectors/yonyou/client/yonyou_client.hpp"

namespace qiao::yonyou {

using namespace platform;
using namespace contract;

namespace {

constexpr std::size_t kPage = 500;

/// errcode is a text in most answers and a number in some.
Error fault(const Json& answer) {
  const std::string code = text(at(answer, "errcode"));
  const std::string said = text(at(answer, "errmsg"));
  const std::string message = fmt::format("u8 {}: {}", code, excerpt(said));
  const auto says = [&](const char* word) { return said.find(word) != std::string::npos; };
  if (says("token")) return {Errc::unavailable, kSessionLost, message};
  if (says("app_secret") || says("app_key") || says("from_account")) {
    return {Errc::unauthorized, "yonyou.login_refused", message + "; check the keys and accounts in the configuration"};
  }
  if (says("不在线")) {
    return {Errc::unavailable, "yonyou.offline", message + "; start the U8 OpenAPI connector in the company's network"};
  }
  if (says("次数") || says("频率")) return {Errc::rate_limited, "yonyou.busy", message};
  if (says("不存在") && !says("API")) return {Errc::not_found, "yonyou.not_found", message};
  return {Errc::bad_value, "yonyou.refused", message};
}

}  // namespace

U8Client::U8Client(const YonyouConfig& config, Transport transport, const Clock& clock)
    : config_(config), transport_(std::move(transport)), session_(clock, [this]() -> Result<Grant> {
        auto answer = get("/system/token", {{"from_account", config_.from_account},
                                            {"app_key", config_.app_key},
                                            {"app_secret", config_.app_secret.reveal()}});
        if (!answer) return answer.error();
        Grant session{text(at(*answer, {"token", "id"})), {}, std::chrono::seconds(7200)};
        if (session.token.empty()) return Error{Errc::unavailable, "yonyou.bad_answer", "u8 gave no token"};
        return session;
      }) {}

Result<Json> U8Client::get(const std::string& path, const Fields& query) {
  auto answer = ask(transport_, "u8", json_request("GET", join_url(config_.base(), path) + "?" + form(query)));
  if (!answer) return answer.error();
  const std::string code = text(at(*answer, "errcode"));
  if (code.empty()) return Error{Errc::unavailable, "yonyou.bad_answer", "u8 answered without an errcode"};
  if (code != "0") return fault(*answer);
  return answer;
}

Result<Json> U8Client::call(const std::string& path, const Fields& query) {
  return with_session(session_, [&](const Grant& session) {
    Fields all = query;
    all.emplace_back("from_account", config_.from_account);
    all.emplace_back("to_account", config_.to_account);
    all.emplace_back("app_key", config_.app_key);
    all.emplace_back("token", session.token);
    return get(path, all);
  });
}

Result<Json::array_t> U8Client::records(const std::string& path, Fields query, std::size_t most) {
  // The list is named after the object: /api/customer/batch_get answers {"customer": […]}.
  const auto end = path.rfind('/');
  const auto begin = end == std::string::npos || end == 0 ? std::string::npos : path.rfind('/', end - 1);
  const std::string name = begin == std::string::npos ? path : path.substr(begin + 1, end - begin - 1);
  query.emplace_back("rows_per_page", std::to_string(std::min(most, kPage)));
  query.emplace_back("page_index", "1");
  std::size_t seen = 0;
  return all_pages("yonyou", name, [&](std::size_t index) -> Result<Page> {
    query.back().second = std::to_string(index + 1);
    auto answer = call(path, query);
    if (!answer) return answer.error();
    const auto& rows = items(at(*answer, name));
    seen += rows.size();
    return Page{rows, static_cast<double>(index + 1) >= number(at(*answer, "page_count")) || seen >= most};
  });
}

Result<Backend::Stocks> U8Client::stock(std::span<const std::string> skus) {
  Stocks answer;
  for (const std::string& sku : skus) {
    Fields query{{config_.u8.stock_sku, sku}};
    // A range of codes of which only one is wanted.
    if (config_.u8.stock_sku.ends_with("_begin")) {
      query.emplace_back(config_.u8.stock_sku.substr(0, config_.u8.stock_sku.size() - 6) + "_end", sku);
    }
    auto rows = records(config_.u8.stock, std::move(query));
    if (!rows && rows.error().code == Errc::not_found) {
      answer.push_back(nullptr);
      continue;
    }
    if (!rows) return rows.error();
    auto stock = std::make_shared<Stock>();
    for (const Json& row : *rows) {
      if (text(at(row, "invcode")) != sku) continue;
      stock->sku = sku;
      stock->name = text(at(row, "invname"));
      stock->unit = text(at(row, "unitname"));
      StockLevel& level = level_of(stock->levels, text(at(row, "whcode")), text(at(row, "whname")));
      const Json& available = at(row, "availqty");
      level.on_hand += number(at(row, "qty"));
      level.available += available.is_null() ? number(at(row, "qty")) : number(available);
      level.reserved = level.on_hand - level.available;
    }
    answer.push_back(stock->sku.empty() ? nullptr : std::move(stock));
  }
  return answer;
}

Result<std::vector<Product>> U8Client::products(const ProductSearch& q) {
  std::vector<Product> found;
  for (const Fields& question : {Fields{{"code_begin", q.text}, {"code_end", q.text}}, Fields{{"name", q.text}}}) {
    auto rows = records(config_.u8.products, question, static_cast<std::size_t>(q.limit));
    if (!rows && rows.error().code == Errc::not_found) continue;
    if (!rows) return rows.error();
    for (const Json& row : *rows) {
      Product p;
      p.sku = text(at(row, "code"));
      p.name = text(at(row, "name"));
      p.barcode = text(at(row, "bar_code"));
      p.unit = text(at(row, "ccomunitname"));
      const bool known = std::any_of(found.begin(), found.end(), [&](const Product& f) { return f.sku == p.sku; });
      if (!known && found.size() < static_cast<std::size_t>(q.limit)) found.push_back(std::move(p));
    }
  }
  return found;
}

Result<Order> U8Client::order(const std::string& number_asked, std::string* customer) {
  auto answer = call(config_.u8.order, {{"id", number_asked}});
  if (!answer) return answer.error();
  const Json& doc = at(*answer, "saleorder");
  Order o;
  o.number = text(at(doc, "code"));
  if (o.number != number_asked) return Error{Errc::not_found, "u8 has no such order"};
  o.placed_at = time(text(at(doc, "date")), config_.utc_offset);
  o.status = text(at(doc, "state"));
  o.amount = amount(at(doc, "money"));
  o.currency = text(at(doc, "exch_name"));
  for (const Json& line : items(at(doc, "entry"))) {
    o.lines.push_back({text(at(line, "inventorycode")), text(at(line, "inventoryname")), number(at(line, "quantity")),
                       amount(at(line, "taxprice"))});
  }
  if (customer != nullptr) *customer = text(at(doc, "cuscode"));
  return o;
}

Result<std::vector<Order>> U8Client::orders(const OrderQuery& q) {
  const auto asked = customers_asked(*this, "u8", q);
  if (!asked) return asked.error();
  std::vector<std::string> numbers;
  if (!q.number.empty()) {
    numbers.push_back(q.number);
  } else {
    for (const std::string& id : *asked) {
      auto rows = records(config_.u8.orders, {{config_.u8.order_customer, id}}, static_cast<std::size_t>(q.limit));
      if (!rows) return rows.error();
      for (const Json& row : *rows) numbers.push_back(text(at(row, "code")));
    }
  }
  if (numbers.size() > static_cast<std::size_t>(q.limit)) numbers.resize(static_cast<std::size_t>(q.limit));
  std::vector<Order> found;
  for (const std::string& one : numbers) {
    std::string customer;
    auto o = order(one, &customer);
    if (!o) return o.error();
    if (!asked->empty() && std::find(asked->begin(), asked->end(), customer) == asked->end()) continue;
    found.push_back(std::move(*o));
  }
  if (found.empty() && !q.number.empty()) return Error{Errc::not_found, "u8 has no such order of that customer"};
  newest_first(found);
  return found;
}

Result<std::vector<CustomerCard>> U8Client::customers(const LookupCustomer& q) {
  if (q.crm_id.empty() && q.phone.empty()) return std::vector<CustomerCard>{};
  const Fields question = q.crm_id.empty() ? Fields{{config_.u8.customer_phone, q.phone}}
                                           : Fields{{"code_begin", q.crm_id}, {"code_end", q.crm_id}};
  auto rows = records(config_.u8.customers, question, 50);
  if (!rows && rows.error().code == Errc::not_found) return std::vector<CustomerCard>{};
  if (!rows) return rows.error();
  std::vector<CustomerCard> found;
  for (const Json& row : *rows) {
    CustomerCard card;
    card.crm_id = text(at(row, "code"));
    card.name = text(at(row, "name"));
    card.phone = text(at(row, "phone"));
    card.email = text(at(row, "email"));
    card.tier = text(at(row, "sort_name"));
    card.owner = text(at(row, "spec_operator_name"));
    if (q.crm_id.empty() ? !same_phone(card.phone, q.phone, config_.country) : card.crm_id != q.crm_id) continue;
    found.push_back(std::move(card));
  }
  return found;
}

Result<void> U8Client::complete(CustomerCard& card) { return add_orders(*this, card); }

Result<std::string> U8Client::test() {
  session_.forgive();
  auto answer = call(config_.u8.customers, {{"rows_per_page", "1"}, {"page_index", "1"}});
  if (!answer) return answer.error();
  return std::string("the cloud and the connector in the company's network answer");
}

}  // namespace qiao::yonyou
