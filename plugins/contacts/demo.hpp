#pragma once

#include "plugins/contacts/catalogue.hpp"
#include "qiao/bus.hpp"

namespace qiao::contacts {

/// The customers of the demo shop, whose orders the demo's ERP has, and two segments. In `start`; waits.
Result<void> add_demo_contacts(Database& store, Bus& bus, const Clock& clock, const Book& book,
                               const Catalogue& catalogue);

}  // namespace qiao::contacts
