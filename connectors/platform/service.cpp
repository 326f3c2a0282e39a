#include "connectors/platform/service.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "connectors/platform/phone.hpp"
#include "qiao/contract/connector.hpp"
#include "qiao/json.hpp"

namespace qiao::platform {
namespace {

using namespace contract;

constexpr std::size_t kLongestText = 200;
constexpr std::size_t kBatch = 100;

LookupSettings lookup_settings(const CommonSettings& s, std::chrono::milliseconds fresh_for, std::size_t batch) {
  LookupSettings l;
  l.deadline = s.deadline;
  l.fresh_for = fresh_for;
  l.keep_for = std::max(s.keep_for, fresh_for);
  l.concurrency = s.concurrency;
  l.batch = batch;
  return l;
}

/// What the contracts promise instead of the cache's own words.
Error as_contract(Error error, const char* area) {
  if (error.id == "lookup.unavailable") error.id = fmt::format("{}.unavailable", area);
  return error;
}

Error wrong(std::string text) { return {Errc::bad_value, std::move(text)}; }

/// One call for each key, until one fails.
template <class V, class F>
auto each(F ask) {
  return [ask](std::span<const std::string> keys) -> Result<typename Lookup<V>::Values> {
    typename Lookup<V>::Values values;
    for (const std::string& key : keys) {
      Result<V> value = ask(key);
      if (!value && value.error().code == Errc::not_found) {
        values.push_back(nullptr);
      } else if (!value) {
        return value.error();
      } else {
        values.push_back(std::make_shared<const V>(std::move(*value)));
      }
    }
    return values;
  };
}

void lower(std::string& text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
}

bool blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

void only(Stock& stock, const std::string& warehouse) {
  std::erase_if(stock.levels, [&](const StockLevel& l) { return l.warehouse != warehouse; });
}

void sum_up(Stock& stock) {
  std::sort(stock.levels.begin(), stock.levels.end(),
            [](const StockLevel& a, const StockLevel& b) { return a.warehouse < b.warehouse; });
  stock.on_hand = stock.reserved = stock.available = 0;
  for (const StockLevel& l : stock.levels) {
    stock.on_hand += l.on_hand;
    stock.reserved += l.reserved;
    stock.available += l.available;
  }
}

}  // namespace

Service::Service(Context& host, const CommonSettings& settings, std::size_t stock_batch,
                 std::shared_ptr<Backend> backend)
    : host_(host),
      settings_(settings),
      backend_(std::move(backend)),
      stock_(host, "stock", lookup_settings(settings, settings.stock_fresh_for, stock_batch),
             [b = backend_](std::span<const std::string> skus) { return b->stock(skus); }),
      products_(host, "products", lookup_settings(settings, settings.stock_fresh_for, 1),
                each<ProductList>([b = backend_](const std::string& key) -> Result<ProductList> {
                  auto q = from_json<ProductSearch>(key);
                  if (!q) return q.error();
                  auto found = b->products(*q);
                  if (!found) return found.error();
                  ProductList list;
                  list.products = std::move(*found);
                  return list;
                })),
      orders_(host, "orders", lookup_settings(settings, settings.stock_fresh_for, 1),
              each<OrderList>([b = backend_](const std::string& key) -> Result<OrderList> {
                auto q = from_json<OrderQuery>(key);
                if (!q) return q.error();
                auto found = b->orders(*q);
                if (!found) return found.error();
                OrderList list;
                list.orders = std::move(*found);
                return list;
              })),
      customers_(host, "customers", lookup_settings(settings, settings.customer_fresh_for, 1),
                 each<Found>([this](const std::string& key) { return look_up(key); })) {}

void Service::declare_erp(Manifest& m) {
  m.serves<StockQuery>().serves<StockBatchQuery>().serves<ProductSearch>().serves<OrderQuery>();
}

void Service::declare_crm(Manifest& m) { m.serves<LookupCustomer>().serves<RecordActivity>().serves<TagCustomer>(); }

void Service::declare_test(Manifest& m) { m.serves<TestConnector>(); }

void Service::serve_test(Bus& bus) {
  Lane testing{Lane::blocking};
  testing.name = "test";
  testing.concurrency = 1;
  testing.budget = std::chrono::minutes(1);
  bus.serve<TestConnector>(testing, [this](const TestConnector&, const Headers&) -> Result<ConnectorTested> {
    auto says = backend_->test();
    if (!says) return says.error();
    return ConnectorTested{std::move(*says)};
  });
}

void Service::serve_erp(Bus& bus) {
  bus.serve<StockQuery>([this](const StockQuery& q, const Headers&, const Responder<Stock>& r) { stock(q, r); });
  bus.serve<StockBatchQuery>(
      [this](const StockBatchQuery& q, const Headers&, const Responder<StockList>& r) { batch(q, r); });
  bus.serve<ProductSearch>([this](ProductSearch q, const Headers&, const Responder<ProductList>& respond) {
    if (blank(q.text) || q.text.size() > kLongestText)
      return respond(wrong("give the text to search for, at most 200 bytes"));
    if (q.limit < 1 || q.limit > 50) return respond(wrong("limit: expected 1 to 50"));
    products_.get(to_json(q), [respond](Result<Aged<ProductList>> answer) {
      if (!answer) return respond(as_contract(answer.error(), "erp"));
      answer->value.as_of = answer->as_of;
      answer->value.stale = answer->stale;
      respond(std::move(answer->value));
    });
  });
  bus.serve<OrderQuery>([this](OrderQuery q, const Headers&, const Responder<OrderList>& respond) {
    if (blank(q.number) && blank(q.customer) && blank(q.phone) && blank(q.email)) {
      return respond(wrong("give a number, a customer, a phone number or an e-mail address"));
    }
    if (q.limit < 1 || q.limit > 50) return respond(wrong("limit: expected 1 to 50"));
    if (std::max({q.number.size(), q.customer.size(), q.phone.size(), q.email.size()}) > kLongestText) {
      return respond(wrong("a text of the question is longer than 200 bytes"));
    }
    if (!q.phone.empty() && digits(q.phone).size() < 6) return respond(wrong("phone: expected six digits or more"));
    if (!q.phone.empty()) q.phone = national(q.phone, settings_.country);
    lower(q.email);
    orders_.get(to_json(q), [this, respond](Result<Aged<OrderList>> answer) {
      if (!answer) return respond(as_contract(answer.error(), "erp"));
      answer->value.as_of = answer->as_of;
      answer->value.stale = answer->stale;
      answer->value.source = host_.instance();
      respond(std::move(answer->value));
    });
  });
}

void Service::stock(const StockQuery& q, const Responder<Stock>& respond) {
  if (blank(q.sku) || q.sku.size() > kLongestText) return respond(wrong("sku: expected a text of at most 200 bytes"));
  stock_.get(q.sku, [this, respond, warehouse = q.warehouse](Result<Aged<Stock>> answer) {
    if (!answer) return respond(as_contract(answer.error(), "erp"));
    Stock stock = std::move(answer->value);
    if (!warehouse.empty()) only(stock, warehouse);
    sum_up(stock);
    stock.as_of = answer->as_of;
    stock.stale = answer->stale;
    stock.source = host_.instance();
    respond(std::move(stock));
  });
}

void Service::batch(const StockBatchQuery& q, const Responder<StockList>& respond) {
  struct Gathering {
    std::mutex mutex;
    StockList list;
    std::size_t missing = 0;
    Responder<StockList> respond;
    Gathering(std::size_t count, Responder<StockList> r) : missing(count), respond(std::move(r)) {}
  };
  std::vector<std::string> skus;
  for (const std::string& sku : q.skus) {
    if (blank(sku) || sku.size() > kLongestText) return respond(wrong("skus: expected texts of at most 200 bytes"));
    if (std::find(skus.begin(), skus.end(), sku) == skus.end()) skus.push_back(sku);
  }
  if (skus.empty() || skus.size() > kBatch) return respond(wrong("skus: expected 1 to 100"));
  auto all = std::make_shared<Gathering>(skus.size(), respond);
  for (const std::string& sku : skus) {
    stock_.get(sku, [this, all, sku, warehouse = q.warehouse](Result<Aged<Stock>> answer) {
      {
        const std::lock_guard lock(all->mutex);
        if (answer) {
          Stock stock = std::move(answer->value);
          if (!warehouse.empty()) only(stock, warehouse);
          sum_up(stock);
          stock.as_of = answer->as_of;
          stock.stale = answer->stale;
          stock.source = host_.instance();
          all->list.found.push_back(std::move(stock));
        } else if (answer.error().code == Errc::not_found) {
          all->list.unknown.push_back(sku);
        } else {
          all->list.unavailable.push_back(sku);
        }
        if (--all->missing > 0) return;
      }
      // Nobody else holds the list any more.
      std::sort(all->list.found.begin(), all->list.found.end(),
                [](const Stock& a, const Stock& b) { return a.sku < b.sku; });
      all->respond(std::move(all->list));
    });
  }
}

void Service::serve_crm(Bus& bus) {
  bus.serve<LookupCustomer>(
      [this](const LookupCustomer& q, const Headers&, const Responder<CustomerCard>& r) { customer(q, r); });
  Lane writing{Lane::blocking};
  writing.concurrency = 1;  // one after the other: what is looked for before it is written is then still true
  writing.name = "write";
  bus.serve<RecordActivity>(writing, [this](const RecordActivity& q, const Headers&) -> Result<Done> {
    if (!settings_.write) return write_off();
    if (q.external_id.empty() || q.external_id.size() > 64 ||
        q.external_id.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.:") !=
            std::string::npos) {
      return wrong("external_id: expected 1 to 64 letters, digits and -_.:");
    }
    auto id = resolve(q.customer);
    if (!id) return id.error();
    if (auto done = backend_->record(*id, q); !done) return done.error();
    return Done{};
  });
  bus.serve<TagCustomer>(writing, [this](const TagCustomer& q, const Headers&) -> Result<Done> {
    if (!settings_.write) return write_off();
    for (const auto* list : {&q.add, &q.remove}) {
      for (const std::string& tag : *list) {
        if (blank(tag) || tag.size() > 100) return wrong("tags: expected texts of at most 100 bytes");
      }
    }
    auto id = resolve(q.customer);
    if (!id) return id.error();
    if (auto done = backend_->tag(*id, q); !done) return done.error();
    customers_.clear();
    return Done{};
  });
}

Error Service::write_off() const {
  return {Errc::unsupported, "crm.read_only",
          fmt::format("{} only reads; `write: true` in its configuration allows writing", host_.instance())};
}

namespace {

/// What can be asked of a system: never a channel's ids, which it does not know. Empty texts when nothing is left.
LookupCustomer asked(const LookupCustomer& q, const std::string& instance, const std::string& country) {
  LookupCustomer key;
  key.crm_id = q.crm_id;
  // As contacts keep it: the instance's name before the id.
  if (key.crm_id.starts_with(instance + ":")) key.crm_id.erase(0, instance.size() + 1);
  if (digits(q.phone).size() >= 6) key.phone = national(q.phone, country);
  key.email = q.email;
  lower(key.email);
  // One of them, the surest, decides: two keys of one person would otherwise find two people.
  if (!key.crm_id.empty()) key.phone.clear();
  if (!key.crm_id.empty() || !key.phone.empty()) key.email.clear();
  return key;
}

Error nobody() { return {Errc::not_found, "the CRM knows nobody by what was given"}; }

Error ambiguous(std::size_t count) {
  return {Errc::conflict, "crm.ambiguous", fmt::format("{} people in the CRM fit; open the right one there", count)};
}

}  // namespace

void Service::customer(const LookupCustomer& q, const Responder<CustomerCard>& respond) {
  const LookupCustomer key = asked(q, host_.instance(), settings_.country);
  if (key.crm_id.empty() && key.phone.empty() && key.email.empty()) return respond(nobody());
  if (std::max({key.crm_id.size(), key.phone.size(), key.email.size()}) > kLongestText) return respond(nobody());
  customers_.get(to_json(key), [this, respond](Result<Aged<Found>> answer) {
    if (!answer) return respond(as_contract(answer.error(), "crm"));
    if (answer->value.cards.size() > 1) return respond(ambiguous(answer->value.cards.size()));
    CustomerCard card = std::move(answer->value.cards.front());
    card.as_of = answer->as_of;
    card.stale = answer->stale;
    card.source = host_.instance();
    respond(std::move(card));
  });
}

Result<Found> Service::look_up(const std::string& key) {
  auto q = from_json<LookupCustomer>(key);
  if (!q) return q.error();
  auto cards = backend_->customers(*q);
  if (!cards) return cards.error();
  if (cards->empty()) return nobody();
  if (cards->size() == 1) {
    CustomerCard& card = cards->front();
    // Who it is matters more than what they bought: the card stands without the rest.
    if (auto done = backend_->complete(card); !done) {
      host_.log().warn("a customer's orders could not be read: {}", done.error().message);
    }
    if (card.last_purchase.empty() && !card.orders.empty()) {
      const Order& newest = card.orders.front();
      card.last_purchase = to_iso8601(newest.placed_at + std::chrono::hours(settings_.utc_offset)).substr(0, 10);
      if (!newest.lines.empty()) card.last_purchase += " " + newest.lines.front().name;
    }
  }
  return Found{std::move(*cards)};
}

Result<std::string> Service::resolve(const LookupCustomer& q) {
  const LookupCustomer key = asked(q, host_.instance(), settings_.country);
  if (!key.crm_id.empty()) return key.crm_id;
  if (key.phone.empty() && key.email.empty()) return nobody();
  auto cards = backend_->customers(key);
  if (!cards) return cards.error();
  if (cards->empty()) return nobody();
  if (cards->size() > 1) return ambiguous(cards->size());
  return cards->front().crm_id;
}

}  // namespace qiao::platform
