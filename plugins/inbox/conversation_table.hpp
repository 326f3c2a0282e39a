#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "plugins/inbox/conversation.hpp"
#include "qiao/bus.hpp"
#include "qiao/store.hpp"

namespace qiao::inbox {

class Records;

/// A customer as a channel names them, and what is needed to open a conversation with them.
struct Caller {
  std::string channel;
  std::string user;
  std::string name;
  std::string site;
  std::string language;
  std::string text;  ///< for the language when none is given
};

/// The conversations that are in memory: the ones in use, and beside them the most recently used up to a limit.
///
/// Any thread. One mutex guards the maps and the order of use; it is held for look-ups only, never across the database,
/// the bus or a callback. A conversation that a write, a queue or a lazy update still holds is never forgotten, so that
/// there is one object for each conversation as long as anything happens to it.
class ConversationTable {
 public:
  using Found = std::function<void(Result<ConversationPtr>)>;

  ConversationTable(Database& store, Bus& bus, const Clock& clock, const Records& records, std::size_t capacity,
                    Duration reopen_within);

  [[nodiscard]] const Records& records() const noexcept { return records_; }
  /// In memory, or null.
  [[nodiscard]] ConversationPtr cached(Id id);
  /// In memory whatever happens to it, without counting as a use.
  [[nodiscard]] ConversationPtr peek(Id id);
  /// The conversation in which the next message of a caller belongs, when that is known without the database. A
  /// conversation that was resolved too long ago is followed by a new one.
  [[nodiscard]] ConversationPtr cached(const std::string& channel, const std::string& user);

  /// Later, from the database, on a blocking lane; `not_found` when there is none. One read serves all who ask
  /// meanwhile.
  void load(Id id, Found found);
  /// The same for a caller; who is not known gets a new contact with a new conversation.
  void load(Caller caller, Found found);
  /// From memory or on this thread; `not_found` when there is none.
  [[nodiscard]] Result<ConversationPtr> fetch(Id id);
  /// The newest stored conversation of a caller when it is in memory, or null.
  [[nodiscard]] ConversationPtr newest(const std::string& channel, const std::string& user);
  /// The same from the database, or null when there is none; on this thread.
  [[nodiscard]] Result<ConversationPtr> fetch_newest(const std::string& channel, const std::string& user);

  /// Drops what memory says about a caller, after the database said otherwise.
  void forget(const Conversation& conversation);
  /// A contact's conversations that are in memory.
  [[nodiscard]] std::vector<ConversationPtr> of_contact(Id contact);
  [[nodiscard]] std::vector<ConversationPtr> of_identity(const contract::Identity& identity);
  /// Contacts changed in the database: what was being read while they did is read again. Before memory follows.
  void contacts_moved() { ++moves_; }
  [[nodiscard]] std::vector<ConversationPtr> all();
  [[nodiscard]] std::size_t size() const;
  void set_reopen_within(Duration duration);

 private:
  struct CallerKey {
    std::string channel;
    std::string user;
  };
  /// The same, looked for without a copy.
  struct CallerName {
    std::string_view channel;
    std::string_view user;
    CallerName(std::string_view c, std::string_view u) : channel(c), user(u) {}
    CallerName(const CallerKey& key) : channel(key.channel), user(key.user) {}  // NOLINT: the same in other clothes
    bool operator==(const CallerName&) const = default;
  };
  struct CallerHash {
    using is_transparent = void;
    std::size_t operator()(const CallerName& key) const noexcept {
      return std::hash<std::string_view>{}(key.user) * 31 + std::hash<std::string_view>{}(key.channel);
    }
  };
  struct CallerEqual {
    using is_transparent = void;
    bool operator()(const CallerName& a, const CallerName& b) const noexcept { return a == b; }
  };
  template <class T>
  using ByCaller = std::unordered_map<CallerKey, T, CallerHash, CallerEqual>;

  void run_load(Id id);
  void run_load(const CallerKey& key);
  [[nodiscard]] Result<ConversationPtr> read_caller(const Caller& caller);
  ConversationPtr insert(ConversationPtr conversation, bool newest);
  ConversationPtr insert_locked(ConversationPtr conversation, bool newest);
  void use_locked(Conversation& conversation);
  void trim_locked();
  [[nodiscard]] bool over_locked(const Conversation& conversation) const;
  [[nodiscard]] ConversationPtr begin_another_locked(const Conversation& before);

  Database& store_;
  Bus& bus_;
  const Clock& clock_;
  const Records& records_;
  const std::size_t capacity_;
  std::atomic<std::uint64_t> moves_{0};

  mutable std::mutex mutex_;
  Duration reopen_within_;
  std::unordered_map<Id, ConversationPtr> by_id_;
  ByCaller<ConversationPtr> by_caller_;  ///< the newest conversation of each
  std::list<Conversation*> order_;       ///< least recently used first
  std::unordered_map<Id, std::vector<Found>> loading_;
  struct LoadingCaller {
    Caller caller;
    std::vector<Found> waiting;
  };
  ByCaller<LoadingCaller> loading_callers_;
};

}  // namespace qiao::inbox
