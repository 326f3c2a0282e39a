#include "core/archive/transfer.hpp"

#include "core/archive/place.hpp"
#include "qiao/text_index.hpp"
#include "tests/unit/store/store_fixture.hpp"

namespace qiao::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const TextIndex::Tables kWords = TextIndex::tables("shop");
const Migration kOrders[] = {
    {1, "orders",
     "CREATE TABLE shop_order (customer VARCHAR(40) NOT NULL, number BIGINT NOT NULL, price DOUBLE, picture BLOB, note "
     "TEXT, PRIMARY KEY (customer, number)); CREATE INDEX shop_order_number ON shop_order (number); INSERT INTO "
     "shop_order (customer, number) VALUES ('sample', 1)"},
    {2, "words", kWords.sql, kWords.mysql}};

class Transfer : public StoreTest {
 protected:
  void SetUp() override {
    open();
    shop = store->for_instance("shop");
    ASSERT_TRUE(shop->migrate(kOrders));
  }
  void TearDown() override {
    shop.reset();
    StoreTest::TearDown();
  }
  void add_orders(int count) {
    ASSERT_TRUE(shop->write_and_wait([&](Session& s) -> Result<void> {
      for (int i = 0; i < count; ++i) {
        const std::string customer = fmt::format("c{}", i % 7);
        const std::string bytes{"\0\xFF'\"", 4};
        auto done = s.run("INSERT INTO shop_order (customer, number, price, picture, note) VALUES (?, ?, ?, ?, ?)",
                          customer, i, i % 3 == 0 ? SqlArg(nullptr) : SqlArg(i / 10.0), SqlArg::blob(bytes),
                          i % 5 == 0 ? SqlArg(nullptr) : SqlArg("退货 🍓 a'b\"c\n"));
        if (!done) return done.error();
      }
      return {};
    }));
  }
  static StoreSettings file_in(const std::filesystem::path& folder) {
    StoreSettings settings;
    settings.folder = folder;
    return settings;
  }
  Result<PlaceReport> move(const std::filesystem::path& to, bool replace = false) {
    return move(settings, file_in(to), replace);
  }
  Result<PlaceReport> move(const StoreSettings& from, const StoreSettings& target, bool replace) {
    auto snapshot = Snapshot::open(from);
    if (!snapshot) return snapshot.error();
    return fill_database(target, (*snapshot)->source(), replace,
                         {logs.logger("store"), metrics, health.for_instance("to")}, {});
  }
  static std::vector<std::pair<std::string, RowSum>> contents(const StoreSettings& there) {
    std::vector<std::pair<std::string, RowSum>> all;
    auto snapshot = Snapshot::open(there);
    EXPECT_TRUE(snapshot);
    if (!snapshot) return all;
    for (const Table& table : (*snapshot)->source().tables()) {
      if (table.name == "qiao_migration") continue;  // when a step was applied differs
      RowSum sum;
      EXPECT_TRUE((*snapshot)->source().read(table, [&](const Row& row) -> Result<void> {
        sum.add(table, row);
        return {};
      }));
      all.emplace_back(table.name, sum);
    }
    return all;
  }

  std::unique_ptr<InstanceStore> shop;
  TempFolder other;
};

TEST_F(Transfer, BringsEveryRowAndMakesTheTablesByTheirMigrations) {
  add_orders(5000);
  ASSERT_TRUE(db->write_and_wait(insert(7, "seven")));
  const auto moved = move(other.path());
  ASSERT_TRUE(moved) << moved.error().message;
  EXPECT_EQ(moved->transfer.tables, 2u);
  EXPECT_EQ(moved->transfer.rows, 5002);
  EXPECT_EQ(contents(file_in(other.path())), contents(settings));
  // The plugin finds its tables at the version at which it left them, with the index that is made anew.
  shop.reset();
  settings = file_in(other.path());
  open();
  shop = store->for_instance("shop");
  EXPECT_TRUE(shop->migrate(kOrders));
  auto index = TextIndex::open(*shop, "shop");
  ASSERT_TRUE(index);
  const auto added = shop->write_and_wait([&](Session& s) { return index->add(s, Id{1}, index_terms("退货")); });
  EXPECT_TRUE(added) << added.error().message;
  EXPECT_THAT(texts(), ElementsAre("seven"));
}

TEST_F(Transfer, RefusesATargetThatHoldsSomething) {
  ASSERT_TRUE(move(other.path()));
  EXPECT_EQ(move(other.path()).error().name(), "transfer.not_empty");
  const auto replaced = move(other.path(), true);
  ASSERT_TRUE(replaced) << replaced.error().message;
  EXPECT_TRUE(std::filesystem::exists(replaced->before));
}

TEST_F(Transfer, RefusesAFolderOnWhichAHubRuns) { EXPECT_EQ(move(folder.path(), true).error().name(), "store.locked"); }

TEST_F(Transfer, AnInterruptedOneIsNoticedAndBeginsAnew) {
  add_orders(3000);
  StoreSettings there;
  there.folder = other.path();
  auto snapshot = Snapshot::open(settings);
  ASSERT_TRUE(snapshot);
  // The source ends in the midst of a table.
  class Cut final : public RowSource {
   public:
    explicit Cut(RowSource& whole) : whole_(whole) {}
    [[nodiscard]] const std::vector<Table>& tables() const noexcept override { return whole_.tables(); }
    Result<void> read(const Table& table, const TakeRow& take) override {
      int rows = 0;
      return whole_.read(table, [&](const Row& row) -> Result<void> {
        if (table.name == "shop_order" && ++rows > 2500) return Error{Errc::unavailable, "test.cut", "pulled the plug"};
        return take(row);
      });
    }

   private:
    RowSource& whole_;
  } cut((*snapshot)->source());
  Health& ignored = health.for_instance("to");
  auto target = Store::open(there, {logs.logger("store"), metrics, ignored});
  ASSERT_TRUE(target);
  EXPECT_EQ(fill_store(**target, cut, {}).error().name(), "test.cut");
  auto reading = (*target)->for_instance("hub");
  EXPECT_EQ(reading->read([](Session& s) { return check_complete(s); }).error().name(), "transfer.unfinished");
  const auto again = fill_store(**target, (*snapshot)->source(), {});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_TRUE(reading->read([](Session& s) { return check_complete(s); }));
  reading.reset();
  target->reset();
  EXPECT_EQ(contents(file_in(other.path())), contents(settings));
}

TEST_F(Transfer, MovesFromAServerToAFileAndToAServerAgain) {
  if (!on_mysql()) GTEST_SKIP() << "the other half of the tests has the server";
  add_orders(3000);
  ASSERT_TRUE(db->write_and_wait(insert(7, "七")));
  const auto out = move(other.path());
  ASSERT_TRUE(out) << out.error().message;
  const StoreSettings first = settings;
  use_server(testkit::MysqlServer::shared());
  TempFolder lock;
  StoreSettings second = settings;
  second.folder = lock.path();
  const auto back = move(file_in(other.path()), second, false);
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->transfer.rows, out->transfer.rows);
  EXPECT_EQ(contents(second), contents(first));
  EXPECT_EQ(move(file_in(other.path()), second, false).error().name(), "transfer.not_empty");
  settings = first;
}

TEST_F(Transfer, NoticesARowThatArrivesChanged) {
  add_orders(10);
  auto snapshot = Snapshot::open(settings);
  ASSERT_TRUE(snapshot);
  StoreSettings there;
  there.folder = other.path();
  auto target = Store::open(there, {logs.logger("store"), metrics, health.for_instance("to")});
  ASSERT_TRUE(target);
  auto shop_there = (*target)->for_instance("shop");
  // What was written into another table is changed while the first one is being compared.
  const Progress meddle = [&](std::string_view table, std::int64_t, bool compared) {
    if (!compared || table != "note") return;
    auto done = shop_there->write_and_wait([](Session& s) -> Result<void> {
      auto changed = s.run("UPDATE shop_order SET note = 'x' WHERE number = 3");
      return changed ? Result<void>() : Result<void>(changed.error());
    });
    EXPECT_TRUE(done);
  };
  EXPECT_EQ(fill_store(**target, (*snapshot)->source(), meddle).error().name(), "transfer.differs");
  shop_there.reset();
}

}  // namespace
}  // namespace qiao::core
