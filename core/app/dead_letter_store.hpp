#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "core/bus/dead_letters.hpp"
#include "core/store/store.hpp"
#include "qiao/vault.hpp"

namespace qiao::core {

/// Keeps dead letters in the database, so that they outlive the process and can be looked at without it. The newest
/// kMost are kept; what they say is encrypted. Any thread.
class DeadLetterStore final : public DeadLetterSink {
 public:
  static constexpr std::int64_t kMost = 10'000;

  struct Kept {
    Id key;  ///< of this letter; one message may have several, from several instances
    DeadLetter letter;
  };

  /// `vault` and `log` outlive this object. Call `open` before anything else.
  DeadLetterStore(std::unique_ptr<InstanceStore> database, Vault& vault, Logger& log);
  Result<void> open();

  /// Stores it in the background; what cannot be stored is logged.
  void add(DeadLetter letter) noexcept override;
  /// Oldest first, at most `most`. Waits for what is on its way.
  Result<std::vector<Kept>> list(std::size_t most = kMost);
  Result<Kept> find(Id key);
  /// How many of the letters were there.
  Result<std::int64_t> drop(const std::vector<Id>& keys);
  /// Removes older ones in the background.
  void drop_before(Time at);
  [[nodiscard]] std::int64_t count() const noexcept { return count_.load(std::memory_order_relaxed); }

 private:
  Result<Kept> read(Session& session, const Rows& row);

  const std::unique_ptr<InstanceStore> database_;
  Vault& vault_;
  Logger& log_;
  std::atomic<std::int64_t> count_{0};
};

}  // namespace qiao::core
