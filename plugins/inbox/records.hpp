#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/inbox/conversation.hpp"
#include "plugins/inbox/model.hpp"
#include "qiao/store.hpp"

/// \file
/// All SQL of conversations and messages. Functions that change something run inside Database::write.

namespace qiao::inbox::records {

/// A conversation as read.
struct Loaded {
  Facts facts;
  Conversation::Customer customer;
  Status status;
  ReadMarks marks;
};

/// Empty: there is no such conversation.
[[nodiscard]] Result<std::optional<Loaded>> conversation(Session& session, Id id);
/// The newest conversation of a channel's customer.
[[nodiscard]] Result<std::optional<Loaded>> newest_of(Session& session, std::string_view channel,
                                                      std::string_view user);
/// Who that is, when they are known and have no conversation.
struct KnownContact {
  Id id;
  std::string name;
  bool generated = false;
  bool blocked = false;
};
[[nodiscard]] Result<std::optional<KnownContact>> contact_of(Session& session, std::string_view channel,
                                                             std::string_view user);

[[nodiscard]] Result<void> insert_contact(Session& session, const Facts& facts, const Conversation::Customer& customer,
                                          Time now);
[[nodiscard]] Result<void> insert_conversation(Session& session, const Facts& facts, Id contact, const Status& status);
/// The highest seq of a conversation's messages; 0 when there are none.
[[nodiscard]] Result<std::int64_t> last_seq(Session& session, Id conversation);
/// Whether the row is still the one that was read.
[[nodiscard]] Result<bool> unchanged(Session& session, Id id, std::int64_t version);
/// Writes the row that follows `version - 1`; Errc::conflict when that is not there any more.
[[nodiscard]] Result<void> update_conversation(Session& session, Id id, const Status& status);
/// Only what follows from the messages, and the read marks; never over something newer.
[[nodiscard]] Result<void> update_activity(Session& session, Id id, const Status& status, const ReadMarks& marks);

/// Errc::conflict: the place or the dedupe key is taken.
[[nodiscard]] Result<void> insert_message(Session& session, const MessageView& message, std::string_view dedupe);
/// The message that was stored in a conversation under a dedupe key before.
[[nodiscard]] Result<std::optional<Accepted>> find_duplicate(Session& session, Id conversation,
                                                             std::string_view dedupe);
/// The keys of a conversation's latest messages, after those of the customer's conversation before it, which is found
/// too.
[[nodiscard]] Result<void> read_keys(Session& session, const Facts& facts, KeyWindow& keys, Id& previous);

/// `seq > after` oldest first, or with `before` the last ones below it, oldest first. `contact_name` stands for
/// customers.
struct Page {
  std::vector<MessageView> messages;
  bool more = false;
};
[[nodiscard]] Result<Page> transcript(Session& session, Id conversation, std::int64_t after, std::int64_t before,
                                      std::int32_t limit, bool notes, std::string_view contact_name);
/// Who waits for a person, and who is with whom.
struct Open {
  std::vector<Id> queued;
  std::vector<std::pair<Id, Id>> served;  ///< conversation, agent
};
[[nodiscard]] Result<Open> open_conversations(Session& session);
/// What the customer wrote last; empty when nothing.
[[nodiscard]] Result<std::string> last_words(Session& session, Id conversation);

/// The columns that `read_conversation` expects, from inbox_conversation c and inbox_contact k.
extern const char* const kConversationColumns;
[[nodiscard]] Loaded read_conversation(const Rows& rows);
[[nodiscard]] ConversationView to_view(const Loaded& loaded);

/// The key of what a customer wrote, and of what was written into a conversation under a client id.
[[nodiscard]] std::string customer_key(std::string_view channel, std::string_view external_id);
[[nodiscard]] std::string writer_key(Id conversation, std::string_view client_id);

}  // namespace qiao::inbox::records
