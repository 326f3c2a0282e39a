#include "core/store/mysql/backend.hpp"

#include "core/store/mysql/schema.hpp"
#include "core/store/mysql/script.hpp"
#include "core/store/mysql/server_check.hpp"
#include "core/store/mysql/session.hpp"

namespace qiao::core::mysql {
namespace {

class MysqlBackend final : public StoreBackend {
 public:
  explicit MysqlBackend(Settings settings) : settings_(std::move(settings)) {}

  [[nodiscard]] std::string_view name() const noexcept override { return "mysql"; }
  Result<std::unique_ptr<WriterSession>> open_writer() override { return MysqlWriter::open(settings_); }
  Result<std::unique_ptr<ReaderSession>> open_reader() override { return MysqlReader::open(settings_); }
  Result<std::unique_ptr<SchemaSession>> open_schema() override { return MysqlSchema::open(settings_); }

  std::vector<std::string> warnings() override {
    std::vector<std::string> texts;
    const auto findings = check_server(settings_, 0);
    if (!findings) return texts;  // what comes next meets the same error and tells it
    for (const Finding& finding : *findings) {
      if (finding.weakens) texts.push_back("the database server weakens what is promised: " + finding.text);
    }
    return texts;
  }
  [[nodiscard]] std::string migration_sql(const Migration& step) const override {
    std::string text;
    const auto script = script_of(step);
    if (!script) return text;
    for (const ScriptStatement& one : *script) text += one.sql + ";\n";
    return text;
  }

  [[nodiscard]] Size size() const override { return {}; }

 private:
  const Settings settings_;
};

}  // namespace

std::unique_ptr<StoreBackend> replica_backend(const Settings& settings, const Settings::Replica& replica) {
  Settings own = settings;
  own.host = replica.host;
  own.port = replica.port;
  own.socket = replica.socket;
  own.replicas.clear();
  return std::make_unique<MysqlBackend>(std::move(own));
}

Result<std::unique_ptr<StoreBackend>> open_backend(const Settings& settings) {
  Troubles troubles;
  auto connection = Connection::open(settings, Role::reader, troubles);
  if (!connection) return connection.error();
  return std::unique_ptr<StoreBackend>(std::make_unique<MysqlBackend>(settings));
}

}  // namespace qiao::core::mysql
