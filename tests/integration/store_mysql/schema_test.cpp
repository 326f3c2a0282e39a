#include "core/store/migrations.hpp"
#include "tests/unit/store/store_fixture.hpp"

namespace qiao::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class MysqlSchemaTest : public StoreTest {
 protected:
  void SetUp() override { use_server(server()); }
  static testkit::MysqlServer& server() { return testkit::MysqlServer::shared(); }
  std::string sql(const std::string& text) const {
    return server().run("USE " + settings.mysql->database + "; " + text);
  }

  const Migration one{1, "orders", "CREATE TABLE shop_order (id BIGINT PRIMARY KEY, item TEXT NOT NULL)"};
  const Migration two{2, "items",
                      "CREATE TABLE shop_item (id BIGINT NOT NULL PRIMARY KEY, name VARCHAR(20));"
                      "CREATE INDEX shop_item_name ON shop_item (name);"
                      "INSERT INTO shop_item VALUES (7, 'a;b'); INSERT INTO shop_item VALUES (8, NULL)"};
};

TEST_F(MysqlSchemaTest, AStepThatACrashInterruptedGoesOnWhereItStopped) {
  for (int made = 0; made <= 2; ++made) {
    for (const bool noted : {true, false}) {
      use_server(server());
      open();
      ASSERT_TRUE(store->for_instance("shop")->migrate(std::array{one}));
      // As a crash leaves it: `made` of the statements ran, the last of them noted or not.
      const char* statements[] = {"CREATE TABLE shop_item (id BIGINT NOT NULL PRIMARY KEY, name VARCHAR(20)); ",
                                  "CREATE INDEX shop_item_name ON shop_item (name); "};
      std::string before;
      for (int i = 0; i < made; ++i) before += statements[i];
      const int done = noted || made == 0 ? made : made - 1;
      sql(before + fmt::format("INSERT INTO qiao_migration_step VALUES ('shop', 2, '{}', {})", checksum_of(two), done));
      open();
      const auto migrated = store->for_instance("shop")->migrate(std::array{one, two});
      ASSERT_TRUE(migrated) << migrated.error().message << " after " << made;
      EXPECT_EQ(sql("SELECT id, name FROM shop_item ORDER BY id"), "7\ta;b\n8\tNULL\n");
      EXPECT_EQ(sql("SELECT COUNT(*) FROM qiao_migration WHERE plugin = 'shop'"), "2\n");
    }
  }
}

TEST_F(MysqlSchemaTest, ATableThatSomebodyElseMadeIsNoInterruptedStep) {
  open();
  sql("CREATE TABLE shop_order (other INT)");
  const auto refused = store->for_instance("shop")->migrate(std::array{one});
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr("already exists"));
}

TEST_F(MysqlSchemaTest, HubsThatStartTogetherMigrateOnce) {
  std::vector<std::thread> hubs;
  std::atomic<int> failed{0};
  for (int i = 0; i < 3; ++i) {
    StoreSettings own = settings;
    own.folder = folder.path() / std::to_string(i);
    hubs.emplace_back([this, own, &failed] {
      auto opened = Store::open(own, host());
      if (!opened || !(*opened)->for_instance("shop")->migrate(std::array{one, two})) ++failed;
    });
  }
  for (std::thread& hub : hubs) hub.join();
  EXPECT_EQ(failed, 0);
  EXPECT_EQ(sql("SELECT COUNT(*) FROM shop_item"), "2\n");
}

TEST_F(MysqlSchemaTest, TextsAreComparedByTheirCodePointsWhateverTheDatabasesDefault) {
  sql("ALTER DATABASE CHARACTER SET latin1");
  open();
  ASSERT_TRUE(db->write_and_wait(insert(1, "strasse")));
  ASSERT_TRUE(db->write_and_wait(insert(2, "Strasse")));
  ASSERT_TRUE(db->write_and_wait(insert(3, "straße")));
  ASSERT_TRUE(db->write_and_wait(insert(4, "桥 🌉")));
  EXPECT_EQ(db->write_and_wait(insert(5, "straße")).error().code, Errc::conflict);
  EXPECT_THAT(texts(), ElementsAre("strasse", "Strasse", "straße", "桥 🌉"));
}

TEST_F(MysqlSchemaTest, LongTextsFitWhereSqliteTakesThem) {
  open();
  ASSERT_TRUE(store->for_instance("shop")->migrate(std::array{one}));
  const std::string text(1'000'000, 'x');
  ASSERT_TRUE(db->write_and_wait([&](Session& s) -> Result<void> {
    auto done = s.run("INSERT INTO shop_order (id, item) VALUES (?, ?)", 1, text);
    return done ? Result<void>() : Result<void>(done.error());
  }));
  ASSERT_TRUE(db->read([&](Session& s) -> Result<void> {
    auto rows = s.query("SELECT item FROM shop_order");
    EXPECT_TRUE(rows->next());
    EXPECT_EQ(rows->text(0).size(), text.size());
    return {};
  }));
}

TEST_F(MysqlSchemaTest, AValueThatIsTooLongIsRefusedNotCut) {
  open();
  const auto refused = db->write_and_wait(insert(1, std::string(101, 'x')));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().name(), "store.constraint");
}

TEST_F(MysqlSchemaTest, ADatabaseOfAnotherProgramIsRefused) {
  sql("CREATE TABLE theirs (id INT)");
  const auto refused = Store::open(settings, host());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().name(), "store.foreign_file");
}

TEST_F(MysqlSchemaTest, ADatabaseOfANewerHubIsRefused) {
  open();
  close();
  sql("UPDATE qiao_store SET value = 99 WHERE name = 'format'");
  const auto refused = Store::open(settings, host());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().name(), "store.newer_file");
}

}  // namespace
}  // namespace qiao::core
