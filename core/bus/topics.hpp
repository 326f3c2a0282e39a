#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "core/bus/instance.hpp"
#include "core/bus/wiring.hpp"

namespace qiao::core::bus {

/// Who gets a message, sorted by how: a publisher walks both lists for every message.
struct Targets {
  std::vector<const Target*> queued;
  std::vector<const Target*> direct;
  void add(const Target* target);
};

/// Who gets messages of one type.
struct Topic {
  std::uint64_t id = 0;
  std::string_view name;
  std::vector<const Target*> subscribers;  ///< every one, as replay needs them
  Targets usual;                           ///< of a publisher without a route of its own
  struct Routed {
    const char* source;  ///< the interned name's address
    Targets targets;
  };
  std::vector<Routed> routed;
  const Target* server = nullptr;      ///< who answers when nobody is named
  std::vector<const Target*> servers;  ///< in order of activation

  [[nodiscard]] const Targets& targets_for(std::string_view source) const noexcept {
    for (const Routed& r : routed) {
      if (r.source == source.data()) return r.targets;
    }
    return usual;
  }
  /// Null: nobody, or not that instance.
  [[nodiscard]] const Target* server_named(std::string_view instance) const noexcept;
};

/// All topics at one moment; never changed once built. Readers find it without a lock (see ReadSection).
class TopicTable {
 public:
  using Intern = std::function<std::string_view(std::string_view)>;
  TopicTable(const std::vector<Instance*>& visible, const Wiring& wiring, const Intern& intern);
  [[nodiscard]] const Topic* find(std::uint64_t id) const noexcept {
    for (std::size_t i = id & mask_;; i = (i + 1) & mask_) {
      const Topic* topic = slots_[i];
      if (topic == nullptr || topic->id == id) return topic;
    }
  }

 private:
  std::vector<std::unique_ptr<Topic>> topics_;
  std::vector<const Topic*> slots_;  // open addressing, at most half full
  std::size_t mask_ = 0;
};

}  // namespace qiao::core::bus
