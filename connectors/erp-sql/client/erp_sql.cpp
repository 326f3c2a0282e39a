#include "connectors/erp-sql/client/erp_sql.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace qiao::erp_sql {

using namespace contract;
using common::fields_or_columns;

Client::Client(Config config) : config_(std::move(config)), source_(config_.connection) {}

Result<std::shared_ptr<Client>> Client::make(const Config& config, const Clock&) {
  std::shared_ptr<Client> client(new Client(config));
  if (auto done = client->compile(); !done) return done.error();
  return client;
}

Result<void> Client::compile() {
  const common::Locale locale{config_.country, config_.utc_offset};
  if (config_.stock) {
    auto query = common::compile_statement(config_.stock->query, common::stock_parameters({}), true, "stock");
    if (!query) return query.error();
    stock_query_ = std::move(*query);
    Fields fields = fields_or_columns<common::StockRow>(config_.stock->fields);
    // Of a query nobody knows before it ran whether it has the column.
    if (config_.stock->fields.empty() && config_.stock->query.find("available") == std::string::npos) {
      fields.erase("available");
    }
    auto reader = common::StockReader::compile(fields, std::nullopt, locale);
    if (!reader) return reader.error();
    stock_reader_ = std::move(*reader);
  }
  if (config_.products) {
    auto query = common::compile_statement(config_.products->query, common::product_parameters({}), true, "products");
    if (!query) return query.error();
    product_query_ = std::move(*query);
    auto reader = common::ProductReader::compile(fields_or_columns<Product>(config_.products->fields), locale,
                                                 config_.products->fields.empty());
    if (!reader) return reader.error();
    product_reader_ = std::move(*reader);
  }
  if (config_.orders) {
    const OrderConfig& o = *config_.orders;
    auto queries = common::compile_statements(
        {{"number", o.by_number}, {"customer", o.by_customer}, {"phone", o.by_phone}, {"email", o.by_email}},
        common::order_parameters({}, config_.country), "orders");
    if (!queries) return queries.error();
    order_queries_ = std::move(*queries);
    auto reader = common::OrderReader::compile({"", fields_or_columns<common::OrderRow>(o.fields), {}, {}}, locale);
    if (!reader) return reader.error();
    order_reader_ = std::move(*reader);
  }
  return {};
}

Result<Client::Stocks> Client::stock(std::span<const std::string> skus) {
  if (!stock_query_) return Backend::stock(skus);
  auto rows = source_.query(*stock_query_, common::stock_parameters(skus));
  if (!rows) return rows.error();
  return stock_reader_->read(*rows, skus);
}

Result<std::vector<Product>> Client::products(const ProductSearch& q) {
  if (!product_query_) return Backend::products(q);
  auto rows = source_.query(*product_query_, common::product_parameters(q));
  if (!rows) return rows.error();
  return product_reader_->read(*rows, static_cast<std::size_t>(q.limit));
}

Result<std::vector<Order>> Client::orders(const OrderQuery& q) {
  if (!order_reader_) return Backend::orders(q);
  const common::Parameters parameters = common::order_parameters(q, config_.country);
  const common::SqlStatement* query = common::choose(order_queries_, parameters);
  if (query == nullptr) return Error{Errc::bad_value, "erp.cannot_ask", "orders cannot be found by what was given"};
  auto rows = source_.query(*query, parameters);
  if (!rows) return rows.error();
  return order_reader_->read(*rows, q);
}

Result<std::string> Client::test() {
  const std::vector<std::string> sku{"qiao-test"};
  if (stock_query_) {
    if (auto done = stock(sku); !done) return done.error();
  }
  if (product_query_) {
    if (auto done = products({"qiao-test", 1}); !done) return done.error();
  }
  for (const auto& [parameter, query] : order_queries_) {
    OrderQuery q;
    q.number = "qiao-test";
    if (auto done = source_.query(query, common::order_parameters(q, config_.country)); !done) return done.error();
  }
  return fmt::format("the database answers, and all {} queries ran",
                     (stock_query_ ? 1 : 0) + (product_query_ ? 1 : 0) + static_cast<int>(order_queries_.size()));
}

}  // namespace qiao::erp_sql
