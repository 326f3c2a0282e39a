#pragma once

#include "qiao/contract/contacts.hpp"
#include "qiao/store.hpp"
#include "qiao/vault.hpp"

namespace qiao::tickets {

/// The tickets about a person with their history, for a copy of their data. No part when there is none. Waits.
Result<contract::ExportParts> export_person(Database& db, Vault& vault, const contract::Person& person);
/// Removes them. Waits.
Result<contract::ErasedCount> erase_person(Database& db, const contract::Person& person);

}  // namespace qiao::tickets
