#include "core/store/migrations.hpp"

#include <fmt/format.h>

#include <map>
#include <set>

namespace qiao::core {
namespace {

constexpr Migration kOwn[] = {{1, "how tables are made",
                               "CREATE TABLE qiao_migration_text (plugin VARCHAR(100) NOT NULL, version INT NOT NULL, "
                               "sql_text TEXT NOT NULL, mysql_text TEXT NOT NULL, PRIMARY KEY (plugin, version))"}};

struct Applied {
  std::string name;
  std::string checksum;
};

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

std::span<const Migration> own_steps() { return kOwn; }

Result<void> keep_texts(Session& session, const std::string& plugin, std::span<const Migration> steps) {
  std::set<std::int64_t> kept;
  auto rows = session.query("SELECT version FROM qiao_migration_text WHERE plugin = ?", plugin);
  while (rows->next()) kept.insert(rows->integer(0));
  if (auto status = rows->status(); !status) return status;
  rows.reset();
  for (const Migration& step : steps) {
    if (kept.contains(step.version)) continue;
    auto added =
        session.run("INSERT INTO qiao_migration_text (plugin, version, sql_text, mysql_text) VALUES (?, ?, ?, ?)",
                    plugin, step.version, step.sql, step.mysql);
    if (!added && added.error().code != Errc::conflict) return added.error();
  }
  return {};
}

Result<void> prepare_migrations(WriterSession& session) {
  return session.run_script(
      "CREATE TABLE IF NOT EXISTS qiao_migration ("
      "plugin VARCHAR(100) NOT NULL, version INT NOT NULL, name VARCHAR(200) NOT NULL, checksum VARCHAR(16) NOT NULL, "
      "applied_at BIGINT NOT NULL, PRIMARY KEY (plugin, version))");
}

Result<void> apply_migrations(Session& session, const RunStep& run, std::string_view left_over,
                              const std::string& plugin, std::span<const Migration> steps, Time now) {
  const auto applied = read_applied(session, plugin);
  if (!applied) return applied.error();
  if (auto fine = check(plugin, steps, *applied); !fine) return fine;
  for (const Migration& step : steps) {
    if (applied->contains(step.version)) continue;
    if (auto done = run(step); !done) {
      Error error = done.error();
      error.message = fmt::format("plugin {}: migration {} \"{}\" failed and {}: {}", plugin, step.version, step.name,
                                  left_over, error.message);
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
