#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "core/archive/table.hpp"

namespace qiao::core {

/// Writes the rows of one table into a compressed file.
class RowFileWriter {
 public:
  static Result<std::unique_ptr<RowFileWriter>> create(const std::filesystem::path& path);
  ~RowFileWriter();
  RowFileWriter(const RowFileWriter&) = delete;
  RowFileWriter& operator=(const RowFileWriter&) = delete;

  Result<void> add(const Table& table, const Row& row);
  /// The file is whole and synced.
  Result<void> finish();

 private:
  struct Stream;
  RowFileWriter(std::filesystem::path path, std::unique_ptr<Stream> stream);
  Result<void> flush();
  const std::filesystem::path path_;
  const std::unique_ptr<Stream> stream_;
  std::string buffer_;
};

/// Gives the rows of such a file to `take`. Errors: `backup.damaged`.
Result<void> read_row_file(const std::filesystem::path& path, const Table& table, const TakeRow& take);

}  // namespace qiao::core
