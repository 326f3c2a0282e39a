#include "core/archive/backup_runner.hpp"

#include <fstream>

#include "tests/unit/store/store_fixture.hpp"

namespace qiao::core {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::SizeIs;

class FakeClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override { return now_; }
  [[nodiscard]] SteadyTime steady() const override { return SteadyTime(now_.time_since_epoch()); }
  void advance(std::chrono::seconds by) { now_ += by; }

 private:
  Time now_ = backup_time("backup-20261122T120000Z").value_or(Time{});
};

class BackupRunnerTest : public StoreTest {
 protected:
  void SetUp() override { open(); }
  void TearDown() override {
    runner.reset();
    StoreTest::TearDown();
  }
  void make(BackupTimes times, BackupKeep keep = {2, 0, 0, 0}) {
    runner = std::make_unique<BackupRunner>(
        BackupRunner::Settings{times, keep, backups(), folder.path() / "instances", "0.1.0"},
        BackupRunner::Host{*store, logs.logger("backup"), metrics, health.for_instance("backup"), clock});
  }
  [[nodiscard]] fs::path backups() const { return elsewhere.path() / "backups"; }
  [[nodiscard]] std::vector<std::string> names() const {
    std::vector<std::string> found;
    std::error_code missing;
    for (fs::directory_iterator it(backups(), missing), end; !missing && it != end; ++it) {
      found.push_back(it->path().filename().string());
    }
    std::sort(found.begin(), found.end());
    return found;
  }
  std::string reason() {
    for (const auto& entry : health.snapshot()) {
      if (entry.instance == "backup") return entry.reason;
    }
    return "";
  }

  FakeClock clock;
  TempFolder elsewhere;
  std::unique_ptr<BackupRunner> runner;
};

TEST_F(BackupRunnerTest, TakesTheFirstAtOnceAndTheOthersWhenTheyAreDue) {
  make({1h, {}});
  runner->look();
  EXPECT_THAT(names(), SizeIs(1));
  clock.advance(59min);
  runner->look();
  EXPECT_THAT(names(), SizeIs(1));
  clock.advance(1min);
  runner->look();
  EXPECT_THAT(names(), SizeIs(2));
  EXPECT_EQ(counted("qiao_backups_total"), 2u);
}

TEST_F(BackupRunnerTest, GoesOnFromWhatIsInTheFolderAfterARestart) {
  make({1h, {}});
  runner->look();
  clock.advance(30min);
  make({1h, {}});
  runner->look();
  EXPECT_THAT(names(), SizeIs(1));
}

TEST_F(BackupRunnerTest, RemovesWhatNeedNotBeKeptAndNothingElse) {
  fs::create_directories(backups() / "photos");
  make({1h, {}});
  for (int i = 0; i < 5; ++i) {
    runner->look();
    clock.advance(1h);
  }
  EXPECT_THAT(names(), testing::ElementsAre("backup-20261122T150000Z", "backup-20261122T160000Z", "photos"));
}

TEST_F(BackupRunnerTest, SaysWhenABackupFailsAndTriesAgain) {
  std::ofstream(backups()) << "a file where the folder should be";
  make({1h, {}});
  runner->look();
  EXPECT_EQ(counted("qiao_backup_failures_total"), 1u);
  EXPECT_THAT(reason(), HasSubstr("the last backup failed"));
  fs::remove(backups());
  runner->look();
  EXPECT_EQ(counted("qiao_backups_total"), 0u) << "not at once";
  clock.advance(10min);
  runner->look();
  EXPECT_EQ(counted("qiao_backups_total"), 1u);
  EXPECT_EQ(reason(), "");
}

TEST_F(BackupRunnerTest, IsDegradedWhileTheNewestIsTooOld) {
  make({1h, {}});
  runner->look();
  clock.advance(3h);
  fs::rename(backups(), elsewhere.path() / "gone");
  std::ofstream(backups()) << "unmounted";
  runner->look();
  EXPECT_EQ(counted("qiao_backup_failures_total"), 1u);
  EXPECT_THAT(reason(), HasSubstr("failed"));
}

TEST_F(BackupRunnerTest, StopsInTheMidstOfItsWork) {
  make({1h, {}});
  runner->start();
  runner.reset();  // whether the first backup was done or given up, nothing unfinished is left
  for (const std::string& name : names()) EXPECT_FALSE(name.ends_with(".part"));
}

}  // namespace
}  // namespace qiao::core
