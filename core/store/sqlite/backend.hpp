#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "core/store/backend.hpp"

namespace qiao::core::sqlite {

inline constexpr std::string_view kDatabaseName = "qiao.db";
inline constexpr std::int64_t kApplicationId = 0x5169616F;  // "Qiao"
inline constexpr std::int64_t kFormat = 1;                  // of the store itself; plugins count theirs by migrations

struct BackendSettings {
  std::filesystem::path folder;
  std::int64_t max_pages = 0;  ///< 0 sets no limit
  std::string vfs;             ///< of SQLite; empty: the system's
};

/// Opens the database in a folder, creating both when they are not there (mode 0600 and 0700). The caller holds the
/// folder's lock. Fails with a sentence on files of something else and on files of a newer hub.
Result<std::unique_ptr<StoreBackend>> open_backend(const BackendSettings& settings);

/// Whether a file is a database that this version can use. An empty file is.
Result<void> check_format(class Connection& connection, const std::filesystem::path& file);

}  // namespace qiao::core::sqlite
