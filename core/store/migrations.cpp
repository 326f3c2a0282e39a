#include "core/store/migrations.hpp"

#include <fmt/format.h>

#include <map>

namespace qiao::core {
namespace {

struct Applied {
  std::string name;
  std::string checksum;
};

/// FNV-1a over the released text, engine-specific text included.
std::string checksum_of(const Migration& step) {
  std::uint64_t hash = 0xcbf29ce484222325ull;
  for (const std::string_view part : {step.sql, std::string_view("\0", 1), step.mysql}) {
    for (const char c : part) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  }
  return fmt::format("{:016x}", hash);
}

Result<std::map<int, Applied>> read_applied(Session& session, const std::string& plugin) {
  std::map<int, Applied> applied;
  auto rows = session.query("SELECT version, name, checksum FROM qiao_migration WHERE plugin = ?", plugin);
  while (rows->next()) applied[static_cast<int>(rows->integer(0))] = {rows->str(1), rows->str(2)};
  if (auto status = rows->status(); !status) return status.error();
  return applied;
}

Result<void> check(const std::string& plugin, std::span<const Migration> steps, const std::map<int, Applied>& applied) {
  int expected = 1;
  for (const Migration& step : steps) {
    if (step.version != expected++) {
      return Error{
          Errc::internal, "store.migration_gap",
          fmt::format("plugin {}: migration \"{}\" has version {}, expected {}; versions count from 1 without gaps",
                      plugin, step.name, step.version, expected - 1)};
    }
    const auto found = applied.find(step.version);
    if (found != applied.end() && found->second.checksum != checksum_of(step)) {
      return Error{Errc::conflict, "store.migration_edited",
                   fmt::format("plugin {}: migration {} \"{}\" was edited after this database applied it; "
                               "restore its released text and put the change into a new version",
                               plugin, step.version, step.name)};
    }
  }
  if (!applied.empty() && applied.rbegin()->first > static_cast<int>(steps.size())) {
    return Error{Errc::conflict, "store.migration_newer",
                 fmt::format("plugin {}: the database is at version {} \"{}\", this plugin knows only up to {}; "
                             "install the newer plugin again, or restore a backup from before the upgrade",
                             plugin, applied.rbegin()->first, applied.rbegin()->second.name, steps.size())};
  }
  return {};
}

}  // namespace

Result<void> prepare_migrations(WriterSession& session) {
  return session.run_script(
      "CREATE TABLE IF NOT EXISTS qiao_migration ("
      "plugin VARCHAR(100) NOT NULL, version INT NOT NULL, name VARCHAR(200) NOT NULL, checksum VARCHAR(16) NOT NULL, "
      "applied_at BIGINT NOT NULL, PRIMARY KEY (plugin, version))");
}

Result<void> apply_migrations(WriterSession& session, const StoreBackend& backend, const std::string& plugin,
                              std::span<const Migration> steps, Time now) {
  const auto applied = read_applied(session, plugin);
  if (!applied) return applied.error();
  if (auto fine = check(plugin, steps, *applied); !fine) return fine;
  for (const Migration& step : steps) {
    if (applied->contains(step.version)) continue;
    if (auto done = session.run_script(backend.migration_sql(step)); !done) {
      Error error = done.error();
      error.message = fmt::format("plugin {}: migration {} \"{}\" failed and was undone: {}", plugin, step.version,
                                  step.name, error.message);
      return error;
    }
    auto noted =
        session.run("INSERT INTO qiao_migration (plugin, version, name, checksum, applied_at) VALUES (?, ?, ?, ?, ?)",
                    plugin, step.version, step.name, checksum_of(step), now);
    if (!noted) return noted.error();
  }
  return {};
}

}  // namespace qiao::core
