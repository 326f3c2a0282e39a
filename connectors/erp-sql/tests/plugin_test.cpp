#include <gtest/gtest.h>
#include <sqlite3.h>

#include <nlohmann/json.hpp>

#include "connectors/common/sql.hpp"
#include "mysql_server.hpp"
#include "qiao/contract/connector.hpp"
#include "qiao/contract/erp.hpp"
#include "qiao/testkit/conformance.hpp"

namespace {

using namespace std::chrono_literals;
using namespace qiao::contract;
using qiao::testkit::MysqlServer;
using qiao::testkit::TestHub;

constexpr const char* kTables = R"(
CREATE TABLE goods(code VARCHAR(40) PRIMARY KEY, title VARCHAR(100), price DECIMAL(10,2));
INSERT INTO goods VALUES ('A-7', '羽绒服', 399), ('K-201', '口红 豆沙色', 129), ('K-202', '口红 正红', 129);
CREATE TABLE stock(code VARCHAR(40), store VARCHAR(10), qty DECIMAL(12,3), held DECIMAL(12,3));
INSERT INTO stock VALUES ('A-7', 'SH', 120, 14), ('A-7', 'HZ', 36.5, 0), ('K-201', 'SH', 3, 3);
CREATE TABLE orders(no VARCHAR(40), day DATETIME, state VARCHAR(20), total DECIMAL(10,2), tel VARCHAR(30), code VARCHAR(40), n INT);
INSERT INTO orders VALUES ('O1', '2026-11-20 09:30:00', 'sent', 518, '138 0013 8000', 'A-7', 1),
 ('O1', '2026-11-20 09:30:00', 'sent', 518, '138 0013 8000', 'K-201', 1),
 ('O2', '2026-11-21 10:00:00', 'open', 129, '13900139000', 'K-202', 1);
)";

std::string config(const std::string& connection) {
  return "connection: " + connection + R"(
stock:
  query: >
    SELECT g.code AS sku, g.title AS name, s.store AS warehouse, s.qty AS on_hand, s.held AS reserved
    FROM goods g LEFT JOIN stock s ON s.code = g.code WHERE g.code IN (:skus)
products:
  query: SELECT code AS sku, title AS name, price, 'CNY' AS currency, 'x' AS shelf FROM goods WHERE title LIKE :text_like
orders:
  by_number: SELECT * FROM orders WHERE no = :number
  by_phone: SELECT * FROM orders WHERE REPLACE(tel, ' ', '') = :phone
  fields: {number: /no, placed_at: /day, status: /state | map sent=已发货, amount: /total, phone: /tel, sku: /code, quantity: /n}
)";
}

/// The same shop on both engines.
class ErpSql : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    std::string connection;
    if (GetParam()) {
      MysqlServer& server = MysqlServer::shared();
      server.run("DROP DATABASE IF EXISTS erp; CREATE DATABASE erp CHARACTER SET utf8mb4; USE erp; " +
                 std::string(kTables));
      connection = "{engine: mysql, socket: " + server.socket() + ", database: erp, user: root}";
    } else {
      const auto file = hub_.data_dir() / "erp.db";
      sqlite3* db = nullptr;
      sqlite3_open(file.c_str(), &db);
      ASSERT_EQ(sqlite3_exec(db, kTables, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
      sqlite3_close(db);
      connection = "{engine: sqlite, file: " + file.string() + "}";
    }
    hub_.start_plugin("erp-sql", config(connection), "erp");
  }
  TestHub hub_;
};

TEST_P(ErpSql, AnswersStockByWarehouse) {
  const auto stock = hub_.ask(StockQuery{"A-7", ""}, 20s);
  ASSERT_TRUE(stock) << stock.error().message;
  EXPECT_EQ(stock->name, "羽绒服");
  EXPECT_EQ(stock->on_hand, 156.5);
  EXPECT_EQ(stock->available, 142.5);
  EXPECT_EQ(stock->levels.size(), 2u);
  EXPECT_EQ(hub_.ask(StockQuery{"Z-9", ""}, 20s).error().code, qiao::Errc::not_found);
  EXPECT_EQ(hub_.ask(StockQuery{"A-7' OR '1'='1", ""}, 20s).error().code, qiao::Errc::not_found);
  const auto list = hub_.ask(StockBatchQuery{{"A-7", "K-201", "K-202", "Z"}, ""}, 20s);
  EXPECT_EQ(list->found.size(), 3u);
  EXPECT_EQ(list->unknown.size(), 1u);
}

TEST_P(ErpSql, FindsProductsAndOrders) {
  const auto products = hub_.ask(ProductSearch{"口红", 10}, 20s);
  ASSERT_TRUE(products) << products.error().message;
  ASSERT_EQ(products->products.size(), 2u);
  EXPECT_EQ(products->products[0].attributes.at("shelf"), "x");
  const auto orders = hub_.ask(OrderQuery{"O1", "", "", "", 10}, 20s);
  ASSERT_TRUE(orders) << orders.error().message;
  ASSERT_EQ(orders->orders.size(), 1u);
  EXPECT_EQ(orders->orders[0].lines.size(), 2u);
  EXPECT_EQ(orders->orders[0].status, "已发货");
  EXPECT_EQ(qiao::to_iso8601(orders->orders[0].placed_at), "2026-11-20T01:30:00.000Z");
  EXPECT_EQ(hub_.ask(OrderQuery{"", "", "+86 13900139000", "", 10}, 20s)->orders.at(0).number, "O2");
  EXPECT_EQ(hub_.ask(OrderQuery{"O1", "", "13900139000", "", 10}, 20s)->orders.size(), 0u);
}

TEST_P(ErpSql, TheOperatorCanTryIt) {
  qiao::RequestOptions options(20s);
  options.to = "erp";
  const auto tested = hub_.ask(TestConnector{}, options);
  ASSERT_TRUE(tested) << tested.error().message;
  EXPECT_NE(tested->says.find("4 queries"), std::string::npos) << tested->says;
}

INSTANTIATE_TEST_SUITE_P(Engines, ErpSql, testing::Bool(),
                         [](const auto& engine) { return engine.param ? "MariaDb" : "Sqlite"; });

qiao::common::SqlSettings mariadb(const std::string& database) {
  qiao::common::SqlSettings settings;
  settings.socket = MysqlServer::shared().socket();
  settings.user = "root";
  settings.database = database;
  settings.timeout = 300ms;
  return settings;
}

TEST(ErpSqlMariaDb, TheSessionIsReadOnlyInTheServersEyes) {
  MysqlServer::shared().run("DROP DATABASE IF EXISTS erp2; CREATE DATABASE erp2; CREATE TABLE erp2.t(n INT)");
  auto reader = qiao::common::open_mysql(mariadb("erp2"), false);
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_EQ((*reader)->execute({"INSERT INTO t VALUES (1)", {}}).error().name(), "sql.read_only");
  EXPECT_EQ((*reader)->execute({"DROP TABLE t", {}}).error().name(), "sql.read_only");
}

TEST(ErpSqlMariaDb, AStatementEndsInTime) {
  MysqlServer::shared().run("CREATE DATABASE IF NOT EXISTS erp2");
  auto reader = qiao::common::open_mysql(mariadb("erp2"), false);
  ASSERT_TRUE(reader) << reader.error().message;
  EXPECT_EQ((*reader)->query({"SELECT SLEEP(20)", {}}).error().name(), "sql.slow");
}

TEST(ErpSqlMariaDb, AWrongPasswordIsSaidPlainly) {
  TestHub hub;
  hub.start_plugin("erp-sql",
                   config("{engine: mysql, socket: " + MysqlServer::shared().socket() +
                          ", database: erp, user: nobody-there, password: s3cret}"),
                   "erp");
  qiao::RequestOptions options(20s);
  options.to = "erp";
  const auto tested = hub.ask(TestConnector{}, options);
  ASSERT_FALSE(tested);
  EXPECT_EQ(tested.error().name(), "sql.login");
  EXPECT_EQ(tested.error().message.find("s3cret"), std::string::npos);
}

}  // namespace

QIAO_CONFORMANCE("erp-sql", config("{engine: sqlite, file: /nowhere/erp.db}"))
