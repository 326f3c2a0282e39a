#pragma once

#include <string>
#include <vector>

#include "plugins/contacts/book.hpp"
#include "plugins/contacts/config.hpp"

namespace qiao::contacts {

/// One joining of two contacts.
struct MergeView {
  Id id;
  Id from;
  std::string from_name;
  Id into;
  Time at;
  std::string by_name;  ///< empty: by a rule
  std::string reason;   ///< manual, phone, email, unionid, app_user
  bool undone = false;
};
QIAO_FIELDS(MergeView, id, from, from_name, into, at, by_name, reason, undone)

/// Somebody who may be the same person; a person decides.
struct Suggestion {
  Id contact;
  std::string name;
  std::string reason;  ///< the kind of claim that both have
};
QIAO_FIELDS(Suggestion, contact, name, reason)

struct Who {
  Id id;
  std::string name;
};

/// Joins contacts and takes them apart. Nothing moves: `root` of each contact says to whom it belongs, `merged_into`
/// how it got there. All functions run inside Database::write; those that change something take their turn on one row,
/// so that A into B and B into C at the same time end with both in C, and never in a ring.
class Merging {
 public:
  Merging(const Book& book, const MergeRules& rules) : book_(book), rules_(rules) {}

  struct Joined {
    Id merge;  ///< empty: they were one already
    contract::ContactMerged event;
  };
  [[nodiscard]] Result<Joined> join(Session& session, Id from, Id into, std::string_view reason, const Who& by,
                                    Time now) const;
  [[nodiscard]] Result<Joined> undo(Session& session, Id merge, const Who& by, Time now) const;
  /// Joins whatever the rules say is one with `root`; answers who it is afterwards: the oldest of them.
  [[nodiscard]] Result<Id> join_by_rules(Session& session, Id root, Time now, std::vector<Joined>& joined) const;

  [[nodiscard]] Result<std::vector<MergeView>> history(Session& session, Id root) const;
  /// Those with an equal claim that does not join by itself.
  [[nodiscard]] Result<std::vector<Suggestion>> suggestions(Session& session, Id root) const;

 private:
  [[nodiscard]] bool joins(std::string_view kind) const;
  [[nodiscard]] Result<std::vector<contract::Identity>> identities(Session& session,
                                                                   std::span<const Id> contacts) const;

  const Book& book_;
  const MergeRules rules_;
};

}  // namespace qiao::contacts
