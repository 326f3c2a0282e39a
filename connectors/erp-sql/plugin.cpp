#include "connectors/common/plugin.hpp"
#include "connectors/erp-sql/client/erp_sql.hpp"

namespace qiao::erp_sql {

class ErpSqlPlugin final : public common::DescribedPlugin<Config, Client> {
 public:
  static void describe(Manifest& m) {
    m.summary("Stock, products and orders out of any MySQL, MariaDB or SQLite database, by queries in YAML");
    declare(m);
  }
};

}  // namespace qiao::erp_sql

QIAO_PLUGIN(qiao::erp_sql::ErpSqlPlugin, "erp-sql", "erp", "1.0.0")
