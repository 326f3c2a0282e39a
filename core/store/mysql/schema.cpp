#include "core/store/mysql/schema.hpp"

#include <fmt/format.h>

#include "core/store/migrations.hpp"
#include "core/store/mysql/script.hpp"

namespace qiao::core::mysql {
namespace {

constexpr std::int64_t kFormat = 1;  // of the store itself; plugins count theirs by migrations
constexpr int kLockSeconds = 120;

constexpr std::string_view kOwnTables =
    "CREATE TABLE IF NOT EXISTS qiao_store (name VARCHAR(40) NOT NULL PRIMARY KEY, value BIGINT NOT NULL);"
    "CREATE TABLE IF NOT EXISTS qiao_migration ("
    "plugin VARCHAR(100) NOT NULL, version INT NOT NULL, name VARCHAR(200) NOT NULL, checksum VARCHAR(16) NOT NULL, "
    "applied_at BIGINT NOT NULL, PRIMARY KEY (plugin, version));"
    "CREATE TABLE IF NOT EXISTS qiao_migration_step ("
    "plugin VARCHAR(100) NOT NULL, version INT NOT NULL, checksum VARCHAR(16) NOT NULL, done INT NOT NULL, "
    "PRIMARY KEY (plugin, version));"
    "CREATE TABLE IF NOT EXISTS qiao_commit ("
    "writer BIGINT NOT NULL PRIMARY KEY, group_no BIGINT NOT NULL, marked_at BIGINT NOT NULL)";

/// What the server says when a change of tables has been made before.
bool made_before(int code) {
  return code == 1050 || code == 1051 || code == 1060 || code == 1061 || code == 1091 || code == 1826;
}

}  // namespace

Result<std::unique_ptr<SchemaSession>> MysqlSchema::open(const Settings& settings) {
  std::unique_ptr<MysqlSchema> schema(new MysqlSchema);
  auto connection = Connection::open(settings, Role::schema, schema->troubles_);
  if (!connection) return connection.error();
  schema->connection_ = std::move(*connection);
  if (auto locked = schema->take_lock(settings); !locked) return locked.error();
  if (auto ours = schema->check_owner(settings); !ours) return ours.error();
  return std::unique_ptr<SchemaSession>(std::move(schema));
}

Result<void> MysqlSchema::take_lock(const Settings& settings) {
  // The server's locks are named for the whole server, and let go when the connection ends.
  const std::string name = fmt::format("qiao.{}", settings.database).substr(0, 64);
  const SqlArg args[] = {name, kLockSeconds};
  auto rows = connection_->select_own("SELECT GET_LOCK(?, ?)", args);
  const bool got = rows->next() && rows->integer(0) == 1;
  if (auto status = rows->status(); !status) return status;
  if (got) return {};
  return Error{Errc::overloaded, "store.locked",
               fmt::format("another hub is migrating the database {} for longer than {} s; start again when it is done",
                           settings.database, kLockSeconds)};
}

Result<void> MysqlSchema::check_owner(const Settings& settings) {
  std::int64_t tables = 0;
  bool ours = false;
  {
    auto rows = connection_->select_own(
        "SELECT COUNT(*), COALESCE(SUM(table_name = 'qiao_store'), 0) FROM information_schema.tables "
        "WHERE table_schema = DATABASE()",
        {});
    if (rows->next()) {
      tables = rows->integer(0);
      ours = rows->integer(1) != 0;
    }
    if (auto status = rows->status(); !status) return status;
  }
  if (!ours && tables > 0) {
    return Error{
        Errc::bad_value, "store.foreign_file",
        fmt::format("the database {} holds tables of another program; give the hub one of its own", settings.database)};
  }
  std::int64_t format = 0;
  if (ours) {
    auto rows = connection_->select_own("SELECT value FROM qiao_store WHERE name = 'format'", {});
    if (rows->next()) format = rows->integer(0);
    if (auto status = rows->status(); !status) return status;
  }
  if (format > kFormat) {
    return Error{Errc::unsupported, "store.newer_file",
                 fmt::format("the database {} was written by a newer hub (format {}, this one knows {}); start the "
                             "newer version, or restore a backup from before the upgrade",
                             settings.database, format, kFormat)};
  }
  if (format == kFormat) return {};
  return make_own_tables();
}

Result<void> MysqlSchema::make_own_tables() {
  const auto script = script_of({1, "the store's own", kOwnTables});
  if (!script) return script.error();
  for (const ScriptStatement& one : *script) {
    if (auto done = connection_->exec(one.sql); !done) return done;
  }
  // Last, so that an interrupted start makes what is missing.
  const SqlArg args[] = {kFormat};
  if (auto set = connection_->execute_own("REPLACE INTO qiao_store (name, value) VALUES ('format', ?)", args); !set)
    return set.error();
  return {};
}

Result<MysqlSchema::Progress> MysqlSchema::progress_of(const std::string& plugin, const Migration& step) {
  const std::string checksum = checksum_of(step);
  {
    auto rows =
        query("SELECT done, checksum FROM qiao_migration_step WHERE plugin = ? AND version = ?", plugin, step.version);
    if (rows->next()) {
      if (rows->text(1) == checksum) return Progress{static_cast<std::size_t>(rows->integer(0)), true};
      return Error{Errc::conflict, "store.migration_edited",
                   fmt::format("{} of its statements were run before, and then its text was edited; restore that text, "
                               "or the database from a backup of before",
                               rows->integer(0))};
    }
    if (auto status = rows->status(); !status) return status.error();
  }
  if (auto added = run("INSERT INTO qiao_migration_step (plugin, version, checksum, done) VALUES (?, ?, ?, 0)", plugin,
                       step.version, checksum);
      !added)
    return added.error();
  return Progress{};
}

Result<void> MysqlSchema::note(const std::string& plugin, int version, std::size_t done) {
  auto noted = run("UPDATE qiao_migration_step SET done = ? WHERE plugin = ? AND version = ?", done, plugin, version);
  if (!noted) return noted.error();
  return {};
}

Result<void> MysqlSchema::run_noted(const std::string& sql, const std::string& plugin, int version, std::size_t done) {
  if (auto begun = connection_->exec("START TRANSACTION"); !begun) return begun;
  Result<void> result;
  if (auto ran = connection_->execute_own(sql, {}); !ran) result = ran.error();
  if (result) result = note(plugin, version, done);
  if (result) return connection_->exec("COMMIT");
  const auto undone = connection_->exec("ROLLBACK");
  static_cast<void>(undone);  // the first error is the one to tell
  return result;
}

Result<void> MysqlSchema::apply(const std::string& plugin, const Migration& step) {
  const auto script = script_of(step);
  if (!script) return script.error();
  const auto before = progress_of(plugin, step);
  if (!before) return before.error();
  for (std::size_t i = before->done; i < script->size(); ++i) {
    const ScriptStatement& one = (*script)[i];
    Result<void> done;
    if (!one.changes_tables) {
      done = run_noted(one.sql, plugin, step.version, i + 1);
    } else {
      done = connection_->exec(one.sql);
      // Only the first of a resumed step can have been made without having been noted.
      if (!done && before->resumed && i == before->done && made_before(connection_->last_code())) done = {};
      if (done) done = note(plugin, step.version, i + 1);
    }
    if (!done) {
      Error error = done.error();
      error.message = fmt::format("statement {} of {}: {}", i + 1, script->size(), error.message);
      return error;
    }
  }
  return {};
}

}  // namespace qiao::core::mysql
