#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "plugins/contacts/book.hpp"
#include "plugins/contacts/merging.hpp"
#include "qiao/audit.hpp"
#include "qiao/bus.hpp"
#include "qiao/log.hpp"
#include "qiao/metrics.hpp"

namespace qiao::contacts {

/// What happens to contacts, and telling it. Functions that answer a Result wait for the database: on threads that may.
class People {
 public:
  People(Database& store, Bus& bus, const Clock& clock, Logger& log, Metrics& metrics, Audit& audit, const Book& book,
         const Merging& merging);

  [[nodiscard]] Result<contract::ContactView> get(Id contact);
  [[nodiscard]] Result<contract::ContactView> find(const contract::FindContact& q);
  [[nodiscard]] Result<contract::Person> person(Id contact);
  [[nodiscard]] Result<contract::ContactView> identify(const contract::Identify& q, std::string_view source);
  /// The patch as an agent sent it: values equal to what a masked view shows leave what is there.
  [[nodiscard]] Result<contract::ContactView> patch(Id contact, ContactPatch patch);
  [[nodiscard]] Result<contract::ContactView> block(Id contact, bool blocked, AuditEntry audit);
  /// The id of the merge, empty when they were one already, and the contact that both are now.
  struct Merged {
    Id merge;
    contract::ContactView contact;
  };
  [[nodiscard]] Result<Merged> merge(Id into, Id other, const Who& by, AuditEntry audit);
  [[nodiscard]] Result<contract::ContactView> undo(Id merge, const Who& by, AuditEntry audit);

  /// Told of tags that a patch added and removed. Before anything runs.
  using TagsChanged = std::function<void(Id contact, std::vector<std::string> add, std::vector<std::string> remove)>;
  void on_tags(TagsChanged told) { tags_changed_ = std::move(told); }

  /// A channel's customer is known to the inbox. Waits for nothing.
  void seen(const contract::IdentitySeen& seen);
  /// Something happened with the contact now; written later, many together. Any thread, waits for nothing.
  void touch(Id contact, Time at);
  void flush_touched();
  /// Compares with what the inbox knows: what is newer than `since` (1970: everything), and tells merges again.
  void reconcile(Time since);
  [[nodiscard]] Result<Time> newest();

 private:
  bool learn_now(Id contact);
  void note(const contract::IdentitySeen& seen, Priority priority, std::function<void(bool)> noted);
  [[nodiscard]] Result<void> add_alias(Session& session, Id alias, Id root);
  void tell(const std::vector<Merging::Joined>& joined, const contract::ContactView& after);

  Database& store_;
  Bus& bus_;
  const Clock& clock_;
  Logger& log_;
  Audit& audit_;
  const Book& book_;
  const Merging& merging_;
  Counter& merges_;
  TagsChanged tags_changed_;

  std::mutex mutex_;
  std::map<Id, Time> touched_;
};

}  // namespace qiao::contacts
