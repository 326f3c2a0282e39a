#include <chrono>

#include "qiao/contract/access.hpp"
#include "qiao/contract/erp.hpp"
#include "qiao/http.hpp"
#include "qiao/plugin.hpp"

namespace qiao::catalog {
namespace {

using namespace contract;

/// Whoever serves the ERP's requests answers within its own deadline, which is shorter.
constexpr std::chrono::milliseconds kPatience{1000};

struct SearchWords {
  std::string search;
  std::int32_t limit = 10;
};
QIAO_FIELDS(SearchWords, search, limit)

/// What an agent's page can do something with.
Error for_people(Error error) {
  if (error.id == "bus.no_server") {
    return {Errc::unsupported, "catalog.no_erp",
            "no ERP is connected to this hub; an operator can switch one on, see docs/connectors"};
  }
  if (error.code == Errc::timeout) {
    return {Errc::unavailable, "erp.unavailable", "the ERP did not answer in time; try again in a moment"};
  }
  return error;
}

}  // namespace

/// The ERP's answers over REST for the workspace. It knows no ERP: whichever connector is bound answers.
class CatalogPlugin final : public Plugin {
 public:
  static void describe(Manifest& m) {
    m.summary("Stock, products and orders of the ERP for the agents' page");
    m.asks<StockQuery>(true).asks<ProductSearch>(true).asks<OrderQuery>(true);
  }

  Result<void> configure(const Section&) override { return {}; }

  Result<void> start(Context& host) override {
    bus_ = &host.bus();
    serve<StockQuery, StockQuery, Stock>(host.http(), "/api/v1/stock", "Stock of one product, by warehouse",
                                         [](const StockQuery& q) { return q; });
    serve<SearchWords, ProductSearch, ProductList>(host.http(), "/api/v1/products",
                                                   "Products whose code, barcode or name fits the words",
                                                   [](const SearchWords& q) {
                                                     return ProductSearch{q.search, q.limit};
                                                   });
    serve<OrderQuery, OrderQuery, OrderList>(host.http(), "/api/v1/orders",
                                             "One order by its number, or the newest of a customer",
                                             [](const OrderQuery& q) { return q; });
    return {};
  }

  void stop() noexcept override { bus_ = nullptr; }

 private:
  template <class In, class Q, class Out, class F>
  void serve(Http& http, const char* path, const char* summary, F question) {
    http.route_async<In, Out>({.method = "GET",
                               .path = path,
                               .access = Access::needs(permission::kConversations),
                               .summary = summary,
                               .run = Run::direct},
                              [this, question](const In& in, const HttpRequest& request, auto reply) {
                                RequestOptions options(kPatience);
                                options.priority = Priority::enrich;
                                options.trace = request.request_id;
                                bus_->request(question(in), options, [reply](Result<Out> out) {
                                  out ? reply(std::move(out)) : reply(for_people(out.error()));
                                });
                              });
  }

  Bus* bus_ = nullptr;
};

}  // namespace qiao::catalog

using qiao::catalog::CatalogPlugin;
QIAO_PLUGIN(CatalogPlugin, "catalog", "service", "0.1.0")
