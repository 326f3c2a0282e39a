#include "cutting_proxy.hpp"
#include "tests/unit/store/store_fixture.hpp"

namespace qiao::core {
namespace {

using testing::ElementsAre;
using Cut = CuttingProxy::Cut;

/// A store whose connections pass a proxy that breaks one of them at a COMMIT.
class InDoubt : public StoreTest {
 protected:
  void SetUp() override {
    use_server(testkit::MysqlServer::shared());
    const std::string path = (folder.path() / "proxy").string();
    proxy.emplace(path, settings.mysql->socket);
    settings.mysql->socket = path;
    open();
  }
  void TearDown() override {
    close();
    proxy.reset();
  }
  /// Writes "one" and counts how often it was run and undone.
  Database::Work counted_insert() {
    return [this](Session& s) -> Result<void> {
      ++runs;
      s.on_rollback([this] { ++undone; });
      return insert(1, "one")(s);
    };
  }
  std::optional<CuttingProxy> proxy;
  std::atomic<int> runs{0};
  std::atomic<int> undone{0};
};

TEST_F(InDoubt, ACommitWhoseAnswerWasLostIsFoundAndNotRepeated) {
  proxy->cut_next(Cut::after);
  const auto written = db->write_and_wait(counted_insert());
  EXPECT_TRUE(written) << written.error().message;
  EXPECT_EQ(proxy->cuts(), 1);
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(undone, 0);
  EXPECT_THAT(texts(), ElementsAre("one"));
  EXPECT_EQ(store->state(), GroupWriter::State::ok);
  EXPECT_TRUE(db->write_and_wait(insert(2, "two")));
}

TEST_F(InDoubt, ACommitThatNeverArrivedIsRunAgain) {
  proxy->cut_next(Cut::before);
  const auto written = db->write_and_wait(counted_insert());
  EXPECT_TRUE(written) << written.error().message;
  EXPECT_EQ(proxy->cuts(), 1);
  EXPECT_EQ(runs, 2);
  EXPECT_EQ(undone, 1);
  EXPECT_THAT(texts(), ElementsAre("one"));
}

TEST_F(InDoubt, ATransactionThatTheServerStillHoldsIsEndedFirst) {
  proxy->cut_next(Cut::hang);
  const auto written = db->write_and_wait(counted_insert());
  EXPECT_TRUE(written) << written.error().message;
  EXPECT_EQ(runs, 2);
  EXPECT_THAT(texts(), ElementsAre("one"));
}

TEST_F(InDoubt, OthersAreRefusedAtOnceUntilItIsKnown) {
  std::promise<Result<void>> first;
  proxy->allow(false);
  proxy->cut_next(Cut::after);
  db->write(1, counted_insert(), [&](Result<void> result) { first.set_value(std::move(result)); });
  while (proxy->cuts() == 0) std::this_thread::yield();
  const auto refused = db->write_and_wait(insert(2, "two"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().name(), "store.io_error");
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(health.snapshot().at(0).state, Health::State::failed);
  auto future = first.get_future();
  EXPECT_EQ(future.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  proxy->allow(true);
  EXPECT_TRUE(future.get());
  EXPECT_EQ(runs, 1);
  EXPECT_THAT(texts(), ElementsAre("one"));
}

TEST_F(InDoubt, AConnectionThatBreaksBeforeTheCommitRunsTheGroupAgain) {
  ASSERT_TRUE(db->write_and_wait([&](Session& s) -> Result<void> {
    if (++runs == 1) {
      EXPECT_TRUE(insert(1, "one")(s));
      auto rows = s.query("SELECT CONNECTION_ID()");
      EXPECT_TRUE(rows->next());
      testkit::MysqlServer::shared().run("KILL " + rows->str(0));
    }
    return insert(1, "one")(s);
  }));
  EXPECT_EQ(runs, 2);
  EXPECT_THAT(texts(), ElementsAre("one"));
}

}  // namespace
}  // namespace qiao::core
