#pragma once

#include <cstddef>
#include <map>
#include <string>

namespace qiao::voice {

/// Which channel of an exchange belongs to which call. Bounded: an exchange that never ends its channels costs no more
/// than `kMost` of them.
class Legs {
 public:
  struct Leg {
    std::string call;
    std::string extension;  ///< an agent's phone; empty: the customer's side
    bool outbound = false;  ///< the call goes from the agent to the customer
  };

  /// Null when it is not known.
  [[nodiscard]] const Leg* find(const std::string& leg) const {
    const auto found = legs_.find(leg);
    return found == legs_.end() ? nullptr : &found->second;
  }
  [[nodiscard]] bool knows_call(const std::string& call) const { return counts_.contains(call); }
  [[nodiscard]] bool outbound(const std::string& call) const {
    const auto found = counts_.find(call);
    return found != counts_.end() && found->second.outbound;
  }

  void put(const std::string& leg, Leg what) {
    remove(leg);
    if (legs_.size() >= kMost) remove(std::string(legs_.begin()->first));
    auto& count = counts_[what.call];
    ++count.legs;
    if (what.outbound) count.outbound = true;
    legs_.emplace(leg, std::move(what));
  }
  /// True when it was the last one of its call.
  bool remove(const std::string& leg) {
    const auto found = legs_.find(leg);
    if (found == legs_.end()) return false;
    const auto count = counts_.find(found->second.call);
    legs_.erase(found);
    if (--count->second.legs > 0) return false;
    counts_.erase(count);
    return true;
  }
  /// The agent's phone that takes part in a call, other than `except`; empty when there is none.
  [[nodiscard]] std::string extension_in(const std::string& call, const std::string& except = {}) const {
    for (const auto& [id, leg] : legs_) {
      if (leg.call == call && !leg.extension.empty() && leg.extension != except) return leg.extension;
    }
    return {};
  }
  void clear() {
    legs_.clear();
    counts_.clear();
  }

 private:
  static constexpr std::size_t kMost = 20000;
  struct Count {
    std::size_t legs = 0;
    bool outbound = false;
  };
  std::map<std::string, Leg> legs_;
  std::map<std::string, Count> counts_;  // by call
};

}  // namespace qiao::voice
