#include "core/store/mysql/server_check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "core/store/mysql/connection.hpp"

namespace qiao::core::mysql {
namespace {

constexpr std::int64_t kLargestValue = std::int64_t{16} << 20;

/// A hub holds its readers, the writer, and one for migrations.
constexpr std::size_t kOtherConnections = 2;

bool is_on(std::string_view value) { return value == "ON" || value == "1"; }

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; });
  return text;
}

class Judge {
 public:
  Judge(const Variables& variables, const Settings& settings, std::size_t readers)
      : variables_(variables), settings_(settings), readers_(readers) {}

  std::vector<Finding> run() {
    version();
    power_cut();
    binary_log();
    way();
    room();
    return std::move(findings_);
  }

 private:
  /// Empty when the server does not know the variable.
  [[nodiscard]] std::string value(std::string_view name) const {
    const auto found = variables_.find(name);
    return found == variables_.end() ? std::string() : found->second;
  }
  void add(bool weakens, std::string_view name, std::string_view what) {
    findings_.push_back({weakens, std::string(name), fmt::format("{}={}: {}", name, value(name), what)});
  }

  void version() {
    const std::string text = value("version");
    const int major = std::atoi(text.c_str());
    const bool maria = text.find("MariaDB") != std::string::npos;
    if (text.empty() || (maria ? major >= 10 : major >= 8)) return;
    add(false, "version", "the hub is tested with MariaDB 10.11 and MySQL 8; older servers may refuse its statements");
  }

  void power_cut() {
    if (const auto flush = value("innodb_flush_log_at_trx_commit"); !flush.empty() && flush != "1") {
      add(true, "innodb_flush_log_at_trx_commit",
          "a crash or power cut of the server loses what was acknowledged in the last second; set it to 1");
    }
    if (const auto doublewrite = lower(value("innodb_doublewrite"));
        doublewrite == "off" || doublewrite == "0" || doublewrite == "detect_only") {
      add(true, "innodb_doublewrite",
          "a page that a power cut tears in half cannot be repaired; set it to ON unless the disk writes 16 KiB at "
          "once");
    }
    if (const auto method = lower(value("innodb_flush_method")); method == "nosync" || method == "littlesync") {
      add(true, "innodb_flush_method", "nothing is synced to the disk; set it to O_DIRECT or fsync");
    }
    if (const auto force = value("innodb_force_recovery"); !force.empty() && force != "0") {
      add(true, "innodb_force_recovery", "the server runs in emergency mode and takes no writes; set it to 0");
    }
    if (is_on(value("read_only"))) {
      add(true, "read_only", "the server takes no writes; connect the hub to the primary, or set it to OFF");
    }
  }

  void binary_log() {
    if (!is_on(value("log_bin"))) {
      if (!value("log_bin").empty()) {
        add(false, "log_bin",
            "without a binary log there is only the last backup to go back to, and no replica; set log_bin");
      }
      return;
    }
    if (value("sync_binlog") != "1") {
      add(true, "sync_binlog",
          "after a power cut the binary log may lack what was acknowledged: replicas and point-in-time recovery then "
          "miss it; set it to 1");
    }
    if (value("binlog_format") == "STATEMENT") {
      add(true, "binlog_format",
          "the hub writes with READ COMMITTED, which the server refuses in this format; set it to ROW or MIXED");
    }
  }

  void way() {
    const bool local = !settings_.socket.empty() || settings_.host == "localhost" || settings_.host == "::1" ||
                       settings_.host.starts_with("127.");
    if (local || settings_.tls == TlsMode::verify) return;
    findings_.push_back(
        {true, "tls",
         settings_.tls == TlsMode::none
             ? fmt::format("the way to {} is not encrypted; set store.tls: {{mode: verify, ca: …}}", settings_.host)
             : fmt::format("whoever answers for {} is believed; set store.tls: {{mode: verify, ca: …}}",
                           settings_.host)});
  }

  void room() {
    if (const auto packet = value("max_allowed_packet");
        !packet.empty() && std::atoll(packet.c_str()) < kLargestValue) {
      add(false, "max_allowed_packet", "values of up to 16 MiB are stored; set it to 16M or more");
    }
    const auto most = value("max_connections");
    if (!most.empty() && static_cast<std::size_t>(std::atoll(most.c_str())) < readers_ + kOtherConnections) {
      add(false, "max_connections",
          fmt::format("the hub needs {}; raise it, or lower store.readers", readers_ + kOtherConnections));
    }
    if (const auto set = value("character_set_database"); !set.empty() && set != "utf8mb4") {
      add(false, "character_set_database",
          fmt::format("the hub's tables are utf8mb4 all the same, but other tools go by it; "
                      "ALTER DATABASE `{}` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
                      settings_.database));
    }
  }

  const Variables& variables_;
  const Settings& settings_;
  const std::size_t readers_;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> judge(const Variables& variables, const Settings& settings, std::size_t readers) {
  return Judge(variables, settings, readers).run();
}

Result<std::vector<Finding>> check_server(const Settings& settings, std::size_t readers) {
  Troubles troubles;
  auto connection = Connection::open(settings, Role::reader, troubles);
  if (!connection) return connection.error();
  Variables variables;
  auto rows = (*connection)
                  ->select_own(
                      "SHOW GLOBAL VARIABLES WHERE Variable_name IN ('version', 'innodb_flush_log_at_trx_commit', "
                      "'innodb_doublewrite', 'innodb_flush_method', 'innodb_force_recovery', 'read_only', 'log_bin', "
                      "'sync_binlog', 'binlog_format', 'max_allowed_packet', 'max_connections')",
                      {});
  while (rows->next()) variables[lower(rows->str(0))] = rows->str(1);
  if (auto status = rows->status(); !status) return status.error();
  rows = (*connection)->select_own("SELECT @@character_set_database", {});
  if (rows->next()) variables["character_set_database"] = rows->str(0);
  if (auto status = rows->status(); !status) return status.error();
  return judge(variables, settings, readers);
}

}  // namespace qiao::core::mysql
