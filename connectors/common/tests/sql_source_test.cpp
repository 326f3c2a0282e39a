#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "connectors/common/sql.hpp"

namespace qiao::common {
namespace {

class SqliteSourceTest : public testing::Test {
 protected:
  SqliteSourceTest() {
    file_ = std::filesystem::temp_directory_path() / ("qiao-sql-" + std::to_string(::getpid()) + ".db");
    std::filesystem::remove(file_);
    sqlite3* db = nullptr;
    sqlite3_open(file_.c_str(), &db);
    sqlite3_exec(db,
                 "CREATE TABLE stock(sku TEXT UNIQUE, n REAL, note TEXT); INSERT INTO stock VALUES('A-7', 12, NULL);",
                 nullptr, nullptr, nullptr);
    sqlite3_close(db);
    settings_.engine = SqlSettings::Engine::sqlite;
    settings_.file = file_.string();
    settings_.timeout = 200ms;
  }
  ~SqliteSourceTest() override { std::filesystem::remove(file_); }
  Parameters with(const std::string& sku) {
    Parameters p;
    p.set("sku", sku);
    return p;
  }
  SqlStatement statement(const std::string& text, bool reads = true) {
    return *SqlStatement::compile(text, with(""), reads);
  }
  std::filesystem::path file_;
  SqlSettings settings_;
};

TEST_F(SqliteSourceTest, AnswersRowsAsTextAndNull) {
  SqlSource source(settings_);
  const auto rows = source.query(statement("SELECT sku, n, note FROM stock WHERE sku = :sku"), with("A-7"));
  ASSERT_TRUE(rows) << rows.error().message;
  EXPECT_EQ((*rows)[0].dump(), R"({"n":"12.0","note":null,"sku":"A-7"})");
  EXPECT_EQ(source.query(statement("SELECT sku FROM stock WHERE sku = :sku"), with("' OR 1=1 --"))->size(), 0u);
}

TEST_F(SqliteSourceTest, AReadingSessionCannotWrite) {
  SqlSource source(settings_);
  // Past the check of the text: the database itself refuses.
  const auto bound = SqlStatement::Bound{"DELETE FROM stock", {}};
  EXPECT_EQ((*open_sqlite(settings_, false))->execute(bound).error().name(), "sql.read_only");
  EXPECT_TRUE(source.execute(statement("INSERT INTO stock(sku) VALUES(:sku)", false), with("B-1")));
  EXPECT_EQ(source.execute(statement("INSERT INTO stock(sku) VALUES(:sku)", false), with("B-1")).error().code,
            Errc::conflict);
}

TEST_F(SqliteSourceTest, OnlyWhatIsThereAlreadyIsAConflict) {
  sqlite3* db = nullptr;
  sqlite3_open(file_.c_str(), &db);
  sqlite3_exec(db, "CREATE TABLE note(sku TEXT PRIMARY KEY CHECK(length(sku) < 9), at TEXT NOT NULL);", nullptr,
               nullptr, nullptr);
  sqlite3_close(db);
  SqlSource source(settings_);
  const auto kept = statement("INSERT INTO note(sku, at) VALUES(:sku, 'now')", false);
  EXPECT_TRUE(source.execute(kept, with("A-7")));
  EXPECT_EQ(source.execute(kept, with("A-7")).error().name(), "sql.conflict");
  EXPECT_EQ(source.execute(kept, with("far too long")).error().name(), "sql.failed");
  const auto incomplete = source.execute(statement("INSERT INTO note(sku) VALUES(:sku)", false), with("B-1"));
  EXPECT_EQ(incomplete.error().name(), "sql.failed");
  EXPECT_NE(incomplete.error().message.find("note.at"), std::string::npos);
}

TEST_F(SqliteSourceTest, AStatementEndsInTime) {
  SqlSource source(settings_);
  const auto rows = source.query(
      statement("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n"), with(""));
  ASSERT_FALSE(rows);
  EXPECT_EQ(rows.error().name(), "sql.slow");
}

TEST_F(SqliteSourceTest, TooManyRowsAreAnError) {
  SqlSource source(settings_);
  const auto rows = source.query(
      statement("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2000) SELECT i FROM n"),
      with(""));
  EXPECT_EQ(rows.error().name(), "sql.too_many_rows");
}

TEST_F(SqliteSourceTest, SaysWhatIsWrong) {
  SqlSource source(settings_);
  const auto wrong = source.query(statement("SELECT nothing FROM stock"), with(""));
  EXPECT_EQ(wrong.error().name(), "sql.failed");
  EXPECT_NE(wrong.error().message.find("nothing"), std::string::npos);
  settings_.file = "/nowhere/x.db";
  SqlSource missing(settings_);
  EXPECT_EQ(missing.query(statement("SELECT 1"), with("")).error().name(), "sql.unreachable");
}

TEST_F(SqliteSourceTest, AClosedSourceAnswersCancelled) {
  SqlSource source(settings_);
  source.close();
  EXPECT_EQ(source.query(statement("SELECT 1"), with("")).error().code, Errc::cancelled);
}

}  // namespace
}  // namespace qiao::common
