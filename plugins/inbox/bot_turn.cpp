#include "plugins/inbox/bot_turn.hpp"

#include <charconv>

#include "plugins/inbox/records.hpp"

namespace qiao::inbox {
namespace {

using namespace std::chrono_literals;

const Lane kBotLane{.kind = Lane::blocking, .capacity = 16384, .concurrency = 2, .name = "bot"};
/// A customer who types faster than the bot thinks has the oldest messages answered together with later ones.
constexpr std::size_t kMostTurns = 8;
constexpr std::int32_t kRecentTurns = 10;
constexpr auto kForgottenAfter = 24h;

NewMessage bot_message(const Facts& facts, std::int64_t seq, const std::string& name, const Content& content) {
  NewMessage message;
  message.author = Author::bot;
  message.author_name = name;
  message.content = content;
  message.client_id = fmt::format("bot:{}", seq);
  message.dedupe = records::writer_key(facts.id, message.client_id);
  return message;
}

bool empty(const Content& content) {
  return content.text.empty() && content.attachments.empty() && content.buttons.empty();
}

}  // namespace

std::vector<std::int64_t> unanswered(const std::vector<MessageView>& latest) {
  std::vector<std::int64_t> open;
  for (const MessageView& m : latest) {
    if (m.note) continue;
    if (m.author == Author::customer) open.push_back(m.seq);
    if (m.author == Author::agent) open.clear();
    if (m.author != Author::bot || !m.client_id.starts_with("bot:")) continue;
    // "bot:7" answers 7 and, because turns are taken in order, everything before it.
    const std::string_view digits = std::string_view(m.client_id).substr(4);
    std::int64_t seq = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), seq);
    std::erase_if(open, [&](std::int64_t s) { return s <= seq; });
  }
  return open;
}

BotTurns::BotTurns(Database& store, Bus& bus, const Clock& clock, Logger& log, Metrics& metrics,
                   ConversationTable& table, Ledger& ledger, const Settings& settings)
    : store_(store),
      bus_(bus),
      clock_(clock),
      log_(log),
      table_(table),
      ledger_(ledger),
      settings_(settings),
      answers_(metrics.counter("qiao_inbox_bot_answers_total", "Turns that the bot answered")),
      handoffs_(metrics.counter("qiao_inbox_bot_handoffs_total", "Turns after which a person was needed")) {}

void BotTurns::wrote(const ConversationPtr& conversation, std::int64_t seq, Id trace) {
  const Id id = conversation->facts.id;
  {
    const std::lock_guard lock(mutex_);
    Line& line = lines_[id];
    line.conversation = conversation;
    for (const Turn& turn : line.turns) {
      if (turn.seq == seq) return;
    }
    if (line.turns.size() >= kMostTurns) line.turns.erase(line.turns.begin() + 1);
    line.turns.push_back({seq, trace});
    if (line.turns.size() > 1) return;
  }
  begin(id);
}

void BotTurns::begin(Id id) {
  const bool posted = bus_.post(
      kBotLane,
      [this, id] {
        ConversationPtr conversation;
        Turn turn;
        {
          const std::lock_guard lock(mutex_);
          const auto it = lines_.find(id);
          if (it == lines_.end()) return;
          conversation = it->second.conversation;
          turn = it->second.turns.front();
        }
        ask(conversation, turn);
      },
      Priority::enrich);
  if (posted) return;
  // Too many turns at once: the next look at unanswered messages finds this one again.
  const std::lock_guard lock(mutex_);
  lines_.erase(id);
}

void BotTurns::ask(const ConversationPtr& conversation, Turn turn) {
  if (conversation->state() != ConversationState::bot) return finish(conversation->facts.id, false);
  contract::AskBot question;
  question.conversation = conversation->facts.id;
  question.channel = conversation->facts.channel;
  question.site = conversation->facts.site;
  question.language = conversation->facts.language;
  question.contact = conversation->contact();
  auto read = store_.read([&](Session& session) -> Result<void> {
    auto page =
        table_.records().transcript(session, conversation->facts.id, 0, turn.seq + 1, kRecentTurns + 1, false, {});
    if (!page) return page.error();
    if (page->messages.empty()) return Error{Errc::internal, "the message is not there"};
    question.text = std::move(page->messages.back().content.text);
    page->messages.pop_back();
    for (MessageView& m : page->messages) {
      contract::Turn& said = question.recent.emplace_back(contract::Turn{m.author, std::move(m.content.text)});
      for (contract::Button& b : m.content.buttons) {
        if (b.url.empty()) said.choices.push_back(std::move(b.value));
      }
    }
    return {};
  });
  if (!read) {
    log_.error("a turn of the bot could not be prepared: {}, conversation={}", read.error().message,
               conversation->facts.id.value);
    return finish(conversation->facts.id, true);
  }
  RequestOptions options{settings_.get()->bot_deadline};
  options.priority = Priority::enrich;
  options.trace = turn.trace;
  bus_.request(std::move(question), options, [this, conversation, turn](Result<contract::BotAnswer> answer) {
    answered(conversation, turn, std::move(answer));
  });
}

void BotTurns::answered(const ConversationPtr& conversation, Turn turn, Result<contract::BotAnswer> result) {
  // The hub stops: the turn is taken up after the next start.
  if (!result && hub_stops(result.error())) return finish(conversation->facts.id, false);
  contract::BotAnswer answer;
  std::string reason;
  if (result) {
    answer = std::move(*result);
    reason = answer.outcome == contract::BotOutcome::handoff ? "asked"
             : answer.reason.empty()                         ? "declined"
                                                             : answer.reason;
  } else {
    const bool nobody = result.error().id == "bus.no_server";
    reason = nobody ? "no_bot" : "bot_failed";
    if (!nobody) {
      log_.warn("the bot gave no answer, a person is asked: {}, conversation={}", result.error().message,
                conversation->facts.id.value);
    }
  }
  const bool said = answer.outcome == contract::BotOutcome::answer && !empty(answer.content);
  if (answer.outcome == contract::BotOutcome::answer && !said) reason = "bot_failed";
  const auto name = settings_.get()->bot_name;
  ledger_.change(
      conversation, turn.trace,
      [c = conversation.get(), turn, answer = std::move(answer), reason, name, said](Draft& draft,
                                                                                     Time now) -> Result<void> {
        if (draft.status.state != ConversationState::bot) return {};
        if (!empty(answer.content)) {
          if (auto done = bot_wrote(draft, bot_message(c->facts, turn.seq, name, answer.content), answer.intent);
              !done) {
            return done;
          }
        } else if (!answer.intent.empty()) {
          draft.status.intent = answer.intent;
        }
        if (!said) hand_off(draft, answer.group, reason, now);
        return {};
      },
      [this, conversation, said](const Result<Outcome>& outcome) {
        if (!outcome) {
          log_.error("what the bot said could not be stored, it is asked again: {}, conversation={}",
                     outcome.error().message, conversation->facts.id.value);
          return finish(conversation->facts.id, true);
        }
        (said ? answers_ : handoffs_).add();
        finish(conversation->facts.id, outcome->status->state == ConversationState::bot);
      });
}

void BotTurns::finish(Id id, bool still_with_bot) {
  {
    const std::lock_guard lock(mutex_);
    const auto it = lines_.find(id);
    if (it == lines_.end()) return;
    it->second.turns.pop_front();
    if (!still_with_bot || it->second.turns.empty()) {
      lines_.erase(it);
      return;
    }
  }
  begin(id);
}

void BotTurns::resume(bool after_start) {
  const Time now = clock_.now();
  std::vector<Id> candidates;
  auto read = store_.read([&](Session& session) -> Result<void> {
    // Later on, only those in which the customer had the last word and some time has passed.
    auto rows = session.query(
        "SELECT id FROM inbox_conversation WHERE state = 0 AND changed_at > ? AND changed_at <= ? AND preview_author "
        "<= ? "
        "ORDER BY changed_at LIMIT 5000",
        Time(now - kForgottenAfter), after_start ? now + 1h : now - 30s, after_start ? 3 : 0);
    while (rows->next()) candidates.push_back(rows->id(0));
    return rows->status();
  });
  for (const Id id : candidates) {
    auto conversation = table_.fetch(id);
    if (!conversation) continue;
    std::vector<std::int64_t> open;
    auto looked = store_.read([&](Session& session) -> Result<void> {
      auto page = table_.records().transcript(session, id, 0, std::numeric_limits<std::int64_t>::max(),
                                              2 * kRecentTurns, false, {});
      if (!page) return page.error();
      open = unanswered(page->messages);
      return {};
    });
    if (!looked) read = looked;
    for (const std::int64_t seq : open) wrote(*conversation, seq, {});
  }
  if (!read) log_.warn("unanswered messages could not be looked for: {}", read.error().message);
}

}  // namespace qiao::inbox
