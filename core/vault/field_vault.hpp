#pragma once

#include <map>
#include <memory>
#include <shared_mutex>
#include <string>

#include "core/vault/data_keys.hpp"
#include "core/vault/subject_keys.hpp"
#include "qiao/log.hpp"
#include "qiao/vault.hpp"

namespace qiao::core {

/// What `qiao key status` tells.
struct VaultStatus {
  std::string master;
  bool master_in_data_folder = false;
  std::vector<DataKeyInfo> data_keys;       ///< oldest first
  [[nodiscard]] std::int64_t left() const;  ///< keys of people that an older data key still wraps
};

/// The hub's vault. A sealed value is
///
///     FE 01 | place 4 | key id 8 | nonce 12 | ciphertext | tag 16
///
/// where `place` is a hash of table, column and row (to tell a moved value from a damaged one) and the tag also covers
/// table, column, row and key id. No UTF-8 text begins with FE, so what is not sealed is told apart. An empty text
/// stays empty.
class FieldVault final : public Vault {
 public:
  struct Settings {
    MasterKeys masters;
    SubjectKeys::Settings keys;
    Duration rotate_every = std::chrono::hours(90 * 24);
  };
  /// `database` is the hub's own instance of the store; it and `log` outlive the vault. Errors as of DataKeys::open.
  static Result<std::unique_ptr<FieldVault>> open(std::unique_ptr<InstanceStore> database, Settings settings,
                                                  Logger& log, const Clock& clock);

  Result<std::string> seal(Session& session, Id subject, const SealedPlace& place, std::string_view plain) override;
  Result<std::string> open(Session& session, const SealedPlace& place, std::string_view sealed) override;
  [[nodiscard]] std::string blind(std::string_view purpose, std::string_view value) const override;
  Result<void> forget(Session& session, std::span<const Id> subjects) override;

  [[nodiscard]] static bool is_sealed(std::string_view bytes) noexcept;
  /// A keyed hash in full, for the kernel's own use.
  [[nodiscard]] crypto::Digest mac(std::string_view purpose, std::string_view value) const;

  /// A new data key, in use at once; what older ones wrap is wrapped anew by `work`. Waits.
  Result<Id> rotate();
  /// One step of what has to be done in the background: reads what other nodes changed, rotates when it is time, wraps
  /// a batch of keys anew, drops data keys without use. True: there is more to do. Waits.
  Result<bool> work(std::size_t batch = 500);
  Result<VaultStatus> status();
  [[nodiscard]] const DataKeys& data_keys() const noexcept { return *data_keys_; }

 private:
  FieldVault(std::unique_ptr<InstanceStore> database, Duration rotate_every, Logger& log, const Clock& clock);
  [[nodiscard]] const crypto::Hmac& hmac(std::string_view purpose) const;

  const std::unique_ptr<InstanceStore> database_;
  const Duration rotate_every_;
  Logger& log_;
  const Clock& clock_;
  std::unique_ptr<DataKeys> data_keys_;
  std::unique_ptr<SubjectKeys> subject_keys_;

  mutable std::shared_mutex mutex_;
  mutable std::map<std::string, crypto::Hmac, std::less<>> hmacs_;  ///< by purpose; entries stay
};

}  // namespace qiao::core
