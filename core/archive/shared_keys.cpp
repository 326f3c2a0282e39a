#include "core/archive/shared_keys.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <system_error>

#include "core/archive/files.hpp"
#include "core/archive/row_file.hpp"
#include "qiao/json.hpp"

namespace qiao::core {

namespace fs = std::filesystem;

struct KeysManifest {
  std::int32_t format = 1;
  std::vector<ArchivedTable> tables;
};
QIAO_FIELDS(KeysManifest, format, tables)

namespace {

constexpr std::string_view kTables[] = {"hub_data_key", "hub_subject_key"};
// Has one row that never changes, so two states of one hub always have an id in common.
constexpr std::string_view kIdentifying = "hub_data_key";
constexpr const char* kManifest = "manifest.json";

Result<void> add_ids(const Table& table, const std::function<Result<void>(const TakeRow&)>& rows,
                     std::set<std::int64_t>& ids) {
  const auto column =
      std::find_if(table.columns.begin(), table.columns.end(), [](const Column& c) { return c.name == "id"; });
  if (column == table.columns.end()) return {};
  const auto index = static_cast<std::size_t>(column - table.columns.begin());
  return rows([&](const Row& row) -> Result<void> {
    ids.insert(row[index].integer);
    return {};
  });
}

Result<void> check_owner(RowSource& source, const Table& table, const fs::path& backups) {
  auto there = SharedKeys::open(backups);
  if (!there) return there.error().id == "backup.no_keys" ? Result<void>() : Result<void>(there.error());
  auto old_table = there->table(kIdentifying);
  if (!old_table) return {};
  std::set<std::int64_t> old_ids;
  std::set<std::int64_t> new_ids;
  auto read = add_ids(
      *old_table, [&](const TakeRow& take) { return there->read(*old_table, take); }, old_ids);
  if (read)
    read = add_ids(
        table, [&](const TakeRow& take) { return source.read(table, take); }, new_ids);
  if (!read) return read;
  const bool same = old_ids.empty() ||
                    std::any_of(old_ids.begin(), old_ids.end(), [&](std::int64_t id) { return new_ids.contains(id); });
  if (same) return {};
  return Error{
      Errc::conflict, "backup.other_hub",
      fmt::format("{} holds the keys of another hub's backups; give each hub a folder of its own", backups.string())};
}

}  // namespace

bool SharedKeys::has(std::string_view table) noexcept {
  return std::find(std::begin(kTables), std::end(kTables), table) != std::end(kTables);
}

Result<void> SharedKeys::write(RowSource& source, const fs::path& backups) {
  const fs::path part = backups / "keys.part";
  std::error_code error;
  fs::remove_all(part, error);
  KeysManifest manifest;
  for (const Table& table : source.tables()) {
    if (!has(table.name)) continue;
    if (table.name == kIdentifying) {
      if (auto own = check_owner(source, table, backups); !own) return own;
    }
    if (auto made = files::make_folders(part); !made) return made;
    auto written = write_table_file(source, table, part / (table.name + ".gz"), {});
    if (!written) return written.error();
    manifest.tables.push_back(std::move(*written));
  }
  if (manifest.tables.empty()) return {};
  if (auto done = files::write(part / kManifest, to_json(manifest)); !done) return done;
  if (auto done = files::sync(part); !done) return done;
  const fs::path keys = backups / "keys";
  const fs::path old = backups / "keys.old";
  // `open` looks for both, so there is always one of them.
  if (fs::exists(keys, error)) {
    fs::remove_all(old, error);
    if (auto moved = files::rename(keys, old); !moved) return moved;
  }
  if (auto moved = files::rename(part, keys); !moved) return moved;
  fs::remove_all(old, error);
  return {};
}

Result<SharedKeys> SharedKeys::open(const fs::path& backups) {
  std::error_code error;
  for (const char* name : {"keys", "keys.old"}) {
    const fs::path folder = backups / name;
    if (!fs::exists(folder / kManifest, error)) continue;
    auto text = files::read(folder / kManifest);
    if (!text) return text.error();
    auto manifest = from_json<KeysManifest>(*text);
    if (!manifest) return damaged_backup(folder / kManifest, manifest.error().message);
    SharedKeys keys(folder);
    keys.tables_ = std::move(manifest->tables);
    return keys;
  }
  return Error{
      Errc::not_found, "backup.no_keys",
      fmt::format("{} has no folder keys: without it nobody can read what is sealed in the backup; copy it from "
                  "where the backup was made",
                  backups.string())};
}

Result<Table> SharedKeys::table(std::string_view name) const {
  for (const ArchivedTable& about : tables_) {
    if (about.name != name) continue;
    auto table = table_of(about);
    if (!table) return damaged_backup(folder_, table.error().message);
    return table;
  }
  return damaged_backup(folder_, fmt::format("the table {} is missing", name));
}

Result<void> SharedKeys::read(const Table& table, const TakeRow& take) const {
  return read_row_file(folder_ / (table.name + ".gz"), table, take);
}

Result<void> SharedKeys::verify() const {
  for (const ArchivedTable& about : tables_) {
    auto known = table(about.name);
    if (!known) return known.error();
    if (auto right = verify_table_file(folder_ / (about.name + ".gz"), *known, about); !right) return right;
  }
  return {};
}

}  // namespace qiao::core
