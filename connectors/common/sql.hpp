#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connectors/common/parameters.hpp"

namespace qiao::common {

using namespace std::chrono_literals;

/// Where the tables are.
struct SqlSettings {
  enum class Engine : std::uint8_t { mysql, sqlite };
  Engine engine = Engine::mysql;
  std::string file;  ///< sqlite
  std::string host = "127.0.0.1";
  std::uint16_t port = 3306;
  std::string socket;
  std::string database;
  std::string user;
  Secret password;
  bool tls = false;
  std::string ca_file;
  std::chrono::milliseconds timeout = 3s;
  std::size_t connections = 4;
};
QIAO_ENUM(SqlSettings::Engine, mysql, sqlite)
void describe(Schema<SqlSettings>& s);

/// One statement with named parameters (":sku"; a list, as in `IN (:skus)`, becomes as many as it has). Values never
/// become part of the text.
class SqlStatement {
 public:
  /// Fails when a name is unknown, when there are several statements, or when it does not begin with SELECT or WITH
  /// though it only `reads`.
  static Result<SqlStatement> compile(std::string_view text, const Parameters& known, bool reads);
  /// The text with ? for each value, and the values in their order.
  struct Bound {
    std::string text;
    std::vector<std::string> values;
  };
  [[nodiscard]] Bound bind(const Parameters& parameters) const;

 private:
  struct Part {
    bool name = false;
    std::string text;
  };
  std::vector<Part> parts_;
};

/// A connection. One thread at a time.
class SqlConnection {
 public:
  SqlConnection() = default;
  SqlConnection(const SqlConnection&) = delete;
  SqlConnection& operator=(const SqlConnection&) = delete;
  virtual ~SqlConnection() = default;
  /// Rows as objects of column names; texts, or null. At most a thousand rows; more is an error.
  virtual Result<std::vector<Json>> query(const SqlStatement::Bound& statement) = 0;
  virtual Result<void> execute(const SqlStatement::Bound& statement) = 0;
  /// False once it must not be used again.
  [[nodiscard]] virtual bool usable() const = 0;
  /// Ends what runs on it now, from another thread.
  virtual void interrupt() noexcept {}
};

Result<std::unique_ptr<SqlConnection>> open_sqlite(const SqlSettings& settings, bool writes);
Result<std::unique_ptr<SqlConnection>> open_mysql(const SqlSettings& settings, bool writes);

/// Connections to one database, kept for reuse. Sessions are read-only, in the database itself, unless opened for
/// `writes`; a statement runs no longer than `timeout`. Any thread. Errors: `sql.unreachable` (unavailable), `sql.slow`
/// (timeout), `sql.failed` (the statement is wrong), `sql.too_many_rows`.
class SqlSource {
 public:
  explicit SqlSource(SqlSettings settings);
  ~SqlSource();
  Result<std::vector<Json>> query(const SqlStatement& statement, const Parameters& parameters);
  Result<void> execute(const SqlStatement& statement, const Parameters& parameters);
  /// Interrupts what runs; later calls are cancelled.
  void close() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace qiao::common
