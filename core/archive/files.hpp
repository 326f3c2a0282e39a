#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "qiao/result.hpp"

/// \file
/// Files that must be whole: written, synced, hashed. Errors are `backup.failed` with a sentence that names the file.

namespace qiao::core::files {

[[nodiscard]] Error failed(const std::filesystem::path& path, std::string_view what, int code);
/// Of a file or a folder: a renamed file stays renamed after a power cut only once its folder is synced.
Result<void> sync(const std::filesystem::path& path);
/// Every folder below and `path` itself.
Result<void> sync_folders(const std::filesystem::path& path);
Result<void> make_folders(const std::filesystem::path& path);
/// Writes a file of its owner only, synced.
Result<void> write(const std::filesystem::path& path, std::string_view bytes);
Result<std::string> read(const std::filesystem::path& path);
/// Hexadecimal.
Result<std::string> sha256(const std::filesystem::path& path);
struct Copied {
  std::uint64_t bytes = 0;
  std::string sha256;
};
/// A synced copy with the same time of its last change. Errc::not_found: the source is not there (any more).
Result<Copied> copy(const std::filesystem::path& from, const std::filesystem::path& to);
Result<void> rename(const std::filesystem::path& from, const std::filesystem::path& to);

}  // namespace qiao::core::files
