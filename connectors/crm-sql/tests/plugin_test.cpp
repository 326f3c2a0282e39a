#include <gtest/gtest.h>
#include <sqlite3.h>

#include "mysql_server.hpp"
#include "qiao/contract/crm.hpp"
#include "qiao/testkit/conformance.hpp"

namespace {

using namespace std::chrono_literals;
using namespace qiao::contract;
using qiao::testkit::MysqlServer;
using qiao::testkit::TestHub;

constexpr const char* kTables = R"(
CREATE TABLE people(id INTEGER PRIMARY KEY, name VARCHAR(50), tel VARCHAR(30), mail VARCHAR(60), level VARCHAR(10), city VARCHAR(20));
INSERT INTO people VALUES (7, '林梅', '+86 138-0013-8000', 'lin@example.com', 'gold', '上海'),
 (8, '周杰', '13900139000', 'zhou@example.com', 'std', NULL), (9, '周琳', '139 0013 9000', NULL, 'std', NULL);
CREATE TABLE sales(no VARCHAR(40), person INT, day DATETIME, total DECIMAL(10,2), item VARCHAR(60));
INSERT INTO sales VALUES ('S1', 7, '2026-11-02 10:00:00', 129, '口红 豆沙色'), ('S2', 7, '2026-10-01 10:00:00', 50, '酸奶');
CREATE TABLE notes(ext VARCHAR(64) UNIQUE, person INT, body VARCHAR(500), at_utc VARCHAR(30));
CREATE TABLE labels(person INT, label VARCHAR(100), UNIQUE(person, label));
)";

std::string config(const std::string& connection) {
  return "connection: " + connection + R"(
customers:
  by_id: SELECT id AS crm_id, name, tel AS phone, mail AS email, level AS tier, city AS 城市 FROM people WHERE id = :crm_id
  by_phone: >
    SELECT id AS crm_id, name, tel AS phone, mail AS email, level AS tier, city AS 城市 FROM people WHERE tel LIKE :phone_like
  by_email: SELECT id AS crm_id, name, mail AS email FROM people WHERE LOWER(mail) = :email
orders:
  query: SELECT no AS number, day AS placed_at, total AS amount, item AS name FROM sales WHERE person = :crm_id
write: true
activity: INSERT INTO notes(ext, person, body, at_utc) VALUES (:external_id, :crm_id, :text, :at_sql)
add_tag: INSERT INTO labels VALUES (:crm_id, :tag)
remove_tag: DELETE FROM labels WHERE person = :crm_id AND label = :tag
)";
}

/// The same customers on both engines.
class CrmSql : public testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    std::string connection;
    if (GetParam()) {
      MysqlServer& server = MysqlServer::shared();
      server.run("DROP DATABASE IF EXISTS crm; CREATE DATABASE crm CHARACTER SET utf8mb4; USE crm; " +
                 std::string(kTables));
      connection = "{engine: mysql, socket: " + server.socket() + ", database: crm, user: root}";
    } else {
      file_ = (hub_.data_dir() / "crm.db").string();
      sqlite3* db = nullptr;
      sqlite3_open(file_.c_str(), &db);
      ASSERT_EQ(sqlite3_exec(db, kTables, nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
      sqlite3_close(db);
      connection = "{engine: sqlite, file: " + file_ + "}";
    }
    hub_.start_plugin("crm-sql", config(connection), "crm");
  }
  template <class Q>
  auto ask(Q q) {
    qiao::RequestOptions options(20s);
    options.to = "crm";
    return hub_.ask(std::move(q), options);
  }
  std::string count(const std::string& table) {
    const std::string sql = "SELECT COUNT(*) FROM " + table;
    if (GetParam()) return MysqlServer::shared().run("USE crm; " + sql);
    sqlite3* db = nullptr;
    sqlite3_open(file_.c_str(), &db);
    std::string text;
    sqlite3_exec(
        db, sql.c_str(),
        [](void* out, int, char** values, char**) {
          *static_cast<std::string*>(out) = values[0];
          return 0;
        },
        &text, nullptr);
    sqlite3_close(db);
    return text;
  }
  TestHub hub_;
  std::string file_;
};

TEST_P(CrmSql, KnowsPeopleHoweverTheirNumberIsKept) {
  const auto card = ask(LookupCustomer{"", "13800138000", "", "", ""});
  ASSERT_TRUE(card) << card.error().message;
  EXPECT_EQ(card->crm_id, "7");
  EXPECT_EQ(card->name, "林梅");
  EXPECT_EQ(card->attributes.at("城市"), "上海");
  ASSERT_EQ(card->orders.size(), 2u);
  EXPECT_EQ(card->orders[0].number, "S1");
  EXPECT_EQ(card->last_purchase, "2026-11-02 口红 豆沙色");
  EXPECT_EQ(ask(LookupCustomer{"", "", "Lin@Example.com", "", ""})->crm_id, "7");
  EXPECT_EQ(ask(LookupCustomer{"8", "", "", "", ""})->name, "周杰");
  EXPECT_EQ(ask(LookupCustomer{"", "13900139000", "", "", ""}).error().name(), "crm.ambiguous");
  EXPECT_EQ(ask(LookupCustomer{"", "13700137000", "", "", ""}).error().code, qiao::Errc::not_found);
}

TEST_P(CrmSql, WritesOnceAndEscapesNothingByHand) {
  const RecordActivity note{"c-1", {"7", "", "", "", ""}, "call", "", "it's \"quoted\"; DROP TABLE notes", "", {}};
  EXPECT_TRUE(ask(note));
  EXPECT_TRUE(ask(note));
  EXPECT_NE(count("notes").find('1'), std::string::npos);
  EXPECT_TRUE(ask(TagCustomer{{"7", "", "", "", ""}, {"vip", "vip2"}, {}}));
  EXPECT_TRUE(ask(TagCustomer{{"7", "", "", "", ""}, {"vip"}, {"vip2"}}));
  EXPECT_NE(count("labels").find('1'), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(Engines, CrmSql, testing::Bool(),
                         [](const auto& engine) { return engine.param ? "MariaDb" : "Sqlite"; });

}  // namespace

QIAO_CONFORMANCE("crm-sql", config("{engine: sqlite, file: /nowhere/crm.db}"))
