#pragma once

#include <set>

#include "plugins/inbox/ledger.hpp"
#include "plugins/inbox/search_index.hpp"
#include "qiao/contract/contacts.hpp"
#include "qiao/log.hpp"

namespace qiao::inbox {

/// Everything that is kept about one person, as a copy, and its removal: conversations, messages, their words in the
/// index, what waits to be delivered or answered, identities. On threads that may wait.
class PersonData {
 public:
  PersonData(Database& store, Bus& bus, ConversationTable& table, Ledger& ledger, SearchIndex& index);

  [[nodiscard]] Result<contract::ExportParts> copy(const contract::Person& person);
  /// A customer who writes meanwhile or later is somebody new.
  [[nodiscard]] Result<contract::ErasedCount> erase(const contract::Person& person);

 private:
  /// Contacts and conversations that are theirs, by any of the ids.
  struct Theirs {
    std::set<Id> contacts;
    std::set<Id> conversations;
  };
  [[nodiscard]] Result<Theirs> theirs(Session& session, const contract::Person& person) const;
  [[nodiscard]] Result<void> copy_conversation(Id id, contract::ExportPart& part);
  [[nodiscard]] Result<std::int64_t> erase_conversation(Id id);

  Database& store_;
  Bus& bus_;
  ConversationTable& table_;
  Ledger& ledger_;
  SearchIndex& index_;
};

}  // namespace qiao::inbox
