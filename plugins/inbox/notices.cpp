#include "plugins/inbox/notices.hpp"

#include <charconv>

#include "plugins/inbox/records.hpp"
#include "plugins/inbox/state_machine.hpp"
#include "plugins/inbox/text.hpp"
#include "qiao/contract/channel.hpp"

namespace qiao::inbox {
namespace {

using namespace std::chrono_literals;

const Lane kNotices{.kind = Lane::blocking, .capacity = 64, .concurrency = 1, .name = "notices", .budget = 60s};
constexpr auto kAskChannel = 3s;
constexpr std::size_t kMostPlaces = 6;
constexpr int kMostConversations = 200;

/// Of a row: looking for a place, writing into `via`, told there, given to a person.
enum State : int { kLooking = 0, kWriting = 1, kTold = 2, kWithPerson = 3 };

constexpr std::string_view kStandIn = "told:";

std::string stand_in_id(Id conversation, std::int64_t seq, std::size_t tries) {
  return fmt::format("{}{}:{}:{}", kStandIn, conversation.value, seq, tries);
}

/// What a message stands in for, when it does.
struct StandsFor {
  std::int64_t conversation = 0;
  std::int64_t seq = 0;
  std::int64_t tries = 0;
};
std::optional<StandsFor> stands_for(std::string_view client_id) {
  if (!client_id.starts_with(kStandIn)) return std::nullopt;
  StandsFor original;
  const char* at = client_id.data() + kStandIn.size() - 1;
  const char* end = client_id.data() + client_id.size();
  for (std::int64_t* number : {&original.conversation, &original.seq, &original.tries}) {
    if (at == end || *at != ':') return std::nullopt;
    const auto read = std::from_chars(at + 1, end, *number);
    if (read.ec != std::errc{}) return std::nullopt;
    at = read.ptr;
  }
  if (at != end) return std::nullopt;
  return original;
}

std::vector<Id> ids_of(std::string_view list) {
  std::vector<Id> ids;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    std::int64_t value = 0;
    std::from_chars(list.data(), list.data() + comma, value);
    ids.emplace_back(value);
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return ids;
}

std::string list_of(const std::vector<Id>& ids) {
  std::string list;
  for (const Id id : ids) list += fmt::format("{}{}", list.empty() ? "" : ",", id.value);
  return list;
}

}  // namespace

Notices::Notices(Database& store, Bus& bus, Logger& log, Metrics& metrics, ConversationTable& table, Ledger& ledger)
    : store_(store),
      bus_(bus),
      log_(log),
      table_(table),
      ledger_(ledger),
      elsewhere_(metrics.counter("qiao_inbox_notices_elsewhere_total",
                                 "Notices that went out through another channel than their conversation's")),
      people_(metrics.counter("qiao_inbox_notices_to_people_total",
                              "Notices that no channel could deliver, so that a person has to tell the customer")) {}

Result<Notices::Taken> Notices::take(Session& session, const contract::ReportDelivery& report) const {
  auto page = ledger_.records().transcript(session, report.conversation, report.seq - 1, 0, 1, false, {});
  if (!page) return page.error();
  if (page->messages.empty() || page->messages.front().seq != report.seq) return Taken::no;
  const MessageView& message = page->messages.front();
  if (message.content.notice.empty() || !advances(message.delivery, Delivery::failed)) return Taken::no;
  if (const auto original = stands_for(message.client_id)) {
    auto again =
        session.run("UPDATE inbox_untold SET state = ?, via = NULL WHERE conversation = ? AND seq = ? AND via = ?",
                    static_cast<int>(kLooking), original->conversation, original->seq, report.conversation);
    if (!again) return again.error();
    if (*again == 0) return Taken::no;
    auto noted = note_reason(session, Id{original->conversation}, original->seq, report.detail);
    if (!noted) return noted.error();
    return Taken::failed;
  }
  auto rows = session.query("SELECT state FROM inbox_untold WHERE conversation = ? AND seq = ?", report.conversation,
                            report.seq);
  const bool known = rows->next();
  const bool with_person = known && rows->integer(0) == kWithPerson;
  if (auto status = rows->status(); !status) return status.error();
  rows.reset();
  if (with_person) return Taken::no;
  if (known) return Taken::yes;
  auto added = session.run("INSERT INTO inbox_untold (conversation, seq, state, tried) VALUES (?, ?, ?, '')",
                           report.conversation, report.seq, static_cast<int>(kLooking));
  if (!added) return added.error();
  if (auto noted = note_reason(session, report.conversation, report.seq, report.detail); !noted) return noted.error();
  return Taken::yes;
}

Result<void> Notices::note_reason(Session& session, Id conversation, std::int64_t seq,
                                  const std::string& reason) const {
  auto sealed = ledger_.records().seal_delivery_detail(session, conversation, seq, reason);
  if (!sealed) return sealed.error();
  auto noted = session.run("UPDATE inbox_message SET delivery_detail = ? WHERE conversation = ? AND seq = ?",
                           SqlArg::blob(*sealed), conversation, seq);
  if (!noted) return noted.error();
  return {};
}

void Notices::look() {
  // Refused or forgotten: the next sweep finds the row.
  (void)bus_.post(kNotices, [this] { work(); });
}

void Notices::work() {
  auto all = unsettled();
  if (!all) return log_.warn("undelivered notices could not be read: {}", all.error().message);
  for (const Untold& untold : *all) settle(untold);
}

Result<std::vector<Notices::Untold>> Notices::unsettled() {
  std::vector<Untold> all;
  auto read = store_.read([&](Session& session) -> Result<void> {
    auto rows = session.query(
        "SELECT conversation, seq, via, tried FROM inbox_untold WHERE state IN (0, 1) ORDER BY conversation, seq "
        "LIMIT 500");
    while (rows->next()) all.push_back({rows->id(0), rows->integer(1), rows->id(2), ids_of(rows->text(3)), {}, {}});
    if (auto status = rows->status(); !status) return status;
    rows.reset();
    for (Untold& one : all) {
      auto page = ledger_.records().transcript(session, one.conversation, one.seq - 1, 0, 1, false, {});
      if (!page) return page.error();
      if (!page->messages.empty()) one.message = std::move(page->messages.front());
    }
    return {};
  });
  if (!read) return read.error();
  std::erase_if(all, [](const Untold& one) { return one.message.seq != one.seq; });
  return all;
}

void Notices::settle(const Untold& untold) {
  Untold now = untold;
  auto in = table_.fetch(now.conversation);
  if (!in) {
    return log_.warn("a notice cannot be told now: {}, conversation={}", in.error().message, now.conversation.value);
  }
  now.in = std::move(*in);
  if (now.via) return tell_elsewhere(now);
  if (now.in->customer().blocked) return give_up(now);
  auto place = next_place(now);
  if (!place) {
    return log_.warn("no other channel for a notice could be looked for: {}, conversation={}", place.error().message,
                     now.conversation.value);
  }
  if (!*place) return ask_a_person(now);
  now.via = *place;
  now.tried.push_back(now.via);
  // Before it is written there: after a kill it is written there again, under the same key, and nowhere else. Another
  // node may have chosen meanwhile.
  bool chosen = false;
  auto written = store_.write_and_wait([&](Session& session) -> Result<void> {
    auto done = session.run(
        "UPDATE inbox_untold SET state = ?, via = ?, tried = ? WHERE conversation = ? AND seq = ? AND state = ?",
        static_cast<int>(kWriting), now.via, list_of(now.tried), now.conversation, now.seq, static_cast<int>(kLooking));
    if (!done) return done.error();
    chosen = *done > 0;
    return {};
  });
  if (written && chosen) tell_elsewhere(now);
}

Result<Id> Notices::next_place(const Untold& untold) {
  if (untold.tried.size() >= kMostPlaces) return Id{};
  struct Place {
    Id conversation;
    std::string channel, user;
  };
  std::vector<Place> places;
  auto read = store_.read([&](Session& session) -> Result<void> {
    // Who it is about the contacts have decided: by what was proven, never by names.
    auto rows = session.query(
        "SELECT id, channel, user_key FROM inbox_conversation WHERE contact = ? ORDER BY changed_at DESC, id DESC "
        "LIMIT "
        "?",
        untold.in->contact(), kMostConversations);
    while (rows->next()) places.push_back({rows->id(0), rows->str(1), rows->str(2)});
    return rows->status();
  });
  if (!read) return read.error();
  std::set<std::pair<std::string, std::string>> done = {{untold.in->facts.channel, untold.in->facts.user}};
  for (const Place& place : places) {
    if (std::find(untold.tried.begin(), untold.tried.end(), place.conversation) != untold.tried.end()) {
      done.emplace(place.channel, place.user);
    }
  }
  for (const Place& place : places) {
    if (!done.emplace(place.channel, place.user).second) continue;
    if (reaches(place.channel, place.user, untold.message.content.notice)) return place.conversation;
  }
  return Id{};
}

bool Notices::reaches(const std::string& channel, const std::string& user, const std::string& notice) {
  RequestOptions to(kAskChannel);
  to.to = channel;
  const auto can = bus_.ask(contract::DescribeChannel{}, to);
  if (!can || can->public_thread) return false;
  const auto takes = [&](std::string_view key) {
    return std::find(can->notices.begin(), can->notices.end(), key) != can->notices.end();
  };
  if (takes(notice) || takes("reply")) return true;
  const std::vector<std::string> limited = bus_.servers<contract::GetChannelWindow>();
  if (std::find(limited.begin(), limited.end(), channel) == limited.end()) return true;
  const auto window = bus_.ask(contract::GetChannelWindow{user}, to);
  return window && (!window->limited || window->open);
}

void Notices::tell_elsewhere(const Untold& untold) {
  auto via = table_.fetch(untold.via);
  if (!via) {
    return log_.warn("a notice cannot be told elsewhere now: {}, conversation={}", via.error().message,
                     untold.conversation.value);
  }
  ledger_.change(
      *via, {},
      [untold](Draft& draft, Time) -> Result<void> {
        NewMessage message;
        message.author = Author::system;
        message.author_id = untold.message.author_id;
        message.content = untold.message.content;
        message.client_id = stand_in_id(untold.conversation, untold.seq, untold.tried.size());
        message.dedupe = records::writer_key(untold.via, message.client_id);
        system_wrote(draft, std::move(message));
        return {};
      },
      [this, untold](const Result<Outcome>& outcome) {
        if (outcome) return told(untold, outcome->conversation);
        log_.warn("a notice is told elsewhere later: {}, conversation={}", outcome.error().message,
                  untold.conversation.value);
      });
}

void Notices::told(const Untold& untold, const ConversationPtr& via) {
  close(untold, kTold, Delivery::sent, notice::told_elsewhere(untold.in->facts.language, via->facts.channel));
}

void Notices::ask_a_person(const Untold& untold) {
  ledger_.change(
      untold.in, {},
      [untold](Draft& draft, Time now) -> Result<void> {
        NewMessage note;
        note.author = Author::system;
        note.note = true;
        note.content.text = notice::not_told(untold.in->facts.language, shorten(untold.message.content.text, 4000));
        note.client_id = fmt::format("untold:{}", untold.seq);
        note.dedupe = records::writer_key(untold.conversation, note.client_id);
        not_told(draft, std::move(note), untold.message.author_id, now);
        return {};
      },
      [this, untold](const Result<Outcome>& outcome) {
        if (outcome) return give_up(untold);
        log_.warn("nobody could be asked yet to tell a customer: {}, conversation={}", outcome.error().message,
                  untold.conversation.value);
      });
}

void Notices::give_up(const Untold& untold) {
  close(untold, kWithPerson, Delivery::failed, untold.message.delivery_detail);
}

void Notices::close(const Untold& untold, int state, Delivery delivery, const std::string& detail) {
  auto changed = std::make_shared<bool>(false);
  ledger_.write(
      static_cast<std::uint64_t>(untold.conversation.value),
      [this, untold, state, delivery, detail, changed](Session& session) -> Result<void> {
        // Not when the channel that took it has said meanwhile that it cannot.
        auto settled = session.run(
            "UPDATE inbox_untold SET state = ? WHERE conversation = ? AND seq = ? AND state = ? AND (via = ? OR via IS "
            "NULL)",
            state, untold.conversation, untold.seq, static_cast<int>(state == kTold ? kWriting : kLooking), untold.via);
        if (!settled) return settled.error();
        *changed = *settled > 0;
        if (!*changed) return {};
        auto noted = session.run("UPDATE inbox_message SET delivery = ? WHERE conversation = ? AND seq = ?", delivery,
                                 untold.conversation, untold.seq);
        if (!noted) return noted.error();
        return note_reason(session, untold.conversation, untold.seq, detail);
      },
      [this, untold, state, delivery, detail, changed](const Result<void>& result) {
        if (!result) return log_.warn("what became of a notice is noted later: {}", result.error().message);
        if (*changed) {
          (state == kTold ? elsewhere_ : people_).add();
          (void)bus_.publish(contract::DeliveryChanged{untold.conversation, untold.seq, delivery, detail});
        }
      });
}

}  // namespace qiao::inbox
