#include "plugins/inbox/records.hpp"

#include "qiao/json.hpp"

namespace qiao::inbox::records {

/// What a message has besides its text; most have nothing.
struct Extra {
  std::vector<contract::Attachment> attachments;
  std::vector<contract::Button> buttons;
};
QIAO_FIELDS(Extra, attachments, buttons)

const char* const kConversationColumns =
    "c.id, c.contact, c.channel, c.user_key, c.site, c.lang, c.state, c.group_key, c.agent, c.agent_name, "
    "c.previous_agent, c.last_seq, c.read_customer, c.read_agent, c.preview, c.preview_author, c.intent, "
    "c.handoff_reason, c.queue_rank, c.in_app, c.notice_sent, c.rating, c.rating_comment, c.opened_at, c.changed_at, "
    "c.queued_at, c.resolved_at, c.version, k.name, k.generated, k.blocked";

namespace {

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

/// Adds to the status what the messages after it say.
Result<void> catch_up(Session& session, Loaded& loaded) {
  auto rows = session.query(
      "SELECT author, note, body, extra, written_at FROM inbox_message WHERE conversation = ? AND seq > ? ORDER BY seq",
      loaded.facts.id, loaded.status.last_seq);
  while (rows->next()) {
    follow(loaded.status, static_cast<Author>(rows->integer(0)), rows->integer(1) != 0, rows->text(2), !rows->null(3),
           rows->time(4));
  }
  return rows->status();
}

Result<std::optional<Loaded>> first(Session& session, std::unique_ptr<Rows> rows) {
  std::optional<Loaded> loaded;
  if (rows->next()) loaded = read_conversation(*rows);
  if (auto status = rows->status(); !status) return status.error();
  rows.reset();
  if (loaded) {
    if (auto done = catch_up(session, *loaded); !done) return done.error();
  }
  return loaded;
}

MessageView read_message(const Rows& rows, Id conversation, std::string_view contact_name) {
  MessageView m;
  m.conversation = conversation;
  m.seq = rows.integer(0);
  m.id = rows.id(1);
  m.author = static_cast<Author>(rows.integer(2));
  m.author_id = rows.id(3);
  m.author_name = m.author == Author::customer ? std::string(contact_name) : rows.str(4);
  m.note = rows.integer(5) != 0;
  m.content.text = rows.str(6);
  if (!rows.null(7)) {
    if (auto extra = from_json<Extra>(rows.text(7)); extra) {
      m.content.attachments = std::move(extra->attachments);
      m.content.buttons = std::move(extra->buttons);
    }
  }
  m.delivery = static_cast<Delivery>(rows.integer(8));
  m.delivery_detail = rows.str(9);
  const std::string_view dedupe = rows.text(10);
  if (const auto colon = dedupe.find(':'); colon != std::string_view::npos) m.client_id = dedupe.substr(colon + 1);
  m.at = rows.time(11);
  return m;
}

}  // namespace

Loaded read_conversation(const Rows& rows) {
  Loaded l;
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
  l.status.preview = rows.str(i++);
  l.status.preview_author = static_cast<Author>(rows.integer(i++));
  l.status.intent = rows.str(i++);
  l.status.handoff_reason = rows.str(i++);
  l.status.rank = static_cast<std::int32_t>(rows.integer(i++));
  l.status.in_app = rows.integer(i++) != 0;
  l.status.notice_sent = rows.integer(i++) != 0;
  l.status.rating = static_cast<std::int32_t>(rows.integer(i++));
  l.status.rating_comment = rows.str(i++);
  l.facts.opened_at = rows.time(i++);
  l.status.changed_at = rows.time(i++);
  l.status.queued_at = rows.time(i++);
  l.status.resolved_at = rows.time(i++);
  l.status.version = rows.integer(i++);
  l.customer.name = rows.str(i++);
  l.customer.generated = rows.integer(i++) != 0;
  l.customer.blocked = rows.integer(i++) != 0;
  return l;
}

ConversationView to_view(const Loaded& l) {
  return Conversation(l.facts, l.customer, l.marks, {l.status, {}, {}, false, true}).view();
}

Result<std::optional<Loaded>> conversation(Session& session, Id id) {
  return first(session, session.query(select_conversation(false), id));
}

Result<std::optional<Loaded>> newest_of(Session& session, std::string_view channel, std::string_view user) {
  return first(session, session.query(select_conversation(true), channel, user));
}

Result<std::optional<KnownContact>> contact_of(Session& session, std::string_view channel, std::string_view user) {
  auto rows = session.query(
      "SELECT k.id, k.name, k.generated, k.blocked FROM inbox_identity i JOIN inbox_contact k ON k.id = i.contact "
      "WHERE i.channel = ? AND i.user_key = ?",
      channel, user);
  std::optional<KnownContact> found;
  if (rows->next()) found = KnownContact{rows->id(0), rows->str(1), rows->integer(2) != 0, rows->integer(3) != 0};
  if (auto status = rows->status(); !status) return status.error();
  return found;
}

Result<void> insert_contact(Session& session, const Facts& facts, const Conversation::Customer& customer, Time now) {
  // The identity first: when another hub made this contact meanwhile, nothing has changed here yet.
  auto identity = session.run("INSERT INTO inbox_identity (channel, user_key, contact) VALUES (?, ?, ?)", facts.channel,
                              facts.user, customer.contact);
  if (!identity) return identity.error();
  auto contact =
      session.run("INSERT INTO inbox_contact (id, name, generated, blocked, created_at) VALUES (?, ?, ?, 0, ?)",
                  customer.contact, customer.name, customer.generated, now);
  if (!contact) return contact.error();
  return {};
}

Result<void> insert_conversation(Session& session, const Facts& f, Id contact, const Status& s) {
  auto done = session.run(
      "INSERT INTO inbox_conversation (id, contact, channel, user_key, site, lang, state, group_key, agent, "
      "agent_name, "
      "previous_agent, last_seq, read_customer, read_agent, preview, preview_author, intent, handoff_reason, "
      "queue_rank, "
      "in_app, notice_sent, rating, rating_comment, opened_at, changed_at, queued_at, resolved_at, version) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      f.id, contact, f.channel, f.user, f.site, f.language, s.state, s.group, s.agent, s.agent_name, s.previous_agent,
      s.last_seq, s.preview, s.preview_author, s.intent, s.handoff_reason, s.rank, s.in_app, s.notice_sent, s.rating,
      s.rating_comment, f.opened_at, s.changed_at, s.queued_at, s.resolved_at, s.version);
  if (!done) return done.error();
  return {};
}

Result<std::int64_t> last_seq(Session& session, Id conversation) {
  auto rows = session.query("SELECT MAX(seq) FROM inbox_message WHERE conversation = ?", conversation);
  const std::int64_t seq = rows->next() ? rows->integer(0) : 0;
  if (auto status = rows->status(); !status) return status.error();
  return seq;
}

Result<bool> unchanged(Session& session, Id id, std::int64_t version) {
  auto rows = session.query("SELECT version FROM inbox_conversation WHERE id = ?", id);
  const bool same = rows->next() && rows->integer(0) == version;
  if (auto status = rows->status(); !status) return status.error();
  return same;
}

Result<void> update_conversation(Session& session, Id id, const Status& s) {
  auto done = session.run(
      "UPDATE inbox_conversation SET state = ?, group_key = ?, agent = ?, agent_name = ?, previous_agent = ?, "
      "last_seq = ?, preview = ?, preview_author = ?, intent = ?, handoff_reason = ?, queue_rank = ?, in_app = ?, "
      "notice_sent = ?, rating = ?, rating_comment = ?, changed_at = ?, queued_at = ?, resolved_at = ?, version = ? "
      "WHERE id = ? AND version = ?",
      s.state, s.group, s.agent, s.agent_name, s.previous_agent, s.last_seq, s.preview, s.preview_author, s.intent,
      s.handoff_reason, s.rank, s.in_app, s.notice_sent, s.rating, s.rating_comment, s.changed_at, s.queued_at,
      s.resolved_at, s.version, id, s.version - 1);
  if (!done) return done.error();
  if (*done == 0) return Error{Errc::conflict, "conversation.changed_elsewhere", "somebody else changed it; try again"};
  return {};
}

Result<void> update_activity(Session& session, Id id, const Status& s, const ReadMarks& marks) {
  // Only assigned (2) and waiting (3) follow from messages; no other state is touched.
  const bool person = with_person(s.state);
  auto done = session.run(
      "UPDATE inbox_conversation SET state = CASE WHEN state IN (2, 3) AND ? = 1 THEN ? ELSE state END, last_seq = ?, "
      "preview = ?, preview_author = ?, changed_at = ?, read_customer = ?, read_agent = ? WHERE id = ? AND last_seq <= "
      "?",
      person, s.state, s.last_seq, s.preview, s.preview_author, s.changed_at, marks.customer, marks.agent, id,
      s.last_seq);
  if (!done) return done.error();
  return {};
}

Result<void> insert_message(Session& session, const MessageView& m, std::string_view dedupe) {
  std::string extra;
  const bool has_extra = !m.content.attachments.empty() || !m.content.buttons.empty();
  if (has_extra) extra = to_json(Extra{m.content.attachments, m.content.buttons});
  const std::string_view stored_name = m.author == Author::customer ? std::string_view{} : m.author_name;
  auto done = session.run(
      "INSERT INTO inbox_message (conversation, seq, id, author, author_id, author_name, note, body, extra, delivery, "
      "dedupe, written_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      m.conversation, m.seq, m.id, m.author, m.author_id, stored_name, m.note, m.content.text,
      has_extra ? SqlArg(extra) : SqlArg(nullptr), m.delivery, dedupe.empty() ? SqlArg(nullptr) : SqlArg(dedupe), m.at);
  if (!done) return done.error();
  return {};
}

Result<void> read_keys(Session& session, const Facts& facts, KeyWindow& keys, Id& previous) {
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

Result<std::optional<Accepted>> find_duplicate(Session& session, Id conversation, std::string_view dedupe) {
  std::optional<Accepted> found;
  auto rows =
      session.query("SELECT conversation, id, seq, written_at FROM inbox_message WHERE conversation = ? AND dedupe = ?",
                    conversation, dedupe);
  if (rows->next()) found = Accepted{rows->id(0), rows->id(1), rows->integer(2), true, rows->time(3)};
  if (auto status = rows->status(); !status) return status.error();
  return found;
}

Result<Page> transcript(Session& session, Id conversation, std::int64_t after, std::int64_t before, std::int32_t limit,
                        bool notes, std::string_view contact_name) {
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
    page.messages.push_back(read_message(*rows, conversation, contact_name));
  }
  if (auto status = rows->status(); !status) return status.error();
  if (before > 0) std::reverse(page.messages.begin(), page.messages.end());
  return page;
}

Result<Open> open_conversations(Session& session) {
  Open open;
  auto queued = session.query("SELECT id FROM inbox_conversation WHERE state = 1");
  while (queued->next()) open.queued.push_back(queued->id(0));
  if (auto status = queued->status(); !status) return status.error();
  auto served = session.query("SELECT id, agent FROM inbox_conversation WHERE state IN (2, 3)");
  while (served->next()) open.served.emplace_back(served->id(0), served->id(1));
  if (auto status = served->status(); !status) return status.error();
  return open;
}

Result<std::string> last_words(Session& session, Id conversation) {
  std::string words;
  auto rows = session.query(
      "SELECT body FROM inbox_message WHERE conversation = ? AND author = 0 ORDER BY seq DESC LIMIT 1", conversation);
  if (rows->next()) words = rows->str(0);
  if (auto status = rows->status(); !status) return status.error();
  return words;
}

std::string customer_key(std::string_view channel, std::string_view external_id) {
  return std::string(channel).append(":").append(external_id);
}

std::string writer_key(Id conversation, std::string_view client_id) {
  return client_id.empty() ? std::string{} : fmt::format("#{}:{}", conversation.value, client_id);
}

}  // namespace qiao::inbox::records
