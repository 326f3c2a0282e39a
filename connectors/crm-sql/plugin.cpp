#include "connectors/common/plugin.hpp"
#include "connectors/crm-sql/client/crm_sql.hpp"

namespace qiao::crm_sql {

class CrmSqlPlugin final : public common::DescribedPlugin<Config, Client> {
 public:
  static void describe(Manifest& m) {
    m.summary(
        "Customers out of any MySQL, MariaDB or SQLite database, by queries in YAML; notes and tags when allowed");
    declare(m);
  }
};

}  // namespace qiao::crm_sql

QIAO_PLUGIN(qiao::crm_sql::CrmSqlPlugin, "crm-sql", "crm", "1.0.0")
