#pragma once

#include <span>
#include <string>
#include <string_view>

#include "qiao/id.hpp"
#include "qiao/result.hpp"
#include "qiao/store.hpp"

namespace qiao {

/// Where a sealed value lies. It is bound to its place: copied to another row or column it does not open.
struct SealedPlace {
  std::string_view table;
  std::string_view column;
  std::int64_t row = 0;  ///< the row's id, or a hash of its key
};

/// Encryption of single fields in the database: AES-256-GCM with a key of the person whom the value is about, itself
/// wrapped by a data key of the hub, itself wrapped by the master key outside the database. Destroying a person's key
/// makes everything sealed for them unreadable, in backups too.
///
/// A sealed value is bytes (BLOB); a place that was written before encryption was on holds plain text and opens as it
/// is. Any thread; the session is the caller's, so that a new key is part of the same transaction.
class QIAO_API Vault {
 public:
  virtual ~Vault() = default;

  /// `subject` is the contact whom the value is about; the empty Id is the hub itself.
  virtual Result<std::string> seal(Session& session, Id subject, const SealedPlace& place, std::string_view plain) = 0;
  /// Errors: `vault.erased` (not_found: the key was destroyed), `vault.damaged`, `vault.wrong_place`.
  virtual Result<std::string> open(Session& session, const SealedPlace& place, std::string_view sealed) = 0;
  /// A keyed hash for exact search, 22 characters; the same for the same purpose and value only. Normalise first.
  [[nodiscard]] virtual std::string blind(std::string_view purpose, std::string_view value) const = 0;
  /// Destroys the keys of these people. Only for erasure.
  virtual Result<void> forget(Session& session, std::span<const Id> subjects) = 0;
};

}  // namespace qiao
