#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "plugins/contacts/config.hpp"
#include "plugins/contacts/crm.hpp"
#include "plugins/contacts/people.hpp"

namespace qiao::contacts {

/// Copies of everything about a person, and their erasure, from every plugin of the hub.
///
/// An erasure is a row until it is over: first every other plugin removes what it keeps and says so, then each is asked
/// what it still has, and only when that is nothing do the contact's own rows and keys go. What was interrupted begins
/// again; doing it twice removes nothing more. Functions wait for all of them, so they belong on a lane of their own,
/// which runs one at a time.
class Privacy {
 public:
  Privacy(Database& store, Bus& bus, const Clock& clock, Logger& log, Vault& vault, Audit& audit,
          const ContactsConfig& config, const Book& book, const Crm& crm, const Merging& merging,
          std::filesystem::path exports);

  [[nodiscard]] Result<contract::ExportedContact> make_copy(const contract::ExportContact& q);
  [[nodiscard]] Result<contract::ErasedContact> erase(const contract::EraseContact& q);
  /// Goes on with erasures that were interrupted.
  void resume();
  /// Erases who was not seen for longer than the settings say, and removes copies that are older than a week.
  void retire();
  /// Where a copy goes that nobody gave a folder for.
  [[nodiscard]] std::string new_folder(Id contact) const;

 private:
  [[nodiscard]] Result<Id> resolve(const std::string& who);
  [[nodiscard]] Result<contract::Person> whole_person(Id contact, std::vector<contract::ExportPart>& parts);
  [[nodiscard]] Result<void> gather_parts(const contract::Person& person, std::vector<contract::ExportPart>& parts);
  [[nodiscard]] Result<std::vector<contract::ExportPart>> own_parts(Id contact);
  [[nodiscard]] Result<contract::ErasedContact> run(Id contact, const AuditEntry& who);
  [[nodiscard]] Result<void> remove_own(Session& session, const contract::Person& person,
                                        std::map<std::string, std::int64_t>& removed);
  void remove_copies(const contract::Person& person) const;

  Database& store_;
  Bus& bus_;
  const Clock& clock_;
  Logger& log_;
  Vault& vault_;
  Audit& audit_;
  const ContactsConfig& config_;
  const Book& book_;
  const Crm& crm_;
  const Merging& merging_;
  const std::filesystem::path exports_;
};

/// For administrators; the work goes to the lane of the same requests on the bus.
void add_privacy_routes(Http& http, Bus& bus, Privacy& privacy);

}  // namespace qiao::contacts
