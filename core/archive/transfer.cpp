#include "core/archive/transfer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "core/store/migrations.hpp"
#include "core/store/sqlite/backend.hpp"
#include "core/store/sqlite/session.hpp"

namespace qiao::core {
namespace {

constexpr std::string_view kMigrations = "qiao_migration";
constexpr std::string_view kTexts = "qiao_migration_text";
// A row of kMigrations that is there while a store is being filled.
constexpr std::string_view kMark = "qiao.transfer";
constexpr std::size_t kBatchRows = 2000;
constexpr std::size_t kBatchBytes = 4u << 20u;
constexpr std::int64_t kTellEvery = 100'000;

bool of_the_store(std::string_view table) { return table == kMigrations || table == kTexts; }

/// The columns of a table that is known, by name.
class Fields {
 public:
  explicit Fields(const Table& table) : table_(table) {}
  [[nodiscard]] const Value* find(const Row& row, std::string_view name) const {
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
      if (table_.columns[i].name == name) return &row[i];
    }
    return nullptr;
  }
  [[nodiscard]] std::string text(const Row& row, std::string_view name) const {
    const Value* value = find(row, name);
    return value != nullptr ? value->text : std::string();
  }
  [[nodiscard]] std::int64_t integer(const Row& row, std::string_view name) const {
    const Value* value = find(row, name);
    return value != nullptr ? value->integer : 0;
  }

 private:
  const Table& table_;
};

struct Step {
  std::int64_t applied_at = 0;
  std::string plugin;
  int version = 0;
  std::string name;
  std::string checksum;
  std::string sql;
  std::string mysql;
};

const Table* find_table(const std::vector<Table>& tables, std::string_view name) {
  const auto found = std::find_if(tables.begin(), tables.end(), [&](const Table& t) { return t.name == name; });
  return found == tables.end() ? nullptr : &*found;
}

/// The steps that made the source, in the order in which they did.
Result<std::vector<Step>> read_steps(RowSource& source) {
  std::map<std::pair<std::string, int>, Step> steps;
  const Table* migrations = find_table(source.tables(), kMigrations);
  const Table* texts = find_table(source.tables(), kTexts);
  if (migrations == nullptr || texts == nullptr) {
    return Error{Errc::bad_value, "transfer.no_schema",
                 "the source is no hub's database, or one of a version that did not keep how its tables are made; "
                 "start this version of the hub on it once"};
  }
  const Fields fields(*migrations);
  auto read = source.read(*migrations, [&](const Row& row) -> Result<void> {
    Step step{fields.integer(row, "applied_at"),
              fields.text(row, "plugin"),
              static_cast<int>(fields.integer(row, "version")),
              fields.text(row, "name"),
              fields.text(row, "checksum"),
              {},
              {}};
    if (step.plugin == kMark) {
      return Error{Errc::bad_value, "transfer.unfinished", "the source itself was filled only in part"};
    }
    steps[{step.plugin, step.version}] = std::move(step);
    return {};
  });
  if (!read) return read.error();
  const Fields text(*texts);
  read = source.read(*texts, [&](const Row& row) -> Result<void> {
    const auto step = steps.find({text.text(row, "plugin"), static_cast<int>(text.integer(row, "version"))});
    if (step == steps.end()) return {};
    step->second.sql = text.text(row, "sql_text");
    step->second.mysql = text.text(row, "mysql_text");
    return {};
  });
  if (!read) return read.error();
  std::vector<Step> list;
  for (auto& [key, step] : steps) {
    if (checksum_of({step.version, step.name, step.sql, step.mysql}) != step.checksum) {
      return Error{
          Errc::bad_value, "transfer.no_schema",
          fmt::format("how the tables of {} are made is not known to the source; start this version of the hub "
                      "with that plugin on it once",
                      step.plugin)};
    }
    list.push_back(std::move(step));
  }
  std::stable_sort(list.begin(), list.end(), [](const Step& a, const Step& b) {
    return std::tie(a.applied_at, a.plugin, a.version) < std::tie(b.applied_at, b.plugin, b.version);
  });
  return list;
}

Result<void> replay(Store& target, const std::vector<Step>& steps) {
  // An earlier attempt may have made some of them.
  std::map<std::string, std::int64_t> made;
  auto read = target.for_instance("hub")->read([&](Session& session) -> Result<void> {
    auto rows = session.query("SELECT plugin, MAX(version) FROM qiao_migration GROUP BY plugin");
    while (rows->next()) made[rows->str(0)] = rows->integer(1);
    return rows->status();
  });
  if (!read) return read;
  std::map<std::string, std::vector<Migration>> lists;
  const auto migrate = [&](const std::string& plugin) {
    return target.for_instance("hub", plugin)->migrate(lists[plugin]);
  };
  for (const Step& step : steps) {
    lists[step.plugin].push_back({step.version, step.name, step.sql, step.mysql});
    if (step.version <= made[step.plugin]) continue;
    if (auto done = migrate(step.plugin); !done) return done;
  }
  for (const auto& [plugin, list] : lists) {
    if (auto done = migrate(plugin); !done) return done;
  }
  return {};
}

Result<void> run_each(Database& database, const std::vector<std::string>& statements) {
  return database.write_and_wait([&](Session& session) -> Result<void> {
    for (const std::string& sql : statements) {
      if (auto done = session.run(sql); !done) return done.error();
    }
    return {};
  });
}

class Filler {
 public:
  Filler(Store& target, RowSource& source, const Progress& progress)
      : target_(target), database_(target.for_instance("hub")), source_(source), progress_(progress) {}

  Result<TransferReport> run() {
    if (auto begun = begin(); !begun) return begun.error();
    auto steps = read_steps(source_);
    if (!steps) return steps.error();
    if (auto made = replay(target_, *steps); !made) return made.error();
    if (auto read = read_target(); !read) return read.error();
    TransferReport report;
    std::map<std::string, RowSum> sums;
    for (const Table& table : source_.tables()) {
      if (of_the_store(table.name)) continue;
      auto sum = copy(table);
      if (!sum) return sum.error();
      sums[table.name] = *sum;
      ++report.tables;
      report.rows += sum->rows();
    }
    if (auto same = compare(sums); !same) return same.error();
    auto done = database_->write_and_wait([](Session& session) -> Result<void> {
      auto removed = session.run("DELETE FROM qiao_migration WHERE plugin = ?", kMark);
      return removed ? Result<void>() : Result<void>(removed.error());
    });
    if (!done) return done.error();
    return report;
  }

 private:
  /// The target is empty, or what an earlier attempt left; from now on it is marked.
  Result<void> begin() {
    bool marked = false;
    std::string other;
    auto read = database_->read([&](Session& session) -> Result<void> {
      auto mark = session.query("SELECT version FROM qiao_migration WHERE plugin = ?", kMark);
      marked = mark->next();
      if (auto status = mark->status(); !status) return status;
      auto tables = read_tables(session, target_.engine());
      if (!tables) return tables.error();
      for (const Table& table : *tables) {
        if (!of_the_store(table.name)) other = table.name;
      }
      return {};
    });
    if (!read) return read;
    if (marked) return {};
    if (!other.empty()) {
      return Error{
          Errc::conflict, "transfer.not_empty",
          fmt::format("the target is not empty, there is a table {}; name an empty database or folder", other)};
    }
    return database_->write_and_wait([](Session& session) -> Result<void> {
      auto noted = session.run(
          "INSERT INTO qiao_migration (plugin, version, name, checksum, applied_at) VALUES (?, 1, 'unfinished', '', ?)",
          kMark, system_clock().now());
      return noted ? Result<void>() : Result<void>(noted.error());
    });
  }

  Result<void> read_target() {
    return database_->read([&](Session& session) -> Result<void> {
      auto tables = read_tables(session, target_.engine());
      if (!tables) return tables.error();
      target_tables_ = std::move(*tables);
      return {};
    });
  }

  /// The target's table with its columns in the order of the source's.
  Result<Table> matching(const Table& from) const {
    const Table* there = find_table(target_tables_, from.name);
    Table matched{from.name, {}, {}};
    for (const Column& column : from.columns) {
      if (there == nullptr) break;
      const auto found = std::find_if(there->columns.begin(), there->columns.end(),
                                      [&](const Column& c) { return c.name == column.name; });
      if (found != there->columns.end()) matched.columns.push_back(*found);
    }
    if (there == nullptr || matched.columns.size() != there->columns.size() ||
        matched.columns.size() != from.columns.size()) {
      return Error{Errc::bad_value, "transfer.other_schema",
                   fmt::format("the migrations do not make the table {} as it is at the source; nothing was finished",
                               from.name)};
    }
    for (const std::size_t column : there->key) {
      const std::string& name = there->columns[column].name;
      for (std::size_t i = 0; i < matched.columns.size(); ++i) {
        if (matched.columns[i].name == name) matched.key.push_back(i);
      }
    }
    return matched;
  }

  Result<RowSum> copy(const Table& from) {
    auto to = matching(from);
    if (!to) return to.error();
    progress_(from.name, 0, false);
    // Rows that a migration brought along are at the source too, if they still are.
    if (auto emptied = run_each(*database_, {"DELETE FROM " + from.name}); !emptied) return emptied.error();
    RowSum sum;
    std::vector<Row> batch;
    std::size_t bytes = 0;
    const auto flush = [&]() -> Result<void> {
      auto written = database_->write_and_wait([&](Session& session) { return insert_rows(session, *to, batch); });
      batch.clear();
      bytes = 0;
      return written;
    };
    auto read = source_.read(from, [&](const Row& row) -> Result<void> {
      sum.add(from, row);
      for (const Value& value : row) bytes += value.text.size();
      batch.push_back(row);
      if (sum.rows() % kTellEvery == 0) progress_(from.name, sum.rows(), false);
      return batch.size() < kBatchRows && bytes < kBatchBytes ? Result<void>() : flush();
    });
    if (!read) return read.error();
    if (!batch.empty()) {
      if (auto written = flush(); !written) return written.error();
    }
    return sum;
  }

  Result<void> compare(const std::map<std::string, RowSum>& sums) {
    for (const auto& [name, expected] : sums) {
      const Table* from = find_table(source_.tables(), name);
      auto to = matching(*from);
      if (!to) return to.error();
      RowSum sum;
      auto read = database_->read([&](Session& session) {
        return read_rows(session, *to, [&](const Row& row) -> Result<void> {
          sum.add(*to, row);
          return {};
        });
      });
      if (!read) return read;
      if (sum.rows() != expected.rows() || sum.digest() != expected.digest()) {
        return Error{Errc::internal, "transfer.differs",
                     fmt::format("table {}: {} rows were read and {} arrived, or their content differs; nothing was "
                                 "finished, the source is as it was",
                                 name, expected.rows(), sum.rows())};
      }
      progress_(name, sum.rows(), true);
    }
    return {};
  }

  Store& target_;
  const std::unique_ptr<InstanceStore> database_;
  RowSource& source_;
  const Progress& progress_;
  std::vector<Table> target_tables_;
};

}  // namespace

Result<TransferReport> fill_store(Store& target, RowSource& source, const Progress& progress) {
  const Progress quiet = [](std::string_view, std::int64_t, bool) {};
  return Filler(target, source, progress ? progress : quiet).run();
}

Result<void> check_complete(Session& session) {
  auto rows = session.query("SELECT version FROM qiao_migration WHERE plugin = ?", kMark);
  if (rows->next()) {
    return Error{Errc::unavailable, "transfer.unfinished",
                 "this database was filled only in part: a restore or a migration was interrupted; run that command "
                 "again, it begins anew"};
  }
  return rows->status();
}

std::string_view engine_of(const StoreSettings& settings) { return settings.mysql ? "mysql" : "sqlite"; }

Snapshot::Snapshot(std::unique_ptr<StoreBackend> backend, std::unique_ptr<ReaderSession> session)
    : backend_(std::move(backend)), session_(std::move(session)) {}

Snapshot::~Snapshot() {
  source_.reset();
  session_->end_snapshot();
}

namespace {

/// Only for reading: whoever closes a file last that was opened for writing changes it.
Result<std::unique_ptr<ReaderSession>> read_file(const std::filesystem::path& database) {
  const sqlite::ConnectionSettings reading{database, true, 1024, {}, 0};
  auto connection = sqlite::Connection::open(reading);
  if (!connection) return connection.error();
  if (auto fine = sqlite::check_format(**connection, database); !fine) return fine.error();
  return sqlite::SqliteReader::open(reading);
}

}  // namespace

Result<std::unique_ptr<Snapshot>> Snapshot::open(const StoreSettings& settings) {
  const auto database = settings.folder / sqlite::kDatabaseName;
  if (!settings.mysql && !std::filesystem::exists(database)) {
    return Error{Errc::not_found, "backup.no_database",
                 fmt::format("there is no database in {}; name the hub's data folder", settings.folder.string())};
  }
  std::unique_ptr<StoreBackend> backend;
  if (settings.mysql) {
    auto opened = open_backend(settings);
    if (!opened) return opened.error();
    backend = std::move(*opened);
  }
  auto session = backend ? backend->open_reader() : read_file(database);
  if (!session) return session.error();
  if (auto begun = (*session)->begin_snapshot(); !begun) return begun.error();
  std::unique_ptr<Snapshot> snapshot(new Snapshot(std::move(backend), std::move(*session)));
  auto source = SessionSource::open(*snapshot->session_, std::string(engine_of(settings)));
  if (!source) return source.error();
  snapshot->source_.emplace(std::move(*source));
  return snapshot;
}

}  // namespace qiao::core
