#include "core/store/mysql/connection.hpp"

#include <cppconn/connection.h>
#include <cppconn/datatype.h>
#include <cppconn/driver.h>
#include <cppconn/exception.h>
#include <cppconn/parameter_metadata.h>
#include <cppconn/prepared_statement.h>
#include <cppconn/resultset.h>
#include <cppconn/statement.h>
#include <fmt/format.h>

#include <algorithm>

#include "core/store/failed_rows.hpp"
#include "core/store/mysql/errors.hpp"
#include "core/store/mysql/rows.hpp"

namespace qiao::core::mysql {
namespace {

constexpr int kConnectSeconds = 3;
constexpr int kWriteSeconds = 20;
constexpr int kReadSeconds = 60;
constexpr int kSchemaSeconds = 24 * 3600;

// Beside being strict, the SQL that plugins share with SQLite means the same here: '\' is a character, "x" a name, and
// || joins texts.
constexpr std::string_view kSqlMode =
    "STRICT_ALL_TABLES,STRICT_TRANS_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION,NO_BACKSLASH_ESCAPES,"
    "ANSI_QUOTES,PIPES_AS_CONCAT";

/// Its first use initialises the client library, which is not safe on several threads; that of a static is.
sql::Driver& driver() {
  static sql::Driver* const instance = get_driver_instance();
  return *instance;
}

/// The client library wants to know of each thread that uses it.
struct ThreadUse {
  ThreadUse() { driver().threadInit(); }
  ~ThreadUse() { driver().threadEnd(); }
  ThreadUse(const ThreadUse&) = delete;
  ThreadUse& operator=(const ThreadUse&) = delete;
};
void use_on_this_thread() { thread_local const ThreadUse use; }

std::string_view shortened(std::string_view sql) { return sql.substr(0, 160); }

sql::ConnectOptionsMap options_of(const Settings& settings, Role role) {
  sql::ConnectOptionsMap options;
  if (settings.socket.empty()) {
    options["hostName"] = sql::SQLString("tcp://" + settings.host);
    options["port"] = static_cast<int>(settings.port);
  } else {
    options["hostName"] = sql::SQLString("unix://" + settings.socket);
  }
  options["userName"] = sql::SQLString(settings.user);
  options["password"] = sql::SQLString(settings.password.reveal());
  options["schema"] = sql::SQLString(settings.database);
  options["OPT_CHARSET_NAME"] = sql::SQLString("utf8mb4");
  options["OPT_CONNECT_TIMEOUT"] = kConnectSeconds;
  const int patience = role == Role::schema ? kSchemaSeconds : role == Role::writer ? kWriteSeconds : kReadSeconds;
  options["OPT_READ_TIMEOUT"] = patience;
  options["OPT_WRITE_TIMEOUT"] = patience;
  // An UPDATE that finds its row counts it, also when the values were the same: as SQLite does.
  options["CLIENT_FOUND_ROWS"] = true;
  options["OPT_LOCAL_INFILE"] = 0;
  if (settings.tls != TlsMode::none) {
    options["sslEnforce"] = true;
    options["OPT_TLS_VERSION"] = sql::SQLString("TLSv1.2,TLSv1.3");
    if (!settings.ca.empty()) options["sslCA"] = sql::SQLString(settings.ca);
    if (settings.tls == TlsMode::verify) options["sslVerify"] = true;
  }
  return options;
}

char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c; }

std::string first_word(std::string_view sql) {
  const auto start = std::min(sql.find_first_not_of(" \t\r\n("), sql.size());
  std::string word;
  for (const char c : sql.substr(start)) {
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))) break;
    word += upper(c);
  }
  return word;
}

bool blank(std::string_view sql) { return sql.find_first_not_of(" \t\r\n;") == std::string_view::npos; }

Error forbidden(std::string_view sql) {
  if (blank(sql)) return {Errc::bad_value, "store.sql", "an empty statement"};
  return {Errc::bad_value, "store.forbidden_sql",
          fmt::format("transactions, tables, sessions and other databases belong to the hub (in: {})", shortened(sql))};
}

}  // namespace

Statement::~Statement() = default;

bool is_row_statement(std::string_view sql) noexcept {
  const std::string word = first_word(sql);
  return word == "SELECT" || word == "INSERT" || word == "UPDATE" || word == "DELETE" || word == "WITH" ||
         word == "REPLACE" || word == "EXPLAIN";
}

Connection::Connection(std::unique_ptr<sql::Connection> handle, Troubles& troubles)
    : troubles_(troubles), handle_(std::move(handle)) {}

Connection::~Connection() {
  use_on_this_thread();
  statements_.clear();
}

Result<std::unique_ptr<Connection>> Connection::open(const Settings& settings, Role role, Troubles& troubles) {
  use_on_this_thread();
  try {
    auto options = options_of(settings, role);
    std::unique_ptr<Connection> connection(
        new Connection(std::unique_ptr<sql::Connection>(driver().connect(options)), troubles));
    if (auto set = connection->set_up(role); !set) return set.error();
    return connection;
  } catch (const sql::SQLException& thrown) {
    Described described = describe(thrown.getErrorCode(), thrown.what(), {});
    if (described.error.name() == "store.io_error" || described.error.name() == "store.sql") {
      described.error = {Errc::unavailable, "store.io_error",
                         fmt::format("the database at {} cannot be reached: {} (code {})", settings.address(),
                                     thrown.what(), thrown.getErrorCode())};
    }
    troubles.add(Trouble::io, described.error);
    return described.error;
  }
}

Result<void> Connection::set_up(Role role) {
  const bool reads = role == Role::reader;
  const std::string statements[] = {
      "SET NAMES utf8mb4 COLLATE utf8mb4_bin",
      fmt::format(
          "SET SESSION sql_mode = '{}', time_zone = '+00:00', foreign_key_checks = 1, unique_checks = 1, "
          "innodb_lock_wait_timeout = 5, default_storage_engine = InnoDB, wait_timeout = 28800, autocommit = {}",
          kSqlMode, role == Role::writer ? 0 : 1),
      fmt::format("SET SESSION TRANSACTION ISOLATION LEVEL {}", reads ? "REPEATABLE READ" : "READ COMMITTED"),
  };
  for (const std::string& one : statements) {
    if (auto done = exec(one); !done) return done;
  }
  auto rows = select_own("SELECT CONNECTION_ID(), @@sql_mode, @@collation_connection, @@character_set_client", {});
  if (!rows->next()) return rows->status();
  id_ = static_cast<std::uint64_t>(rows->integer(0));
  if (rows->text(1).find("STRICT_ALL_TABLES") == std::string_view::npos || rows->text(2) != "utf8mb4_bin" ||
      rows->text(3) != "utf8mb4") {
    return Error{Errc::unsupported, "store.cannot_open",
                 fmt::format("the database server did not take the session's settings: sql_mode={}, collation={}; "
                             "remove what overrides them there (init_connect, a proxy)",
                             rows->text(1), rows->text(2))};
  }
  return {};
}

Error Connection::fail(const sql::SQLException& thrown, std::string_view sql) {
  last_code_ = thrown.getErrorCode();
  Described described = describe(last_code_, thrown.what(), sql);
  if (described.lost) lost_ = true;
  troubles_.add(described.trouble, described.error);
  return described.error;
}

Result<void> Connection::exec(const std::string& sql) {
  use_on_this_thread();
  last_code_ = 0;
  try {
    const std::unique_ptr<sql::Statement> statement(handle_->createStatement());
    if (statement->execute(sql)) const std::unique_ptr<sql::ResultSet> unread(statement->getResultSet());
    return {};
  } catch (const sql::SQLException& thrown) {
    return fail(thrown, sql);
  }
}

Result<std::unique_ptr<Statement>> Connection::compile(std::string_view sql) {
  try {
    auto statement = std::make_unique<Statement>();
    statement->handle.reset(handle_->prepareStatement(sql::SQLString(sql.data(), sql.size())));
    statement->parameters = statement->handle->getParameterMetaData()->getParameterCount();
    statement->sql = sql;
    const std::string word = first_word(sql);
    statement->is_query = word == "SELECT" || word == "WITH" || word == "EXPLAIN";
    return statement;
  } catch (const sql::SQLException& thrown) {
    return fail(thrown, sql);
  }
}

Result<Statement*> Connection::prepare(std::string_view sql) {
  use_on_this_thread();
  last_code_ = 0;
  const auto found = statements_.find(sql);
  Statement* known = found == statements_.end() ? nullptr : found->second.get();
  if (known != nullptr && !known->in_use) {
    known->used = ++clock_;
    return known;
  }
  auto made = compile(sql);
  if (!made) return made.error();
  if (known != nullptr) return made->release();  // the cached one is busy: this one lives until it is released
  if (statements_.size() >= kMostStatements) evict_one();
  Statement* statement = made->get();
  statement->cached = true;
  statement->used = ++clock_;
  statements_.emplace(statement->sql, std::move(*made));
  return statement;
}

void Connection::evict_one() {
  auto oldest = statements_.end();
  for (auto it = statements_.begin(); it != statements_.end(); ++it) {
    if (!it->second->in_use && (oldest == statements_.end() || it->second->used < oldest->second->used)) oldest = it;
  }
  if (oldest == statements_.end()) return;
  const auto keep = std::move(oldest->second);  // the key is a view of its text
  statements_.erase(oldest);
}

void Connection::release(Statement* statement) noexcept {
  statement->in_use = false;
  if (!statement->cached) delete statement;
}

Result<void> Connection::bind(Statement& statement, std::span<const SqlArg> args) {
  if (args.size() != statement.parameters) {
    return Error{Errc::bad_value, "store.sql",
                 fmt::format("the statement has {} parameters, {} values were given (in: {})", statement.parameters,
                             args.size(), shortened(statement.sql))};
  }
  unsigned index = 0;
  for (const SqlArg& arg : args) {
    ++index;
    switch (arg.type) {
      case SqlArg::Type::null:
        statement.handle->setNull(index, sql::DataType::BIGINT);
        break;
      case SqlArg::Type::integer:
        statement.handle->setInt64(index, arg.integer);
        break;
      case SqlArg::Type::real:
        statement.handle->setDouble(index, arg.real);
        break;
      case SqlArg::Type::text:
      case SqlArg::Type::blob:  // bytes reach a column of bytes as they are
        statement.handle->setString(index, sql::SQLString(arg.text.empty() ? "" : arg.text.data(), arg.text.size()));
        break;
    }
  }
  return {};
}

Result<std::int64_t> Connection::execute(std::string_view sql, std::span<const SqlArg> args) {
  if (!is_row_statement(sql)) return forbidden(sql);
  return execute_own(sql, args);
}

Result<std::int64_t> Connection::execute_own(std::string_view sql, std::span<const SqlArg> args) {
  auto prepared = prepare(sql);
  if (!prepared) return prepared.error();
  Statement& statement = **prepared;
  Result<std::int64_t> result = std::int64_t{0};
  try {
    if (auto bound = bind(statement, args); !bound) {
      result = bound.error();
    } else if (statement.is_query) {
      const std::unique_ptr<sql::ResultSet> unread(statement.handle->executeQuery());
    } else {
      result = std::int64_t{statement.handle->executeUpdate()};
    }
  } catch (const sql::SQLException& thrown) {
    result = fail(thrown, sql);
  }
  release(&statement);
  if (result) changes_ += static_cast<std::uint64_t>(*result);
  return result;
}

std::unique_ptr<Rows> Connection::select(std::string_view sql, std::span<const SqlArg> args) {
  if (!is_row_statement(sql)) return std::make_unique<FailedRows>(forbidden(sql));
  return select_own(sql, args);
}

std::unique_ptr<Rows> Connection::select_own(std::string_view sql, std::span<const SqlArg> args) {
  auto prepared = prepare(sql);
  if (!prepared) return std::make_unique<FailedRows>(prepared.error());
  Statement& statement = **prepared;
  try {
    auto bound = bind(statement, args);
    if (bound) {
      std::unique_ptr<sql::ResultSet> result(statement.handle->executeQuery());
      return std::make_unique<MysqlRows>(*this, statement, std::move(result));
    }
    release(&statement);
    return std::make_unique<FailedRows>(bound.error());
  } catch (const sql::SQLException& thrown) {
    Error error = fail(thrown, sql);
    release(&statement);
    return std::make_unique<FailedRows>(std::move(error));
  }
}

}  // namespace qiao::core::mysql
