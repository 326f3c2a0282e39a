#pragma once

#include "plugins/contacts/catalogue_rest.hpp"

namespace qiao::contacts {

struct ImportError {
  std::int64_t row = 0;  ///< line of the file
  std::string column;
  std::string message;
};
QIAO_FIELDS(ImportError, row, column, message)

struct ImportReport {
  std::int64_t rows = 0;
  std::int64_t created = 0;
  std::int64_t updated = 0;
  std::int64_t unchanged = 0;
  std::vector<ImportError> errors;  ///< at most 1000; these rows were left out
  bool dry_run = false;
};
QIAO_FIELDS(ImportReport, rows, created, updated, unchanged, errors, dry_run)

struct ImportOptions {
  bool dry_run = false;
  std::string update_by;  ///< phone, email, app_user or crm; empty: whichever of crm, app_user, phone, email a row has
};

/// Takes contacts from a CSV file: whoever is known is changed, others are made. What a file says is not proven, so it
/// joins nobody. Waits; changes 100 rows in one write.
[[nodiscard]] Result<ImportReport> import_contacts(Database& store, Bus& bus, const Clock& clock, const Book& book,
                                                   std::string_view csv, const ImportOptions& options);

/// All columns that an import takes, attributes as "attr:NAME".
[[nodiscard]] std::string export_csv(const std::vector<contract::ContactView>& contacts);

void add_transfer_routes(Http& http, Database& store, Bus& bus, const Clock& clock, const Book& book,
                         const Catalogue& catalogue, const Guard& guard, Audit& audit);

}  // namespace qiao::contacts
