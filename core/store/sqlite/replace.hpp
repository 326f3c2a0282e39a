#pragma once

#include <filesystem>

#include "qiao/result.hpp"

namespace qiao::core::sqlite {

/// Puts a database file, which nobody has open, in the place of a folder's database. That one is kept beside it under
/// another name, which is returned (empty: there was none); at every instant there is a whole one. The caller holds the
/// folder's lock. Errors: `backup.failed`.
Result<std::filesystem::path> replace_database(const std::filesystem::path& fresh, const std::filesystem::path& folder);

}  // namespace qiao::core::sqlite
