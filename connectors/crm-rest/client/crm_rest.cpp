#include "connectors/crm-rest/client/crm_rest.hpp"

#include <nlohmann/json.hpp>

namespace qiao::crm_rest {

using namespace contract;
using common::Parameters;

namespace {

constexpr std::size_t kMostOrders = 10;

Error not_described(const char* what) {
  return {Errc::unsupported, "crm.not_described",
          std::string("the configuration does not say how ") + what + " are written"};
}

}  // namespace

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
  const common::Locale locale = config_.locale();
  const CustomerConfig& c = config_.customers;
  auto calls = common::compile_calls({{"crm_id", &c.by_id}, {"phone", &c.by_phone}, {"email", &c.by_email}},
                                     common::customer_parameters({}, config_.country), "customers");
  if (!calls) return calls.error();
  customer_calls_ = std::move(*calls);
  auto people = common::CustomerReader::compile(c.fields, locale, false);
  if (!people) {
    Error error = people.error();
    error.message = "customers: " + error.message;
    return error;
  }
  customer_reader_ = std::move(*people);
  if (config_.orders) {
    auto reader = common::OrderReader::compile(*config_.orders, locale);
    if (!reader) {
      Error error = reader.error();
      error.message = "orders: " + error.message;
      return error;
    }
    order_reader_ = std::move(*reader);
  }
  Parameters one = common::customer_parameters({}, config_.country);
  const Parameters activity = common::activity_parameters("", {});
  const Parameters tag = common::tag_parameters("", {});
  const auto compile_into = [](std::optional<common::RestCall>& into, const std::optional<CallSettings>& call,
                               const Parameters& known, const char* where) -> Result<void> {
    auto made = common::compile_call(call, known, where);
    if (!made) return made.error();
    into = std::move(*made);
    return {};
  };
  const std::optional<CallSettings> none;
  const auto of = [&](const auto& part) { return part ? std::optional<CallSettings>(part->call) : none; };
  if (auto done = compile_into(order_call_, of(config_.orders), one, "orders"); !done) return done;
  if (auto done = compile_into(activity_call_, of(config_.activity), activity, "activity"); !done) return done;
  if (auto done =
          compile_into(known_call_, config_.activity ? config_.activity->known : none, activity, "activity.known");
      !done) {
    return done;
  }
  if (auto done = compile_into(add_tag_, config_.add_tag, tag, "add_tag"); !done) return done;
  if (auto done = compile_into(remove_tag_, config_.remove_tag, tag, "remove_tag"); !done) return done;
  return compile_into(test_call_, config_.test, {}, "test");
}

Result<std::vector<CustomerCard>> Client::customers(const LookupCustomer& q) {
  const Parameters parameters = common::customer_parameters(q, config_.country);
  const common::RestCall* call = common::choose(customer_calls_, parameters);
  if (call == nullptr) return std::vector<CustomerCard>();
  const bool by_id = config_.customers.by_id && !q.crm_id.empty();
  auto rows = rest_.rows(*call, parameters, by_id ? config_.customers.one : config_.customers.rows, {});
  if (!rows && rows.error().code == Errc::not_found) return std::vector<CustomerCard>();
  if (!rows) return rows.error();
  return customer_reader_->read(*rows, q);
}

Result<void> Client::complete(CustomerCard& card) {
  if (!order_call_) return {};
  LookupCustomer q;
  q.crm_id = card.crm_id;
  auto rows = rest_.rows(*order_call_, common::customer_parameters(q, config_.country), config_.orders->rows, {});
  if (!rows) return rows.error();
  auto orders = order_reader_->read(*rows, kMostOrders);
  if (!orders) return orders.error();
  card.orders = std::move(*orders);
  return {};
}

Result<void> Client::record(const std::string& crm_id, const RecordActivity& q) {
  if (!activity_call_) return not_described("activities");
  const Parameters parameters = common::activity_parameters(crm_id, q);
  if (known_call_) {
    auto rows = rest_.rows(*known_call_, parameters, config_.activity->rows, {});
    if (rows && !rows->empty()) return {};
    if (!rows && rows.error().code != Errc::not_found) return rows.error();
  }
  auto done = rest_.call(*activity_call_, parameters);
  if (!done && done.error().id != "rest.http_409") return done.error();
  return {};
}

Result<void> Client::tag_each(const std::optional<common::RestCall>& call, const std::string& crm_id,
                              const std::vector<std::string>& tags) {
  if (tags.empty()) return {};
  if (!call) return not_described("tags");
  Parameters parameters = common::tag_parameters(crm_id, {});
  for (const std::string& tag : tags) {
    parameters.set("tag", tag);
    auto done = rest_.call(*call, parameters);
    // There already, or gone already.
    if (!done && done.error().id != "rest.http_409" && done.error().code != Errc::not_found) return done.error();
  }
  return {};
}

Result<void> Client::tag(const std::string& crm_id, const TagCustomer& q) {
  if (auto done = tag_each(add_tag_, crm_id, q.add); !done) return done;
  return tag_each(remove_tag_, crm_id, q.remove);
}

Result<std::string> Client::test() {
  rest_.forgive();
  if (test_call_) {
    if (auto done = rest_.call(*test_call_, {}); !done) return done.error();
    return std::string("the test call succeeded");
  }
  LookupCustomer nobody;
  nobody.crm_id = "qiao-test";
  nobody.email = "nobody@qiao.invalid";
  if (auto done = customers(nobody); !done) return done.error();
  return std::string("a question about a customer was answered");
}

}  // namespace qiao::crm_rest
