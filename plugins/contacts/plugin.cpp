#include "qiao/plugin.hpp"

#include "plugins/contacts/demo.hpp"
#include "plugins/contacts/migrations.hpp"
#include "plugins/contacts/privacy.hpp"
#include "plugins/contacts/timeline.hpp"
#include "plugins/contacts/transfer.hpp"
#include "plugins/contacts/write_back.hpp"
#include "qiao/contract/intents.hpp"

namespace qiao::contacts {
namespace {

const Lane kReading{.kind = Lane::blocking, .capacity = 1024, .concurrency = 2, .name = "read"};
const Lane kNewcomers{.kind = Lane::serial, .capacity = 16384, .name = "newcomers"};
const Lane kDirect{.kind = Lane::direct};
const Lane kNotes{.kind = Lane::blocking, .capacity = 4096, .concurrency = 1, .name = "notes", .budget = 60s};
/// Exports and erasures: minutes, one at a time.
const Lane kPrivacy{.kind = Lane::blocking, .capacity = 64, .concurrency = 1, .name = "privacy", .budget = 1h};
const Lane kUpkeep{.kind = Lane::blocking, .capacity = 64, .concurrency = 1, .name = "upkeep", .budget = 300s};
constexpr auto kTouchEvery = 10s;
constexpr auto kNotesEvery = 15s;
constexpr auto kResumeEvery = 10min;
constexpr auto kReconcileReach = 1h;

/// All parts of the running plugin; destroyed in the opposite order.
struct Parts {
  Parts(Context& host, const ContactsConfig& config)
      : store(host.store()),
        book(host.vault(), config.default_country),
        merging(book, config.merge),
        people(store, host.bus(), host.clock(), host.log(), host.metrics(), host.audit(), book, merging),
        guard(host.bus()),
        desk(people, guard, book),
        catalogue(book, host.clock()),
        crm(store, host.bus(), host.clock(), host.log(), config, book),
        notes(store, host.bus(), host.clock(), host.log(), host.metrics(), config, book),
        privacy(store, host.bus(), host.clock(), host.log(), host.vault(), host.audit(), config, book, crm, merging,
                host.data_dir() / "exports") {
    people.on_tags(
        [this, &bus = host.bus()](Id contact, std::vector<std::string> add, std::vector<std::string> remove) {
          (void)bus.post(kNotes, [this, contact, add = std::move(add), remove = std::move(remove)] {
            notes.tags(contact, add, remove);
          });
        });
  }

  Database& store;
  Book book;
  Merging merging;
  People people;
  Guard guard;
  Desk desk;
  Catalogue catalogue;
  Crm crm;
  WriteBackQueue notes;
  Privacy privacy;
};

/// What a CRM is told of a conversation that is over.
contract::RecordActivity activity_of(const contract::ConversationView& c) {
  const bool zh = chinese(c.language);
  contract::RecordActivity a;
  // A conversation that was opened again is another activity when it ends.
  a.external_id = fmt::format("conversation:{}:{}", c.id.value, to_micros(c.resolved_at) / 1'000'000);
  a.kind = "conversation";
  a.subject = fmt::format("{} {}", zh ? "客服会话" : "Conversation", c.channel);
  a.text =
      fmt::format("{}{}\n{} {}", c.intent, c.intent.empty() ? c.preview : "", zh ? "客服：" : "Agent:", c.agent_name);
  a.at = c.resolved_at;
  return a;
}

contract::RecordActivity activity_of(const contract::TicketView& t) {
  contract::RecordActivity a;
  a.external_id = fmt::format("ticket:{}:{}", t.id.value, to_micros(t.resolved_at) / 1'000'000);
  a.kind = "ticket";
  a.subject = fmt::format("#{} {}", t.number, t.subject);
  a.text = t.resolution;
  a.at = t.resolved_at;
  return a;
}

}  // namespace

class ContactsPlugin final : public Plugin {
 public:
  static void describe(Manifest& m) {
    m.summary("who the customers are: identities, merging, attributes, companies, segments, CRM, privacy")
        .config<ContactsConfig>()
        .serves<contract::GetContact>()
        .serves<contract::FindContact>()
        .serves<contract::Identify>()
        .serves<contract::ExportContact>()
        .serves<contract::EraseContact>()
        .publishes<contract::ContactMerged>()
        .publishes<contract::ContactChanged>()
        .subscribes<contract::IdentitySeen>()
        .subscribes<contract::ConversationChanged>()
        .subscribes<contract::TicketChanged>()
        .asks<contract::ListIdentities>()
        .asks<contract::ConversationsOfContacts>()
        .asks<contract::TicketsOfContacts>(true)
        .asks<contract::LookupCustomer>(true)
        .asks<contract::OrderQuery>(true)
        .asks<contract::RecordActivity>(true)
        .asks<contract::TagCustomer>(true)
        .asks<contract::AskProfileCards>(true)
        .asks<contract::NameIntents>(true)
        .asks<contract::ExportPerson>(true)
        .asks<contract::ErasePerson>(true)
        .asks<contract::CopyFiles>(true);
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
    if (host.demo() && *newest == Time{}) {
      auto made = add_demo_contacts(parts_->store, host.bus(), host.clock(), parts_->book, parts_->catalogue);
      if (!made) return made;
    }
    serve(host.bus());
    add_contact_routes(host.http(), host.bus(), parts_->people, parts_->desk, host.audit(), parts_->store,
                       parts_->merging);
    add_catalogue_routes(host.http(), parts_->store, parts_->book, parts_->catalogue, parts_->guard, parts_->desk);
    add_profile_routes(host.http(), host.bus(), parts_->store, parts_->desk, parts_->crm, parts_->merging);
    add_transfer_routes(host.http(), parts_->store, host.bus(), host.clock(), parts_->book, parts_->catalogue,
                        parts_->guard, host.audit());
    add_privacy_routes(host.http(), host.bus(), parts_->privacy);
    host.bus().every(kNotesEvery, kNotes, [p = parts_.get()] { p->notes.send_due(); });
    host.bus().every(kTouchEvery, kUpkeep, [p = parts_.get()] { p->people.flush_touched(); });
    // What was told while nobody listened: once everybody has started, and all of it each night.
    const Time since = std::max(*newest, Time(kReconcileReach)) - kReconcileReach;
    host.bus().after(1s, kUpkeep, [p = parts_.get(), since] { p->people.reconcile(since); });
    host.bus().every(24h, kUpkeep, [p = parts_.get()] { p->people.reconcile({}); });
    host.bus().after(5s, kPrivacy, [p = parts_.get()] { p->privacy.resume(); });
    host.bus().every(kResumeEvery, kPrivacy, [p = parts_.get()] { p->privacy.resume(); });
    host.bus().after(kResumeEvery, kPrivacy, [p = parts_.get()] { p->privacy.retire(); });
    host.bus().every(24h, kPrivacy, [p = parts_.get()] { p->privacy.retire(); });
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
    Privacy* privacy = &parts_->privacy;
    bus.serve<contract::ExportContact>(
        kPrivacy, [privacy](const contract::ExportContact& q, const Headers&) { return privacy->make_copy(q); });
    bus.serve<contract::EraseContact>(
        kPrivacy, [privacy](const contract::EraseContact& q, const Headers&) { return privacy->erase(q); });
    WriteBackQueue* notes = &parts_->notes;
    if (notes->wants(WriteBack::conversation)) {
      bus.subscribe<contract::ConversationChanged>(
          kDirect, [notes, &bus](const contract::ConversationChanged& e, const Headers&) {
            if (e.what != "resolved") return;
            (void)bus.post(kNotes, [notes, c = e.conversation] { notes->note(c.contact, activity_of(c)); });
          });
    }
    if (notes->wants(WriteBack::ticket)) {
      bus.subscribe<contract::TicketChanged>(kNotes, [notes](const contract::TicketChanged& e, const Headers&) {
        if (e.what == "resolved" && e.ticket.contact) notes->note(e.ticket.contact, activity_of(e.ticket));
      });
    }
  }

  ContactsConfig config_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace qiao::contacts

QIAO_PLUGIN(qiao::contacts::ContactsPlugin, "contacts", "service", "0.1.0")
