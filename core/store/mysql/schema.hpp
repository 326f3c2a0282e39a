#pragma once

#include "core/store/mysql/connection.hpp"

namespace qiao::core::mysql {

/// Changing a table ends a transaction on MySQL, so a step is noted statement by statement: what a crash interrupted is
/// finished at the next start.
class MysqlSchema final : public SchemaSession {
 public:
  /// Waits for other hubs that migrate this database, then makes the hub's own tables where they are missing. Refuses a
  /// database of another program (`store.foreign_file`) and one of a newer hub (`store.newer_file`).
  static Result<std::unique_ptr<SchemaSession>> open(const Settings& settings);

  Result<void> apply(const std::string& plugin, const Migration& step) override;
  Result<std::int64_t> execute(std::string_view sql, std::span<const SqlArg> args) override {
    return connection_->execute(sql, args);
  }
  std::unique_ptr<Rows> select(std::string_view sql, std::span<const SqlArg> args) override {
    return connection_->select(sql, args);
  }

 private:
  MysqlSchema() = default;
  Result<void> take_lock(const Settings& settings);
  Result<void> check_owner(const Settings& settings);
  Result<void> make_own_tables();
  struct Progress {
    std::size_t done = 0;  ///< statements
    bool resumed = false;  ///< an earlier attempt was interrupted
  };
  Result<Progress> progress_of(const std::string& plugin, const Migration& step);
  Result<void> run_noted(const std::string& sql, const std::string& plugin, int version, std::size_t done);
  Result<void> note(const std::string& plugin, int version, std::size_t done);

  Troubles troubles_;  // before the connection, which refers to it
  std::unique_ptr<Connection> connection_;
};

}  // namespace qiao::core::mysql
