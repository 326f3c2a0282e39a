#pragma once

#include "plugins/contacts/catalogue.hpp"
#include "plugins/contacts/rest.hpp"

namespace qiao::contacts {

/// Contacts as lists: search, companies, segments, tags.
void add_catalogue_routes(Http& http, Database& store, const Book& book, const Catalogue& catalogue, const Guard& guard,
                          const Desk& desk);

/// The contacts of a list that somebody sees, in clear, page by page until `limit` of them were found.
struct VisiblePage {
  std::vector<contract::ContactView> contacts;
  Id after;  ///< to go on with
  bool more = false;
};
using Lister = std::function<Result<std::vector<Id>>(Session&, Id after, int limit)>;
/// Database::read, or Database::read_report for what may be some seconds old.
using Reading = Result<void> (Database::*)(const Database::Work& work);
[[nodiscard]] Result<VisiblePage> visible_page(Database& store, Reading reading, const Book& book, const Guard& guard,
                                               const Principal& who, const Lister& list, Id after, std::size_t limit);

}  // namespace qiao::contacts
