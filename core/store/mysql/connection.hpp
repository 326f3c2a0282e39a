#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/store/backend.hpp"
#include "core/store/mysql/settings.hpp"

namespace sql {
class Connection;
class PreparedStatement;
class ResultSet;
class SQLException;
}  // namespace sql

namespace qiao::core::mysql {

/// The worst that happened to a session's transaction; outlives the connection, which may be lost in between.
struct Troubles {
  Trouble worst = Trouble::none;
  Error error;
  void add(Trouble trouble, const Error& why) {
    if (trouble <= worst) return;
    worst = trouble;
    error = why;
  }
  void clear() noexcept { worst = Trouble::none; }
};

/// A prepared statement in a connection's cache.
struct Statement {
  std::unique_ptr<sql::PreparedStatement> handle;
  std::string sql;
  std::size_t parameters = 0;
  bool is_query = false;
  bool in_use = false;  ///< by Rows that are alive
  bool cached = false;
  std::uint64_t used = 0;
  ~Statement();
};

/// What a connection is for decides how it is set up.
enum class Role : std::uint8_t {
  writer,  ///< READ COMMITTED, no autocommit: the first statement begins a transaction
  reader,  ///< REPEATABLE READ: a snapshot
  schema,  ///< autocommit; may take as long as changing a large table takes
};

/// A connection to a server with its prepared statements. One thread at a time, not always the same one.
class Connection {
 public:
  /// Connects and sets up the session: strict mode, utf8mb4 compared by its code points, UTC. Fails when the server
  /// does not take that.
  static Result<std::unique_ptr<Connection>> open(const Settings& settings, Role role, Troubles& troubles);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// For plugins: statements that read or change rows. What ends a transaction, or concerns the session or other
  /// databases, is refused.
  Result<std::int64_t> execute(std::string_view sql, std::span<const SqlArg> args);
  std::unique_ptr<Rows> select(std::string_view sql, std::span<const SqlArg> args);

  /// For the store's own statements.
  Result<void> exec(const std::string& sql);
  Result<std::int64_t> execute_own(std::string_view sql, std::span<const SqlArg> args);
  std::unique_ptr<Rows> select_own(std::string_view sql, std::span<const SqlArg> args);

  /// The server's number for this connection.
  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
  /// True once it cannot be used any more.
  [[nodiscard]] bool lost() const noexcept { return lost_; }
  /// The server's number of the last error.
  [[nodiscard]] int last_code() const noexcept { return last_code_; }
  [[nodiscard]] std::uint64_t changes() const noexcept { return changes_; }

  /// What went wrong in a call of the client library; remembers its meaning for the transaction.
  Error fail(const sql::SQLException& thrown, std::string_view sql);
  void release(Statement* statement) noexcept;

 private:
  Connection(std::unique_ptr<sql::Connection> handle, Troubles& troubles);
  Result<void> set_up(Role role);
  Result<Statement*> prepare(std::string_view sql);
  Result<std::unique_ptr<Statement>> compile(std::string_view sql);
  Result<void> bind(Statement& statement, std::span<const SqlArg> args);
  void evict_one();

  static constexpr std::size_t kMostStatements = 256;

  Troubles& troubles_;
  std::unique_ptr<sql::Connection> handle_;
  std::uint64_t id_ = 0;
  bool lost_ = false;
  int last_code_ = 0;
  std::uint64_t changes_ = 0;
  std::uint64_t clock_ = 0;
  std::unordered_map<std::string_view, std::unique_ptr<Statement>> statements_;  // gone before the handle
};

/// Whether a plugin may run this: it begins with a word that only reads or changes rows.
bool is_row_statement(std::string_view sql) noexcept;

}  // namespace qiao::core::mysql
