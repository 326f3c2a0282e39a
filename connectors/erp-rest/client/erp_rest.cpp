#include "connectors/erp-rest/client/erp_rest.hpp"

#include <nlohmann/json.hpp>

namespace qiao::erp_rest {

using namespace contract;
using common::Parameters;

Client::Client(Config config, const Clock& clock)
    : config_(std::move(config)),
      outbound_(std::make_shared<OutboundClient>(common::outbound_of(config_))),
      rest_(
          config_.rest(), [out = outbound_](const OutboundRequest& request) { return out->send(request); }, clock) {}

Result<std::shared_ptr<Client>> Client::make(const Config& config, const Clock& clock) {
  std::shared_ptr<Client> client(new Client(config, clock));
  if (auto done = client->compile(); !done) return done.error();
  return client;
}

Result<void> Client::compile() {
  const auto within = [](const char* where, Error error) {
    error.message = std::string(where) + ": " + error.message;
    return error;
  };
  const common::Locale locale = config_.locale();
  if (config_.stock) {
    auto call = common::compile_call(config_.stock->call, common::stock_parameters({}), "stock");
    if (!call) return call.error();
    stock_call_ = std::move(*call);
    auto reader = common::StockReader::compile(config_.stock->fields, config_.stock->levels, locale);
    if (!reader) return within("stock", reader.error());
    stock_reader_ = std::move(*reader);
  }
  if (config_.products) {
    auto call = common::compile_call(config_.products->call, common::product_parameters({}), "products");
    if (!call) return call.error();
    product_call_ = std::move(*call);
    auto reader = common::ProductReader::compile(config_.products->fields, locale, false);
    if (!reader) return within("products", reader.error());
    product_reader_ = std::move(*reader);
  }
  if (config_.orders) {
    const OrderConfig& o = *config_.orders;
    auto calls = common::compile_calls(
        {{"number", &o.by_number}, {"customer", &o.by_customer}, {"phone", &o.by_phone}, {"email", &o.by_email}},
        common::order_parameters({}, config_.country), "orders");
    if (!calls) return calls.error();
    order_calls_ = std::move(*calls);
    auto reader = common::OrderReader::compile(o, locale);
    if (!reader) return within("orders", reader.error());
    order_reader_ = std::move(*reader);
  }
  auto test = common::compile_call(config_.test, Parameters{}, "test");
  if (!test) return test.error();
  test_call_ = std::move(*test);
  return {};
}

Result<Client::Stocks> Client::stock(std::span<const std::string> skus) {
  if (!stock_call_) return Backend::stock(skus);
  auto rows = rest_.rows(*stock_call_, common::stock_parameters(skus), config_.stock->rows, config_.stock->paging);
  // Some interfaces say so when they do not know the product that was asked for.
  if (!rows && rows.error().code == Errc::not_found) return Stocks(skus.size());
  if (!rows) return rows.error();
  return stock_reader_->read(*rows, skus);
}

Result<std::vector<Product>> Client::products(const ProductSearch& q) {
  if (!product_call_) return Backend::products(q);
  auto rows = rest_.rows(*product_call_, common::product_parameters(q), config_.products->rows, {});
  if (!rows) return rows.error();
  return product_reader_->read(*rows, static_cast<std::size_t>(q.limit));
}

Result<std::vector<Order>> Client::orders(const OrderQuery& q) {
  if (!order_reader_) return Backend::orders(q);
  const Parameters parameters = common::order_parameters(q, config_.country);
  const common::RestCall* call = common::choose(order_calls_, parameters);
  if (call == nullptr) return Error{Errc::bad_value, "erp.cannot_ask", "orders cannot be found by what was given"};
  const bool by_number = config_.orders->by_number && !q.number.empty();
  auto rows = by_number ? rest_.rows(*call, parameters, config_.orders->one, {})
                        : rest_.rows(*call, parameters, config_.orders->rows, config_.orders->paging);
  if (!rows && rows.error().code == Errc::not_found) return std::vector<Order>();
  if (!rows) return rows.error();
  return order_reader_->read(*rows, q);
}

Result<std::string> Client::test() {
  rest_.forgive();
  if (test_call_) {
    if (auto done = rest_.call(*test_call_, {}); !done) return done.error();
    return std::string("the test call succeeded");
  }
  if (stock_call_) {
    const std::vector<std::string> sku{"qiao-test"};
    if (auto done = stock(sku); !done) return done.error();
    return std::string("a question about stock was answered");
  }
  return Error{Errc::unsupported, "nothing to try; describe a call under `test:`"};
}

}  // namespace qiao::erp_rest
