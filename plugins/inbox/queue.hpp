#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "qiao/contract/routing.hpp"
#include "qiao/id.hpp"
#include "qiao/time.hpp"

namespace qiao::inbox {

/// Who waits for which group, in which order: by rank, then by the time of queueing. Pure; not for several threads.
class QueueBoard {
 public:
  struct Ticket {
    std::int32_t rank = 0;
    Time queued_at;
    Id conversation;
    auto operator<=>(const Ticket&) const = default;
  };

  /// Puts a conversation into a queue, or moves it there.
  void put(const std::string& group, const Ticket& ticket);
  /// False: it was in no queue.
  bool remove(Id conversation);
  [[nodiscard]] bool has(Id conversation) const { return where_.contains(conversation); }
  [[nodiscard]] std::size_t size() const noexcept { return where_.size(); }
  [[nodiscard]] std::vector<std::string> groups() const;
  /// The conversations of a group from `from` on (0 is the head), at most `count`.
  [[nodiscard]] std::vector<Id> line(const std::string& group, std::size_t from, std::size_t count) const;
  /// How many would be before this ticket in a group, not counting itself.
  [[nodiscard]] std::int32_t ahead_of(const std::string& group, const Ticket& ticket) const;

  /// A conversation whose place is not what was told last.
  struct Move {
    Id conversation;
    std::int32_t place = 0;
    std::int32_t estimate_s = 0;
  };
  /// The places that are worth telling since the last call: near the head every step, further back steps of a tenth, so
  /// that a long queue does not tell thousands of people each second.
  std::vector<Move> moves();
  /// How long one place takes in a group, from the latest estimate of the routing.
  void learn_pace(const std::string& group, std::int32_t place, std::int32_t estimate_s);
  [[nodiscard]] std::int32_t estimate(const std::string& group, std::int32_t place) const;

 private:
  struct Line {
    std::set<Ticket> waiting;
    double seconds_a_place = 0;
    bool changed = false;
  };
  struct Where {
    std::string group;
    Ticket ticket;
    std::int32_t told = 0;
  };
  std::map<std::string, Line> lines_;
  std::unordered_map<Id, Where> where_;
};

/// How many open conversations each agent has, with those that are on their way to them. Pure; not for several threads.
class AgentLoads {
 public:
  /// An open conversation is with `agent`; no agent: it is open no more.
  void set(Id conversation, Id agent);
  /// Everything that is open and with whom, at once; reservations stay.
  void replace(const std::vector<std::pair<Id, Id>>& served);
  /// Counts until `set` of the same conversation, or `release`.
  void reserve(Id conversation, Id agent);
  void release(Id conversation);
  [[nodiscard]] std::vector<contract::AgentLoad> all() const;
  [[nodiscard]] std::int32_t of(Id agent) const;

 private:
  void count(Id agent, std::int32_t by);
  std::unordered_map<Id, Id> with_;
  std::unordered_map<Id, Id> reserved_;
  std::map<Id, std::int32_t> open_;
};

}  // namespace qiao::inbox
