// What the MySQL back end decides without a server: statements of migrations, errors, a server's variables.
#include <gmock/gmock.h>

#include "core/store/mysql/connection.hpp"
#include "core/store/mysql/errors.hpp"
#include "core/store/mysql/script.hpp"
#include "core/store/mysql/server_check.hpp"

namespace qiao::core::mysql {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view kOptions =
    " ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin ROW_FORMAT=DYNAMIC";

std::vector<std::string> texts_of(const Migration& step) {
  std::vector<std::string> texts;
  const auto script = script_of(step);
  EXPECT_TRUE(script) << script.error().message;
  for (const auto& one : *script) texts.push_back(one.sql);
  return texts;
}

TEST(MysqlScript, TakesAMigrationApart) {
  const auto script = script_of({1, "x",
                                 "CREATE TABLE a (id BIGINT); -- the first; of two\n"
                                 "/* ; */ INSERT INTO a VALUES ('x;y'), ('it''s; -- none');\n;"});
  ASSERT_TRUE(script);
  ASSERT_EQ(script->size(), 2u);
  EXPECT_EQ(script->at(0).sql, "CREATE TABLE a (id BIGINT)" + std::string(kOptions));
  EXPECT_TRUE(script->at(0).changes_tables);
  EXPECT_EQ(script->at(1).sql, "INSERT INTO a VALUES ('x;y'), ('it''s; -- none')");
  EXPECT_FALSE(script->at(1).changes_tables);
}

TEST(MysqlScript, GivesTypesRoomAndLeavesNamesAndTextsAlone) {
  EXPECT_THAT(texts_of({1, "x", "CREATE TABLE a (id INTEGER PRIMARY KEY, text TEXT NOT NULL, b BLOB) WITHOUT ROWID"}),
              ElementsAre("CREATE TABLE a (id BIGINT NOT NULL PRIMARY KEY, text MEDIUMTEXT NOT NULL, b MEDIUMBLOB)" +
                          std::string(kOptions)));
  EXPECT_THAT(texts_of({1, "x", "INSERT INTO a VALUES ('TEXT')"}), ElementsAre("INSERT INTO a VALUES ('TEXT')"));
}

TEST(MysqlScript, TakesTheEnginesOwnTextAsItIs) {
  EXPECT_THAT(texts_of({1, "x", "CREATE TABLE a (b TEXT)", "CREATE TABLE a (b TEXT) ENGINE=Aria"}),
              ElementsAre("CREATE TABLE a (b TEXT) ENGINE=Aria"));
}

TEST(MysqlScript, RefusesWhatIsNeitherTablesNorRows) {
  EXPECT_EQ(script_of({1, "x", "SET GLOBAL read_only = 1"}).error().name(), "store.forbidden_sql");
  EXPECT_EQ(script_of({1, "x", "CREATE TABLE a (id INT); COMMIT"}).error().name(), "store.forbidden_sql");
}

TEST(MysqlSession, RunsRowStatementsOnly) {
  for (const auto* sql : {"SELECT 1", "  insert into a values (1)", "UPDATE a SET b = 1", "DELETE FROM a",
                          "(SELECT 1) UNION (SELECT 2)", "WITH x AS (SELECT 1) SELECT * FROM x"}) {
    EXPECT_TRUE(is_row_statement(sql)) << sql;
  }
  for (const auto* sql :
       {"COMMIT", "begin", "SET autocommit = 1", "USE mysql", "DROP TABLE a", "TRUNCATE a", "LOCK TABLES a READ",
        "CALL p()", "LOAD DATA INFILE 'x' INTO TABLE a", "KILL 1", "/*! DROP */ TABLE a", "-- x\nCOMMIT"}) {
    EXPECT_FALSE(is_row_statement(sql)) << sql;
  }
}

TEST(MysqlErrors, AreTranslatedWithTheirMeaningForTheTransaction) {
  const auto check = [](int code, std::string_view id, Trouble trouble, bool lost) {
    const Described described = describe(code, "message", "SELECT 1");
    EXPECT_EQ(described.error.name(), id) << code;
    EXPECT_EQ(described.trouble, trouble) << code;
    EXPECT_EQ(described.lost, lost) << code;
  };
  check(1062, "store.conflict", Trouble::none, false);
  check(1048, "store.constraint", Trouble::none, false);
  check(1406, "store.constraint", Trouble::none, false);
  check(1452, "store.constraint", Trouble::none, false);
  check(1205, "store.busy", Trouble::retry, false);
  check(1213, "store.busy", Trouble::retry, false);
  check(1114, "store.full", Trouble::full, false);
  check(1021, "store.full", Trouble::full, false);
  check(1290, "store.io_error", Trouble::io, true);
  check(1792, "store.read_only", Trouble::none, false);
  check(1045, "store.access_denied", Trouble::io, true);
  check(1927, "store.io_error", Trouble::retry, true);
  check(2006, "store.io_error", Trouble::retry, true);
  check(2013, "store.io_error", Trouble::retry, true);
  check(2026, "store.tls", Trouble::retry, true);
  check(1064, "store.sql", Trouble::none, false);
  check(1146, "store.sql", Trouble::none, false);
}

TEST(MysqlErrors, LeaveValuesOut) {
  EXPECT_EQ(describe(1062, "Duplicate entry '13800138000' for key 'phone'", "INSERT").error.message,
            "Duplicate entry '…' for key 'phone'");
  EXPECT_EQ(describe(1062, "Duplicate entry 'it's mine' for key 'note'", "INSERT").error.message,
            "Duplicate entry '…' for key 'note'");
  EXPECT_THAT(describe(1366, "Incorrect integer value: 'secret' for column `a`.`b` at row 1", "INSERT").error.message,
              Not(HasSubstr("secret")));
}

std::vector<std::string> weak(const Variables& variables, const Settings& settings = {}) {
  std::vector<std::string> names;
  for (const Finding& finding : judge(variables, settings, 4)) {
    if (finding.weakens) names.push_back(finding.variable);
  }
  return names;
}

TEST(MysqlServerCheck, IsContentWithASafeServer) {
  EXPECT_THAT(judge({{"version", "10.11.6-MariaDB"},
                     {"innodb_flush_log_at_trx_commit", "1"},
                     {"innodb_doublewrite", "ON"},
                     {"innodb_flush_method", "O_DIRECT"},
                     {"innodb_force_recovery", "0"},
                     {"read_only", "OFF"},
                     {"log_bin", "ON"},
                     {"sync_binlog", "1"},
                     {"binlog_format", "MIXED"},
                     {"max_allowed_packet", "16777216"},
                     {"max_connections", "151"},
                     {"character_set_database", "utf8mb4"}},
                    {}, 4),
              IsEmpty());
}

TEST(MysqlServerCheck, NamesWhatLosesAcknowledgedMessages) {
  EXPECT_THAT(weak({{"innodb_flush_log_at_trx_commit", "2"}}), ElementsAre("innodb_flush_log_at_trx_commit"));
  EXPECT_THAT(weak({{"innodb_doublewrite", "OFF"}}), ElementsAre("innodb_doublewrite"));
  EXPECT_THAT(weak({{"innodb_flush_method", "nosync"}}), ElementsAre("innodb_flush_method"));
  EXPECT_THAT(weak({{"log_bin", "ON"}, {"sync_binlog", "0"}, {"binlog_format", "STATEMENT"}}),
              ElementsAre("sync_binlog", "binlog_format"));
  EXPECT_THAT(weak({{"log_bin", "OFF"}, {"sync_binlog", "0"}}), IsEmpty());
  EXPECT_THAT(weak({{"read_only", "ON"}}), ElementsAre("read_only"));
}

TEST(MysqlServerCheck, NamesAWayThatOthersCanReadOrFake) {
  Settings settings;
  settings.host = "db.example.org";
  EXPECT_THAT(weak({}, settings), ElementsAre("tls"));
  settings.tls = TlsMode::required;
  EXPECT_THAT(weak({}, settings), ElementsAre("tls"));
  settings.tls = TlsMode::verify;
  EXPECT_THAT(weak({}, settings), IsEmpty());
}

TEST(MysqlServerCheck, EveryFindingSaysWhatToSet) {
  const Variables all{{"version", "5.5.60"},
                      {"innodb_flush_log_at_trx_commit", "0"},
                      {"innodb_doublewrite", "OFF"},
                      {"innodb_flush_method", "nosync"},
                      {"innodb_force_recovery", "3"},
                      {"read_only", "ON"},
                      {"log_bin", "ON"},
                      {"sync_binlog", "0"},
                      {"binlog_format", "STATEMENT"},
                      {"max_allowed_packet", "1048576"},
                      {"max_connections", "3"},
                      {"character_set_database", "latin1"}};
  const auto findings = judge(all, {}, 4);
  EXPECT_EQ(findings.size(), 11u);
  for (const Finding& finding : findings) EXPECT_THAT(finding.text, HasSubstr(finding.variable));
}

}  // namespace
}  // namespace qiao::core::mysql
