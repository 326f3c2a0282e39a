#include "connectors/crm-sql/client/crm_sql.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace qiao::crm_sql {

using namespace contract;
using common::fields_or_columns;
using common::Parameters;

namespace {

constexpr std::size_t kMostOrders = 10;

Error not_described(const char* what) {
  return {Errc::unsupported, "crm.not_described",
          std::string("the configuration does not say how ") + what + " are written"};
}

}  // namespace

Client::Client(Config config) : config_(std::move(config)), source_(config_.connection) {}

Result<std::shared_ptr<Client>> Client::make(const Config& config, const Clock&) {
  std::shared_ptr<Client> client(new Client(config));
  if (auto done = client->compile(); !done) return done.error();
  return client;
}

Result<void> Client::compile() {
  const common::Locale locale{config_.country, config_.utc_offset};
  const CustomerConfig& c = config_.customers;
  const Parameters customer = common::customer_parameters({}, config_.country);
  auto queries = common::compile_statements({{"crm_id", c.by_id}, {"phone", c.by_phone}, {"email", c.by_email}},
                                            customer, "customers");
  if (!queries) return queries.error();
  customer_queries_ = std::move(*queries);
  auto people = common::CustomerReader::compile(fields_or_columns<CustomerCard>(c.fields), locale, c.fields.empty());
  if (!people) return people.error();
  customer_reader_ = std::move(*people);
  if (config_.orders) {
    auto query = common::compile_statement(config_.orders->query, customer, true, "orders");
    if (!query) return query.error();
    order_query_ = std::move(*query);
    auto reader =
        common::OrderReader::compile({"", fields_or_columns<common::OrderRow>(config_.orders->fields), {}, {}}, locale);
    if (!reader) return reader.error();
    order_reader_ = std::move(*reader);
  }
  auto activity = common::compile_statement(config_.activity, common::activity_parameters("", {}), false, "activity");
  if (!activity) return activity.error();
  activity_ = std::move(*activity);
  const Parameters tag = common::tag_parameters("", {});
  auto add = common::compile_statement(config_.add_tag, tag, false, "add_tag");
  if (!add) return add.error();
  add_tag_ = std::move(*add);
  auto remove = common::compile_statement(config_.remove_tag, tag, false, "remove_tag");
  if (!remove) return remove.error();
  remove_tag_ = std::move(*remove);
  return {};
}

Result<std::vector<CustomerCard>> Client::customers(const LookupCustomer& q) {
  const Parameters parameters = common::customer_parameters(q, config_.country);
  const common::SqlStatement* query = common::choose(customer_queries_, parameters);
  if (query == nullptr) return std::vector<CustomerCard>();
  auto rows = source_.query(*query, parameters);
  if (!rows) return rows.error();
  return customer_reader_->read(*rows, q);
}

Result<void> Client::complete(CustomerCard& card) {
  if (!order_query_) return {};
  LookupCustomer q;
  q.crm_id = card.crm_id;
  auto rows = source_.query(*order_query_, common::customer_parameters(q, config_.country));
  if (!rows) return rows.error();
  auto orders = order_reader_->read(*rows, kMostOrders);
  if (!orders) return orders.error();
  card.orders = std::move(*orders);
  return {};
}

Result<void> Client::record(const std::string& crm_id, const RecordActivity& q) {
  if (!activity_) return not_described("activities");
  auto done = source_.execute(*activity_, common::activity_parameters(crm_id, q));
  // The unique key says that it was noted before.
  if (!done && done.error().code == Errc::conflict) return {};
  return done;
}

Result<void> Client::tag_each(const std::optional<common::SqlStatement>& statement, const std::string& crm_id,
                              const std::vector<std::string>& tags) {
  if (tags.empty()) return {};
  if (!statement) return not_described("tags");
  Parameters parameters = common::tag_parameters(crm_id, {});
  for (const std::string& tag : tags) {
    parameters.set("tag", tag);
    if (auto done = source_.execute(*statement, parameters); !done && done.error().code != Errc::conflict) return done;
  }
  return {};
}

Result<void> Client::tag(const std::string& crm_id, const TagCustomer& q) {
  if (auto done = tag_each(add_tag_, crm_id, q.add); !done) return done;
  return tag_each(remove_tag_, crm_id, q.remove);
}

Result<std::string> Client::test() {
  LookupCustomer nobody;
  nobody.crm_id = "qiao-test";
  const Parameters parameters = common::customer_parameters(nobody, config_.country);
  for (const auto& [parameter, query] : customer_queries_) {
    if (auto done = source_.query(query, parameters); !done) return done.error();
  }
  if (order_query_) {
    if (auto done = source_.query(*order_query_, parameters); !done) return done.error();
  }
  return fmt::format("the database answers, and all {} queries ran",
                     customer_queries_.size() + (order_query_ ? 1U : 0U));
}

}  // namespace qiao::crm_sql
