#include "qiao/plugin.hpp"

#include "plugins/contacts/migrations.hpp"
#include "plugins/contacts/rest.hpp"

namespace qiao::contacts {
namespace {

const Lane kReading{.kind = Lane::blocking, .capacity = 1024, .concurrency = 2, .name = "read"};
const Lane kNewcomers{.kind = Lane::serial, .capacity = 16384, .name = "newcomers"};
const Lane kDirect{.kind = Lane::direct};
const Lane kUpkeep{.kind = Lane::blocking, .capacity = 64, .concurrency = 1, .name = "upkeep", .budget = 300s};
constexpr auto kTouchEvery = 10s;
constexpr auto kReconcileReach = 1h;

/// All parts of the running plugin; destroyed in the opposite order.
struct Parts {
  Parts(Context& host, const ContactsConfig& config)
      : store(host.store()),
        book(host.vault(), config.default_country),
        merging(book, config.merge),
        people(store, host.bus(), host.clock(), host.log(), host.metrics(), host.audit(), book, merging),
        guard(host.bus()),
        desk(people, guard, book) {}

  Database& store;
  Book book;
  Merging merging;
  People people;
  Guard guard;
  Desk desk;
};

}  // namespace

class ContactsPlugin final : public Plugin {
 public:
  static void describe(Manifest& m) {
    m.summary("who the customers are: identities, merging, attributes, companies, segments, CRM, privacy")
        .config<ContactsConfig>()
        .serves<contract::GetContact>()
        .serves<contract::FindContact>()
        .serves<contract::Identify>()
        .publishes<contract::ContactMerged>()
        .publishes<contract::ContactChanged>()
        .subscribes<contract::IdentitySeen>()
        .subscribes<contract::ConversationChanged>()
        .asks<contract::ListIdentities>()
        .asks<contract::ConversationsOfContacts>()
        .asks<contract::TicketsOfContacts>(true);
  }

  Result<void> configure(const Section& section) override {
    auto bound = section.bind<ContactsConfig>();
    if (!bound) return bound.error();
    config_ = std::move(*bound);
    return {};
  }

  Result<void> start(Context& host) override {
    if (auto done = host.store().migrate(migrations()); !done) return done;
    parts_ = std::make_unique<Parts>(host, config_);
    auto newest = parts_->people.newest();
    if (!newest) return newest.error();
    serve(host.bus());
    add_contact_routes(host.http(), host.bus(), parts_->people, parts_->desk, host.audit(), parts_->store,
                       parts_->merging);
    host.bus().every(kTouchEvery, kUpkeep, [p = parts_.get()] { p->people.flush_touched(); });
    // What was told while nobody listened: once everybody has started, and all of it each night.
    const Time since = std::max(*newest, Time(kReconcileReach)) - kReconcileReach;
    host.bus().after(1s, kUpkeep, [p = parts_.get(), since] { p->people.reconcile(since); });
    host.bus().every(24h, kUpkeep, [p = parts_.get()] { p->people.reconcile({}); });
    return {};
  }

  void drain(Deadline) override { parts_->people.flush_touched(); }

  void stop() noexcept override { parts_.reset(); }

 private:
  void serve(Bus& bus) {
    People* people = &parts_->people;
    bus.serve<contract::GetContact>(
        kReading, [people](const contract::GetContact& q, const Headers&) { return people->get(q.contact); });
    bus.serve<contract::FindContact>(
        kReading, [people](const contract::FindContact& q, const Headers&) { return people->find(q); });
    bus.serve<contract::Identify>(
        kReading, [people](const contract::Identify& q, const Headers& h) { return people->identify(q, h.source); });
    bus.subscribe<contract::IdentitySeen>(
        kNewcomers, [people](const contract::IdentitySeen& e, const Headers&) { people->seen(e); });
    bus.subscribe<contract::ConversationChanged>(
        kDirect, [people](const contract::ConversationChanged& e, const Headers&) {
          if (e.what == "opened" || e.what == "reopened" || e.what == "handoff") {
            people->touch(e.conversation.contact, e.conversation.changed_at);
          }
        });
  }

  ContactsConfig config_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace qiao::contacts

QIAO_PLUGIN(qiao::contacts::ContactsPlugin, "contacts", "service", "0.1.0")
