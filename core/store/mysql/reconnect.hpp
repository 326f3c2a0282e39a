#pragma once

#include <chrono>
#include <optional>

#include "core/store/mysql/connection.hpp"

namespace qiao::core::mysql {

/// A connection that is opened again when it was lost, soon at first and then less often, so that a server that comes
/// back is not met by a crowd. One thread at a time.
class Reconnecting {
 public:
  Reconnecting(const Settings& settings, Role role) : settings_(settings), role_(role) {}

  /// Connects when there is no connection; within the back-off it fails with the last attempt's error.
  Result<void> ensure();
  /// Between transactions: forgets a connection that cannot be used any more.
  void drop_if_lost() noexcept {
    if (connection_ && connection_->lost()) connection_.reset();
  }
  void drop() noexcept { connection_.reset(); }
  [[nodiscard]] Connection* get() const noexcept { return connection_.get(); }
  [[nodiscard]] Connection* operator->() const noexcept { return connection_.get(); }
  [[nodiscard]] Troubles& troubles() noexcept { return troubles_; }
  [[nodiscard]] const Troubles& troubles() const noexcept { return troubles_; }

 private:
  const Settings& settings_;
  const Role role_;
  Troubles troubles_;  // before the connection, which refers to it
  std::unique_ptr<Connection> connection_;
  std::optional<Error> last_failure_;
  std::chrono::steady_clock::time_point next_attempt_{};
  std::chrono::milliseconds wait_{0};
};

}  // namespace qiao::core::mysql
