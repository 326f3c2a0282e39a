#include <fmt/format.h>

#include <algorithm>

#include "connectors/channel/signing.hpp"
#include "connectors/platform/phone.hpp"
#include "connectors/yonyou/client/yonyou_client.hpp"

namespace qiao::yonyou {

using namespace platform;
using namespace contract;

namespace {

constexpr std::size_t kPage = 500;

/// "00000" for log-in, "200" for business calls; both come with HTTP 200, as text or as a number.
Error fault(const Json& answer) {
  const std::string code = text(at(answer, "code"));
  const std::string message = fmt::format("yonsuite {}: {}", code, excerpt(text(at(answer, "message"))));
  // Tokens that are gone, calls that are not granted and calls that come too often have neighbouring codes; the text
  // tells them apart where the numbers are not documented.
  if (code == "310036" || message.find("access_token") != std::string::npos) {
    return {Errc::unavailable, kSessionLost, message};
  }
  if (code == "310037" || message.find("未授权") != std::string::npos) {
    return {Errc::forbidden, "yonyou.not_granted",
            message + "; grant this API to the application on the open platform"};
  }
  if (code == "310046" || message.find("频率") != std::string::npos || message.find("超限") != std::string::npos) {
    return {Errc::rate_limited, "yonyou.busy", message};
  }
  if (code == "50010" || code == "50011" || message.find("签名") != std::string::npos) {
    return {Errc::unauthorized, "yonyou.login_refused",
            message + "; check app_key, app_secret and the clock of this machine"};
  }
  return {code == "999" || code.starts_with("5") ? Errc::unavailable : Errc::bad_value, "yonyou.refused", message};
}

}  // namespace

std::string string_to_sign(const std::map<std::string, std::string>& parameters) {
  std::string joined;
  for (const auto& [name, value] : parameters) joined += name + value;
  return joined;
}

std::string signature(std::string_view secret, const std::map<std::string, std::string>& parameters) {
  return channel::base64(channel::hmac_sha256(secret, string_to_sign(parameters)));
}

YonsuiteClient::YonsuiteClient(const YonyouConfig& config, Transport transport, const Clock& clock)
    : config_(config), transport_(std::move(transport)), clock_(clock), session_(clock, [this] { return log_in(); }) {}

Result<Grant> YonsuiteClient::log_in() {
  const auto get = [this](const std::string& url) -> Result<Json> {
    auto answer = ask(transport_, "yonsuite", json_request("GET", url));
    if (!answer) return answer.error();
    if (text(at(*answer, "code")) != "00000") return fault(*answer);
    return at(*answer, "data");
  };
  std::string gateway = config_.gateway_url, tokens = config_.token_url;
  if (gateway.empty() || tokens.empty()) {
    auto centre =
        get(join_url(config_.base(), "open-auth/dataCenter/getGatewayAddress?" + form({{"tenantId", config_.tenant}})));
    if (!centre) return centre.error();
    if (gateway.empty()) gateway = text(at(*centre, "gatewayUrl"));
    if (tokens.empty()) tokens = text(at(*centre, "tokenUrl"));
    if (gateway.empty() || tokens.empty()) {
      return Error{Errc::unavailable, "yonyou.bad_answer", "yonsuite named no data centre for the tenant"};
    }
  }
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now().time_since_epoch()).count();
  const std::string stamp = std::to_string(now);
  const std::string signed_with =
      signature(config_.app_secret.reveal(), {{"appKey", config_.app_key}, {"timestamp", stamp}});
  // Encoded once, by `form`; encoded twice the signature is wrong.
  auto token =
      get(join_url(tokens, "open-auth/selfAppAuth/getAccessToken?" +
                               form({{"appKey", config_.app_key}, {"timestamp", stamp}, {"signature", signed_with}})));
  if (!token) return token.error();
  Grant session{text(at(*token, "access_token")), gateway, std::chrono::seconds(integer(at(*token, "expire")))};
  if (session.token.empty()) return Error{Errc::unavailable, "yonyou.bad_answer", "yonsuite gave no token"};
  session.life = std::clamp<std::chrono::milliseconds>(session.life, std::chrono::minutes(1), std::chrono::hours(24));
  return session;
}

Result<Json> YonsuiteClient::call(const std::string& path, const Json& body) {
  return with_session(session_, [&](const Grant& session) -> Result<Json> {
    const std::string url = join_url(session.base, path) + "?" + form({{"access_token", session.token}});
    auto answer = ask(transport_, "yonsuite", json_request("POST", url, body));
    if (!answer) return answer.error();
    if (text(at(*answer, "code")) != "200") return fault(*answer);
    return at(*answer, "data");
  });
}

Result<Json::array_t> YonsuiteClient::records(const std::string& path, Json body, std::size_t most) {
  body["pageSize"] = std::min(most, kPage);
  std::size_t seen = 0;
  return all_pages("yonyou", path, [&](std::size_t index) -> Result<Page> {
    body["pageIndex"] = index + 1;
    auto data = call(path, body);
    if (!data) return data.error();
    // Some calls answer the list itself, without pages.
    if (!data->is_object()) return Page{items(*data), true};
    const auto& rows = items(at(*data, "recordList"));
    seen += rows.size();
    return Page{rows, static_cast<double>(index + 1) >= number(at(*data, "pageCount")) || seen >= most};
  });
}

Result<Backend::Stocks> YonsuiteClient::stock(std::span<const std::string> skus) {
  Stocks answer;
  for (const std::string& sku : skus) {
    auto rows = records(config_.yonsuite.stock, {{config_.yonsuite.stock_sku, sku}});
    if (!rows) return rows.error();
    auto stock = std::make_shared<Stock>();
    for (const Json& row : *rows) {
      if (text(at(row, "product_code")) != sku && text(at(row, "productsku_code")) != sku) continue;
      stock->sku = sku;
      stock->name = text(at(row, "product_name"));
      stock->unit = text(at(row, "product_unitName"));
      StockLevel& level = level_of(stock->levels, text(at(row, "warehouse_code")), text(at(row, "warehouse_name")));
      level.on_hand += number(at(row, "currentqty"));
      level.available += number(at(row, "availableqty"));
      level.reserved = level.on_hand - level.available;
    }
    answer.push_back(stock->sku.empty() ? nullptr : std::move(stock));
  }
  return answer;
}

Result<std::vector<Product>> YonsuiteClient::products(const ProductSearch& q) {
  std::vector<Product> found;
  for (const char* key : {"code", "name"}) {
    if (found.size() >= static_cast<std::size_t>(q.limit)) break;
    auto rows = records(config_.yonsuite.products, {{key, q.text}}, static_cast<std::size_t>(q.limit));
    if (!rows) return rows.error();
    for (const Json& row : *rows) {
      Product p;
      p.sku = text(at(row, "code"));
      p.name = text(at(row, "name"));
      p.barcode = text(at(row, "barCode"));
      p.unit = text(at(row, "unitName"));
      const bool known = std::any_of(found.begin(), found.end(), [&](const Product& f) { return f.sku == p.sku; });
      if (!known && found.size() < static_cast<std::size_t>(q.limit)) found.push_back(std::move(p));
    }
  }
  exact_first(found, q.text);
  return found;
}

Result<std::vector<Order>> YonsuiteClient::orders(const OrderQuery& q) {
  const auto asked = customers_asked(*this, "yonsuite", q);
  if (!asked) return asked.error();
  std::vector<Order> found;
  std::vector<Json> questions;
  if (!q.number.empty()) {
    questions.push_back({{"code", q.number}});
  } else {
    for (const std::string& id : *asked) questions.push_back({{config_.yonsuite.order_customer, id}});
  }
  for (const Json& question : questions) {
    auto rows = records(config_.yonsuite.orders, question, static_cast<std::size_t>(q.limit));
    if (!rows) return rows.error();
    for (const Json& row : *rows) {
      const std::string customer = text(at(row, "agentCode"));
      // What was asked for is compared, too: a name that this version does not know would be ignored there.
      if (!q.number.empty() && text(at(row, "code")) != q.number) continue;
      if (!asked->empty() && std::find(asked->begin(), asked->end(), customer) == asked->end()) continue;
      Order o;
      o.number = text(at(row, "code"));
      o.placed_at = time(text(at(row, "vouchdate")), config_.utc_offset);
      o.status = text(at(row, "statusName"));
      o.amount = amount(at(row, "payMoney"));
      o.currency = text(at(row, "currency"));
      for (const Json& line : items(at(row, "orderDetails"))) {
        o.lines.push_back({text(at(line, "productCode")), text(at(line, "productName")), number(at(line, "qty")),
                           amount(at(line, "oriTaxUnitPrice"))});
      }
      found.push_back(std::move(o));
    }
  }
  newest_first(found);
  if (found.size() > static_cast<std::size_t>(q.limit)) found.resize(static_cast<std::size_t>(q.limit));
  if (found.empty() && !q.number.empty()) return Error{Errc::not_found, "yonsuite has no such order"};
  return found;
}

Result<std::vector<CustomerCard>> YonsuiteClient::customers(const LookupCustomer& q) {
  // There is no search by e-mail address.
  if (q.crm_id.empty() && q.phone.empty()) return std::vector<CustomerCard>{};
  const Json question = q.crm_id.empty() ? Json{{config_.yonsuite.customer_phone, q.phone}} : Json{{"code", q.crm_id}};
  auto rows = records(config_.yonsuite.customers, question, 50);
  if (!rows) return rows.error();
  std::vector<CustomerCard> found;
  for (const Json& row : *rows) {
    CustomerCard card;
    card.crm_id = text(at(row, "code"));
    card.name = text(at(row, "name"));
    card.phone = text(at(row, "contactTel"));
    card.email = text(at(row, "email"));
    card.tier = text(at(row, "customerLevel_Name"));
    card.owner = text(at(row, "professSalesman_Name"));
    if (q.crm_id.empty() ? !same_phone(card.phone, q.phone, config_.country) : card.crm_id != q.crm_id) continue;
    found.push_back(std::move(card));
  }
  return found;
}

Result<void> YonsuiteClient::complete(CustomerCard& card) { return add_orders(*this, card); }

Result<std::string> YonsuiteClient::test() {
  session_.forgive();
  auto data = call(config_.yonsuite.products, {{"pageIndex", 1}, {"pageSize", 1}});
  if (!data) return data.error();
  return std::string("the data centre gave a token and answers");
}

Client::Client(const YonyouConfig& config, Transport transport, const Clock& clock) {
  if (config.flavour == Flavour::u8) {
    client_ = std::make_unique<U8Client>(config, std::move(transport), clock);
  } else {
    client_ = std::make_unique<YonsuiteClient>(config, std::move(transport), clock);
  }
}

}  // namespace qiao::yonyou
