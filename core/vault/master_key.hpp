#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/vault/crypto.hpp"
#include "qiao/result.hpp"

namespace qiao::core {

/// A key-encryption key. It is never in the database; there its id stands beside what it wraps.
struct MasterKey {
  crypto::Key key;
  std::string id;  ///< 12 hexadecimal digits that follow from the key and tell nothing of it

  /// 64 hexadecimal digits, or base64 of 32 bytes. Errors: `vault.bad_key`, without the text.
  static Result<MasterKey> parse(std::string_view text);
};

/// Where the hub gets its master keys from.
struct MasterKeys {
  /// What new data keys are wrapped with; empty: `file`, made when neither it nor an encrypted database is there.
  std::optional<MasterKey> current;
  /// Keys of earlier times, whose data keys are wrapped anew at the next start.
  std::vector<MasterKey> previous;
  std::filesystem::path file;  ///< `<data>/keys/master.key`

  /// From the settings. Errors: `vault.bad_key` with the setting's name.
  static Result<MasterKeys> from(std::string_view current, const std::vector<std::string>& previous,
                                 std::filesystem::path file);
};

/// The key in a file. Errors: `vault.no_key` (there is no such file), `vault.bad_key`.
Result<MasterKey> read_master_key(const std::filesystem::path& file);
/// Makes the file, for this user only, and its folder; synced when it returns. Never over an existing one.
Result<MasterKey> make_master_key(const std::filesystem::path& file);

}  // namespace qiao::core
