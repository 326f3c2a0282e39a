#include "tests/integration/store_mysql/free_port.hpp"
#include "tests/unit/store/store_fixture.hpp"

namespace qiao::core {
namespace {

using testing::ElementsAre;

/// A server and one that follows it.
class Replica : public StoreTest {
 protected:
  void SetUp() override {
    use_server(primary_);
    replica_.run(
        fmt::format("CHANGE MASTER TO MASTER_HOST = '127.0.0.1', MASTER_PORT = {}, MASTER_USER = 'root', "
                    "MASTER_USE_GTID = slave_pos; START SLAVE",
                    port_));
    settings.mysql->replicas.push_back({"", 3306, replica_.socket()});
    open();
  }
  /// What a report reads.
  std::vector<std::string> reported() {
    std::vector<std::string> found;
    const auto read = db->read_report([&](Session& s) -> Result<void> {
      auto rows = s.query("SELECT text FROM note ORDER BY id");
      while (rows->next()) found.push_back(rows->str(0));
      return rows->status();
    });
    EXPECT_TRUE(read) << read.error().message;
    return found;
  }
  /// Waits until the replica has everything.
  void follow() {
    const std::string at = primary_.run("SELECT @@gtid_current_pos");
    replica_.run("SELECT MASTER_GTID_WAIT('" + at.substr(0, at.find('\n')) + "', 20)");
  }
  std::uint64_t on_replica() { return counted("qiao_store_replica_reads_total"); }

  const std::uint16_t port_ = free_port();
  testkit::MysqlServer primary_{{"--port=" + std::to_string(port_), "--log-bin=bin", "--server-id=1"}};
  testkit::MysqlServer replica_{{"--server-id=2", "--read-only=1"}};
};

TEST_F(Replica, AnswersReportsAndNothingElse) {
  ASSERT_TRUE(db->write_and_wait(insert(1, "one")));
  follow();
  EXPECT_THAT(reported(), ElementsAre("one"));
  EXPECT_EQ(on_replica(), 1u);
  replica_.run("STOP SLAVE");
  ASSERT_TRUE(db->write_and_wait(insert(2, "two")));
  EXPECT_THAT(reported(), ElementsAre("one")) << "it may be some seconds old";
  EXPECT_THAT(texts(), ElementsAre("one", "two")) << "what is no report reads where it was written";
}

TEST_F(Replica, IsNotAskedWhenItIsAwayOrTooFarBehind) {
  ASSERT_TRUE(db->write_and_wait(insert(1, "one")));
  follow();
  // What was committed here an hour later has not arrived there.
  replica_.run("STOP SLAVE");
  primary_.run("UPDATE " + settings.mysql->database + ".qiao_commit SET marked_at = marked_at + 3600");
  ASSERT_TRUE(db->write_and_wait([](Session& s) -> Result<void> {
    auto done = s.run("INSERT INTO note (id, text) VALUES (2, 'two')");
    return done ? Result<void>() : done.error();
  }));
  primary_.run("UPDATE " + settings.mysql->database + ".qiao_commit SET marked_at = marked_at + 3600");
  EXPECT_THAT(reported(), ElementsAre("one", "two"));
  EXPECT_EQ(on_replica(), 0u);
  replica_.kill();
  open();
  EXPECT_THAT(reported(), ElementsAre("one", "two"));
  EXPECT_EQ(on_replica(), 0u);
  EXPECT_THAT(health.snapshot().empty() || health.snapshot().at(0).state == Health::State::ok, testing::IsTrue())
      << "the hub itself lacks nothing";
}

}  // namespace
}  // namespace qiao::core
