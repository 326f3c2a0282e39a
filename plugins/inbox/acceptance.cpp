#include "plugins/inbox/acceptance.hpp"

#include "plugins/inbox/records.hpp"
#include "plugins/inbox/state_machine.hpp"
#include "plugins/inbox/text.hpp"

namespace qiao::inbox {
namespace {

using contract::AcceptMessage;
using contract::WriteMessage;

constexpr std::size_t kMostChannel = 64;
constexpr std::size_t kMostKey = 128;
constexpr std::size_t kMostName = 200;
constexpr std::size_t kMostShort = 64;
constexpr std::size_t kMostParts = 10;
constexpr std::size_t kMostValues = 20;

Error bad(std::string_view field, std::string_view what) {
  return Error{Errc::bad_value, "message.bad_value", fmt::format("{}: {}", field, what)};
}

Result<void> check_text(std::string_view field, std::string_view value, std::size_t most, bool needed = false) {
  if (needed && value.empty()) return bad(field, "must not be empty");
  if (value.size() > most) return bad(field, fmt::format("at most {} bytes, got {}", most, value.size()));
  if (!clean_utf8(value)) return bad(field, "not valid UTF-8, or it holds a zero character");
  return {};
}

Result<void> check_values(std::string_view field, const std::map<std::string, std::string>& values) {
  if (values.size() > kMostValues) return bad(field, fmt::format("at most {}", kMostValues));
  for (const auto& [key, value] : values) {
    if (auto done = check_text(field, key, kMostShort, true); !done) return done;
    if (auto done = check_text(field, value, 1000); !done) return done;
  }
  return {};
}

Result<void> check_cards(const Content& content) {
  if (content.cards.size() > kMostParts) return bad("cards", fmt::format("at most {}", kMostParts));
  for (const contract::Card& c : content.cards) {
    if (auto done = check_text("card.kind", c.kind, kMostShort, true); !done) return done;
    if (auto done = check_text("card.title", c.title, kMostName); !done) return done;
    if (auto done = check_text("card.text", c.text, 1000); !done) return done;
    if (auto done = check_text("card.url", c.url, 2000); !done) return done;
    if (auto done = check_text("card.picture", c.picture, 2000); !done) return done;
    if (auto done = check_values("card.data", c.data); !done) return done;
  }
  if (auto done = check_text("notice", content.notice, kMostShort); !done) return done;
  return check_values("values", content.values);
}

Result<void> check_content(const Content& content, std::size_t max_text) {
  if (content.text.empty() && content.attachments.empty() && content.cards.empty())
    return bad("text", "a message needs a text, an attachment or a card");
  if (content.text.size() > max_text) {
    return Error{Errc::too_large, "message.too_large",
                 fmt::format("text: at most {} bytes, got {}; send longer text as an attachment", max_text,
                             content.text.size())};
  }
  if (!clean_utf8(content.text)) return bad("text", "not valid UTF-8, or it holds a zero character");
  if (content.attachments.size() > kMostParts) return bad("attachments", fmt::format("at most {}", kMostParts));
  for (const contract::Attachment& a : content.attachments) {
    if (auto done = check_text("attachment.name", a.name, kMostName); !done) return done;
    if (auto done = check_text("attachment.media_type", a.media_type, kMostKey); !done) return done;
  }
  if (content.buttons.size() > kMostParts) return bad("buttons", fmt::format("at most {}", kMostParts));
  for (const contract::Button& b : content.buttons) {
    if (auto done = check_text("button.label", b.label, kMostName, true); !done) return done;
    if (auto done = check_text("button.value", b.value, kMostName); !done) return done;
    if (auto done = check_text("button.url", b.url, 2000); !done) return done;
  }
  return check_cards(content);
}

Result<void> check(const AcceptMessage& m, std::size_t max_text) {
  if (auto done = check_text("channel", m.channel, kMostChannel, true); !done) return done;
  if (m.channel.find_first_of(":#") != std::string::npos) return bad("channel", "an instance name has no : or #");
  if (auto done = check_text("external_id", m.external_id, kMostKey, true); !done) return done;
  if (auto done = check_text("user", m.user, kMostKey, true); !done) return done;
  if (auto done = check_text("site", m.site, kMostShort); !done) return done;
  if (auto done = check_text("language", m.language, 16); !done) return done;
  if (!clean_utf8(m.user_name)) return bad("user_name", "not valid UTF-8");
  return check_content(m.content, max_text);
}

Result<void> check(const WriteMessage& m, std::size_t max_text) {
  if (m.author == Author::customer) return bad("author", "what customers write comes through inbox.accept");
  if (m.author == Author::agent && !m.author_id) return bad("author_id", "an agent's message says whose it is");
  if (auto done = check_text("author_name", m.author_name, kMostName); !done) return done;
  if (auto done = check_text("client_id", m.client_id, kMostShort); !done) return done;
  return check_content(m.content, max_text);
}

/// The platform's time, unless it cannot be true.
Time plausible(Time at, Time now) {
  return never(at) || at > now || now - at > std::chrono::hours(7 * 24) ? Time{} : whole_ms(at);
}

}  // namespace

struct Acceptance::Incoming {
  AcceptMessage message;
  Id trace;
  Answer answer;
  SteadyTime since;
  bool event = false;   ///< no message: a note about something that happened
  bool reopen = false;  ///< by the event
  bool again = false;   ///< the customer turned out to be known
};

Acceptance::Acceptance(ConversationTable& table, Ledger& ledger, BotTurns& bot, Contacts& contacts,
                       const Settings& settings, Metrics& metrics, const Clock& clock)
    : table_(table),
      ledger_(ledger),
      bot_(bot),
      contacts_(contacts),
      settings_(settings),
      clock_(clock),
      seconds_(metrics.histogram("qiao_inbox_accept_seconds", "From being asked to the synced commit")) {}

void Acceptance::accept(const AcceptMessage& message, Id trace, Answer answer) {
  if (auto ok = check(message, settings_.get()->max_text.count); !ok) return answer(ok.error());
  take(std::make_shared<Incoming>(Incoming{message, trace, std::move(answer), clock_.steady()}));
}

void Acceptance::record(const contract::RecordEvent& event, Id trace, Answer answer) {
  AcceptMessage message;
  message.channel = event.channel;
  message.external_id = event.external_id;
  message.user = event.user;
  message.user_name = event.user_name;
  message.site = event.site;
  message.language = event.language;
  message.content = event.content;
  message.at = event.at;
  if (auto ok = check(message, settings_.get()->max_text.count); !ok) return answer(ok.error());
  take(std::make_shared<Incoming>(
      Incoming{std::move(message), trace, std::move(answer), clock_.steady(), true, event.reopen}));
}

void Acceptance::take(std::shared_ptr<Incoming> incoming) {
  const AcceptMessage& message = incoming->message;
  if (const ConversationPtr conversation = table_.cached(message.channel, message.user)) {
    return put(conversation, std::move(incoming));
  }
  Caller caller{message.channel, message.user,     shorten(message.user_name, kMostName),
                message.site,    message.language, message.content.text};
  table_.load(std::move(caller), [this, incoming = std::move(incoming)](Result<ConversationPtr> conversation) {
    if (!conversation) return incoming->answer(conversation.error());
    put(*conversation, incoming);
  });
}

void Acceptance::put(const ConversationPtr& conversation, std::shared_ptr<Incoming> incoming) {
  const Id trace = incoming->trace;
  ledger_.change(
      conversation, trace,
      // `incoming` belongs to what is done at the end.
      [incoming = incoming.get(), c = conversation.get()](Draft& draft, Time now) -> Result<void> {
        const AcceptMessage& m = incoming->message;
        NewMessage message;
        message.author = Author::customer;
        Conversation::Customer customer = c->customer();
        if (incoming->event) {
          message.author = Author::system;
          message.note = true;
        } else {
          message.author_name = std::move(customer.name);
        }
        message.content = m.content;
        message.client_id = m.external_id;
        message.dedupe = records::customer_key(m.channel, m.external_id);
        message.at = plausible(m.at, now);
        if (incoming->event) {
          event_happened(draft, c->facts, std::move(message), incoming->reopen && !customer.blocked, now);
        } else if (customer.blocked) {
          blocked_wrote(draft, std::move(message), now);
        } else {
          customer_wrote(draft, c->facts, std::move(message), m.in_app, now);
        }
        return {};
      },
      [this, incoming](const Result<Outcome>& outcome) {
        if (!outcome) {
          if (outcome.error().id == kIdentityTaken && !std::exchange(incoming->again, true)) return take(incoming);
          return incoming->answer(outcome.error());
        }
        incoming->answer(outcome->accepted);
        seconds_.observe(std::chrono::duration<double>(clock_.steady() - incoming->since).count());
        const ConversationPtr& c = outcome->conversation;
        if (!incoming->message.user_name.empty() && c->customer().generated) {
          contacts_.learn_name(c, shorten(incoming->message.user_name, kMostName));
        }
        if (!incoming->event && !outcome->accepted.duplicate && outcome->status->state == ConversationState::bot) {
          bot_.wrote(c, outcome->accepted.seq, incoming->trace);
        }
      });
}

void Acceptance::write(const WriteMessage& message, Id trace, Answer answer) {
  const auto settings = settings_.get();
  if (auto ok = check(message, settings->max_text.count); !ok) return answer(ok.error());
  auto outgoing = std::make_shared<WriteMessage>(message);
  if (outgoing->author == Author::bot && outgoing->author_name.empty()) outgoing->author_name = settings->bot_name;
  const House house{settings->default_group};
  auto put = [this, outgoing, house, trace, answer = std::move(answer)](const Result<ConversationPtr>& conversation) {
    if (!conversation) return answer(conversation.error());
    ledger_.change(
        *conversation, trace,
        [outgoing, house](Draft& draft, Time now) -> Result<void> {
          NewMessage m;
          m.author = outgoing->author;
          m.author_id = outgoing->author_id;
          m.author_name = outgoing->author_name;
          m.note = outgoing->note;
          m.content = outgoing->content;
          m.client_id = outgoing->client_id;
          m.dedupe = records::writer_key(outgoing->conversation, outgoing->client_id);
          switch (outgoing->author) {
            case Author::agent:
              agent_wrote(draft, house, std::move(m), now);
              return {};
            case Author::bot:
              return bot_wrote(draft, std::move(m), {});
            default:
              system_wrote(draft, std::move(m));
              return {};
          }
        },
        [answer](const Result<Outcome>& outcome) {
          if (!outcome) return answer(outcome.error());
          answer(outcome->accepted);
        });
  };
  if (ConversationPtr conversation = table_.cached(message.conversation)) return put(std::move(conversation));
  table_.load(message.conversation, std::move(put));
}

}  // namespace qiao::inbox
