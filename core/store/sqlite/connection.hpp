#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/store/backend.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace qiao::core::sqlite {

/// Of a new database. A message changes a page of its own in an index, which is written to the log as a whole and
/// copied later: with 4 KiB that is most of what a message costs, with 1 KiB longer texts need pages of their own.
inline constexpr int kPageBytes = 2048;

struct ConnectionSettings {
  std::filesystem::path file;
  bool read_only = false;
  int cache_kib = 1024;
  std::string vfs;             ///< empty: the system's
  std::int64_t max_pages = 0;  ///< 0 sets no limit
};

/// A prepared statement in a connection's cache.
struct Statement {
  sqlite3_stmt* handle = nullptr;
  std::string sql;
  int parameters = 0;
  bool in_use = false;  ///< by Rows that are alive
  bool cached = false;
  bool is_query = false;      ///< changes nothing
  bool changes_rows = false;  ///< INSERT, UPDATE or DELETE, whose changes SQLite counts; not so a CREATE
  std::uint64_t used = 0;
  ~Statement();
};

/// A connection to the database file with its statements. One thread at a time.
class Connection {
 public:
  /// Opens and sets what every connection of the hub needs; creates nothing.
  static Result<std::unique_ptr<Connection>> open(const ConnectionSettings& settings);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// For the store's own statements, transactions and pragmas included.
  Result<void> exec(const std::string& sql);
  /// The first column of the first row of a statement of the store's own; 0 when there is none.
  Result<std::int64_t> number(const std::string& sql);
  Result<std::string> text(const std::string& sql);

  /// For statements of plugins; these may not touch transactions, pragmas and other files.
  Result<std::int64_t> execute(std::string_view sql, std::span<const SqlArg> args);
  std::unique_ptr<Rows> select(std::string_view sql, std::span<const SqlArg> args);
  Result<void> script(std::string_view sql);

  /// A prepared statement of the store's own, for the hot path; kept by the caller.
  Result<std::unique_ptr<Statement>> prepare_own(std::string_view sql);
  Result<void> step_own(Statement& statement);

  [[nodiscard]] std::uint64_t changes() const noexcept;
  [[nodiscard]] bool in_transaction() const noexcept;
  [[nodiscard]] Trouble trouble() const noexcept { return trouble_; }
  [[nodiscard]] const Error& trouble_error() const noexcept { return trouble_error_; }
  void clear_trouble() noexcept { trouble_ = Trouble::none; }
  /// What went wrong in the last call, as an Error; remembers its meaning for the transaction.
  Error fail(int code, std::string_view sql);
  [[nodiscard]] sqlite3* raw() const noexcept { return db_; }
  void release(Statement* statement) noexcept;

 private:
  explicit Connection(sqlite3* db) : db_(db) {}
  Result<Statement*> prepare(std::string_view sql);
  Result<std::unique_ptr<Statement>> compile(std::string_view sql, std::size_t* used, unsigned flags);
  Result<void> bind(Statement& statement, std::span<const SqlArg> args, bool copy);
  void evict_one();
  static int authorize(void* self, int action, const char*, const char*, const char*, const char*);

  static constexpr std::size_t kSlots = 256;
  static constexpr std::size_t kMostStatements = 256;

  sqlite3* db_;
  bool guarded_ = false;
  Trouble trouble_ = Trouble::none;
  Error trouble_error_;
  std::uint64_t schema_changes_ = 0;
  std::uint64_t clock_ = 0;
  // Literals come again at the same address: a hit there saves hashing the text. The map knows them by content.
  std::array<Statement*, kSlots> slots_{};
  std::unordered_map<std::string_view, std::unique_ptr<Statement>> statements_;
};

/// An error of SQLite by its extended code, for a person, and what it means for a transaction.
Error describe(int extended_code, std::string_view message, std::string_view sql, Trouble& trouble);

}  // namespace qiao::core::sqlite
