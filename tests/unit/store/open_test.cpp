#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <fstream>

#include "core/store/sqlite/backend.hpp"
#include "core/store/sqlite/replace.hpp"
#include "store_fixture.hpp"

namespace qiao::core {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

class Opening : public StoreTest {
 protected:
  void run_sql(const std::string& sql) {
    sqlite3* raw = nullptr;
    ASSERT_EQ(sqlite3_open((folder.path() / "qiao.db").c_str(), &raw), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(raw, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(raw);
    sqlite3_close(raw);
  }
  std::int64_t ask(const std::string& sql) {
    std::int64_t value = -1;
    sqlite3* raw = nullptr;
    EXPECT_EQ(sqlite3_open((folder.path() / "qiao.db").c_str(), &raw), SQLITE_OK);
    sqlite3_exec(
        raw, sql.c_str(),
        [](void* out, int, char** values, char**) {
          *static_cast<std::int64_t*>(out) = std::stoll(values[0]);
          return 0;
        },
        &value, nullptr);
    sqlite3_close(raw);
    return value;
  }
};

TEST_F(Opening, KeepsWhatWasWritten) {
  open();
  ASSERT_TRUE(db->write_and_wait(insert(1, "one")));
  open();
  EXPECT_THAT(texts(), ElementsAre("one"));
}

TEST_F(Opening, MakesAFolderAndAFileThatOnlyTheOwnerReads) {
  settings.folder = folder.path() / "deep" / "data";
  open();
  struct stat info {};
  ASSERT_EQ(stat((settings.folder / "qiao.db").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(stat((settings.folder / "qiao.db-wal").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(stat(settings.folder.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST_F(Opening, TheFileAloneIsTheDatabaseWhenTheHubHasStopped) {
  open();
  ASSERT_TRUE(db->write_and_wait(insert(1, "one")));
  EXPECT_THAT(texts(), ElementsAre("one"));
  close();
  EXPECT_FALSE(std::filesystem::exists(folder.path() / "qiao.db-wal"));
  EXPECT_EQ(ask("SELECT count(*) FROM note"), 1);
}

TEST_F(Opening, AnotherDatabaseTakesNothingFromALogThatWasLeftBehind) {
  const std::filesystem::path fresh = folder.path() / "fresh";
  for (const char* text : {"old", "new"}) {
    const pid_t child = fork();
    if (child == 0) {
      if (std::string_view(text) == "new") settings.folder = fresh;
      open();
      const bool written = db->write_and_wait(insert(1, text)).ok();
      _exit(written ? 0 : 1);  // the log stays
    }
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_EQ(status, 0);
  }
  std::filesystem::rename(folder.path() / "qiao.db", folder.path() / "old.db");
  const auto before = sqlite::replace_database(fresh / "qiao.db", folder.path());
  ASSERT_TRUE(before) << before.error().message;
  EXPECT_TRUE(before->empty());
  open();
  EXPECT_THAT(texts(), ElementsAre("new"));
}

TEST_F(Opening, FindsWhatAKilledProcessLeftInTheLog) {
  const pid_t child = fork();
  if (child == 0) {
    open();
    const bool written = db->write_and_wait(insert(1, "one")).ok();
    _exit(written ? 0 : 1);  // no destructor runs
  }
  int status = 0;
  waitpid(child, &status, 0);
  ASSERT_EQ(status, 0);
  EXPECT_GT(std::filesystem::file_size(folder.path() / "qiao.db-wal"), 4'000'000u);
  open();
  EXPECT_THAT(texts(), ElementsAre("one"));
}

TEST_F(Opening, MarksTheFileAsOurs) {
  open();
  close();
  EXPECT_EQ(ask("PRAGMA application_id"), sqlite::kApplicationId);
  EXPECT_EQ(ask("PRAGMA user_version"), sqlite::kFormat);
  EXPECT_EQ(ask("PRAGMA page_size"), 2048);
}

TEST_F(Opening, RefusesAFileOfANewerHub) {
  open();
  close();
  run_sql("PRAGMA user_version=99");
  const auto refused = Store::open(settings, host());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().name(), "store.newer_file");
  EXPECT_THAT(refused.error().message, AllOf(HasSubstr("format 99"), HasSubstr("start the newer version")));
}

TEST_F(Opening, RefusesADatabaseOfAnotherProgram) {
  run_sql("CREATE TABLE theirs (id INT)");
  const auto refused = Store::open(settings, host());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().name(), "store.foreign_file");
  EXPECT_EQ(ask("PRAGMA application_id"), 0);
}

TEST_F(Opening, RefusesAFileThatIsNoDatabase) {
  std::ofstream(folder.path() / "qiao.db") << std::string(5000, 'x');
  const auto refused = Store::open(settings, host());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().name(), "store.damaged");
}

TEST_F(Opening, RefusesAFolderThatCannotBeMade) {
  std::ofstream(folder.path() / "file") << "x";
  settings.folder = folder.path() / "file" / "data";
  EXPECT_EQ(Store::open(settings, host()).error().name(), "store.cannot_open");
}

TEST_F(Opening, RefusesASecondHubAndNamesTheFirst) {
  open();
  const auto refused = Store::open(settings, host());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().name(), "store.locked");
  EXPECT_THAT(refused.error().message,
              AllOf(HasSubstr(fmt::format("process {}", getpid())), HasSubstr("stop that one")));
  close();
  EXPECT_TRUE(Store::open(settings, host()));
}

TEST_F(Opening, IsPossibleAtOnceAfterTheHolderOfTheLockDied) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  const pid_t child = fork();
  if (child == 0) {
    auto lock = FolderLock::take(folder.path());
    const char byte = lock ? 'y' : 'n';
    if (write(ready[1], &byte, 1) != 1) _exit(1);
    pause();
    _exit(0);
  }
  char byte = 0;
  ASSERT_EQ(read(ready[0], &byte, 1), 1);
  ASSERT_EQ(byte, 'y');
  EXPECT_THAT(FolderLock::take(folder.path()).error().message, HasSubstr(fmt::format("process {}", child)));
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  EXPECT_TRUE(FolderLock::take(folder.path()));
  ::close(ready[0]);
  ::close(ready[1]);
}

}  // namespace
}  // namespace qiao::core
