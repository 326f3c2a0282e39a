#include "qiao/plugin.hpp"

#include "plugins/inbox/acceptance.hpp"
#include "plugins/inbox/actions.hpp"
#include "plugins/inbox/migrations.hpp"
#include "plugins/inbox/notices.hpp"
#include "plugins/inbox/outbox.hpp"
#include "plugins/inbox/person.hpp"
#include "plugins/inbox/records.hpp"
#include "plugins/inbox/rest.hpp"
#include "plugins/inbox/retention.hpp"
#include "plugins/inbox/uploads.hpp"
#include "qiao/contract/channel.hpp"

namespace qiao::inbox {
namespace {

using namespace std::chrono_literals;

const Lane kDirect{.kind = Lane::direct};
const Lane kReading{.kind = Lane::blocking, .capacity = 4096, .concurrency = 2, .name = "read"};
const Lane kSweeping{.kind = Lane::blocking, .capacity = 16, .concurrency = 1, .name = "sweep", .budget = 60s};
/// Copies and erasures may take minutes.
const Lane kPrivacy{.kind = Lane::blocking, .capacity = 16, .concurrency = 1, .name = "privacy", .budget = 300s};
/// One thread: who is who follows in the order in which it was decided.
const Lane kPeople{
    .kind = Lane::blocking, .capacity = 65536, .overflow = Overflow::block, .concurrency = 1, .name = "people"};
const Lane kIndexing{.kind = Lane::blocking, .capacity = 4, .concurrency = 1, .name = "index", .budget = 60s};
constexpr auto kFlushEvery = 2s;
constexpr auto kIndexEvery = 5s;
constexpr auto kSweepEvery = 30s;
constexpr auto kRetainEvery = 10min;
constexpr std::int32_t kMostMessages = 500;

/// Messages this young may still be followed by one with a smaller id.
constexpr auto kSettled = 10s;

/// All parts of a running inbox; destroyed in the opposite order.
struct Parts {
  Parts(Context& host, const Settings& settings, const InboxConfig& config, TextIndex words)
      : store(host.store()),
        clock(host.clock()),
        activity(host.log()),
        records(host.vault(), host.log()),
        table(store, host.bus(), clock, records, static_cast<std::size_t>(config.cached_conversations),
              config.reopen_within),
        ledger(store, host.bus(), clock, host.metrics(), table, activity),
        directory(host.bus()),
        desk(store, host.bus(), clock, host.log(), host.metrics(), table, ledger, directory, settings),
        bot(store, host.bus(), clock, host.log(), host.metrics(), table, ledger, settings),
        notices(store, host.bus(), host.log(), host.metrics(), table, ledger),
        outbox(store, host.bus(), clock, host.log(), host.metrics(), ledger, notices, settings),
        contacts(store, host.bus(), clock, host.log(), table, ledger),
        acceptance(table, ledger, bot, contacts, settings, host.metrics(), clock),
        actions(host.bus(), table, ledger, desk, directory, activity, settings),
        search_index(store, host.bus(), clock, host.log(), host.metrics(), std::move(words), records, kSettled),
        search(store, table, search_index),
        person(store, host.bus(), table, ledger, search_index),
        retention(store, host.bus(), clock, host.log(), host.metrics(), records, person, settings),
        rest(store, table, activity, actions, search) {
    ledger.on_moved([this](const ConversationPtr& conversation, const Status& before, const Status& after) {
      desk.moved(conversation, before, after);
    });
  }

  Database& store;
  const Clock& clock;
  Activity activity;
  Records records;
  ConversationTable table;
  Ledger ledger;
  Directory directory;
  Desk desk;
  BotTurns bot;
  Notices notices;
  Outbox outbox;
  Contacts contacts;
  Acceptance acceptance;
  Actions actions;
  SearchIndex search_index;
  Search search;
  PersonData person;
  Retention retention;
  Rest rest;
};

}  // namespace

class InboxPlugin final : public Plugin {
 public:
  static void describe(Manifest& m) {
    m.summary("conversations, messages, their delivery, and the queue of people who wait")
        .config<InboxConfig>()
        .serves<contract::AcceptMessage>()
        .serves<contract::RecordEvent>()
        .serves<contract::WriteMessage>()
        .serves<contract::FindConversation>()
        .serves<contract::GetConversation>()
        .serves<contract::GetTranscript>()
        .serves<contract::Handoff>()
        .serves<contract::Transfer>()
        .serves<contract::Resolve>()
        .serves<contract::Rate>()
        .serves<contract::MarkRead>()
        .serves<contract::ReportDelivery>()
        .serves<contract::ListIdentities>()
        .serves<contract::ConversationsOfContacts>()
        .serves<contract::ExportPerson>()
        .serves<contract::ErasePerson>()
        .serves<contract::AskUploadsInUse>()
        .publishes<contract::MessageStored>()
        .publishes<contract::ConversationChanged>()
        .publishes<contract::MessageOutgoing>()
        .publishes<contract::DeliveryChanged>()
        .publishes<contract::IdentitySeen>()
        .subscribes<contract::AgentChanged>()
        .subscribes<contract::ContactMerged>()
        .subscribes<contract::ContactChanged>()
        .asks<contract::AskBot>(true)
        .asks<contract::DecideRoute>(true)
        .asks<contract::ListAgents>(true)
        .asks<contract::DescribeChannel>(true)
        .asks<contract::GetChannelWindow>(true)
        .asks<contract::ErasePerson>(true);
  }

  Result<void> configure(const Section& section) override {
    auto bound = section.bind<InboxConfig>();
    if (!bound) return bound.error();
    config_ = std::move(*bound);
    return {};
  }

  Result<void> start(Context& host) override {
    if (auto done = host.store().migrate(migrations()); !done) return done;
    settings_ = std::make_unique<Settings>(config_);
    auto words = TextIndex::open(host.store(), kSearchPrefix, [&vault = host.vault()](std::string_view term) {
      return vault.blind("inbox.search", term);
    });
    if (!words) return words.error();
    parts_ = std::make_unique<Parts>(host, *settings_, config_, std::move(*words));
    if (auto done = parts_->desk.rebuild(); !done) return done;
    serve_messages(host.bus());
    serve_conversations(host.bus());
    follow_contacts(host.bus());
    parts_->rest.add_routes(host.http());
    set_timers(host);
    return {};
  }

  Result<void> reconfigure(const Section& section) override {
    auto bound = section.bind<InboxConfig>();
    if (!bound) return bound.error();
    config_ = std::move(*bound);
    settings_->set(config_);
    parts_->table.set_reopen_within(config_.reopen_within);
    return {};
  }

  void drain(Deadline deadline) override {
    // Twice: what was under way may have touched what is written lazily.
    if (!parts_->ledger.wait_idle(deadline)) return;
    parts_->activity.flush(parts_->ledger);
    parts_->ledger.wait_idle(deadline);
  }

  void stop() noexcept override {
    parts_.reset();
    settings_.reset();
  }

 private:
  void serve_messages(Bus& bus) {
    bus.serve<contract::AcceptMessage>(
        kDirect, [p = parts_.get()](const contract::AcceptMessage& q, const Headers& h, Responder<Accepted> answer) {
          p->acceptance.accept(q, h.trace, answer);
        });
    bus.serve<contract::RecordEvent>(
        kDirect, [p = parts_.get()](const contract::RecordEvent& q, const Headers& h, Responder<Accepted> answer) {
          p->acceptance.record(q, h.trace, answer);
        });
    bus.serve<contract::WriteMessage>(
        kDirect, [p = parts_.get()](const contract::WriteMessage& q, const Headers& h, Responder<Accepted> answer) {
          p->acceptance.write(q, h.trace, answer);
        });
    bus.serve<contract::ReportDelivery>(
        kDirect, [p = parts_.get()](const contract::ReportDelivery& q, const Headers& h,
                                    Responder<contract::Done> answer) { p->outbox.report(q, h.trace, answer); });
    bus.serve<contract::MarkRead>(
        kDirect, [p = parts_.get()](const contract::MarkRead& q, const Headers&, Responder<contract::Done> answer) {
          p->actions.mark_read(q, answer);
        });
    bus.serve<contract::GetTranscript>(
        kReading, [p = parts_.get()](const contract::GetTranscript& q, const Headers&) { return transcript(*p, q); });
  }

  void serve_conversations(Bus& bus) {
    bus.serve<contract::FindConversation>(
        kDirect, [p = parts_.get(), &bus](const contract::FindConversation& q, const Headers&,
                                          Responder<ConversationView> answer) {
          if (const ConversationPtr known = p->table.newest(q.channel, q.user)) return answer(known->view());
          const bool posted = bus.post(kReading, [p, q, answer] {
            auto found = p->table.fetch_newest(q.channel, q.user);
            if (!found) return answer(found.error());
            answer(*found ? (*found)->view() : ConversationView{});
          });
          if (!posted)
            answer(Error{Errc::overloaded, "inbox.overloaded", "too many conversations are being read; try again"});
        });
    bus.serve<contract::GetConversation>(
        kDirect, [p = parts_.get()](const contract::GetConversation& q, const Headers&,
                                    Responder<ConversationView> answer) { p->actions.get(q, answer); });
    bus.serve<contract::Handoff>(
        kDirect, [p = parts_.get()](const contract::Handoff& q, const Headers& h, Responder<ConversationView> answer) {
          p->actions.hand_off(q, h.trace, answer);
        });
    bus.serve<contract::Transfer>(
        kDirect, [p = parts_.get()](const contract::Transfer& q, const Headers& h, Responder<ConversationView> answer) {
          p->actions.transfer(q, h.trace, answer);
        });
    bus.serve<contract::Resolve>(
        kDirect, [p = parts_.get()](const contract::Resolve& q, const Headers& h, Responder<ConversationView> answer) {
          p->actions.resolve(q, h.trace, answer);
        });
    bus.serve<contract::Rate>(
        kDirect, [p = parts_.get()](const contract::Rate& q, const Headers& h, Responder<contract::Done> answer) {
          p->actions.rate(q, h.trace, answer);
        });
    bus.subscribe<contract::AgentChanged>([p = parts_.get()](const contract::AgentChanged& e, const Headers&) {
      p->directory.learn(e.agent);
      if (e.agent.presence == contract::Presence::online) p->desk.try_heads();
    });
  }

  void follow_contacts(Bus& bus) {
    Contacts* contacts = &parts_->contacts;
    bus.serve<contract::ListIdentities>(
        kReading, [contacts](const contract::ListIdentities& q, const Headers&) { return contacts->identities(q); });
    bus.serve<contract::ConversationsOfContacts>(
        kReading,
        [contacts](const contract::ConversationsOfContacts& q, const Headers&) { return contacts->conversations(q); });
    PersonData* person = &parts_->person;
    bus.serve<contract::ExportPerson>(
        kPrivacy, [person](const contract::ExportPerson& q, const Headers&) { return person->copy(q.person); });
    bus.serve<contract::ErasePerson>(
        kPrivacy, [person](const contract::ErasePerson& q, const Headers&) { return person->erase(q.person); });
    bus.serve<contract::AskUploadsInUse>(kPrivacy,
                                         [p = parts_.get()](const contract::AskUploadsInUse& q, const Headers&) {
                                           return uploads_in_use(p->store, p->records, q);
                                         });
    bus.subscribe<contract::ContactMerged>(
        kPeople, [contacts](const contract::ContactMerged& e, const Headers&) { return contacts->merged(e); });
    bus.subscribe<contract::ContactChanged>(
        kPeople, [contacts](const contract::ContactChanged& e, const Headers&) { return contacts->changed(e); });
  }

  static Result<contract::Transcript> transcript(Parts& parts, const contract::GetTranscript& q) {
    auto conversation = parts.table.fetch(q.conversation);
    if (!conversation) return conversation.error();
    const std::string name = (*conversation)->customer().name;
    const std::int32_t limit = std::clamp(q.limit, 1, kMostMessages);
    contract::Transcript transcript;
    auto read = parts.store.read([&](Session& session) -> Result<void> {
      auto page = parts.records.transcript(session, q.conversation, std::max<std::int64_t>(q.after, 0), q.before, limit,
                                           q.notes, name);
      if (!page) return page.error();
      transcript.messages = std::move(page->messages);
      transcript.more = page->more;
      return {};
    });
    if (!read) return read.error();
    return transcript;
  }

  void set_timers(Context& host) {
    Parts* p = parts_.get();
    host.bus().every(kFlushEvery, kSweeping, [p] { p->activity.flush(p->ledger); });
    host.bus().every(kIndexEvery, kIndexing, [p] { p->search_index.step(); });
    host.bus().every(kRetainEvery, kSweeping, [p] { p->retention.look(); });
    host.bus().every(kSweepEvery, kSweeping, [p] {
      p->outbox.sweep(false);
      p->notices.look();
      p->bot.resume(false);
      p->desk.sweep();
    });
    // Once everybody else has started: whoever sends, answers or decides may come after this plugin.
    host.bus().after(200ms, kSweeping, [p] {
      p->directory.refresh([p] { p->desk.sweep(); });
      p->outbox.sweep(true);
      p->notices.look();
      p->bot.resume(true);
      repair(*p);
    });
    for (const auto later : {1s, 12s}) host.bus().after(later, kSweeping, [p] { follow_predecessor(*p); });
  }

  /// The generation before this one may have finished its work while this one had read already.
  static void follow_predecessor(Parts& parts) {
    // The loads first: whoever is found queued is asked about with them.
    parts.desk.resync([&parts] {
      for (ConversationPtr& conversation : parts.table.all()) parts.ledger.refresh(std::move(conversation));
    });
  }

  /// After a crash the rows of a few conversations may be older than their messages: reading them brings them up to
  /// date.
  static void repair(Parts& parts) {
    std::vector<Id> late;
    (void)parts.store.read([&](Session& session) -> Result<void> {
      auto rows = session.query(
          "SELECT c.id FROM inbox_conversation c WHERE c.state IN (0, 1, 2, 3) AND c.last_seq < "
          "(SELECT MAX(m.seq) FROM inbox_message m WHERE m.conversation = c.id)");
      while (rows->next()) late.push_back(rows->id(0));
      return rows->status();
    });
    for (const Id id : late) {
      if (auto conversation = parts.table.fetch(id)) parts.activity.touch(*conversation);
    }
  }

  InboxConfig config_;
  std::unique_ptr<Settings> settings_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace qiao::inbox

QIAO_PLUGIN(qiao::inbox::InboxPlugin, "inbox", "service", "0.1.0")
