#include "plugins/contacts/crm.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "qiao/json.hpp"

namespace qiao::contacts {
namespace {

namespace kind = contract::identity_kind;
using contract::CardRow;
using contract::ContactView;
using contract::CustomerCard;
using contract::LookupCustomer;
using contract::ProfileCard;

const Lane kCrmLane{.kind = Lane::blocking, .capacity = 1024, .concurrency = 4, .name = "crm"};
constexpr std::size_t kMostOrders = 20;

std::string column(const std::string& instance) { return "body:" + instance; }

ProfileCard card_of(const CustomerCard& c, bool zh) {
  ProfileCard card;
  card.title = c.source;
  card.url = c.url;
  card.as_of = c.as_of;
  card.stale = c.stale;
  const auto row = [&](const char* in_chinese, const char* in_english, const std::string& value) {
    if (!value.empty()) card.rows.push_back({zh ? in_chinese : in_english, value});
  };
  row("姓名", "Name", c.name);
  row("等级", "Tier", c.tier);
  row("公司", "Company", c.company);
  row("负责人", "Owner", c.owner);
  row("最近购买", "Last purchase", c.last_purchase);
  std::string tags;
  for (const std::string& tag : c.tags) tags += (tags.empty() ? "" : ", ") + tag;
  row("标签", "Tags", tags);
  for (const auto& [name, value] : c.attributes) {
    if (!value.empty()) card.rows.push_back({name, value});
  }
  return card;
}

std::string first_line(const contract::Order& order) {
  const std::string what = order.lines.empty() ? order.number : order.lines.front().name;
  return order.placed_at.time_since_epoch().count() > 0 ? fmt::format("{} {}", day(order.placed_at), what) : what;
}

}  // namespace

struct Crm::Asking {
  ContactView contact;
  bool cards = false;
  Done done;
  std::mutex mutex;
  std::size_t missing = 1;  ///< one for whoever is still asking
  Known known;
  std::vector<std::string> failed;  ///< CRMs that did not answer
};

bool chinese(std::string_view language) noexcept { return language.empty() || language.starts_with("zh"); }

std::string day(Time at) { return to_iso8601(at).substr(0, 10); }

LookupCustomer lookup_of(const ContactView& contact, std::string_view instance) {
  LookupCustomer q;
  const std::string prefix = fmt::format("{}:", instance);
  for (const contract::Claim& claim : contact.claims) {
    if (claim.kind == kind::kCrm && claim.value.starts_with(prefix)) q.crm_id = claim.value.substr(prefix.size());
    if (claim.kind == kind::kPhone && claim.verified && q.phone.empty()) q.phone = claim.value;
    if (claim.kind == kind::kEmail && claim.verified && q.email.empty()) q.email = claim.value;
  }
  if (q.phone.empty()) q.phone = contact.phone;
  if (q.email.empty()) q.email = contact.email;
  if (!contact.identities.empty()) {
    q.channel = contact.identities.front().channel;
    q.user = contact.identities.front().user;
  }
  return q;
}

std::string asked_before(const contract::ConversationList& talks, std::string_view language) {
  if (talks.total == 0) return {};
  const bool zh = chinese(language);
  std::string last;
  for (const contract::ConversationView& c : talks.conversations) {
    last = c.intent.empty() ? c.preview : c.intent;
    if (!last.empty()) {
      last += fmt::format(" ({})", day(c.changed_at));
      break;
    }
  }
  std::string text = zh ? fmt::format("{} 次会话", talks.total)
                        : fmt::format("{} conversation{}", talks.total, talks.total == 1 ? "" : "s");
  if (!last.empty()) text += (zh ? "，最近：" : ", last: ") + last;
  return text;
}

Crm::Crm(Database& store, Bus& bus, const Clock& clock, Logger& log, const ContactsConfig& config, const Book& book)
    : store_(store), bus_(bus), clock_(clock), log_(log), config_(config), book_(book) {}

void Crm::ask(const ContactView& contact, const std::string& language, bool cards, Done done) {
  auto asking = std::make_shared<Asking>();
  asking->contact = contact;
  asking->cards = cards;
  asking->done = std::move(done);
  const std::vector<std::string> crms = bus_.servers<LookupCustomer>();
  contract::OrderQuery orders;
  const LookupCustomer who = lookup_of(contact, {});
  orders.phone = who.phone;
  orders.email = who.email;
  const bool erp = !(who.phone.empty() && who.email.empty()) && !bus_.servers<contract::OrderQuery>().empty();
  asking->missing += crms.size() + (cards ? 1 : 0) + (erp ? 1 : 0);
  RequestOptions options{config_.crm_deadline};
  options.priority = Priority::enrich;
  for (const std::string& instance : crms) {
    options.to = instance;
    bus_.request(lookup_of(contact, instance), options, [this, asking, instance](Result<CustomerCard> card) {
      {
        const std::lock_guard lock(asking->mutex);
        if (card) {
          card->source = instance;
          asking->known.customers.push_back(std::move(*card));
        } else if (card.error().code != Errc::not_found && card.error().code != Errc::conflict) {
          asking->failed.push_back(instance);
        }
      }
      answered(asking);
    });
  }
  options.to = {};
  if (erp) {
    bus_.request(std::move(orders), options, [this, asking](Result<contract::OrderList> list) {
      if (list) {
        const std::lock_guard lock(asking->mutex);
        asking->known.orders = std::move(*list);
      }
      answered(asking);
    });
  }
  if (cards) {
    contract::AskProfileCards q;
    q.person.contacts.push_back(contact.id);
    q.person.contacts.insert(q.person.contacts.end(), contact.merged.begin(), contact.merged.end());
    q.person.identities = contact.identities;
    q.person.claims = contact.claims;
    q.language = language;
    bus_.gather(std::move(q), options, [this, asking](std::vector<Answer<contract::ProfileCards>> answers) {
      {
        const std::lock_guard lock(asking->mutex);
        for (Answer<contract::ProfileCards>& one : answers) {
          if (!one.reply) continue;
          for (ProfileCard& card : one.reply->cards) asking->known.cards.push_back(std::move(card));
        }
      }
      answered(asking);
    });
  }
  answered(asking);
}

void Crm::answered(const std::shared_ptr<Asking>& asking) {
  {
    const std::lock_guard lock(asking->mutex);
    if (--asking->missing > 0) return;
  }
  const auto finish = [this, asking] {
    Known& known = asking->known;
    const std::vector<Id> ids = [&] {
      std::vector<Id> all{asking->contact.id};
      all.insert(all.end(), asking->contact.merged.begin(), asking->contact.merged.end());
      return all;
    }();
    for (const CustomerCard& card : known.customers) {
      if (!card.stale) keep(asking->contact.id, card);
    }
    if (!asking->failed.empty()) {
      std::vector<CustomerCard> before;
      auto read = store_.read([&](Session& session) -> Result<void> {
        auto cards = remembered(session, ids);
        if (!cards) return cards.error();
        before = std::move(*cards);
        return {};
      });
      if (!read) log_.warn("what CRMs said before could not be read: {}", read.error().message);
      for (const std::string& instance : asking->failed) {
        const auto old =
            std::find_if(before.begin(), before.end(), [&](const CustomerCard& c) { return c.source == instance; });
        if (old != before.end()) {
          known.customers.push_back(*old);
        } else {
          known.silent.push_back(instance);
        }
      }
    }
    std::sort(known.customers.begin(), known.customers.end(),
              [](const CustomerCard& a, const CustomerCard& b) { return a.source < b.source; });
    asking->done(std::move(known));
  };
  if (!bus_.post(kCrmLane, finish, Priority::enrich)) asking->done({});
}

Result<std::vector<CustomerCard>> Crm::remembered(Session& session, const std::vector<Id>& contacts) const {
  struct Row {
    Id id;
    std::string instance;
    std::string sealed;
    Time as_of;
  };
  std::vector<CustomerCard> cards;
  for (const Id contact : contacts) {
    std::vector<Row> found;
    {
      auto rows = session.query("SELECT id, instance, body, as_of FROM contacts_card WHERE contact = ?", contact);
      while (rows->next()) found.push_back({rows->id(0), rows->str(1), rows->str(2), rows->time(3)});
      if (auto status = rows->status(); !status) return status.error();
    }
    for (const Row& row : found) {
      auto plain = book_.open(session, {"contacts_card", column(row.instance), row.id.value}, row.sealed);
      if (!plain) return plain.error();
      auto card = from_json<CustomerCard>(*plain);
      if (!card) continue;
      card->as_of = row.as_of;
      card->stale = true;
      card->source = row.instance;
      cards.push_back(std::move(*card));
    }
  }
  return cards;
}

void Crm::keep(Id contact, const CustomerCard& card) {
  auto shared = std::make_shared<const CustomerCard>(card);
  store_.write(
      static_cast<std::uint64_t>(contact.value),
      [this, contact, shared](Session& session) -> Result<void> {
        auto root = book_.root_of(session, contact);
        if (!root) return root.error().code == Errc::not_found ? Result<void>{} : root.error();
        Id known;
        {
          auto rows =
              session.query("SELECT id FROM contacts_card WHERE contact = ? AND instance = ?", *root, shared->source);
          if (rows->next()) known = rows->id(0);
          if (auto status = rows->status(); !status) return status;
        }
        const Id id = known ? known : new_id();
        auto sealed = book_.seal(session, *root, {"contacts_card", column(shared->source), id.value}, to_json(*shared));
        if (!sealed) return sealed.error();
        const Time as_of = shared->as_of.time_since_epoch().count() > 0 ? shared->as_of : clock_.now();
        auto done =
            known ? session.run("UPDATE contacts_card SET body = ?, as_of = ? WHERE id = ?", SqlArg::blob(*sealed),
                                as_of, known)
                  : session.run("INSERT INTO contacts_card (id, contact, instance, body, as_of) VALUES (?, ?, ?, ?, ?)",
                                id, *root, shared->source, SqlArg::blob(*sealed), as_of);
        if (!done) return done.error();
        if (!shared->crm_id.empty()) {
          const contract::Claim claim{kind::kCrm, fmt::format("{}:{}", shared->source, shared->crm_id), false};
          auto put = book_.put_claim(session, *root, claim, shared->source, false, clock_.now());
          if (!put) return put.error();
        }
        if (!shared->tier.empty()) {
          auto tier =
              session.run("UPDATE contacts_contact SET tier = ? WHERE id = ? AND tier = ''", shared->tier, *root);
          if (!tier) return tier.error();
        }
        return {};
      },
      [this, contact](Result<void> result) {
        if (!result)
          log_.warn("what a CRM said could not be kept: {}, contact={}", result.error().message, contact.value);
      },
      Priority::background);
}

CardsView Crm::cards(const ContactView& contact, const Known& known, const contract::ConversationList& talks,
                     std::string_view language) const {
  const bool zh = chinese(language);
  CardsView view;
  for (const CustomerCard& c : known.customers) {
    if (view.summary.last_purchase.empty()) view.summary.last_purchase = c.last_purchase;
    if (view.summary.last_purchase.empty() && !c.orders.empty())
      view.summary.last_purchase = first_line(c.orders.front());
    view.cards.push_back(card_of(c, zh));
  }
  if (view.summary.last_purchase.empty() && !known.orders.orders.empty()) {
    view.summary.last_purchase = first_line(known.orders.orders.front());
  }
  for (const std::string& instance : known.silent) {
    ProfileCard card;
    card.title = instance;
    card.stale = true;
    card.rows.push_back({zh ? "状态" : "State", zh ? "暂时没有应答" : "does not answer right now"});
    view.cards.push_back(std::move(card));
  }
  view.cards.insert(view.cards.end(), known.cards.begin(), known.cards.end());
  view.summary.asked_before = asked_before(talks, language);
  if (const auto found = contact.attributes.find(config_.preferences); found != contact.attributes.end()) {
    view.summary.preferences = found->second;
  }
  return view;
}

OrdersView Crm::orders(const Known& known) {
  OrdersView view;
  std::set<std::string> numbers;
  for (const CustomerCard& c : known.customers) {
    view.sources.push_back({c.source, c.as_of, c.stale});
    for (const contract::Order& order : c.orders) {
      if (numbers.insert(order.number).second) view.orders.push_back(order);
    }
  }
  if (!known.orders.orders.empty()) {
    view.sources.push_back({known.orders.source, known.orders.as_of, known.orders.stale});
    for (const contract::Order& order : known.orders.orders) {
      if (numbers.insert(order.number).second) view.orders.push_back(order);
    }
  }
  std::stable_sort(view.orders.begin(), view.orders.end(),
                   [](const contract::Order& a, const contract::Order& b) { return b.placed_at < a.placed_at; });
  if (view.orders.size() > kMostOrders) view.orders.resize(kMostOrders);
  return view;
}

}  // namespace qiao::contacts
