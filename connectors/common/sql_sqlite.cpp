#include <fmt/format.h>
#include <sqlite3.h>

#include <chrono>
#include <nlohmann/json.hpp>

#include "connectors/common/sql.hpp"

namespace qiao::common {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kMostRows = 1000;

struct CloseDatabase {
  void operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }
};
struct Finalize {
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};

class SqliteConnection final : public SqlConnection {
 public:
  SqliteConnection(sqlite3* db, std::chrono::milliseconds timeout) : db_(db), timeout_(timeout) {
    sqlite3_busy_timeout(db, static_cast<int>(timeout.count()));
    // Looked at every some thousand steps of the machine: a query cannot run longer than it may.
    sqlite3_progress_handler(
        db, 2000, [](void* self) { return Clock::now() > static_cast<SqliteConnection*>(self)->until_ ? 1 : 0; }, this);
    sqlite3_extended_result_codes(db, 1);
  }

  Result<std::vector<Json>> query(const SqlStatement::Bound& statement) override {
    std::vector<Json> rows;
    auto done = run(statement, [&](sqlite3_stmt* s) -> Result<void> {
      if (rows.size() == kMostRows) {
        return Error{Errc::too_large, "sql.too_many_rows", "the query gives more than 1000 rows; add a LIMIT"};
      }
      Json row = Json::object();
      for (int i = 0; i < sqlite3_column_count(s); ++i) {
        const char* text = reinterpret_cast<const char*>(sqlite3_column_text(s, i));
        row[sqlite3_column_name(s, i)] = text ? Json(std::string(text)) : Json();
      }
      rows.push_back(std::move(row));
      return {};
    });
    if (!done) return done.error();
    return rows;
  }

  Result<void> execute(const SqlStatement::Bound& statement) override {
    return run(statement, [](sqlite3_stmt*) -> Result<void> { return {}; });
  }

  [[nodiscard]] bool usable() const override { return true; }
  void interrupt() noexcept override { sqlite3_interrupt(db_.get()); }

 private:
  template <class F>
  Result<void> run(const SqlStatement::Bound& bound, F each) {
    until_ = Clock::now() + timeout_;
    sqlite3_stmt* raw = nullptr;
    if (const int code = sqlite3_prepare_v2(db_.get(), bound.text.c_str(), -1, &raw, nullptr); code != SQLITE_OK) {
      return failed(code);
    }
    const std::unique_ptr<sqlite3_stmt, Finalize> statement(raw);
    for (std::size_t i = 0; i < bound.values.size(); ++i) {
      const std::string& value = bound.values[i];
      sqlite3_bind_text(raw, static_cast<int>(i + 1), value.data(), static_cast<int>(value.size()), SQLITE_TRANSIENT);
    }
    for (;;) {
      const int code = sqlite3_step(raw);
      if (code == SQLITE_DONE) return {};
      if (code != SQLITE_ROW) return failed(code);
      if (auto fine = each(raw); !fine) return fine;
    }
  }

  [[nodiscard]] Error failed(int code) const {
    const std::string text = sqlite3_errmsg(db_.get());
    switch (code & 0xff) {
      case SQLITE_INTERRUPT:
      case SQLITE_BUSY:
        return {Errc::timeout, "sql.slow", fmt::format("the statement ran longer than {} ms", timeout_.count())};
      case SQLITE_READONLY:
        return {Errc::forbidden, "sql.read_only", "the database is opened for reading only"};
      case SQLITE_CONSTRAINT:
        if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY ||
            code == SQLITE_CONSTRAINT_ROWID) {
          return {Errc::conflict, "sql.conflict", "it is there already"};
        }
        [[fallthrough]];
      case SQLITE_ERROR:
        return {Errc::unavailable, "sql.failed", fmt::format("the database refused the statement: {}", text)};
      default:
        return {Errc::unavailable, "sql.unreachable", fmt::format("the database file cannot be used: {}", text)};
    }
  }

  std::unique_ptr<sqlite3, CloseDatabase> db_;
  const std::chrono::milliseconds timeout_;
  Clock::time_point until_{};
};

}  // namespace

Result<std::unique_ptr<SqlConnection>> open_sqlite(const SqlSettings& settings, bool writes) {
  sqlite3* db = nullptr;
  const int flags =
      (writes ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY) | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(settings.file.c_str(), &db, flags, nullptr);
  if (code != SQLITE_OK) {
    const CloseDatabase close;
    close(db);
    return Error{Errc::unavailable, "sql.unreachable",
                 fmt::format("cannot open the database {}: {}", settings.file, sqlite3_errstr(code))};
  }
  return std::unique_ptr<SqlConnection>(std::make_unique<SqliteConnection>(db, settings.timeout));
}

}  // namespace qiao::common
