#include "store_fixture.hpp"

namespace qiao::core {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class SessionTest : public StoreTest {
 protected:
  void SetUp() override {
    open();
    const Migration steps[] = {
        {1, "all types",
         "CREATE TABLE value_row (id BIGINT PRIMARY KEY, number BIGINT, fraction DOUBLE, text TEXT, "
         "bytes BLOB, note BIGINT REFERENCES note (id))"}};
    ASSERT_TRUE(store->for_instance("value")->migrate(steps));
  }
  Result<void> write(Database::Work work) { return db->write_and_wait(std::move(work)); }
};

TEST_F(SessionTest, KeepsEveryTypeOfValue) {
  enum class Colour { red, green };
  const Time at = from_micros(1'795'331'045'123'456);
  const std::string bytes("a\0b", 3);
  ASSERT_TRUE(write([&](Session& s) -> Result<void> {
    constexpr auto kInsert = "INSERT INTO value_row (id, number, fraction, text, bytes) VALUES (?, ?, ?, ?, ?)";
    EXPECT_TRUE(s.run(kInsert, Id{1}, INT64_MIN, 0.5, "你好 👋", SqlArg::blob(bytes)));
    EXPECT_TRUE(s.run(kInsert, Id{2}, nullptr, nullptr, nullptr, nullptr));
    EXPECT_TRUE(
        s.run(kInsert, Id{3}, at, std::optional<double>{}, std::string_view{}, std::optional<std::string>{"x"}));
    EXPECT_TRUE(s.run(kInsert, Id{4}, Colour::green, 1, true, Id{}));
    return {};
  }));
  ASSERT_TRUE(db->read([&](Session& s) -> Result<void> {
    auto rows = s.query("SELECT id, number, fraction, text, bytes FROM value_row ORDER BY id");
    EXPECT_TRUE(rows->next());
    EXPECT_EQ(rows->id(0), Id{1});
    EXPECT_EQ(rows->integer(1), INT64_MIN);
    EXPECT_EQ(rows->real(2), 0.5);
    EXPECT_EQ(rows->text(3), "你好 👋");
    EXPECT_EQ(rows->text(4), bytes);
    EXPECT_TRUE(rows->next());
    for (int column = 1; column < 5; ++column) EXPECT_TRUE(rows->null(column));
    EXPECT_EQ(rows->integer(1), 0);
    EXPECT_EQ(rows->text(3), "");
    EXPECT_TRUE(rows->next());
    EXPECT_EQ(rows->time(1), at);
    EXPECT_FALSE(rows->null(3));
    EXPECT_EQ(rows->text(3), "");
    EXPECT_EQ(rows->text(4), "x");
    EXPECT_TRUE(rows->next());
    EXPECT_EQ(rows->integer(1), 1);
    EXPECT_EQ(rows->text(3), "1");
    EXPECT_TRUE(rows->null(4));
    EXPECT_FALSE(rows->next());
    EXPECT_FALSE(rows->next());
    EXPECT_EQ(rows->integer(0), 0);
    return rows->status();
  }));
}

TEST_F(SessionTest, TellsHowManyRowsChanged) {
  ASSERT_TRUE(write([](Session& s) -> Result<void> {
    EXPECT_EQ(*s.run("INSERT INTO note (id, text) VALUES (1, 'a'), (2, 'b'), (3, 'c')"), 3);
    EXPECT_EQ(*s.run("UPDATE note SET text = 'z' WHERE id = ?", 9), 0);
    EXPECT_EQ(*s.run("DELETE FROM note WHERE id < ?", 3), 2);
    return {};
  }));
}

TEST_F(SessionTest, ExplainsMistakesWithTheStatementButNotTheValues) {
  ASSERT_TRUE(write([](Session& s) -> Result<void> {
    const auto unknown = s.run("UPDATE nowhere SET a = ?", "secret-value");
    EXPECT_EQ(unknown.error().name(), "store.sql");
    EXPECT_THAT(unknown.error().message, AllOf(HasSubstr("nowhere"), HasSubstr("(in: UPDATE nowhere SET a = ?)"),
                                               Not(HasSubstr("secret-value"))));
    EXPECT_EQ(s.run("UPDATE note SET text = ?").error().name(), "store.sql");
    EXPECT_EQ(s.run("DELETE FROM note; DELETE FROM note").error().name(), "store.sql");
    EXPECT_EQ(s.run("  ").error().name(), "store.sql");
    auto rows = s.query("SELECT nothing FROM note WHERE id = ?", 1);
    EXPECT_FALSE(rows->next());
    EXPECT_EQ(rows->status().error().name(), "store.sql");
    auto short_of_a_value = s.query("SELECT id FROM note WHERE id = ?");
    EXPECT_FALSE(short_of_a_value->next());
    EXPECT_FALSE(short_of_a_value->status());
    return {};
  }));
}

TEST_F(SessionTest, TellsOtherViolationsFromConflicts) {
  ASSERT_TRUE(write([](Session& s) -> Result<void> {
    EXPECT_EQ(s.run("INSERT INTO note (id) VALUES (?)", 1).error().name(), "store.constraint");
    EXPECT_EQ(s.run("INSERT INTO value_row (id, note) VALUES (?, ?)", 1, 77).error().name(), "store.constraint");
    EXPECT_TRUE(s.run("INSERT INTO value_row (id) VALUES (?)", 1));
    EXPECT_EQ(s.run("INSERT INTO value_row (id) VALUES (?)", 1).error().code, Errc::conflict);
    return {};
  }));
}

TEST_F(SessionTest, KeepsTransactionsAndPragmasToItself) {
  ASSERT_TRUE(write([](Session& s) -> Result<void> {
    for (const auto* sql : {"COMMIT", "ROLLBACK", "SAVEPOINT a", "PRAGMA synchronous=OFF", "ATTACH 'x.db' AS x"}) {
      EXPECT_EQ(s.run(sql).error().name(), "store.forbidden_sql") << sql;
    }
    return {};
  }));
}

TEST_F(SessionTest, QueriesOfTheSameTextMayOverlap) {
  ASSERT_TRUE(write([](Session& s) -> Result<void> {
    EXPECT_TRUE(s.run("INSERT INTO note (id, text) VALUES (1, 'a'), (2, 'b')"));
    std::vector<std::string> pairs;
    auto outer = s.query("SELECT text FROM note ORDER BY id");
    while (outer->next()) {
      auto inner = s.query("SELECT text FROM note ORDER BY id");
      while (inner->next()) pairs.push_back(outer->str(0) + inner->str(0));
    }
    EXPECT_THAT(pairs, ElementsAre("aa", "ab", "ba", "bb"));
    return {};
  }));
}

TEST_F(SessionTest, ManyDifferentStatementsDoNotFillTheMemory) {
  ASSERT_TRUE(write([](Session& s) -> Result<void> {
    for (int round = 0; round < 2; ++round) {
      for (int i = 0; i < 600; ++i) {
        auto rows = s.query(fmt::format("SELECT {}, ?", i), i + 1);
        EXPECT_TRUE(rows->next());
        EXPECT_EQ(rows->integer(0), i);
        EXPECT_EQ(rows->integer(1), i + 1);
      }
    }
    return {};
  }));
}

TEST_F(SessionTest, AStatementIsKnownByItsTextNotByItsAddress) {
  ASSERT_TRUE(write([](Session& s) -> Result<void> {
    std::string sql = "SELECT 1";
    auto one = s.query(sql);
    EXPECT_TRUE(one->next());
    EXPECT_EQ(one->integer(0), 1);
    one.reset();
    sql[7] = '2';
    auto two = s.query(sql);
    EXPECT_TRUE(two->next());
    EXPECT_EQ(two->integer(0), 2);
    return {};
  }));
}

}  // namespace
}  // namespace qiao::core
