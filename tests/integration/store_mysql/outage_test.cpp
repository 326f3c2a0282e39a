#include "tests/unit/store/store_fixture.hpp"

namespace qiao::core {
namespace {

using testing::AnyOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class Outage : public StoreTest {
 protected:
  void SetUp() override {
    use_server(server());
    open();
  }
  /// A server of these tests' own, which they may kill.
  static testkit::MysqlServer& server() {
    static testkit::MysqlServer own;
    return own;
  }
  void wait_until_well() {
    while (health.snapshot().at(0).state != Health::State::ok)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
};

TEST_F(Outage, RefusesWithoutDelayAndGoesOnWhenTheServerIsBack) {
  ASSERT_TRUE(db->write_and_wait(insert(1, "before")));
  server().kill();
  const auto refused = db->write_and_wait(insert(2, "away"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().name(), "store.io_error");
  EXPECT_EQ(refused.error().code, Errc::unavailable);
  EXPECT_GT(refused.error().retry_after.count(), 0);
  EXPECT_THAT(refused.error().message, Not(HasSubstr("socket"))) << "customers may read this";
  EXPECT_THAT(health.snapshot().at(0).reason, HasSubstr(server().socket()));
  EXPECT_EQ(store->state(), GroupWriter::State::broken);
  EXPECT_EQ(health.snapshot().at(0).state, Health::State::failed);
  EXPECT_EQ(db->read([](Session&) -> Result<void> { return {}; }).error().name(), "store.io_error");
  server().start();
  wait_until_well();  // nobody writes: the store looks by itself
  EXPECT_TRUE(db->write_and_wait(insert(3, "after")));
  EXPECT_EQ(texts(), (std::vector<std::string>{"before", "after"}));
  EXPECT_TRUE(fatal.empty());
}

TEST_F(Outage, IsNoticedWhenNobodyWrites) {
  ASSERT_TRUE(db->write_and_wait(insert(1, "one")));
  server().kill();
  while (health.snapshot().empty() || health.snapshot().at(0).state != Health::State::failed) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  server().start();
  wait_until_well();
}

TEST_F(Outage, AServerThatWasRestartedBetweenTwoWritesIsNoTrouble) {
  ASSERT_TRUE(db->write_and_wait(insert(1, "one")));
  EXPECT_EQ(texts().size(), 1u);
  server().kill();
  server().start();
  const auto written = db->write_and_wait(insert(2, "two"));
  EXPECT_TRUE(written) << written.error().message;
  EXPECT_THAT(texts(), ElementsAre("one", "two"));
}

TEST_F(Outage, TwoHubsThatBlockEachOtherBothGetTheirTurn) {
  ASSERT_TRUE(db->write_and_wait(insert(1, "one")));
  ASSERT_TRUE(db->write_and_wait(insert(2, "two")));
  StoreSettings others = settings;
  others.folder = folder.path() / "other";
  auto opened = Store::open(others, host());
  ASSERT_TRUE(opened) << opened.error().message;
  auto other = (*opened)->for_instance("note");
  const auto change = [](Session& s, std::int64_t id, const std::string& text) {
    return s.run("UPDATE note SET text = ? WHERE id = ?", text, id);
  };
  std::promise<void> mine_locked;
  std::promise<void> theirs_locked;
  std::atomic<int> runs{0};
  std::promise<Result<void>> theirs;
  other->write(
      0,
      [&](Session& s) -> Result<void> {
        const bool first = ++runs == 1;
        if (auto done = change(s, 2, "theirs"); !done) return done.error();
        if (first) {
          theirs_locked.set_value();
          mine_locked.get_future().wait();
        }
        if (auto done = change(s, 1, "theirs too"); !done) return done.error();
        return {};
      },
      [&](Result<void> result) { theirs.set_value(std::move(result)); });
  theirs_locked.get_future().wait();
  std::atomic<int> own_runs{0};
  const auto written = db->write_and_wait([&](Session& s) -> Result<void> {
    const bool first = ++own_runs == 1;
    if (auto done = change(s, 1, "mine"); !done) return done.error();
    if (first) mine_locked.set_value();
    if (auto done = change(s, 2, "mine too"); !done) return done.error();
    return {};
  });
  EXPECT_TRUE(written) << written.error().message;
  EXPECT_TRUE(theirs.get_future().get());
  EXPECT_GT(runs + own_runs, 2) << "nobody was in nobody's way";
  EXPECT_THAT(texts(), AnyOf(ElementsAre("mine", "mine too"), ElementsAre("theirs too", "theirs")));
  other.reset();
}

TEST_F(Outage, AServerThatTakesNoWritesIsSaidSo) {
  server().run(
      "SET GLOBAL read_only = 1; CREATE OR REPLACE USER hub@localhost IDENTIFIED BY 'pass-word'; GRANT ALL ON *.* TO "
      "hub@localhost; REVOKE READ ONLY ADMIN, SUPER ON *.* FROM hub@localhost");
  settings.mysql->user = "hub";
  settings.mysql->password = "pass-word";
  server().run("SET GLOBAL read_only = 0");
  open();
  server().run("SET GLOBAL read_only = 1");
  const auto refused = db->write_and_wait(insert(1, "one"));
  EXPECT_THAT(health.snapshot().at(0).reason, HasSubstr("takes no writes"));
  server().run("SET GLOBAL read_only = 0");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().name(), "store.io_error");
  EXPECT_TRUE(db->write_and_wait(insert(1, "one")));
}

}  // namespace
}  // namespace qiao::core
