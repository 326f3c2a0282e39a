#include <sys/stat.h>

#include <fstream>

#include "core/store/sqlite/backup.hpp"
#include "store_fixture.hpp"

namespace qiao::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Backup : public StoreTest {
 protected:
  void SetUp() override { open(); }
  [[nodiscard]] std::filesystem::path target() const { return elsewhere.path() / "backup.db"; }
  static std::size_t files_in(const std::filesystem::path& path) {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(path), std::filesystem::directory_iterator()));
  }
  TempFolder elsewhere;
};

TEST_F(Backup, TakenUnderLoadHoldsOneCommittedStateAndComesBack) {
  std::atomic<bool> stop{false};
  std::atomic<int> acknowledged{0};
  std::thread writer([&] {
    for (int i = 1; !stop; i += 2) {
      ASSERT_TRUE(db->write_and_wait([i](Session& s) -> Result<void> {
        EXPECT_TRUE(insert(i, fmt::format("{} {}", i, std::string(500, 'a')))(s));
        return insert(i + 1, fmt::format("{} {}", i + 1, std::string(500, 'b')))(s);
      }));
      acknowledged = i + 1;
    }
  });
  while (acknowledged < 400) std::this_thread::yield();
  const int before = acknowledged;
  const auto made = backup_database(folder.path(), target());
  const int after = acknowledged + 2;
  stop = true;
  writer.join();
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_GT(made->bytes, 100'000u);
  EXPECT_EQ(files_in(elsewhere.path()), 1u);
  struct stat info {};
  ASSERT_EQ(stat(target().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);

  const auto all = texts();
  close();
  const auto restored = restore_database(target(), folder.path());
  ASSERT_TRUE(restored) << restored.error().message;
  open();
  const auto back = texts();
  EXPECT_GE(back.size(), static_cast<std::size_t>(before));
  EXPECT_LE(back.size(), static_cast<std::size_t>(after));
  EXPECT_EQ(back.size() % 2, 0u) << "half of a write is in the backup";
  EXPECT_TRUE(std::equal(back.begin(), back.end(), all.begin()));
}

TEST_F(Backup, RestoringKeepsWhatWasThereBefore) {
  ASSERT_TRUE(db->write_and_wait(insert(1, "kept")));
  ASSERT_TRUE(backup_database(folder.path(), target()));
  ASSERT_TRUE(db->write_and_wait(insert(2, "newer")));
  close();
  const auto restored = restore_database(target(), folder.path());
  ASSERT_TRUE(restored) << restored.error().message;
  open();
  EXPECT_THAT(texts(), ElementsAre("kept"));
  ASSERT_TRUE(db->write_and_wait(insert(3, "goes on")));
  close();
  ASSERT_TRUE(restore_database(restored->before, folder.path()));
  open();
  EXPECT_THAT(texts(), ElementsAre("kept", "newer"));
}

TEST_F(Backup, RestoresIntoAnEmptyFolder) {
  ASSERT_TRUE(db->write_and_wait(insert(1, "one")));
  ASSERT_TRUE(backup_database(folder.path(), target()));
  settings.folder = elsewhere.path() / "new";
  const auto restored = restore_database(target(), settings.folder);
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_TRUE(restored->before.empty());
  open();
  EXPECT_THAT(texts(), ElementsAre("one"));
}

TEST_F(Backup, DoesNotOverwriteAFileAndNeedsADatabase) {
  std::ofstream(target()) << "precious";
  EXPECT_EQ(backup_database(folder.path(), target()).error().name(), "backup.target_exists");
  EXPECT_EQ(backup_database(elsewhere.path(), elsewhere.path() / "x").error().name(), "backup.no_database");
  EXPECT_EQ(backup_database(folder.path(), elsewhere.path() / "no" / "folder").error().name(), "backup.failed");
  EXPECT_EQ(files_in(elsewhere.path()), 1u);
}

TEST_F(Backup, RestoringNeedsAStoppedHub) {
  ASSERT_TRUE(backup_database(folder.path(), target()));
  EXPECT_EQ(restore_database(target(), folder.path()).error().name(), "store.locked");
}

TEST_F(Backup, ADamagedBackupChangesNothing) {
  for (int i = 1; i <= 200; ++i)
    ASSERT_TRUE(db->write_and_wait(insert(i, fmt::format("{} {}", i, std::string(90, 'x')))));
  ASSERT_TRUE(backup_database(folder.path(), target()));
  close();
  {
    std::fstream file(target(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(4096 * 5);
    file << std::string(4096 * 3, '\xAA');
  }
  EXPECT_EQ(restore_database(target(), folder.path()).error().name(), "backup.damaged");
  for (const std::string& content : {std::string(), std::string(9000, 'x')}) {
    std::ofstream(target(), std::ios::trunc) << content;
    EXPECT_EQ(restore_database(target(), folder.path()).error().name(), "backup.damaged");
  }
  EXPECT_EQ(restore_database(elsewhere.path() / "missing", folder.path()).error().name(), "backup.no_file");
  EXPECT_EQ(files_in(folder.path()), 2u);  // the database and the lock
  open();
  EXPECT_EQ(texts().size(), 200u);
}

}  // namespace
}  // namespace qiao::core
