#include "plugins/partners/partner_api.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "plugins/partners/partner_call.hpp"
#include "plugins/partners/partner_types.hpp"
#include "qiao/contract/erp.hpp"

namespace qiao::partners {
namespace {

using RequestPtr = std::shared_ptr<const HttpRequest>;
using CallRef = std::shared_ptr<PartnerCall>;
using contract::ProductList;
using contract::ProductSearch;
using contract::Stock;
using contract::StockBatchQuery;
using contract::StockList;
using contract::StockQuery;

constexpr std::size_t kMostSkus = 100;
constexpr std::int32_t kMostProducts = 50;
constexpr const char* kKeyName = "partner_key";
constexpr const char* kStockExample =
    R"({"sku":"A-100","warehouse":"","name":"Green tea 250 g","unit":"pcs","available":12,"warehouses":[{"warehouse":"SH","name":"Shanghai","available":12}],"as_of":"2026-11-22T08:00:00.000Z","stale":false})";
constexpr const char* kListExample =
    R"({"items":[{"sku":"A-100","warehouse":"","name":"Green tea 250 g","unit":"pcs","available":12,"warehouses":[],"as_of":"2026-11-22T08:00:00.000Z","stale":false}],"unknown":["A-999"],"unavailable":[],"forbidden":[]})";
constexpr const char* kProductsExample =
    R"({"products":[{"sku":"A-100","name":"Green tea 250 g","barcode":"6901234567892","unit":"pcs","price":"39.00","currency":"CNY","url":"","attributes":{}}],"as_of":"2026-11-22T08:00:00.000Z","stale":false})";

Error bad_request(std::string id, std::string why) { return {Errc::bad_value, std::move(id), std::move(why)}; }

Error erp_unavailable() {
  Error error{Errc::unavailable, "partners.erp_unavailable", "The ERP does not answer at the moment; try again."};
  error.retry_after = std::chrono::seconds(2);
  return error;
}

void append_list(std::string& out, std::string_view name, const std::vector<std::string>& texts) {
  out += fmt::format(",\"{}\":[", name);
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) out += ',';
    append_json_string(out, texts[i]);
  }
  out += ']';
}

/// What several SKUs come to: the encoded answers side by side.
struct Batch {
  std::string items;
  std::string tags;
  Time oldest = Time::max();
  std::vector<std::string> unknown, unavailable, forbidden;

  void add(const std::string& sku, const Result<StockAnswerRef>& answer) {
    if (!answer) return unavailable.push_back(sku);
    if (!(*answer)->known) return unknown.push_back(sku);
    items += (items.empty() ? "" : ",") + (*answer)->body;
    tags += (*answer)->tag;
    oldest = std::min(oldest, (*answer)->as_of);
  }
  [[nodiscard]] std::string rest() const {
    std::string out;
    append_list(out, "unknown", unknown);
    append_list(out, "unavailable", unavailable);
    append_list(out, "forbidden", forbidden);
    return out;
  }
};

class PartnerApi {
 public:
  PartnerApi(Bus& bus, std::shared_ptr<StockCache> cache, const PartnersConfig& config)
      : bus_(bus),
        cache_(std::move(cache)),
        deadline_(config.erp_deadline),
        max_age_(std::chrono::duration_cast<std::chrono::seconds>(config.fresh_for).count()) {}

  void stock(const CallRef& call, std::vector<std::string> skus, const std::string& warehouse, bool list) const {
    if (auto fine = check(skus, warehouse); !fine) return call->fail(fine.error());
    if (!list && skus.size() == 1) return one(call, {std::move(skus.front()), warehouse});
    several(call, std::move(skus), warehouse);
  }

  void products(const CallRef& call, const PartnerProductParams& in) const {
    if (in.search.empty() || in.search.size() > 200)
      return call->fail(bad_request("partners.bad_search", "search: expected 1 to 200 bytes"));
    if (in.limit < 1 || in.limit > kMostProducts)
      return call->fail(bad_request("partners.bad_search", fmt::format("limit: expected 1 to {}", kMostProducts)));
    // What the key does not open is taken out afterwards, so more is asked for.
    ProductSearch question{in.search, call->key().skus.empty() ? in.limit : kMostProducts};
    bus_.request(std::move(question), deadline_, [call, limit = in.limit, max_age = max_age_](Result<ProductList> r) {
      if (!r) return call->fail(erp_unavailable());
      PartnerProductList out;
      out.as_of = r->as_of;
      out.stale = r->stale;
      for (contract::Product& p : r->products) {
        if (out.products.size() == static_cast<std::size_t>(limit)) break;
        if (!call->key().allows_sku(p.sku)) continue;
        out.products.push_back({p.sku, p.name, p.barcode, p.unit, p.price, p.currency, p.url, p.attributes});
      }
      std::string body = to_json(out);
      out.as_of = {};
      std::string tag = weak_tag(to_json(out));
      call->answer_stock(std::move(body), std::move(tag), r->as_of, max_age);
    });
  }

 private:
  static Result<void> check(std::vector<std::string>& skus, const std::string& warehouse) {
    if (skus.empty()) return bad_request("partners.no_sku", "name a SKU: ?sku=A-100");
    std::vector<std::string> once;
    for (std::string& sku : skus) {
      if (!usable_code(sku)) return bad_request("partners.bad_sku", "sku: expected 1 to 64 bytes of text");
      if (std::find(once.begin(), once.end(), sku) == once.end()) once.push_back(std::move(sku));
      if (once.size() > kMostSkus)
        return bad_request("partners.too_many", fmt::format("at most {} SKUs in one request", kMostSkus));
    }
    skus = std::move(once);
    if (!warehouse.empty() && !usable_code(warehouse))
      return bad_request("partners.bad_warehouse", "warehouse: expected at most 64 bytes of text");
    return {};
  }

  void one(const CallRef& call, const LiveItem& item) const {
    if (!call->key().allows_sku(item.sku)) {
      return call->fail({Errc::forbidden, "partners.sku", fmt::format("This key does not open the SKU {}.", item.sku)});
    }
    if (const auto answer = cache_->remembered(item)) return answer_one(call, answer, max_age_);
    cache_->want({item}, StockCache::Want::soon, [call, max_age = max_age_](const StockCache::Answers& answers) {
      if (!answers[0]) return call->fail(answers[0].error());
      answer_one(call, *answers[0], max_age);
    });
  }

  static void answer_one(const CallRef& call, const StockAnswerRef& answer, std::int64_t max_age) {
    if (!answer->known)
      return call->fail({Errc::not_found, "partners.unknown_sku", fmt::format("There is no SKU {}.", answer->sku)});
    call->answer_stock(answer->body, answer->tag, answer->as_of, max_age);
  }

  void several(const CallRef& call, std::vector<std::string> skus, const std::string& warehouse) const {
    auto batch = std::make_shared<Batch>();
    std::vector<LiveItem> items;
    for (std::string& sku : skus) {
      if (call->key().allows_sku(sku)) {
        items.push_back({std::move(sku), warehouse});
      } else {
        batch->forbidden.push_back(std::move(sku));
      }
    }
    if (items.empty()) return call->fail({Errc::forbidden, "partners.sku", "This key opens none of these SKUs."});
    cache_->want(items, StockCache::Want::soon, [call, batch, items, max_age = max_age_](const auto& answers) {
      for (std::size_t i = 0; i < items.size(); ++i) batch->add(items[i].sku, answers[i]);
      if (batch->unavailable.size() == items.size()) return call->fail(answers[0].error());
      const std::string rest = batch->rest();
      const Time as_of = batch->items.empty() ? Time::max() : batch->oldest;
      call->answer_stock("{\"items\":[" + batch->items + "]" + rest + "}", weak_tag(batch->tags + rest), as_of,
                         max_age);
    });
  }

  Bus& bus_;
  const std::shared_ptr<StockCache> cache_;
  const std::chrono::milliseconds deadline_;
  const std::int64_t max_age_;
};

}  // namespace

StockCache::Fetch ask_erp(Bus& bus, std::chrono::milliseconds deadline) {
  return [&bus, deadline](const std::string& warehouse, const std::vector<std::string>& skus,
                          std::function<void(Result<StockList>)> answer) {
    RequestOptions options(deadline);
    options.priority = Priority::enrich;
    if (skus.size() > 1) return bus.request(StockBatchQuery{skus, warehouse}, options, std::move(answer));
    bus.request(StockQuery{skus.front(), warehouse}, options,
                [answer = std::move(answer), sku = skus.front()](Result<Stock> reply) {
                  StockList list;
                  if (reply) {
                    list.found.push_back(std::move(*reply));
                    list.found.back().sku = sku;
                  } else if (reply.error().code == Errc::not_found) {
                    list.unknown.push_back(sku);
                  } else {
                    return answer(reply.error());
                  }
                  answer(std::move(list));
                });
  };
}

void add_partner_api(Http& http, Bus& bus, const Gatekeeper& gate, const std::shared_ptr<StockCache>& cache,
                     const std::shared_ptr<LiveStock>& live, const PartnersConfig& config) {
  const auto api = std::make_shared<const PartnerApi>(bus, cache, config);
  const auto route = [](std::string method, std::string path, std::string summary, std::string example) {
    return Route{.method = std::move(method),
                 .path = "/api/partner/v1" + path,
                 .access = Access::own_key(kKeyName),
                 .summary = std::move(summary),
                 .run = Run::direct,
                 .max_body = 16 * 1024,
                 .tag = "partner",
                 .example = std::move(example)};
  };
  http.route_reply<PartnerStockParams, PartnerStock>(
      route("GET", "/stock", "Stock of a SKU; `sku` given several times answers the list that POST answers",
            kStockExample),
      [api, &gate](const PartnerStockParams& in, const RequestPtr& request, const HttpReply& reply) {
        const auto call = std::make_shared<PartnerCall>(gate, request, reply);
        if (call->admit(kStockRead)) api->stock(call, in.sku, in.warehouse, false);
      });
  http.route_reply<PartnerStockBatch, PartnerStockList>(
      route("POST", "/stock", "Stock of up to 100 SKUs; a read, so it may be repeated without an Idempotency-Key",
            kListExample),
      [api, &gate](const PartnerStockBatch& in, const RequestPtr& request, const HttpReply& reply) {
        const auto call = std::make_shared<PartnerCall>(gate, request, reply);
        if (call->admit(kStockRead)) api->stock(call, in.skus, in.warehouse, true);
      });
  http.route_reply<PartnerProductParams, PartnerProductList>(
      route("GET", "/products", "Products whose SKU, barcode or name fits the words; needs the scope product.read",
            kProductsExample),
      [api, &gate](const PartnerProductParams& in, const RequestPtr& request, const HttpReply& reply) {
        const auto call = std::make_shared<PartnerCall>(gate, request, reply);
        if (call->admit(kProductRead)) api->products(call, in);
      });
  http.raw({.method = "OPTIONS",
            .path = "/api/partner/v1/stock",
            .access = Access::anyone(),
            .summary = "Whether a page may ask; answered for listed origins",
            .run = Run::direct,
            .max_body = 0,
            .tag = "partner"},
           [&gate](const RequestPtr& request, const HttpReply& reply) { reply(preflight(gate.ring(), *request)); });
  http.websocket({.path = "/api/partner/v1/stock/live",
                  .summary = "Stock of up to 50 SKUs as it changes; see docs/partners",
                  .access = Access::own_key(kKeyName),
                  .max_frame = 16 * 1024,
                  .messages_per_second = 5,
                  .origins = {"*"}},
                 [live](std::shared_ptr<Socket> socket) { return live->open(std::move(socket)); });
}

}  // namespace qiao::partners
