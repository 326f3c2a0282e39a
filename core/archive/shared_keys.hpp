#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "core/archive/table_file.hpp"

namespace qiao::core {

/// The keys that open what is sealed in the backups of one folder: wrapped by the master key, which is in no backup.
/// They lie once beside all backups, in their newest state. A person who was erased has no key any more from the next
/// backup on, and what older backups hold of them stays unreadable.
class SharedKeys {
 public:
  /// Whether the rows of a table are kept here.
  [[nodiscard]] static bool has(std::string_view table) noexcept;

  /// Writes the keys of a source into a folder of backups, in the place of those that are there. Does nothing when the
  /// source has none. Errors: `backup.other_hub` when those that are there are another hub's.
  static Result<void> write(RowSource& source, const std::filesystem::path& backups);
  /// Errors: `backup.no_keys`, `backup.damaged`.
  static Result<SharedKeys> open(const std::filesystem::path& backups);

  [[nodiscard]] Result<Table> table(std::string_view name) const;
  Result<void> read(const Table& table, const TakeRow& take) const;
  Result<void> verify() const;

 private:
  explicit SharedKeys(std::filesystem::path folder) : folder_(std::move(folder)) {}
  std::filesystem::path folder_;
  std::vector<ArchivedTable> tables_;
};

}  // namespace qiao::core
