#include <sqlite3.h>

#include "fault_vfs.hpp"
#include "store_fixture.hpp"

namespace qiao::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;

class Faults : public StoreTest {
 protected:
  void SetUp() override {
    open_library();
    settings.vfs = "qiao-fault";
    open();
    ASSERT_TRUE(db->write_and_wait(insert(1, "before")));
  }
  void TearDown() override {
    FaultVfs::heal();
    close();
  }
  /// The store sets up SQLite when it first opens something; the file layer can only be added after that.
  void open_library() {
    open();
    FaultVfs::install();
    close();
    std::filesystem::remove(folder.path() / "qiao.db");
  }
  HealthBoard::Entry store_health() { return health.snapshot().at(0); }
};

TEST_F(Faults, AFullDiskRefusesWritesKeepsReadingAndGoesOnOnceThereIsSpace) {
  FaultVfs::write_code = SQLITE_FULL;
  const auto refused = db->write_and_wait(insert(2, "lost"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().name(), "store.full");
  EXPECT_EQ(store->state(), GroupWriter::State::full);
  EXPECT_EQ(store_health().state, Health::State::failed);
  EXPECT_THAT(store_health().reason, HasSubstr("store.full: no space is left"));
  EXPECT_THAT(texts(), ElementsAre("before"));
  FaultVfs::heal();
  EXPECT_TRUE(db->write_and_wait(insert(2, "after")));
  EXPECT_EQ(store->state(), GroupWriter::State::ok);
  EXPECT_EQ(store_health().state, Health::State::ok);
  EXPECT_THAT(texts(), ElementsAre("before", "after"));
  EXPECT_THAT(fatal, IsEmpty());
}

TEST_F(Faults, AFullDatabaseFileIsTreatedLikeAFullDisk) {
  close();
  settings.vfs.clear();
  settings.max_pages = 40;
  open();
  Result<void> last;
  std::size_t written = 1;
  for (int i = 2; i < 200 && last; ++i) {
    last = db->write_and_wait(insert(i, fmt::format("{} {}", i, std::string(2000, 'x'))));
    if (last) ++written;
  }
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().name(), "store.full");
  EXPECT_EQ(texts().size(), written);
  EXPECT_TRUE(db->write_and_wait([](Session& s) -> Result<void> {
    auto deleted = s.run("DELETE FROM note WHERE id > ?", 1);
    if (!deleted) return deleted.error();
    return {};
  }));
  EXPECT_EQ(store->state(), GroupWriter::State::ok);
}

TEST_F(Faults, AnIoErrorFailsTheWholeGroupAndRunsItsUndoFunctions) {
  std::vector<std::string> outcomes;
  int undone = 0;
  auto release = hold_writer();
  for (int i = 2; i <= 4; ++i) {
    db->write(
        0,
        [&undone, i](Session& s) -> Result<void> {
          s.on_rollback([&undone] { ++undone; });
          return insert(i, fmt::to_string(i))(s);
        },
        [&outcomes](Result<void> result) { outcomes.emplace_back(result ? "ok" : result.error().name()); });
  }
  FaultVfs::write_code = SQLITE_IOERR_WRITE;
  release.set_value();
  EXPECT_FALSE(db->write_and_wait(insert(5, "5")));
  EXPECT_THAT(outcomes, ElementsAre("store.io_error", "store.io_error", "store.io_error"));
  EXPECT_EQ(undone, 3);
  FaultVfs::heal();
  EXPECT_TRUE(db->write_and_wait(insert(6, "6")));
  EXPECT_THAT(texts(), ElementsAre("before", "6"));
}

TEST_F(Faults, AFailedSyncEndsWritingForGood) {
  FaultVfs::sync_code = SQLITE_IOERR_FSYNC;
  const auto refused = db->write_and_wait(insert(2, "unknown"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().name(), "store.failed");
  EXPECT_THAT(fatal, ElementsAre("store.failed"));
  EXPECT_EQ(store->state(), GroupWriter::State::failed);
  FaultVfs::heal();
  EXPECT_EQ(db->write_and_wait(insert(3, "late")).error().name(), "store.failed");
  EXPECT_THAT(fatal, ElementsAre("store.failed"));
  EXPECT_THAT(store_health().reason, HasSubstr("store.failed"));
  EXPECT_TRUE(db->read([](Session& s) -> Result<void> { return s.query("SELECT 1")->status(); }));
  // What is on disk is known again after a restart: everything acknowledged, and maybe what was not.
  open();
  EXPECT_THAT(texts(), IsSupersetOf({"before"}));
  EXPECT_TRUE(db->write_and_wait(insert(9, "again")));
}

}  // namespace
}  // namespace qiao::core
