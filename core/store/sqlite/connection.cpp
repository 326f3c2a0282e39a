#include "core/store/sqlite/connection.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include "core/store/sqlite/rows.hpp"

namespace qiao::core::sqlite {
namespace {

constexpr int kBusyMillis = 5000;

/// Counting SQLite's memory takes a lock in every allocation, and nobody reads the count.
void configure_library() { [[maybe_unused]] static const int done = sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }

std::string_view shortened(std::string_view sql) { return sql.substr(0, 160); }

bool blank(std::string_view sql) { return sql.find_first_not_of(" \t\r\n;") == std::string_view::npos; }

bool counts_rows(std::string_view sql) {
  const auto start = sql.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return false;
  switch (sql[start] | 0x20) {
    case 'i':
    case 'u':
    case 'w':
      return true;  // INSERT, UPDATE, WITH
    case 'd':
      return sql.size() > start + 1 && (sql[start + 1] | 0x20) == 'e';  // DELETE, not DROP
    case 'r':
      return sql.size() > start + 2 && (sql[start + 2] | 0x20) == 'p';  // REPLACE, not REINDEX
    default:
      return false;
  }
}

}  // namespace

Statement::~Statement() { sqlite3_finalize(handle); }

Error describe(int code, std::string_view message, std::string_view sql, Trouble& trouble) {
  trouble = Trouble::none;
  const auto text = [&] {
    return sql.empty() ? std::string(message) : fmt::format("{} (in: {})", message, shortened(sql));
  };
  switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return {Errc::conflict, "store.conflict", std::string(message)};
    case SQLITE_IOERR_FSYNC:
    case SQLITE_IOERR_DIR_FSYNC:
      trouble = Trouble::fatal;
      return {Errc::unavailable, "store.failed",
              fmt::format("the disk did not confirm a sync ({}); what is stored is known again after a restart; "
                          "check the disk",
                          message)};
    default:
      break;
  }
  switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
      return {Errc::bad_value, "store.constraint", text()};
    case SQLITE_FULL:
      trouble = Trouble::full;
      return {Errc::unavailable, "store.full",
              "no space is left for the database; free some in the data folder's file system, writing then goes on by "
              "itself"};
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_NOMEM:
      trouble = Trouble::io;
      return {Errc::unavailable, "store.io_error",
              fmt::format("the database file cannot be read or written: {} (code {}); check the disk", message, code)};
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      trouble = Trouble::fatal;
      return {Errc::unavailable, "store.damaged",
              fmt::format("the database file is damaged: {}; restore a backup (qiao restore)", message)};
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {Errc::overloaded, "store.busy",
              fmt::format("another process holds the database for longer than {} s: {}", kBusyMillis / 1000, message)};
    case SQLITE_READONLY:
      return {Errc::forbidden, "store.read_only", text()};
    case SQLITE_AUTH:
      return {Errc::bad_value, "store.forbidden_sql",
              fmt::format("transactions, pragmas and attached files belong to the hub (in: {})", shortened(sql))};
    default:
      return {Errc::internal, "store.sql", text()};
  }
}

Result<std::unique_ptr<Connection>> Connection::open(const ConnectionSettings& settings) {
  configure_library();
  sqlite3* db = nullptr;
  const int flags = (settings.read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) | SQLITE_OPEN_NOMUTEX |
                    SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
  const int code =
      sqlite3_open_v2(settings.file.c_str(), &db, flags, settings.vfs.empty() ? nullptr : settings.vfs.c_str());
  std::unique_ptr<Connection> connection(new Connection(db));
  if (code != SQLITE_OK) {
    return Error{Errc::unavailable, "store.cannot_open",
                 fmt::format("cannot open the database {}: {}", settings.file.string(),
                             db != nullptr ? sqlite3_errmsg(db) : sqlite3_errstr(code))};
  }
  sqlite3_busy_timeout(db, kBusyMillis);
  sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_set_authorizer(db, &Connection::authorize, connection.get());
  auto set = connection->exec(fmt::format(
      "PRAGMA foreign_keys=ON; PRAGMA synchronous=FULL; PRAGMA temp_store=MEMORY; PRAGMA trusted_schema=OFF; "
      "PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-{}",
      settings.cache_kib));
  if (!set) return set.error();
  if (settings.max_pages > 0) {
    if (auto limit = connection->exec(fmt::format("PRAGMA max_page_count={}", settings.max_pages)); !limit) {
      return limit.error();
    }
  }
  return connection;
}

Connection::~Connection() {
  statements_.clear();
  sqlite3_close_v2(db_);
}

int Connection::authorize(void* self, int action, const char* first, const char* second, const char*, const char*) {
  if (!static_cast<Connection*>(self)->guarded_) return SQLITE_OK;
  switch (action) {
    case SQLITE_PRAGMA:
      // What a full-text table asks while a statement about it is being compiled; these change nothing.
      if (second == nullptr && first != nullptr &&
          (std::string_view(first) == "page_size" || std::string_view(first) == "data_version")) {
        return SQLITE_OK;
      }
      return SQLITE_DENY;
    case SQLITE_TRANSACTION:
    case SQLITE_SAVEPOINT:
    case SQLITE_ATTACH:
    case SQLITE_DETACH:
      return SQLITE_DENY;
    default:
      return SQLITE_OK;
  }
}

Error Connection::fail(int code, std::string_view sql) {
  Trouble trouble = Trouble::none;
  const int extended = code == SQLITE_OK ? code : sqlite3_extended_errcode(db_);
  Error error = describe((extended & 0xff) == (code & 0xff) ? extended : code, sqlite3_errmsg(db_), sql, trouble);
  if (trouble > trouble_) {
    trouble_ = trouble;
    trouble_error_ = error;
  }
  return error;
}

Result<void> Connection::exec(const std::string& sql) {
  const int code = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return fail(code, sql);
  return {};
}

Result<std::string> Connection::text(const std::string& sql) {
  auto statement = compile(sql, nullptr, 0);
  if (!statement) return statement.error();
  std::string value;
  const int code = sqlite3_step((*statement)->handle);
  if (code == SQLITE_ROW) {
    if (const auto* found = sqlite3_column_text((*statement)->handle, 0)) value = reinterpret_cast<const char*>(found);
  } else if (code != SQLITE_DONE) {
    return fail(code, sql);
  }
  return value;
}

Result<std::int64_t> Connection::number(const std::string& sql) {
  auto statement = compile(sql, nullptr, 0);
  if (!statement) return statement.error();
  const int code = sqlite3_step((*statement)->handle);
  if (code == SQLITE_ROW) return std::int64_t{sqlite3_column_int64((*statement)->handle, 0)};
  if (code != SQLITE_DONE) return fail(code, sql);
  return std::int64_t{0};
}

Result<std::unique_ptr<Statement>> Connection::compile(std::string_view sql, std::size_t* used, unsigned flags) {
  auto statement = std::make_unique<Statement>();
  const char* tail = nullptr;
  const int code = sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()), flags, &statement->handle, &tail);
  if (code != SQLITE_OK) return fail(code, sql);
  const auto length = static_cast<std::size_t>(tail - sql.data());
  if (used != nullptr) {
    *used = length;
  } else if (!blank(sql.substr(length))) {
    return Error{Errc::bad_value, "store.sql", fmt::format("one statement at a time, please (in: {})", shortened(sql))};
  }
  if (statement->handle != nullptr) {
    statement->parameters = sqlite3_bind_parameter_count(statement->handle);
    statement->is_query = sqlite3_stmt_readonly(statement->handle) != 0;
    statement->changes_rows = counts_rows(sql);
  }
  return statement;
}

Result<Statement*> Connection::prepare(std::string_view sql) {
  const auto address = reinterpret_cast<std::uintptr_t>(sql.data());
  const std::size_t slot = ((address >> 3) ^ (address >> 11) ^ sql.size()) % kSlots;
  Statement* known = slots_[slot];
  if (known == nullptr || known->sql != sql) {
    const auto found = statements_.find(sql);
    known = found == statements_.end() ? nullptr : found->second.get();
  }
  if (known != nullptr && !known->in_use) {
    known->used = ++clock_;
    slots_[slot] = known;
    return known;
  }
  guarded_ = true;
  auto made = compile(sql, nullptr, SQLITE_PREPARE_PERSISTENT);
  guarded_ = false;
  if (!made) return made.error();
  Statement* statement = made->get();
  if (statement->handle == nullptr) return Error{Errc::bad_value, "store.sql", "an empty statement"};
  if (known != nullptr) return made->release();  // the cached one is busy: this one lives until it is released
  if (statements_.size() >= kMostStatements) evict_one();
  statement->sql = sql;
  statement->cached = true;
  statement->used = ++clock_;
  statements_.emplace(statement->sql, std::move(*made));
  slots_[slot] = statement;
  return statement;
}

void Connection::evict_one() {
  auto oldest = statements_.end();
  for (auto it = statements_.begin(); it != statements_.end(); ++it) {
    if (!it->second->in_use && (oldest == statements_.end() || it->second->used < oldest->second->used)) oldest = it;
  }
  if (oldest == statements_.end()) return;
  for (Statement*& slot : slots_) {
    if (slot == oldest->second.get()) slot = nullptr;
  }
  const auto keep = std::move(oldest->second);  // the key is a view of its text
  statements_.erase(oldest);
}

void Connection::release(Statement* statement) noexcept {
  sqlite3_reset(statement->handle);
  statement->in_use = false;
  if (!statement->cached) delete statement;
}

Result<void> Connection::bind(Statement& statement, std::span<const SqlArg> args, bool copy) {
  if (static_cast<int>(args.size()) != statement.parameters) {
    return Error{Errc::bad_value, "store.sql",
                 fmt::format("the statement has {} parameters, {} values were given (in: {})", statement.parameters,
                             args.size(), shortened(sqlite3_sql(statement.handle)))};
  }
  const auto lifetime = copy ? SQLITE_TRANSIENT : SQLITE_STATIC;
  int index = 0;
  for (const SqlArg& arg : args) {
    ++index;
    int code = SQLITE_OK;
    // A default-constructed view has no address, which SQLite would take for NULL.
    const char* text = arg.text.data() != nullptr ? arg.text.data() : "";
    switch (arg.type) {
      case SqlArg::Type::null:
        code = sqlite3_bind_null(statement.handle, index);
        break;
      case SqlArg::Type::integer:
        code = sqlite3_bind_int64(statement.handle, index, arg.integer);
        break;
      case SqlArg::Type::real:
        code = sqlite3_bind_double(statement.handle, index, arg.real);
        break;
      case SqlArg::Type::text:
        code = sqlite3_bind_text64(statement.handle, index, text, arg.text.size(), lifetime, SQLITE_UTF8);
        break;
      case SqlArg::Type::blob:
        code = sqlite3_bind_blob64(statement.handle, index, text, arg.text.size(), lifetime);
        break;
    }
    if (code != SQLITE_OK) return fail(code, sqlite3_sql(statement.handle));
  }
  return {};
}

Result<std::int64_t> Connection::execute(std::string_view sql, std::span<const SqlArg> args) {
  auto prepared = prepare(sql);
  if (!prepared) return prepared.error();
  Statement& statement = **prepared;
  if (auto bound = bind(statement, args, false); !bound) {
    release(&statement);
    return bound.error();
  }
  const auto before = sqlite3_total_changes64(db_);
  int code = SQLITE_ROW;
  while (code == SQLITE_ROW) code = sqlite3_step(statement.handle);
  if (code != SQLITE_DONE) {
    Error error = fail(code, sql);
    release(&statement);
    return error;
  }
  if (!statement.is_query && !statement.changes_rows) ++schema_changes_;
  release(&statement);
  // sqlite3_changes keeps the number of the last statement that changed rows, also when this one changed none.
  return sqlite3_total_changes64(db_) == before ? std::int64_t{0} : std::int64_t{sqlite3_changes64(db_)};
}

std::unique_ptr<Rows> Connection::select(std::string_view sql, std::span<const SqlArg> args) {
  auto prepared = prepare(sql);
  if (!prepared) return std::make_unique<FailedRows>(prepared.error());
  if (auto bound = bind(**prepared, args, true); !bound) {
    release(*prepared);
    return std::make_unique<FailedRows>(bound.error());
  }
  return std::make_unique<SqliteRows>(*this, **prepared);
}

Result<void> Connection::script(std::string_view sql) {
  while (!blank(sql)) {
    std::size_t used = 0;
    guarded_ = true;
    auto made = compile(sql, &used, 0);
    guarded_ = false;
    if (!made) return made.error();
    const std::string_view one = sql.substr(0, used);
    sql.remove_prefix(used);
    if ((*made)->handle == nullptr) continue;  // a comment
    if ((*made)->parameters > 0) {
      return Error{Errc::bad_value, "store.sql", fmt::format("a script takes no parameters (in: {})", shortened(one))};
    }
    int code = SQLITE_ROW;
    while (code == SQLITE_ROW) code = sqlite3_step((*made)->handle);
    if (code != SQLITE_DONE) return fail(code, one);
    if (!(*made)->is_query) ++schema_changes_;
  }
  return {};
}

Result<std::unique_ptr<Statement>> Connection::prepare_own(std::string_view sql) {
  return compile(sql, nullptr, SQLITE_PREPARE_PERSISTENT);
}

Result<void> Connection::step_own(Statement& statement) {
  const int code = sqlite3_step(statement.handle);
  if (code == SQLITE_DONE) {
    sqlite3_reset(statement.handle);
    return {};
  }
  Error error = fail(code, sqlite3_sql(statement.handle));
  sqlite3_reset(statement.handle);
  return error;
}

std::uint64_t Connection::changes() const noexcept {
  return static_cast<std::uint64_t>(sqlite3_total_changes64(db_)) + schema_changes_;
}

bool Connection::in_transaction() const noexcept { return sqlite3_get_autocommit(db_) == 0; }

}  // namespace qiao::core::sqlite
