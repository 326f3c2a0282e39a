#include <random>

#include "core/store/sqlite/connection.hpp"
#include "crash_vfs.hpp"
#include "store_fixture.hpp"

namespace qiao::core {
namespace {

class PowerCut : public StoreTest {
 protected:
  void SetUp() override {
    open();  // the store sets up SQLite when it first opens something
    close();
    std::filesystem::remove(folder.path() / "qiao.db");
    CrashVfs::install();
    settings.vfs = "qiao-crash";
  }
  void TearDown() override {
    close();
    CrashVfs::reset({});
  }
};

TEST_F(PowerCut, AtAnyWriteOrSyncKeepsWhatWasAcknowledged) {
  constexpr int kWrites = 500;
  constexpr std::size_t kUnderWay = 6;
  struct Cut {
    std::uint64_t event;
    int acknowledged;
    std::filesystem::path folder;
  };
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937_64 random(seed);
  std::atomic<int> acknowledged{0};
  std::vector<Cut> cuts;
  std::uint64_t next = 40 + random() % 20;  // after the tables were made
  CrashVfs::reset([&](std::uint64_t event) {
    if (event < next) return;
    next = event + 1 + random() % 70;
    const Cut cut{event, acknowledged.load(), folder.path() / fmt::format("cut-{}", event)};
    CrashVfs::cut(cut.folder, random());
    cuts.push_back(cut);
  });
  open();
  std::mutex mutex;
  std::condition_variable room;
  std::size_t under_way = 0;
  for (int i = 1; i <= kWrites; ++i) {
    {
      std::unique_lock lock(mutex);
      room.wait(lock, [&] { return under_way < kUnderWay; });
      ++under_way;
    }
    // Of different lengths, so that pages fill and the log is copied and started over during the run.
    db->write(1, insert(i, fmt::format("{} {}", i, std::string(static_cast<std::size_t>(i % 9) * 900, 'x'))),
              [&](Result<void> result) {
                EXPECT_TRUE(result);
                ++acknowledged;
                const std::lock_guard lock(mutex);
                --under_way;
                room.notify_one();
              });
  }
  settle();
  close();
  CrashVfs::reset({});
  RecordProperty("cuts", static_cast<int>(cuts.size()));
  ASSERT_GE(cuts.size(), 20u);

  settings.vfs.clear();
  for (const Cut& cut : cuts) {
    SCOPED_TRACE(fmt::format("cut at event {}", cut.event));
    settings.folder = cut.folder;
    open();
    const auto kept = texts();
    EXPECT_GE(kept.size(), static_cast<std::size_t>(cut.acknowledged)) << "acknowledged and lost";
    for (std::size_t i = 0; i < kept.size(); ++i) ASSERT_TRUE(kept[i].starts_with(fmt::format("{} ", i + 1)));
    auto reading = sqlite::Connection::open({cut.folder / "qiao.db", true, 1024, {}, 0});
    ASSERT_TRUE(reading) << reading.error().message;
    EXPECT_EQ((*reading)->text("PRAGMA integrity_check(1)").value_or(""), "ok");
    reading->reset();
    EXPECT_TRUE(db->write_and_wait(insert(kWrites + 1, "goes on")));
    close();
    std::filesystem::remove_all(cut.folder);
  }
}

}  // namespace
}  // namespace qiao::core
