#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/archive/shared_keys.hpp"
#include "core/archive/table_file.hpp"
#include "qiao/time.hpp"

/// \file
/// A backup: a folder that holds one committed state of the store and the files that belong to it, in a form of its own
/// that every engine can write and take.
///
///     manifest.json      what is in it: tables, columns, numbers of rows, sums; files
///     tables/NAME.gz     the rows of a table
///     files/…            what plugins keep in the data folder's `instances/` (pictures that people sent)
///     SHA256SUMS         of everything else; `sha256sum -c SHA256SUMS` checks it without the hub
///
/// The keys of people are not in it but beside it, in `keys/`, once for all backups of a folder and as they are now:
/// when somebody is erased, the next backup takes their key out of the older ones too. See shared_keys.hpp.

namespace qiao::core {

struct ArchivedFile {
  std::string path;  ///< below `files/`
  std::int64_t bytes = 0;
  std::string sha256;
};
QIAO_FIELDS(ArchivedFile, path, bytes, sha256)

struct ArchiveManifest {
  std::int32_t format = 0;
  std::string hub;     ///< version of the hub that wrote it
  std::string engine;  ///< of the store that it was taken from
  Time taken_at;
  std::vector<ArchivedTable> tables;
  std::vector<ArchivedFile> files;
};
QIAO_FIELDS(ArchiveManifest, format, hub, engine, taken_at, tables, files)

struct BackupReport {
  std::filesystem::path folder;
  std::uint64_t bytes = 0;  ///< of the whole folder
  std::int64_t rows = 0;
  std::size_t files = 0;
  std::size_t files_linked = 0;  ///< of them, shared with the backup before
};

struct BackupOrder {
  std::filesystem::path target;    ///< a folder that is not there yet
  std::filesystem::path files;     ///< the data folder's `instances/`; may be missing
  std::filesystem::path previous;  ///< an older backup in the same file system, whose files are shared; may be empty
  std::string hub_version;
  Time now;
  std::function<bool()> give_up = {};  ///< asked between rows; true: stop and leave nothing behind
};

/// Writes a backup and reads it again. It appears under its name only when it is whole, synced and right (mode 0700);
/// what an interrupted one left, `NAME.part`, is replaced by the next. Errors: `backup.target_exists`, `backup.failed`,
/// `backup.interrupted`, and those of the store.
Result<BackupReport> write_archive(RowSource& source, const BackupOrder& order);

/// A backup that is there.
class Archive final : public RowSource {
 public:
  /// Reads the manifest and that of the keys. Errors: `backup.no_file`, `backup.no_keys`, `backup.damaged`,
  /// `backup.newer_format`.
  static Result<std::unique_ptr<Archive>> open(const std::filesystem::path& folder);

  [[nodiscard]] const ArchiveManifest& manifest() const noexcept { return manifest_; }
  [[nodiscard]] const std::vector<Table>& tables() const noexcept override { return tables_; }
  Result<void> read(const Table& table, const TakeRow& take) override;
  /// Reads everything: every file has its checksum, every table its rows.
  Result<void> verify();
  /// Copies the files into `instances`, those that are not there yet. Returns how many.
  Result<std::size_t> copy_files(const std::filesystem::path& instances) const;

 private:
  Archive(std::filesystem::path folder, ArchiveManifest manifest);
  Result<Table> shared(const std::string& name);

  const std::filesystem::path folder_;
  const ArchiveManifest manifest_;
  std::vector<Table> tables_;
  std::optional<SharedKeys> keys_;  ///< when some of the tables are there
};

}  // namespace qiao::core
