#pragma once

#include <string>

#include "plugins/inbox/ledger.hpp"
#include "qiao/contract/contacts.hpp"
#include "qiao/log.hpp"

namespace qiao::inbox {

/// Whose conversations these are, as far as messages need to know: a channel's customer is an identity, an identity has
/// a contact, a contact has a name and may be blocked. Everything else about people is with `contacts`, which learns of
/// new ones by IdentitySeen and says what changes.
///
/// Functions that read run on the calling thread, which may wait.
class Contacts {
 public:
  Contacts(Database& store, Bus& bus, const Clock& clock, Logger& log, ConversationTable& table, Ledger& ledger);

  /// A channel has told the name of somebody whose name was made up. Any thread; waits for nothing.
  void learn_name(const ConversationPtr& conversation, std::string name);

  [[nodiscard]] Result<contract::IdentityList> identities(const contract::ListIdentities& q);
  [[nodiscard]] Result<contract::ConversationList> conversations(const contract::ConversationsOfContacts& q);

  /// Re-points the named identities and their conversations, in the database and then in memory. Doing it twice changes
  /// nothing.
  [[nodiscard]] Result<void> merged(const contract::ContactMerged& event);
  [[nodiscard]] Result<void> changed(const contract::ContactChanged& event);

 private:
  void follow(const ConversationPtr& conversation, const Conversation::Customer& now);

  Database& store_;
  Bus& bus_;
  const Clock& clock_;
  Logger& log_;
  ConversationTable& table_;
  Ledger& ledger_;
};

}  // namespace qiao::inbox
