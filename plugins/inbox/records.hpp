#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/inbox/conversation.hpp"
#include "plugins/inbox/model.hpp"
#include "qiao/log.hpp"
#include "qiao/store.hpp"
#include "qiao/vault.hpp"

/// \file
/// All SQL of conversations and messages. Functions that change something run inside Database::write.

namespace qiao::inbox {
namespace records {

/// A conversation as read.
struct Loaded {
  Facts facts;
  Conversation::Customer customer;
  Status status;
  ReadMarks marks;
};

/// Who that is, when they are known and have no conversation.
struct KnownContact {
  Id id;
  std::string name;
  bool generated = false;
  bool blocked = false;
};
/// The highest seq of a conversation's messages; 0 when there are none.
[[nodiscard]] Result<std::int64_t> last_seq(Session& session, Id conversation);
/// Whether the row is still the one that was read.
[[nodiscard]] Result<bool> unchanged(Session& session, Id id, std::int64_t version);
/// The message that was stored in a conversation under a dedupe key before.
[[nodiscard]] Result<std::optional<Accepted>> find_duplicate(Session& session, Id conversation,
                                                             std::string_view dedupe);
/// The keys of a conversation's latest messages, after those of the customer's conversation before it, which is found
/// too.
[[nodiscard]] Result<void> read_keys(Session& session, const Facts& facts, KeyWindow& keys, Id& previous);

struct Page {
  std::vector<MessageView> messages;
  bool more = false;
};
/// Adds the ids of the attachments that a message's column `extra` names.
void attachments_of(std::string_view extra, std::vector<Id>& files);
/// Who waits for a person, and who is with whom.
struct Open {
  std::vector<Id> queued;
  std::vector<std::pair<Id, Id>> served;  ///< conversation, agent
};
[[nodiscard]] Result<Open> open_conversations(Session& session);
/// The columns that `Records::read_conversation` expects, from inbox_conversation c and inbox_contact k.
extern const char* const kConversationColumns;
inline constexpr int kNameColumn = 28;  ///< the contact's sealed name among them
[[nodiscard]] ConversationView to_view(const Loaded& loaded);

/// The key of what a customer wrote, and of what was written into a conversation under a client id.
[[nodiscard]] std::string customer_key(std::string_view channel, std::string_view external_id);
[[nodiscard]] std::string writer_key(Id conversation, std::string_view client_id);

}  // namespace records

/// The part of it in which people's words and names are: they are sealed with the key of the contact of their
/// conversation and stay so when contacts are joined. Any thread.
///
/// What cannot be opened reads as an empty text: silently when its key was destroyed, with a line in the log when it is
/// damaged, so that one bad row does not take a conversation away.
class Records {
 public:
  Records(Vault& vault, Logger& log) : vault_(vault), log_(log) {}

  /// Empty: there is no such conversation.
  [[nodiscard]] Result<std::optional<records::Loaded>> conversation(Session& session, Id id) const;
  /// The newest conversation of a channel's customer.
  [[nodiscard]] Result<std::optional<records::Loaded>> newest_of(Session& session, std::string_view channel,
                                                                 std::string_view user) const;
  [[nodiscard]] Result<std::optional<records::KnownContact>> contact_of(Session& session, std::string_view channel,
                                                                        std::string_view user) const;
  /// Of a row with `kConversationColumns`.
  [[nodiscard]] Result<records::Loaded> read_conversation(Session& session, const Rows& rows) const;

  [[nodiscard]] Result<void> insert_contact(Session& session, const Facts& facts,
                                            const Conversation::Customer& customer, Time now) const;
  [[nodiscard]] Result<void> insert_conversation(Session& session, const Facts& facts, Id contact,
                                                 const Status& status) const;
  /// Writes the row that follows `version - 1`; Errc::conflict when that is not there any more.
  [[nodiscard]] Result<void> update_conversation(Session& session, Id id, Id contact, const Status& status) const;
  /// Only what follows from the messages, and the read marks; never over something newer.
  [[nodiscard]] Result<void> update_activity(Session& session, Id id, Id contact, const Status& status,
                                             const ReadMarks& marks) const;

  /// Errc::conflict: the place or the dedupe key is taken.
  [[nodiscard]] Result<void> insert_message(Session& session, Id contact, const MessageView& message,
                                            std::string_view dedupe) const;
  /// `seq > after` oldest first, or with `before` the last ones below it, oldest first. `contact_name` stands for
  /// customers.
  [[nodiscard]] Result<records::Page> transcript(Session& session, Id conversation, std::int64_t after,
                                                 std::int64_t before, std::int32_t limit, bool notes,
                                                 std::string_view contact_name) const;
  /// What the customer wrote last; empty when nothing.
  [[nodiscard]] Result<std::string> last_words(Session& session, Id conversation) const;

  /// The columns by themselves, for those who have SQL of their own.
  [[nodiscard]] Result<std::string> seal_name(Session& session, Id contact, std::string_view name) const;
  [[nodiscard]] Result<std::string> open_name(Session& session, Id contact, std::string_view stored) const;
  [[nodiscard]] Result<std::string> open_body(Session& session, Id message, std::string_view stored) const;
  [[nodiscard]] Result<std::string> open_extra(Session& session, Id message, std::string_view stored) const;
  /// The uploads that a message's column `extra` names. Unlike `open_extra` an error when that cannot be read: they are
  /// not none.
  [[nodiscard]] Result<std::vector<Id>> uploads_of(Session& session, Id message, std::string_view stored) const;
  /// With the key of whoever the conversation belongs to.
  [[nodiscard]] Result<std::string> seal_delivery_detail(Session& session, Id conversation, std::int64_t seq,
                                                         std::string_view detail) const;

 private:
  [[nodiscard]] Result<std::string> open(Session& session, const SealedPlace& place, std::string_view stored) const;
  [[nodiscard]] Result<std::optional<records::Loaded>> first(Session& session, std::unique_ptr<Rows> rows) const;
  [[nodiscard]] Result<void> catch_up(Session& session, records::Loaded& loaded) const;
  [[nodiscard]] Result<MessageView> read_message(Session& session, const Rows& rows, Id conversation,
                                                 std::string_view contact_name) const;

  Vault& vault_;
  Logger& log_;
};

}  // namespace qiao::inbox
