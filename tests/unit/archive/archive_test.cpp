#include "core/archive/archive.hpp"

#include <sys/stat.h>

#include <fstream>
#include <thread>

#include "core/archive/files.hpp"
#include "core/archive/transfer.hpp"
#include "tests/unit/store/store_fixture.hpp"

namespace qiao::core {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class ArchiveTest : public StoreTest {
 protected:
  void SetUp() override { open(); }
  [[nodiscard]] fs::path target(const std::string& name = "one") const { return elsewhere.path() / name; }
  BackupOrder order(const std::string& name = "one", const std::string& previous = {}) const {
    BackupOrder order;
    order.target = target(name);
    order.files = folder.path() / "instances";
    if (!previous.empty()) order.previous = target(previous);
    order.hub_version = "0.1.0";
    order.now = system_clock().now();
    return order;
  }
  Result<BackupReport> take(const BackupOrder& order) const {
    auto snapshot = Snapshot::open(settings);
    if (!snapshot) return snapshot.error();
    return write_archive((*snapshot)->source(), order);
  }
  void put_file(const std::string& name, const std::string& bytes) const {
    const fs::path path = folder.path() / "instances" / name;
    fs::create_directories(path.parent_path());
    std::ofstream(path) << bytes;
  }
  static std::string text_of(const fs::path& path) { return files::read(path).value_or(""); }
  /// Changes one byte in the midst of a file.
  static void spoil(const fs::path& path) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    const auto middle = static_cast<std::streamoff>(fs::file_size(path) / 2);
    file.seekg(middle);
    const int byte = file.get();
    file.seekp(middle);
    file.put(static_cast<char>(byte ^ 0x55));
  }
  std::string damage() {
    auto archive = Archive::open(target());
    if (!archive) return std::string(archive.error().name());
    auto right = (*archive)->verify();
    return right ? "" : std::string(right.error().name());
  }

  TempFolder elsewhere;
};

TEST_F(ArchiveTest, TakenUnderLoadHoldsOneCommittedStateOfAllRows) {
  std::atomic<bool> stop{false};
  std::atomic<int> acknowledged{0};
  std::thread writer([&] {
    for (int i = 1; !stop; i += 2) {
      ASSERT_TRUE(db->write_and_wait([i](Session& s) -> Result<void> {
        EXPECT_TRUE(insert(i, fmt::format("{} {}", i, std::string(50, 'a')))(s));
        return insert(i + 1, fmt::format("{} {}", i + 1, std::string(50, 'b')))(s);
      }));
      acknowledged = i + 1;
    }
  });
  while (acknowledged < 400) std::this_thread::yield();
  const int before = acknowledged;
  const auto made = take(order());
  const int after = acknowledged + 2;
  stop = true;
  writer.join();
  ASSERT_TRUE(made) << made.error().message;

  auto archive = Archive::open(target());
  ASSERT_TRUE(archive) << archive.error().message;
  const auto& tables = (*archive)->tables();
  const auto note = std::find_if(tables.begin(), tables.end(), [](const Table& t) { return t.name == "note"; });
  ASSERT_NE(note, tables.end());
  std::int64_t rows = 0;
  ASSERT_TRUE((*archive)->read(*note, [&](const Row& row) -> Result<void> {
    EXPECT_EQ(row[0].integer, ++rows) << "all rows up to a point, and nothing after it";
    return {};
  }));
  EXPECT_GE(rows, before);
  EXPECT_LE(rows, after);
  EXPECT_EQ(rows % 2, 0) << "half of a write is in the backup";
  struct stat info {};
  ASSERT_EQ(stat(target().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
  EXPECT_FALSE(fs::exists(target().string() + ".part"));
}

TEST_F(ArchiveTest, EveryChangedByteIsNoticed) {
  ASSERT_TRUE(db->write_and_wait(insert(1, "苹果")));
  put_file("web/files/1", std::string(1000, 'p'));
  ASSERT_TRUE(take(order()));
  EXPECT_EQ(damage(), "");
  for (const char* file : {"tables/note.gz", "files/web/files/1", "manifest.json", "SHA256SUMS"}) {
    const std::string whole = text_of(target() / file);
    spoil(target() / file);
    EXPECT_EQ(damage(), "backup.damaged") << file;
    std::ofstream(target() / file, std::ios::binary | std::ios::trunc) << whole.substr(0, whole.size() - 1);
    EXPECT_EQ(damage(), "backup.damaged") << file << " cut off";
    std::ofstream(target() / file, std::ios::binary | std::ios::trunc) << whole;
    EXPECT_EQ(damage(), "") << file;
  }
  fs::remove(target() / "tables/note.gz");
  EXPECT_EQ(damage(), "backup.damaged");
}

TEST_F(ArchiveTest, FilesOfPluginsAreSharedWithTheBackupBefore) {
  put_file("web/files/1", "one");
  put_file("web/files/2", "two");
  put_file("web/files/3.part", "being received");
  auto first = take(order("one"));
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->files, 2u);
  EXPECT_EQ(first->files_linked, 0u);
  put_file("web/files/4", "four");
  auto second = take(order("two", "one"));
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->files, 3u);
  EXPECT_EQ(second->files_linked, 2u);
  fs::remove_all(target("one"));
  auto archive = Archive::open(target("two"));
  ASSERT_TRUE(archive);
  EXPECT_TRUE((*archive)->verify());
  EXPECT_EQ(text_of(target("two") / "files/web/files/1"), "one");
}

TEST_F(ArchiveTest, AFileThatChangedIsNotTakenFromTheBackupBefore) {
  put_file("web/files/1", "one");
  ASSERT_TRUE(take(order("one")));
  put_file("web/files/1", "eins");
  auto second = take(order("two", "one"));
  ASSERT_TRUE(second) << second.error().message;
  EXPECT_EQ(second->files_linked, 0u);
  EXPECT_EQ(text_of(target("two") / "files/web/files/1"), "eins");
}

TEST_F(ArchiveTest, WhatIsThereIsNotOverwrittenAndWhatIsNotIsNamed) {
  ASSERT_TRUE(take(order()));
  EXPECT_EQ(take(order()).error().name(), "backup.target_exists");
  StoreSettings nowhere;
  nowhere.folder = elsewhere.path() / "nothing";
  EXPECT_EQ(Snapshot::open(nowhere).error().name(), "backup.no_database");
  EXPECT_FALSE(fs::exists(nowhere.folder));
  EXPECT_EQ(Archive::open(elsewhere.path()).error().name(), "backup.no_file");
}

TEST_F(ArchiveTest, GivenUpLeavesNothingBehind) {
  for (int i = 0; i < 2000; i += 100) {
    ASSERT_TRUE(db->write_and_wait([i](Session& s) -> Result<void> {
      for (int n = i; n < i + 100; ++n) EXPECT_TRUE(insert(n + 1, std::to_string(n))(s));
      return {};
    }));
  }
  BackupOrder interrupted = order();
  interrupted.give_up = [] { return true; };
  EXPECT_EQ(take(interrupted).error().name(), "backup.interrupted");
  EXPECT_TRUE(fs::is_empty(elsewhere.path()));
}

TEST_F(ArchiveTest, AManifestCannotLeadOutOfItsFolder) {
  put_file("web/files/1", "one");
  ASSERT_TRUE(take(order()));
  for (const char* evil : {"../../x", "/etc/passwd", "a/../../b", ""}) {
    std::string text = text_of(target() / "manifest.json");
    const std::string from = "\"web/files/1\"";
    text.replace(text.find(from), from.size(), fmt::format("\"{}\"", evil));
    TempFolder copy;
    std::ofstream(copy.path() / "manifest.json") << text;
    EXPECT_EQ(Archive::open(copy.path()).error().name(), "backup.damaged") << evil;
  }
}

TEST_F(ArchiveTest, ANewerFormatIsRefusedWithASentence) {
  std::ofstream(elsewhere.path() / "manifest.json") << R"({"format":2,"hub":"9.9"})";
  const auto refused = Archive::open(elsewhere.path());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().name(), "backup.newer_format");
  EXPECT_THAT(refused.error().message, HasSubstr("9.9"));
}

/// With a table of keys as the vault has it.
class ArchiveKeys : public ArchiveTest {
 protected:
  void SetUp() override {
    ArchiveTest::SetUp();
    make_keys(1);
  }
  void make_keys(int root) const {
    const Migration steps[] = {
        {1, "keys",
         "CREATE TABLE hub_data_key (id BIGINT NOT NULL PRIMARY KEY, wrapped BLOB NOT NULL);"
         "CREATE TABLE hub_subject_key (id BIGINT NOT NULL PRIMARY KEY, wrapped BLOB NOT NULL)"}};
    ASSERT_TRUE(store->for_instance("vault")->migrate(steps));
    ASSERT_TRUE(db->write_and_wait([&](Session& s) -> Result<void> {
      EXPECT_TRUE(s.run("INSERT INTO hub_data_key (id, wrapped) VALUES (?, 'root')", root));
      EXPECT_TRUE(s.run("INSERT INTO hub_subject_key (id, wrapped) VALUES (7, 'of v7'), (8, 'of v8')"));
      return {};
    }));
  }
  std::int64_t keys_of_people(const std::string& name) {
    auto archive = Archive::open(target(name));
    EXPECT_TRUE(archive) << archive.error().message;
    std::int64_t rows = 0;
    for (const Table& table : (*archive)->tables()) {
      if (table.name != "hub_subject_key") continue;
      EXPECT_TRUE((*archive)->read(table, [&](const Row&) -> Result<void> {
        ++rows;
        return {};
      }));
    }
    EXPECT_TRUE((*archive)->verify());
    return rows;
  }
};

TEST_F(ArchiveKeys, WhoIsErasedIsUnreadableInOlderBackupsFromTheNextOneOn) {
  ASSERT_TRUE(take(order("one")));
  EXPECT_FALSE(fs::exists(target("one") / "tables/hub_subject_key.gz"));
  EXPECT_EQ(keys_of_people("one"), 2);
  ASSERT_TRUE(db->write_and_wait([](Session& s) -> Result<void> {
    EXPECT_TRUE(s.run("DELETE FROM hub_subject_key WHERE id = 7"));
    return {};
  }));
  ASSERT_TRUE(take(order("two", "one")));
  EXPECT_EQ(keys_of_people("one"), 1);
  EXPECT_EQ(keys_of_people("two"), 1);
}

TEST_F(ArchiveKeys, AreComparedAndMissed) {
  ASSERT_TRUE(take(order()));
  EXPECT_EQ(damage(), "");
  spoil(elsewhere.path() / "keys/hub_subject_key.gz");
  EXPECT_EQ(damage(), "backup.damaged");
  fs::remove_all(elsewhere.path() / "keys");
  EXPECT_EQ(damage(), "backup.no_keys");
}

TEST_F(ArchiveKeys, OfAnotherHubAreNeverOverwritten) {
  ASSERT_TRUE(take(order("one")));
  TempFolder second;
  settings.folder = second.path();
  if (on_mysql()) use_server(testkit::MysqlServer::shared());
  open();
  make_keys(2);
  EXPECT_EQ(take(order("two")).error().name(), "backup.other_hub");
  EXPECT_EQ(keys_of_people("one"), 2);
}

}  // namespace
}  // namespace qiao::core
