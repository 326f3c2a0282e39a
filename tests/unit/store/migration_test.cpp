#include "store_fixture.hpp"

namespace qiao::core {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Migrations : public StoreTest {
 protected:
  void SetUp() override { open(); }
  Result<void> migrate(std::vector<Migration> steps, const std::string& plugin = "shop",
                       const std::string& instance = {}) {
    return store->for_instance(instance.empty() ? plugin : instance, plugin)->migrate(steps);
  }
  std::vector<std::string> tables() {
    std::vector<std::string> found;
    EXPECT_TRUE(db->read([&](Session& s) -> Result<void> {
      auto rows = s.query(
          on_mysql() ? "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND "
                       "table_name LIKE 'shop_%' ORDER BY table_name"
                     : "SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE 'shop_%' ORDER BY name");
      while (rows->next()) found.push_back(rows->str(0));
      return rows->status();
    }));
    return found;
  }
  const Migration one{1, "orders",
                      "CREATE TABLE shop_order (id BIGINT PRIMARY KEY, item TEXT); -- the first\n"
                      "CREATE INDEX shop_order_item ON shop_order (item);"};
  const Migration two{2, "items",
                      "CREATE TABLE shop_item (id BIGINT NOT NULL PRIMARY KEY); INSERT INTO shop_item VALUES (7)"};
};

TEST_F(Migrations, BringAPluginToItsNewestVersionOnce) {
  ASSERT_TRUE(migrate({one}));
  EXPECT_THAT(tables(), ElementsAre("shop_order"));
  ASSERT_TRUE(migrate({one, two}));
  ASSERT_TRUE(migrate({one, two}));
  EXPECT_THAT(tables(), ElementsAre("shop_item", "shop_order"));
  open();
  ASSERT_TRUE(migrate({one, two}, "shop", "shop-berlin"));
}

TEST_F(Migrations, OfDifferentPluginsDoNotMix) {
  ASSERT_TRUE(migrate({one}));
  ASSERT_TRUE(migrate({{1, "x", "CREATE TABLE shop_x (id BIGINT PRIMARY KEY)"}}, "other"));
  EXPECT_THAT(tables(), ElementsAre("shop_order", "shop_x"));
}

TEST_F(Migrations, RefuseAStepThatWasEditedAfterItsRelease) {
  ASSERT_TRUE(migrate({one, two}));
  Migration edited = two;
  edited.sql = "CREATE TABLE shop_item (id BIGINT NOT NULL PRIMARY KEY, price BIGINT)";
  const auto refused = migrate({one, edited});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().name(), "store.migration_edited");
  EXPECT_THAT(refused.error().message,
              AllOf(HasSubstr("shop"), HasSubstr("migration 2 \"items\""), HasSubstr("new version")));
}

TEST_F(Migrations, RefuseADatabaseThatIsAheadOfThePlugin) {
  ASSERT_TRUE(migrate({one, two}));
  const auto refused = migrate({one});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().name(), "store.migration_newer");
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr("version 2 \"items\""), HasSubstr("only up to 1")));
}

TEST_F(Migrations, RefuseGaps) {
  EXPECT_EQ(migrate({two}).error().name(), "store.migration_gap");
  EXPECT_EQ(migrate({one, {3, "three", "SELECT 1"}}).error().name(), "store.migration_gap");
}

TEST_F(Migrations, ThatFailLeaveNothingBehindOrGoOnFromThere) {
  const auto failed = migrate({one, {2, "broken", "CREATE TABLE shop_more (id INT); CREATE TABEL shop_typo (id INT)"}});
  ASSERT_FALSE(failed);
  EXPECT_THAT(failed.error().message,
              AllOf(HasSubstr("plugin shop: migration 2 \"broken\" failed and"), HasSubstr("TABEL")));
  if (on_mysql()) {
    EXPECT_THAT(failed.error().message, HasSubstr("failed and goes on from there at the next start: statement 2 of 2"));
    EXPECT_THAT(tables(), ElementsAre("shop_more", "shop_order"));
    EXPECT_EQ(migrate({one, two}).error().name(), "store.migration_edited");
    return;
  }
  EXPECT_THAT(failed.error().message, HasSubstr("was undone"));
  EXPECT_THAT(tables(), IsEmpty());
  ASSERT_TRUE(migrate({one, two}));
}

TEST_F(Migrations, MayNotEndTheTransactionTheyRunIn) {
  EXPECT_EQ(migrate({{1, "sly", "CREATE TABLE shop_a (id INT); COMMIT"}}).error().name(), "store.forbidden_sql");
  EXPECT_THAT(tables(), IsEmpty());
}

TEST_F(Migrations, TurnAnIdKeyIntoTheRowNumber) {
  if (on_mysql()) GTEST_SKIP() << "SQLite has row numbers";
  ASSERT_TRUE(migrate({one, two}));
  ASSERT_TRUE(db->read([](Session& s) -> Result<void> {
    auto rows = s.query(
        "SELECT count(*) FROM sqlite_schema WHERE tbl_name IN ('shop_order', 'shop_item') AND name LIKE "
        "'sqlite_auto%'");
    EXPECT_TRUE(rows->next());
    EXPECT_EQ(rows->integer(0), 0);
    return {};
  }));
}

}  // namespace
}  // namespace qiao::core
