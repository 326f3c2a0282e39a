#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "qiao/contract/contacts.hpp"
#include "qiao/store.hpp"
#include "qiao/vault.hpp"

namespace qiao::contacts {

/// What may be changed about a contact; what is not given stays.
struct ContactPatch {
  std::optional<std::string> name;
  std::optional<std::string> phone;
  std::optional<std::string> email;
  std::optional<std::string> note;
  std::optional<std::string> language;
  std::optional<std::string> tier;
  std::optional<std::string> company;                            ///< its name
  std::optional<std::vector<std::string>> tags;                  ///< all of them
  std::optional<std::map<std::string, std::string>> attributes;  ///< these; an empty text removes
};

/// `contact.bad_value` with the field's name when something in it cannot be.
[[nodiscard]] Result<void> check(const ContactPatch& patch, std::string_view default_country);

/// All SQL about single people. A contact that was joined into others is found by any of its ids; what is read is that
/// of all of them together, what is written goes to the one at the root. Functions that change something run inside
/// Database::write. Immutable; any thread.
class Book {
 public:
  Book(Vault& vault, std::string default_country);

  /// Whom an id stands for now; `contact.not_found`.
  [[nodiscard]] Result<Id> root_of(Session& session, Id contact) const;
  /// The root first, then those that were joined into it, by age.
  [[nodiscard]] Result<std::vector<Id>> members(Session& session, Id root) const;
  /// Everything but the summary and the number of conversations, in clear.
  [[nodiscard]] Result<contract::ContactView> read(Session& session, Id contact) const;
  /// All ids under which anybody may know this person.
  [[nodiscard]] Result<contract::Person> person(Session& session, Id contact) const;

  /// The root behind a channel's customer.
  [[nodiscard]] Result<std::optional<Id>> find(Session& session, const contract::Identity& identity) const;
  /// Roots that have this claim, oldest first. `verified`: only where it is proven.
  [[nodiscard]] Result<std::vector<Id>> find(Session& session, const contract::Claim& normal, bool verified) const;

  /// A new contact of its own. `name` may be empty.
  [[nodiscard]] Result<void> add(Session& session, Id id, std::string_view name, bool generated,
                                 std::string_view language, Time now) const;
  [[nodiscard]] Result<void> add_identity(Session& session, Id contact, const contract::Identity& identity) const;
  /// Adds the claim or makes it proven; with `main` it becomes the one that is shown. True: something changed.
  [[nodiscard]] Result<bool> put_claim(Session& session, Id root, const contract::Claim& normal,
                                       std::string_view source, bool main, Time now) const;
  /// A checked patch; true: something changed.
  [[nodiscard]] Result<bool> apply(Session& session, Id root, const ContactPatch& patch, Time now) const;
  [[nodiscard]] Result<bool> put_attribute(Session& session, Id root, const std::string& name,
                                           const std::string& value) const;
  /// A name that a channel or the site told; taken while nothing better is known. True: it was.
  [[nodiscard]] Result<bool> learn_name(Session& session, Id root, std::string_view name) const;

  /// The name of one stored contact, which may be joined into another one.
  [[nodiscard]] Result<std::string> seal_name(Session& session, Id contact, std::string_view name) const;
  [[nodiscard]] Result<std::string> open_name(Session& session, Id contact, std::string_view sealed) const;
  [[nodiscard]] Result<std::string> seal(Session& session, Id subject, const SealedPlace& place,
                                         std::string_view plain) const;
  /// Empty when the key was destroyed.
  [[nodiscard]] Result<std::string> open(Session& session, const SealedPlace& place, std::string_view sealed) const;
  [[nodiscard]] std::string blind(const contract::Claim& normal) const;
  [[nodiscard]] std::string blind_attribute(std::string_view name, std::string_view value) const;
  [[nodiscard]] const std::string& default_country() const noexcept { return country_; }

  /// The company of that name, made when it is new.
  [[nodiscard]] Result<Id> company(Session& session, std::string_view name, Time now) const;

 private:
  struct Row;
  [[nodiscard]] Result<bool> rename(Session& session, Id root, std::string_view name) const;
  [[nodiscard]] Result<bool> set_main(Session& session, Id root, std::string_view kind, const std::string& value,
                                      Time now) const;
  [[nodiscard]] Result<bool> set_tags(Session& session, Id root, std::vector<std::string> tags) const;
  [[nodiscard]] Result<void> read_claims(Session& session, Id member, bool root, contract::ContactView& view) const;

  Vault& vault_;
  const std::string country_;
};

}  // namespace qiao::contacts
