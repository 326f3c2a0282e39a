#pragma once

#include <optional>
#include <string>

#include "plugins/inbox/ledger.hpp"
#include "qiao/contract/contacts.hpp"
#include "qiao/log.hpp"

namespace qiao::inbox {

/// What may be changed about a contact; what is not given stays.
struct ContactPatch {
  Id id;
  std::optional<std::string> name;
  std::optional<std::string> phone;
  std::optional<std::string> email;
  std::optional<std::string> note;
};
QIAO_FIELDS(ContactPatch, id, name, phone, email, note)

/// The people behind the conversations. Functions that read run on the calling thread, which may wait.
class Contacts {
 public:
  Contacts(Database& store, Bus& bus, Logger& log, ConversationTable& table, Ledger& ledger);

  [[nodiscard]] Result<contract::ContactView> get(Id id);
  /// Answers with the contact as it is afterwards; `done` runs on the writer's thread.
  void patch(const ContactPatch& patch, std::function<void(Result<contract::ContactView>)> done);
  /// A channel has told the name of somebody whose name was made up. Any thread; waits for nothing.
  void learn_name(const ConversationPtr& conversation, std::string name);

 private:
  void renamed(Id contact, const std::string& name);

  Database& store_;
  Bus& bus_;
  Logger& log_;
  ConversationTable& table_;
  Ledger& ledger_;
};

}  // namespace qiao::inbox
