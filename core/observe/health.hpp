#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "qiao/health.hpp"
#include "qiao/time.hpp"

namespace qiao::core {

[[nodiscard]] std::string_view to_string(Health::State state) noexcept;

/// What every instance and part of the kernel last said about itself. Any thread.
class HealthBoard {
 public:
  struct Entry {
    std::string instance;
    Health::State state = Health::State::ok;
    std::string reason;  ///< empty when ok
    Time since;          ///< of the last change of state
  };
  /// Told about every change of state or reason, by the thread that reported it, one at a time, in order.
  using Listener = std::function<void(const Entry& now, Health::State before)>;

  explicit HealthBoard(const Clock& clock = system_clock(), Listener listener = {});
  ~HealthBoard();

  /// The same object for the same name; lives as long as the board. Starts as ok.
  Health& for_instance(const std::string& instance);
  /// Takes an instance that ended off the board; its Health stays usable and comes back with the next report.
  void forget(const std::string& instance);

  [[nodiscard]] std::vector<Entry> snapshot() const;
  /// The worst state on the board.
  [[nodiscard]] Health::State overall() const;

 private:
  class InstanceHealth;
  void report(const std::string& instance, Health::State state, std::string reason);

  const Clock& clock_;
  const Listener listener_;
  std::mutex telling_;  // held while the listener runs; taken before mutex_
  mutable std::mutex mutex_;
  std::map<std::string, Entry> entries_;
  std::map<std::string, std::unique_ptr<InstanceHealth>> handles_;
};

}  // namespace qiao::core
