#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "qiao/message.hpp"

/// \file
/// Conversations, messages and contacts as every plugin sees them. Served by `inbox`, spoken by channels, bots,
/// routing, tickets and the workspace.

namespace qiao::contract {

enum class Author : std::uint8_t { customer, bot, agent, system };
QIAO_ENUM(Author, customer, bot, agent, system)

/// bot: the bot answers. queued: waits for a person. assigned: a person must answer. waiting: the customer must answer.
/// resolved: done; a new message of the customer opens it again.
enum class ConversationState : std::uint8_t { bot, queued, assigned, waiting, resolved };
QIAO_ENUM(ConversationState, bot, queued, assigned, waiting, resolved)

enum class Delivery : std::uint8_t {
  none,       ///< nothing to deliver: what the customer wrote, private notes
  pending,    ///< stored, not yet with the channel's platform
  sent,       ///< the platform or the customer's device has it
  delivered,  ///< shown to be on the customer's screen
  read,
  failed,   ///< will not arrive; the reason stands in MessageView::delivery_detail
  unknown,  ///< the platform neither confirmed nor refused
};
QIAO_ENUM(Delivery, none, pending, sent, delivered, read, failed, unknown)

struct Attachment {
  Id id;
  std::string name;        ///< at most 200 bytes
  std::string media_type;  ///< found by content, e.g. "image/png"
  std::int64_t size = 0;   ///< bytes
};
QIAO_FIELDS(Attachment, id, name, media_type, size)

/// A choice shown below a message. Pressing it sends `value` as the customer's text, or opens `url` when there is one.
struct Button {
  std::string label;
  std::string value;
  std::string url;
};
QIAO_FIELDS(Button, label, value, url)

/// Something that a channel shows as a card of its own. What a channel cannot show becomes text: title, text, url.
struct Card {
  /// link, location, mini_program (a page of a WeChat mini program), post (what a public comment stands under),
  /// product, contact, quote (an earlier message that this one answers)
  std::string kind;
  std::string title;    ///< at most 200 bytes
  std::string text;     ///< at most 1,000 bytes
  std::string url;      ///< http(s); where the card leads
  std::string picture;  ///< http(s), or the id of an attachment of the same message
  /// What belongs to the kind: location: latitude, longitude (decimal degrees), label; mini_program: app_id, path;
  /// post: id; product: sku, price.
  std::map<std::string, std::string> data;
};
QIAO_FIELDS(Card, kind, title, text, url, picture, data)

struct Content {
  std::string text;  ///< UTF-8, at most 8 KiB
  std::vector<Attachment> attachments{};
  std::vector<Button> buttons{};
  std::vector<Card> cards{};
  /// The message is also a notice that a channel may send by a template of its platform when free text is not allowed
  /// any more: "ticket.created", "ticket.resolved", "reply". `text` says the same in full.
  std::string notice{};
  std::map<std::string, std::string> values{};  ///< of the notice: number, title, status, text, shop, time
};
QIAO_FIELDS(Content, text, attachments, buttons, cards, notice, values)

/// One message as it is stored. `seq` counts 1, 2, 3 … in its conversation without gaps, private notes included.
struct MessageView {
  Id id;
  Id conversation;
  std::int64_t seq = 0;
  Author author = Author::customer;
  Id author_id;             ///< of an agent
  std::string author_name;  ///< as shown to the reader
  bool note = false;        ///< private: never shown to the customer
  Content content;
  Delivery delivery = Delivery::none;
  std::string client_id;  ///< the id that its writer gave it
  Time at;
  std::string delivery_detail;  ///< of a failed delivery: a sentence for the agent
};
QIAO_FIELDS(MessageView, id, conversation, seq, author, author_id, author_name, note, content, delivery, client_id, at,
            delivery_detail)

struct ConversationView {
  Id id;
  Id contact;
  std::string contact_name;
  std::string channel;   ///< instance name, e.g. "web"
  std::string user;      ///< the channel's id of the customer
  std::string site;      ///< which shop or brand; "" when there is one
  std::string language;  ///< "zh-CN", "en"
  ConversationState state = ConversationState::bot;
  std::string group;  ///< key of the group it is for, e.g. "after-sales"; empty while with the bot
  Id agent;
  std::string agent_name;
  std::int64_t last_seq = 0;
  std::int64_t read_by_customer = 0;  ///< highest seq
  std::int64_t read_by_agent = 0;
  std::string preview;  ///< of the last message that is not a note, at most 120 bytes
  Author preview_author = Author::customer;
  std::string intent;            ///< what the bot understood last
  std::string handoff_reason;    ///< why a person was needed
  std::int32_t queue_place = 0;  ///< 1 is next; 0 when not queued
  std::int32_t queue_estimate_s = 0;
  std::int32_t rating = 0;  ///< 1–5; 0 when not rated
  Time opened_at;
  Time changed_at;
  Time queued_at;  ///< 1970 when never
  Time resolved_at;
};
QIAO_FIELDS(ConversationView, id, contact, contact_name, channel, user, site, language, state, group, agent, agent_name,
            last_seq, read_by_customer, read_by_agent, preview, preview_author, intent, handoff_reason, queue_place,
            queue_estimate_s, rating, opened_at, changed_at, queued_at, resolved_at)

struct Identity {
  std::string channel;
  std::string user;
};
QIAO_FIELDS(Identity, channel, user)

// ---- what happens -------------------------------------------------------------------------------------------------

/// A message is stored and synced. Published once for each message of any author; on a direct lane it is the fastest
/// way to a screen. `conversation` is the state after it.
struct MessageStored {
  MessageView message;
  ConversationView conversation;
};
QIAO_FIELDS(MessageStored, message, conversation)
QIAO_EVENT(MessageStored, "conversation.message.stored", 1)
[[maybe_unused]] inline std::int64_t qiao_partition_of(const MessageStored& e) { return e.message.conversation.value; }

/// State, group, agent, queue place, rating or read marks changed.
struct ConversationChanged {
  ConversationView conversation;
  /// opened, handoff, queued, assigned, transferred, resolved, reopened, rated, read, place, renamed (the contact),
  /// state (assigned and waiting took turns)
  std::string what;
};
QIAO_FIELDS(ConversationChanged, conversation, what)
QIAO_EVENT(ConversationChanged, "conversation.changed", 1)
[[maybe_unused]] inline std::int64_t qiao_partition_of(const ConversationChanged& e) { return e.conversation.id.value; }

/// A message for the customer waits for its channel. The channel instance named in it sends it and reports with
/// ReportDelivery; until then it is published again after a restart and every 30 s.
struct MessageOutgoing {
  std::string channel;
  std::string user;
  MessageView message;
};
QIAO_FIELDS(MessageOutgoing, channel, user, message)
QIAO_EVENT(MessageOutgoing, "conversation.message.outgoing", 1)
[[maybe_unused]] inline std::int64_t qiao_partition_of(const MessageOutgoing& e) {
  return e.message.conversation.value;
}

/// Somebody is typing. Background priority: may be dropped.
struct Typing {
  Id conversation;
  Author author = Author::customer;
  std::string name;
  bool on = true;
};
QIAO_FIELDS(Typing, conversation, author, name, on)
QIAO_EVENT(Typing, "conversation.typing", 1)
QIAO_PARTITION(Typing, conversation)

// ---- what can be asked of the inbox --------------------------------------------------------------------------------

/// Stored and synced; what a channel may acknowledge.
struct Accepted {
  Id conversation;
  Id message;
  std::int64_t seq = 0;
  bool duplicate = false;  ///< it was there before; nothing changed
  Time at;
};
QIAO_FIELDS(Accepted, conversation, message, seq, duplicate, at)

/// A customer wrote. Exactly once for each (channel, external_id) among the latest 4,096 messages of the customer.
struct AcceptMessage {
  std::string channel;      ///< instance name
  std::string external_id;  ///< the platform's id of the message, at most 128 bytes
  std::string user;         ///< the platform's id of the customer, at most 128 bytes
  std::string user_name;    ///< as the platform shows it; may be empty
  std::string site;
  std::string language;  ///< may be empty: found from the text
  Content content;
  bool in_app = false;  ///< the customer is using the product right now
  Time at;              ///< by the platform's clock; 1970 means now
};
QIAO_FIELDS(AcceptMessage, channel, external_id, user, user_name, site, language, content, in_app, at)
QIAO_REQUEST(AcceptMessage, Accepted, "inbox.accept", 1)

/// Something happened in a channel that is no message: the customer followed, scanned a code, opened the page, called.
/// It is kept as a private note of the hub in the customer's newest conversation, which is opened (at the bot, without
/// a turn for it) when there is none or when the last one ended too long ago. The same exactly-once key as a message.
struct RecordEvent {
  std::string channel;
  std::string external_id;
  std::string user;
  std::string user_name;
  std::string site;
  std::string language;
  Content content;      ///< `text` is what agents read
  bool reopen = false;  ///< an ended conversation goes on, as when the customer writes: for calls
  Time at;
};
QIAO_FIELDS(RecordEvent, channel, external_id, user, user_name, site, language, content, reopen, at)
QIAO_REQUEST(RecordEvent, Accepted, "inbox.record_event", 1)

/// An agent, the bot or the hub itself writes into a conversation. Exactly once for each client_id, with the same
/// reach.
struct WriteMessage {
  Id conversation;
  Author author = Author::agent;
  Id author_id;
  std::string author_name;
  bool note = false;
  Content content;
  std::string client_id;  ///< at most 64 bytes
};
QIAO_FIELDS(WriteMessage, conversation, author, author_id, author_name, note, content, client_id)
QIAO_REQUEST(WriteMessage, Accepted, "inbox.write", 1)
QIAO_PARTITION(WriteMessage, conversation)

/// Where a customer of a channel stands; the newest conversation, or an empty id when there is none.
struct FindConversation {
  std::string channel;
  std::string user;
};
QIAO_FIELDS(FindConversation, channel, user)
QIAO_REQUEST(FindConversation, ConversationView, "inbox.find_conversation", 1)

struct GetConversation {
  Id conversation;
};
QIAO_FIELDS(GetConversation, conversation)
QIAO_REQUEST(GetConversation, ConversationView, "inbox.get_conversation", 1)

struct Transcript {
  std::vector<MessageView> messages;
  bool more = false;
};
QIAO_FIELDS(Transcript, messages, more)

/// Messages with seq > after, oldest first; with `before` > 0 the last `limit` below it.
struct GetTranscript {
  Id conversation;
  std::int64_t after = 0;
  std::int64_t before = 0;
  std::int32_t limit = 100;  ///< at most 500
  bool notes = false;        ///< include private notes: never for a customer
};
QIAO_FIELDS(GetTranscript, conversation, after, before, limit, notes)
QIAO_REQUEST(GetTranscript, Transcript, "inbox.get_transcript", 1)

struct Done {};
QIAO_FIELDS(Done)

/// From the bot to a person: the customer asked for it, or the bot cannot help.
struct Handoff {
  Id conversation;
  std::string group;   ///< a hint; empty: routing finds it
  std::string reason;  ///< asked, declined, button, bot_failed
};
QIAO_FIELDS(Handoff, conversation, group, reason)
QIAO_REQUEST(Handoff, ConversationView, "inbox.handoff", 1)
QIAO_PARTITION(Handoff, conversation)

/// Gives a conversation to an agent (who takes it themselves, or a supervisor does), or with `group` to a group's
/// queue.
struct Transfer {
  Id conversation;
  Id to_agent;
  std::string to_group;
  std::string note;  ///< kept as a private note
  Id by;
  std::string by_name;
};
QIAO_FIELDS(Transfer, conversation, to_agent, to_group, note, by, by_name)
QIAO_REQUEST(Transfer, ConversationView, "inbox.transfer", 1)
QIAO_PARTITION(Transfer, conversation)

struct Resolve {
  Id conversation;
  Id by;
  std::string by_name;
};
QIAO_FIELDS(Resolve, conversation, by, by_name)
QIAO_REQUEST(Resolve, ConversationView, "inbox.resolve", 1)
QIAO_PARTITION(Resolve, conversation)

/// 1–5 with an optional sentence; once a resolution, the last one counts.
struct Rate {
  Id conversation;
  std::int32_t score = 0;
  std::string comment;  ///< at most 1,000 bytes
};
QIAO_FIELDS(Rate, conversation, score, comment)
QIAO_REQUEST(Rate, Done, "inbox.rate", 1)
QIAO_PARTITION(Rate, conversation)

struct MarkRead {
  Id conversation;
  Author reader = Author::customer;  ///< customer or agent
  std::int64_t seq = 0;
};
QIAO_FIELDS(MarkRead, conversation, reader, seq)
QIAO_REQUEST(MarkRead, Done, "inbox.mark_read", 1)
QIAO_PARTITION(MarkRead, conversation)

/// A channel tells how far a message got. Never moves backwards.
struct ReportDelivery {
  Id conversation;
  std::int64_t seq = 0;
  Delivery state = Delivery::sent;
  std::string detail;  ///< for failed: a sentence for the agent
};
QIAO_FIELDS(ReportDelivery, conversation, seq, state, detail)
QIAO_REQUEST(ReportDelivery, Done, "inbox.report_delivery", 1)
QIAO_PARTITION(ReportDelivery, conversation)

/// How far a message got has changed.
struct DeliveryChanged {
  Id conversation;
  std::int64_t seq = 0;
  Delivery state = Delivery::sent;
  std::string detail;
};
QIAO_FIELDS(DeliveryChanged, conversation, seq, state, detail)
QIAO_EVENT(DeliveryChanged, "conversation.delivery.changed", 1)
QIAO_PARTITION(DeliveryChanged, conversation)

}  // namespace qiao::contract
