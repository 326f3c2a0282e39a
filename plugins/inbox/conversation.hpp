#pragma once

#include <atomic>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "plugins/inbox/key_window.hpp"
#include "plugins/inbox/model.hpp"

namespace qiao::inbox {

/// One conversation in memory.
///
/// `ahead` runs before the commit and belongs to the work of the conversation's writes, which the store runs one after
/// the other. Everything else is what was committed (or needs no commit) and may be read from any thread; its mutex is
/// the innermost lock of the plugin and is never held across a call.
class Conversation {
 public:
  struct Ahead {
    StatusPtr status;
    KeyWindow keys;       ///< of this conversation and the customer's one before it
    Id previous;          ///< that one
    bool loaded = false;  ///< false: read it from the database first (after a rollback)
    bool stored = false;  ///< the row exists
  };
  /// The contact as far as messages need it. Another one when two turned out to be the same person.
  struct Customer {
    Id contact;
    std::string name;
    bool generated = false;  ///< the name was made up by us and gives way to a real one
    bool blocked = false;    ///< what they write is stored, and nobody reacts
    bool fresh = false;      ///< not in the database yet: comes with the first message
  };

  /// One that is not stored yet: the writer reads what it needs before the first message.
  Conversation(Facts what, Customer who, Status status);
  /// One that was read, with what the writer needs.
  Conversation(Facts what, Customer who, ReadMarks marks, Ahead read);

  const Facts facts;
  const bool fresh_contact;
  const StatusPtr initial;  ///< of a conversation that is not stored yet

  Ahead ahead;  ///< of the writer

  /// After a commit: what is true now.
  void commit(StatusPtr status);
  [[nodiscard]] ConversationView view() const;
  [[nodiscard]] StatusPtr status() const;
  [[nodiscard]] ConversationState state() const;
  /// When it was resolved, while it is; otherwise 1970.
  [[nodiscard]] Time closed_at() const;
  [[nodiscard]] bool stored() const;
  [[nodiscard]] Customer customer() const;
  [[nodiscard]] Id contact() const;
  /// What is known of the contact now; false: nothing of it was new.
  bool set_customer(Id contact, const std::string& name, bool generated, bool blocked);
  void rename(std::string name);
  [[nodiscard]] ReadMarks marks() const;
  /// False: it was there already. `seq` beyond the last message means the last one.
  bool mark_read(Author reader, std::int64_t seq);
  /// False: nothing changed.
  bool set_place(std::int32_t place, std::int32_t estimate_s);
  [[nodiscard]] std::int32_t place() const;

  std::atomic<bool> erased{false};  ///< everything about it is gone, and nothing may come back; set by the writer
  std::atomic<bool> dirty{false};   ///< it is in the list of what must be written lazily

 private:
  mutable std::mutex mutex_;
  StatusPtr now_;
  Customer customer_;
  ReadMarks marks_;
  std::int32_t place_ = 0;
  std::int32_t estimate_s_ = 0;
  bool stored_;

  friend class ConversationTable;
  std::list<Conversation*>::iterator used_;  ///< guarded by the table
};

using ConversationPtr = std::shared_ptr<Conversation>;

}  // namespace qiao::inbox
