#include "plugins/inbox/records.hpp"

#include "qiao/json.hpp"

namespace qiao::inbox {
namespace records {

/// What a message has besides its text; most have nothing.
struct Extra {
  std::vector<contract::Attachment> attachments;
  std::vector<contract::Button> buttons;
  std::vector<contract::Card> cards;
  std::string notice;
  std::map<std::string, std::string> values;
};
QIAO_FIELDS(Extra, attachments, buttons, cards, notice, values)

const char* const kConversationColumns =
    "c.id, c.contact, c.channel, c.user_key, c.site, c.lang, c.state, c.group_key, c.agent, c.agent_name, "
    "c.previous_agent, c.last_seq, c.read_customer, c.read_agent, c.preview, c.preview_author, c.intent, "
    "c.handoff_reason, c.queue_rank, c.in_app, c.notice_sent, c.rating, c.rating_comment, c.opened_at, c.changed_at, "
    "c.queued_at, c.resolved_at, c.version, k.name, k.invented, k.blocked";

}  // namespace records

namespace {

using records::kConversationColumns;
using records::KnownContact;
using records::Loaded;
using records::Page;

SealedPlace name_place(Id contact) { return {"inbox_contact", "name", contact.value}; }
SealedPlace conversation_place(std::string_view column, Id id) { return {"inbox_conversation", column, id.value}; }
SealedPlace message_place(std::string_view column, Id id) { return {"inbox_message", column, id.value}; }

const std::string& select_conversation(bool newest) {
  static const std::string by_id =
      fmt::format("SELECT {} FROM inbox_conversation c JOIN inbox_contact k ON k.id = c.contact WHERE c.id = ?",
                  kConversationColumns);
  static const std::string last = fmt::format(
      "SELECT {} FROM inbox_identity i JOIN inbox_contact k ON k.id = i.contact "
      "JOIN inbox_conversation c ON c.contact = i.contact AND c.channel = i.channel AND c.user_key = i.user_key "
      "WHERE i.channel = ? AND i.user_key = ? ORDER BY c.id DESC LIMIT 1",
      kConversationColumns);
  return newest ? last : by_id;
}

}  // namespace

Result<std::string> Records::open(Session& session, const SealedPlace& place, std::string_view stored) const {
  auto plain = vault_.open(session, place, stored);
  if (plain || !plain.error().id.starts_with("vault.")) return plain;
  if (plain.error().id != "vault.erased") log_.error("a stored value cannot be read: {}", plain.error().message);
  return std::string();
}

Result<std::string> Records::seal_name(Session& session, Id contact, std::string_view name) const {
  return vault_.seal(session, contact, name_place(contact), name);
}

Result<std::string> Records::open_name(Session& session, Id contact, std::string_view stored) const {
  return open(session, name_place(contact), stored);
}

Result<std::string> Records::open_body(Session& session, Id message, std::string_view stored) const {
  return open(session, message_place("body", message), stored);
}

Result<std::string> Records::open_extra(Session& session, Id message, std::string_view stored) const {
  return open(session, message_place("extra", message), stored);
}

Result<std::vector<Id>> Records::uploads_of(Session& session, Id message, std::string_view stored) const {
  std::vector<Id> files;
  const auto extra = vault_.open(session, message_place("extra", message), stored);
  if (extra) {
    records::attachments_of(*extra, files);
  } else if (extra.error().id != "vault.erased") {
    return extra.error();
  }
  return files;
}

Result<std::string> Records::seal_delivery_detail(Session& session, Id conversation, std::int64_t seq,
                                                  std::string_view detail) const {
  Id message;
  Id contact;
  {
    auto rows = session.query(
        "SELECT m.id, c.contact FROM inbox_message m JOIN inbox_conversation c ON c.id = m.conversation WHERE "
        "m.conversation = ? AND m.seq = ?",
        conversation, seq);
    if (rows->next()) {
      message = rows->id(0);
      contact = rows->id(1);
    }
    if (auto status = rows->status(); !status) return status.error();
  }
  return vault_.seal(session, contact, message_place("delivery_detail", message), detail);
}

/// Adds to the status what the messages after it say.
Result<void> Records::catch_up(Session& session, Loaded& loaded) const {
  auto rows = session.query(
      "SELECT author, note, body, extra, written_at, id FROM inbox_message WHERE conversation = ? AND seq > ? ORDER BY "
      "seq",
      loaded.facts.id, loaded.status.last_seq);
  while (rows->next()) {
    auto text = open_body(session, rows->id(5), rows->text(2));
    if (!text) return text.error();
    follow(loaded.status, static_cast<Author>(rows->integer(0)), rows->integer(1) != 0, *text, !rows->null(3),
           rows->time(4));
  }
  return rows->status();
}

Result<std::optional<Loaded>> Records::first(Session& session, std::unique_ptr<Rows> rows) const {
  std::optional<Loaded> loaded;
  if (rows->next()) {
    auto row = read_conversation(session, *rows);
    if (!row) return row.error();
    loaded = std::move(*row);
  }
  if (auto status = rows->status(); !status) return status.error();
  rows.reset();
  if (loaded) {
    if (auto done = catch_up(session, *loaded); !done) return done.error();
  }
  return loaded;
}

Result<MessageView> Records::read_message(Session& session, const Rows& rows, Id conversation,
                                          std::string_view contact_name) const {
  MessageView m;
  m.conversation = conversation;
  m.seq = rows.integer(0);
  m.id = rows.id(1);
  m.author = static_cast<Author>(rows.integer(2));
  m.author_id = rows.id(3);
  m.author_name = m.author == Author::customer ? std::string(contact_name) : rows.str(4);
  m.note = rows.integer(5) != 0;
  auto text = open_body(session, m.id, rows.text(6));
  if (!text) return text.error();
  m.content.text = std::move(*text);
  if (!rows.null(7)) {
    auto json = open_extra(session, m.id, rows.text(7));
    if (!json) return json.error();
    if (auto extra = from_json<records::Extra>(*json); extra) {
      m.content.attachments = std::move(extra->attachments);
      m.content.buttons = std::move(extra->buttons);
      m.content.cards = std::move(extra->cards);
      m.content.notice = std::move(extra->notice);
      m.content.values = std::move(extra->values);
    }
  }
  m.delivery = static_cast<Delivery>(rows.integer(8));
  auto detail = open(session, message_place("delivery_detail", m.id), rows.text(9));
  if (!detail) return detail.error();
  m.delivery_detail = std::move(*detail);
  const std::string_view dedupe = rows.text(10);
  if (const auto colon = dedupe.find(':'); colon != std::string_view::npos) m.client_id = dedupe.substr(colon + 1);
  m.at = rows.time(11);
  return m;
}

Result<Loaded> Records::read_conversation(Session& session, const Rows& rows) const {
  Loaded l;
  const auto opened = [&](const SealedPlace& place, std::string_view stored, std::string& into) -> Result<void> {
    auto plain = open(session, place, stored);
    if (!plain) return plain.error();
    into = std::move(*plain);
    return {};
  };
  int i = 0;
  l.facts.id = rows.id(i++);
  l.customer.contact = rows.id(i++);
  l.facts.channel = rows.str(i++);
  l.facts.user = rows.str(i++);
  l.facts.site = rows.str(i++);
  l.facts.language = rows.str(i++);
  l.status.state = static_cast<ConversationState>(rows.integer(i++));
  l.status.group = rows.str(i++);
  l.status.agent = rows.id(i++);
  l.status.agent_name = rows.str(i++);
  l.status.previous_agent = rows.id(i++);
  l.status.last_seq = rows.integer(i++);
  l.marks.customer = rows.integer(i++);
  l.marks.agent = rows.integer(i++);
  if (auto done = opened(conversation_place("preview", l.facts.id), rows.text(i++), l.status.preview); !done) {
    return done.error();
  }
  l.status.preview_author = static_cast<Author>(rows.integer(i++));
  l.status.intent = rows.str(i++);
  l.status.handoff_reason = rows.str(i++);
  l.status.rank = static_cast<std::int32_t>(rows.integer(i++));
  l.status.in_app = rows.integer(i++) != 0;
  l.status.notice_sent = rows.integer(i++) != 0;
  l.status.rating = static_cast<std::int32_t>(rows.integer(i++));
  if (auto done = opened(conversation_place("rating_comment", l.facts.id), rows.text(i++), l.status.rating_comment);
      !done) {
    return done.error();
  }
  l.facts.opened_at = rows.time(i++);
  l.status.changed_at = rows.time(i++);
  l.status.queued_at = rows.time(i++);
  l.status.resolved_at = rows.time(i++);
  l.status.version = rows.integer(i++);
  if (auto done = opened(name_place(l.customer.contact), rows.text(i++), l.customer.name); !done) return done.error();
  l.customer.generated = rows.integer(i++) != 0;
  l.customer.blocked = rows.integer(i++) != 0;
  return l;
}

ConversationView records::to_view(const Loaded& l) {
  return Conversation(l.facts, l.customer, l.marks, {std::make_shared<const Status>(l.status), {}, {}, false, true})
      .view();
}

Result<std::optional<Loaded>> Records::conversation(Session& session, Id id) const {
  return first(session, session.query(select_conversation(false), id));
}

Result<std::optional<Loaded>> Records::newest_of(Session& session, std::string_view channel,
                                                 std::string_view user) const {
  return first(session, session.query(select_conversation(true), channel, user));
}

Result<std::optional<KnownContact>> Records::contact_of(Session& session, std::string_view channel,
                                                        std::string_view user) const {
  auto rows = session.query(
      "SELECT k.id, k.name, k.invented, k.blocked FROM inbox_identity i JOIN inbox_contact k ON k.id = i.contact "
      "WHERE i.channel = ? AND i.user_key = ?",
      channel, user);
  std::optional<KnownContact> found;
  if (rows->next()) {
    auto name = open_name(session, rows->id(0), rows->text(1));
    if (!name) return name.error();
    found = KnownContact{rows->id(0), std::move(*name), rows->integer(2) != 0, rows->integer(3) != 0};
  }
  if (auto status = rows->status(); !status) return status.error();
  return found;
}

Result<void> Records::insert_contact(Session& session, const Facts& facts, const Conversation::Customer& customer,
                                     Time now) const {
  // The identity first: when another hub made this contact meanwhile, nothing has changed here yet.
  auto identity = session.run("INSERT INTO inbox_identity (channel, user_key, contact) VALUES (?, ?, ?)", facts.channel,
                              facts.user, customer.contact);
  if (!identity) return identity.error();
  auto name = seal_name(session, customer.contact, customer.name);
  if (!name) return name.error();
  auto contact =
      session.run("INSERT INTO inbox_contact (id, name, invented, blocked, created_at) VALUES (?, ?, ?, 0, ?)",
                  customer.contact, SqlArg::blob(*name), customer.generated, now);
  if (!contact) return contact.error();
  return {};
}

Result<void> Records::insert_conversation(Session& session, const Facts& f, Id contact, const Status& s) const {
  auto preview = vault_.seal(session, contact, conversation_place("preview", f.id), s.preview);
  if (!preview) return preview.error();
  auto comment = vault_.seal(session, contact, conversation_place("rating_comment", f.id), s.rating_comment);
  if (!comment) return comment.error();
  auto done = session.run(
      "INSERT INTO inbox_conversation (id, contact, channel, user_key, site, lang, state, group_key, agent, "
      "agent_name, "
      "previous_agent, last_seq, read_customer, read_agent, preview, preview_author, intent, handoff_reason, "
      "queue_rank, "
      "in_app, notice_sent, rating, rating_comment, opened_at, changed_at, queued_at, resolved_at, version) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      f.id, contact, f.channel, f.user, f.site, f.language, s.state, s.group, s.agent, s.agent_name, s.previous_agent,
      s.last_seq, SqlArg::blob(*preview), s.preview_author, s.intent, s.handoff_reason, s.rank, s.in_app, s.notice_sent,
      s.rating, SqlArg::blob(*comment), f.opened_at, s.changed_at, s.queued_at, s.resolved_at, s.version);
  if (!done) return done.error();
  return {};
}

Result<std::int64_t> records::last_seq(Session& session, Id conversation) {
  auto rows = session.query("SELECT MAX(seq) FROM inbox_message WHERE conversation = ?", conversation);
  const std::int64_t seq = rows->next() ? rows->integer(0) : 0;
  if (auto status = rows->status(); !status) return status.error();
  return seq;
}

Result<bool> records::unchanged(Session& session, Id id, std::int64_t version) {
  auto rows = session.query("SELECT version FROM inbox_conversation WHERE id = ?", id);
  const bool same = rows->next() && rows->integer(0) == version;
  if (auto status = rows->status(); !status) return status.error();
  return same;
}

Result<void> Records::update_conversation(Session& session, Id id, Id contact, const Status& s) const {
  auto preview = vault_.seal(session, contact, conversation_place("preview", id), s.preview);
  if (!preview) return preview.error();
  auto comment = vault_.seal(session, contact, conversation_place("rating_comment", id), s.rating_comment);
  if (!comment) return comment.error();
  auto done = session.run(
      "UPDATE inbox_conversation SET state = ?, group_key = ?, agent = ?, agent_name = ?, previous_agent = ?, "
      "last_seq = ?, preview = ?, preview_author = ?, intent = ?, handoff_reason = ?, queue_rank = ?, in_app = ?, "
      "notice_sent = ?, rating = ?, rating_comment = ?, changed_at = ?, queued_at = ?, resolved_at = ?, version = ? "
      "WHERE id = ? AND version = ?",
      s.state, s.group, s.agent, s.agent_name, s.previous_agent, s.last_seq, SqlArg::blob(*preview), s.preview_author,
      s.intent, s.handoff_reason, s.rank, s.in_app, s.notice_sent, s.rating, SqlArg::blob(*comment), s.changed_at,
      s.queued_at, s.resolved_at, s.version, id, s.version - 1);
  if (!done) return done.error();
  if (*done == 0) return Error{Errc::conflict, "conversation.changed_elsewhere", "somebody else changed it; try again"};
  return {};
}

Result<void> Records::update_activity(Session& session, Id id, Id contact, const Status& s,
                                      const ReadMarks& marks) const {
  auto preview = vault_.seal(session, contact, conversation_place("preview", id), s.preview);
  if (!preview) return preview.error();
  // Only assigned (2) and waiting (3) follow from messages; no other state is touched.
  const bool person = with_person(s.state);
  auto done = session.run(
      "UPDATE inbox_conversation SET state = CASE WHEN state IN (2, 3) AND ? = 1 THEN ? ELSE state END, last_seq = ?, "
      "preview = ?, preview_author = ?, changed_at = ?, read_customer = ?, read_agent = ? WHERE id = ? AND last_seq <= "
      "?",
      person, s.state, s.last_seq, SqlArg::blob(*preview), s.preview_author, s.changed_at, marks.customer, marks.agent,
      id, s.last_seq);
  if (!done) return done.error();
  return {};
}

Result<void> Records::insert_message(Session& session, Id contact, const MessageView& m,
                                     std::string_view dedupe) const {
  auto body = vault_.seal(session, contact, message_place("body", m.id), m.content.text);
  if (!body) return body.error();
  std::string extra;
  const contract::Content& c = m.content;
  const bool has_extra =
      !c.attachments.empty() || !c.buttons.empty() || !c.cards.empty() || !c.notice.empty() || !c.values.empty();
  if (has_extra) {
    auto sealed = vault_.seal(session, contact, message_place("extra", m.id),
                              to_json(records::Extra{c.attachments, c.buttons, c.cards, c.notice, c.values}));
    if (!sealed) return sealed.error();
    extra = std::move(*sealed);
  }
  const std::string_view stored_name = m.author == Author::customer ? std::string_view{} : m.author_name;
  auto done = session.run(
      "INSERT INTO inbox_message (conversation, seq, id, author, author_id, author_name, note, body, extra, delivery, "
      "dedupe, written_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      m.conversation, m.seq, m.id, m.author, m.author_id, stored_name, m.note, SqlArg::blob(*body),
      has_extra ? SqlArg::blob(extra) : SqlArg(nullptr), m.delivery, dedupe.empty() ? SqlArg(nullptr) : SqlArg(dedupe),
      m.at);
  if (!done) return done.error();
  return {};
}

Result<void> records::read_keys(Session& session, const Facts& facts, KeyWindow& keys, Id& previous) {
  auto before = session.query(
      "SELECT c.id FROM inbox_identity i JOIN inbox_conversation c ON c.contact = i.contact AND c.channel = i.channel "
      "AND c.user_key = i.user_key WHERE i.channel = ? AND i.user_key = ? AND c.id < ? ORDER BY c.id DESC LIMIT 1",
      facts.channel, facts.user, facts.id);
  previous = before->next() ? before->id(0) : Id{};
  if (auto status = before->status(); !status) return status;
  for (const Id conversation : {previous, facts.id}) {
    if (!conversation) continue;
    std::vector<std::string> latest;
    auto rows = session.query("SELECT dedupe FROM inbox_message WHERE conversation = ? ORDER BY seq DESC LIMIT ?",
                              conversation, KeyWindow::kMost);
    while (rows->next()) {
      if (!rows->null(0)) latest.push_back(rows->str(0));
    }
    if (auto status = rows->status(); !status) return status;
    for (auto key = latest.rbegin(); key != latest.rend(); ++key) keys.add(*key);
  }
  return {};
}

Result<std::optional<Accepted>> records::find_duplicate(Session& session, Id conversation, std::string_view dedupe) {
  std::optional<Accepted> found;
  auto rows =
      session.query("SELECT conversation, id, seq, written_at FROM inbox_message WHERE conversation = ? AND dedupe = ?",
                    conversation, dedupe);
  if (rows->next()) found = Accepted{rows->id(0), rows->id(1), rows->integer(2), true, rows->time(3)};
  if (auto status = rows->status(); !status) return status.error();
  return found;
}

Result<Page> Records::transcript(Session& session, Id conversation, std::int64_t after, std::int64_t before,
                                 std::int32_t limit, bool notes, std::string_view contact_name) const {
  static const std::string columns =
      "SELECT seq, id, author, author_id, author_name, note, body, extra, delivery, delivery_detail, dedupe, "
      "written_at "
      "FROM inbox_message WHERE conversation = ? AND note <= ? AND seq > ?";
  static const std::string forwards = columns + " ORDER BY seq LIMIT ?";
  static const std::string backwards = columns + " AND seq < ? ORDER BY seq DESC LIMIT ?";
  const int highest_note = notes ? 1 : 0;
  Page page;
  auto rows = before > 0 ? session.query(backwards, conversation, highest_note, after, before, limit + 1)
                         : session.query(forwards, conversation, highest_note, after, limit + 1);
  while (rows->next()) {
    if (page.messages.size() == static_cast<std::size_t>(limit)) {
      page.more = true;
      break;
    }
    auto message = read_message(session, *rows, conversation, contact_name);
    if (!message) return message.error();
    page.messages.push_back(std::move(*message));
  }
  if (auto status = rows->status(); !status) return status.error();
  if (before > 0) std::reverse(page.messages.begin(), page.messages.end());
  return page;
}

void records::attachments_of(std::string_view extra, std::vector<Id>& files) {
  auto read = from_json<Extra>(extra);
  if (!read) return;
  for (const contract::Attachment& attachment : read->attachments) files.push_back(attachment.id);
}

Result<records::Open> records::open_conversations(Session& session) {
  Open open;
  auto queued = session.query("SELECT id FROM inbox_conversation WHERE state = 1");
  while (queued->next()) open.queued.push_back(queued->id(0));
  if (auto status = queued->status(); !status) return status.error();
  auto served = session.query("SELECT id, agent FROM inbox_conversation WHERE state IN (2, 3)");
  while (served->next()) open.served.emplace_back(served->id(0), served->id(1));
  if (auto status = served->status(); !status) return status.error();
  return open;
}

Result<std::string> Records::last_words(Session& session, Id conversation) const {
  std::string words;
  auto rows = session.query(
      "SELECT id, body FROM inbox_message WHERE conversation = ? AND author = 0 ORDER BY seq DESC LIMIT 1",
      conversation);
  if (rows->next()) {
    auto text = open_body(session, rows->id(0), rows->text(1));
    if (!text) return text.error();
    words = std::move(*text);
  }
  if (auto status = rows->status(); !status) return status.error();
  return words;
}

std::string records::customer_key(std::string_view channel, std::string_view external_id) {
  std::string key;
  key.reserve(channel.size() + 1 + external_id.size());
  return key.append(channel).append(":").append(external_id);
}

std::string records::writer_key(Id conversation, std::string_view client_id) {
  return client_id.empty() ? std::string{} : fmt::format("#{}:{}", conversation.value, client_id);
}

}  // namespace qiao::inbox
