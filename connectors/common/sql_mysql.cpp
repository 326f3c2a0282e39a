#include <cppconn/connection.h>
#include <cppconn/driver.h>
#include <cppconn/exception.h>
#include <cppconn/prepared_statement.h>
#include <cppconn/resultset.h>
#include <cppconn/resultset_metadata.h>
#include <cppconn/statement.h>
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "connectors/common/sql.hpp"

namespace qiao::common {
namespace {

constexpr std::size_t kMostRows = 1000;

sql::Driver& driver() {
  static sql::Driver* const instance = get_driver_instance();
  return *instance;
}

/// Codes of the client library and the server.
bool is_lost(int code) { return code == 2006 || code == 2013 || code == 2055 || code == 1927 || code == 4031; }
bool is_slow(int code) { return code == 1969 || code == 3024 || code == 1205 || code == 1317; }
bool is_unreachable(int code) { return (code >= 2000 && code < 2100) || code == 1040 || code == 1129; }

class MysqlConnection final : public SqlConnection {
 public:
  MysqlConnection(std::unique_ptr<sql::Connection> handle, std::string address, std::chrono::milliseconds timeout)
      : handle_(std::move(handle)), address_(std::move(address)), timeout_(timeout) {}

  /// The session's own limits, and read-only in the server's eyes.
  Result<void> set_up(bool writes) {
    try {
      const std::unique_ptr<sql::Statement> statement(handle_->createStatement());
      statement->execute("SET NAMES utf8mb4");
      const double seconds = static_cast<double>(timeout_.count()) / 1000;
      try {
        statement->execute(fmt::format("SET SESSION max_statement_time = {}", seconds));  // MariaDB
      } catch (const sql::SQLException&) {
        statement->execute(fmt::format("SET SESSION max_execution_time = {}", timeout_.count()));  // MySQL
      }
      statement->execute(fmt::format("SET SESSION innodb_lock_wait_timeout = {}", std::max(1L, std::lround(seconds))));
      if (!writes) statement->execute("SET SESSION TRANSACTION READ ONLY");
      return {};
    } catch (const sql::SQLException& thrown) {
      return failed(thrown);
    }
  }

  Result<std::vector<Json>> query(const SqlStatement::Bound& bound) override {
    driver().threadInit();
    try {
      const auto statement = prepared(bound);
      const std::unique_ptr<sql::ResultSet> result(statement->executeQuery());
      sql::ResultSetMetaData* columns = result->getMetaData();
      std::vector<Json> rows;
      while (result->next()) {
        if (rows.size() == kMostRows) {
          return Error{Errc::too_large, "sql.too_many_rows", "the query gives more than 1000 rows; add a LIMIT"};
        }
        Json row = Json::object();
        for (unsigned i = 1; i <= columns->getColumnCount(); ++i) {
          const std::string name = columns->getColumnLabel(i).asStdString();
          row[name] = result->isNull(i) ? Json() : Json(result->getString(i).asStdString());
        }
        rows.push_back(std::move(row));
      }
      return rows;
    } catch (const sql::SQLException& thrown) {
      return failed(thrown);
    }
  }

  Result<void> execute(const SqlStatement::Bound& bound) override {
    driver().threadInit();
    try {
      prepared(bound)->executeUpdate();
      return {};
    } catch (const sql::SQLException& thrown) {
      return failed(thrown);
    }
  }

  [[nodiscard]] bool usable() const override { return !lost_; }

 private:
  std::unique_ptr<sql::PreparedStatement> prepared(const SqlStatement::Bound& bound) {
    std::unique_ptr<sql::PreparedStatement> statement(handle_->prepareStatement(bound.text));
    for (std::size_t i = 0; i < bound.values.size(); ++i) {
      statement->setString(static_cast<unsigned>(i + 1), bound.values[i]);
    }
    return statement;
  }

  Error failed(const sql::SQLException& thrown) {
    const int code = thrown.getErrorCode();
    if (is_lost(code) || is_unreachable(code)) {
      lost_ = true;
      return {Errc::unavailable, "sql.unreachable", fmt::format("the database {} went away (code {})", address_, code)};
    }
    if (is_slow(code)) {
      return {Errc::timeout, "sql.slow", fmt::format("the statement ran longer than {} ms", timeout_.count())};
    }
    if (code == 1062) return {Errc::conflict, "sql.conflict", "it is there already"};
    if (code == 1792) return {Errc::forbidden, "sql.read_only", "the session may only read"};
    return {Errc::unavailable, "sql.failed",
            fmt::format("the database {} refused the statement: {} (code {})", address_, thrown.what(), code)};
  }

  std::unique_ptr<sql::Connection> handle_;
  const std::string address_;
  const std::chrono::milliseconds timeout_;
  bool lost_ = false;
};

}  // namespace

Result<std::unique_ptr<SqlConnection>> open_mysql(const SqlSettings& settings, bool writes) {
  driver().threadInit();
  sql::ConnectOptionsMap options;
  std::string address = settings.socket;
  if (settings.socket.empty()) {
    address = fmt::format("{}:{}", settings.host, settings.port);
    options["hostName"] = sql::SQLString("tcp://" + settings.host);
    options["port"] = static_cast<int>(settings.port);
  } else {
    options["hostName"] = sql::SQLString("unix://" + settings.socket);
  }
  options["userName"] = sql::SQLString(settings.user);
  options["password"] = sql::SQLString(settings.password.reveal());
  options["schema"] = sql::SQLString(settings.database);
  options["OPT_CHARSET_NAME"] = sql::SQLString("utf8mb4");
  // Whole seconds, and one more than the server's own limit, which ends a statement more gently.
  const int seconds = static_cast<int>(std::chrono::ceil<std::chrono::seconds>(settings.timeout).count()) + 1;
  options["OPT_CONNECT_TIMEOUT"] = std::min(seconds, 3);
  options["OPT_READ_TIMEOUT"] = seconds;
  options["OPT_WRITE_TIMEOUT"] = seconds;
  options["OPT_LOCAL_INFILE"] = 0;
  if (settings.tls) {
    options["sslEnforce"] = true;
    options["sslVerify"] = true;
    options["OPT_TLS_VERSION"] = sql::SQLString("TLSv1.2,TLSv1.3");
    if (!settings.ca_file.empty()) options["sslCA"] = sql::SQLString(settings.ca_file);
  }
  try {
    std::unique_ptr<sql::Connection> handle(driver().connect(options));
    auto connection = std::make_unique<MysqlConnection>(std::move(handle), address, settings.timeout);
    if (auto done = connection->set_up(writes); !done) return done.error();
    return std::unique_ptr<SqlConnection>(std::move(connection));
  } catch (const sql::SQLException& thrown) {
    const int code = thrown.getErrorCode();
    if (code == 1044 || code == 1045 || code == 1698) {
      return Error{Errc::unauthorized, "sql.login",
                   fmt::format("the database {} does not let the user {} in; check user, password and what it was "
                               "granted",
                               address, settings.user)};
    }
    if (code == 1049) {
      return Error{Errc::unavailable, "sql.unreachable",
                   fmt::format("{} has no database {}", address, settings.database)};
    }
    return Error{Errc::unavailable, "sql.unreachable",
                 fmt::format("cannot reach the database {}: {} (code {})", address, thrown.what(), code)};
  }
}

}  // namespace qiao::common
