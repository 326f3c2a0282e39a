#pragma once

#include "plugins/contacts/contact_view.hpp"
#include "plugins/contacts/people.hpp"
#include "qiao/http.hpp"

namespace qiao::contacts {

struct ById {
  Id id;
};
QIAO_FIELDS(ById, id)

/// What all routes of this plugin begin with: who asks, what they may see of whom. On threads that may wait.
class Desk {
 public:
  Desk(People& people, const Guard& guard, const Book& book) : people_(people), guard_(guard), book_(book) {}

  /// In clear, for who may see it; what they may not see does not exist: `contact.not_found`.
  struct Seen {
    contract::ContactView contact;
    Sight sight = Sight::none;
  };
  [[nodiscard]] Result<Seen> see(Id id, const Principal& who) const;
  /// The same for those who work with customers: `brief` is not enough.
  [[nodiscard]] Result<contract::ContactView> work_with(Id id, const Principal& who) const;
  /// What goes out.
  [[nodiscard]] contract::ContactView show(contract::ContactView contact, Sight sight) const;

 private:
  People& people_;
  const Guard& guard_;
  const Book& book_;
};

/// Looking at contacts, changing, joining and blocking them.
void add_contact_routes(Http& http, Bus& bus, People& people, const Desk& desk, Audit& audit, Database& store,
                        const Merging& merging);

/// "contacts" in the OpenAPI document.
[[nodiscard]] Route contact_route(const char* method, const char* path, const char* summary, Access access);

}  // namespace qiao::contacts
