#pragma once

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <future>

#include "core/observe/health.hpp"
#include "core/observe/log.hpp"
#include "core/observe/metrics.hpp"
#include "core/store/store.hpp"
#include "mysql_server.hpp"

namespace qiao::core {

/// A folder of a test's own, removed at its end.
class TempFolder {
 public:
  TempFolder() {
    static std::atomic<int> count{0};
    path_ = std::filesystem::temp_directory_path() / fmt::format("qiao-store-test-{}-{}", getpid(), ++count);
    std::filesystem::create_directories(path_);
  }
  ~TempFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// A store in a folder of its own with all that it borrows.
class StoreTest : public testing::Test {
 protected:
  StoreTest() {
    settings.folder = folder.path();
    if (testkit::tests_run_on_mysql()) use_server(testkit::MysqlServer::shared());
  }
  /// Keeps the data of this test in a new database of a server.
  void use_server(const testkit::MysqlServer& server) {
    static int count = 0;
    mysql::Settings mysql;
    mysql.socket = server.socket();
    mysql.user = "root";
    mysql.database = fmt::format("store_{}", ++count);
    server.run("CREATE DATABASE " + mysql.database);
    settings.mysql = mysql;
  }
  [[nodiscard]] bool on_mysql() const { return settings.mysql.has_value(); }
  /// Before the members of a test go, which its writes may use.
  void TearDown() override { close(); }

  [[nodiscard]] StoreHost host() {
    return {logs.logger("store"),
            metrics,
            health.for_instance("store"),
            system_clock(),
            [this] { return must_not_wait.load(); },
            [this](const Error& e) { fatal.push_back(e.id); }};
  }
  /// Opens (again) and makes the table `note (id, text)` with a unique text.
  void open() {
    close();
    auto opened = Store::open(settings, host());
    ASSERT_TRUE(opened) << opened.error().message;
    store = std::move(*opened);
    db = store->for_instance("note");
    const Migration steps[] = {
        {1, "notes", "CREATE TABLE note (id BIGINT PRIMARY KEY, text VARCHAR(100) NOT NULL UNIQUE)"}};
    const auto migrated = db->migrate(steps);
    ASSERT_TRUE(migrated) << migrated.error().message;
  }
  void close() {
    db.reset();
    store.reset();
  }

  /// Keeps the writer thread busy until the returned promise is set, so that what is queued meanwhile forms one group.
  [[nodiscard]] std::promise<void> hold_writer() {
    std::promise<void> release;
    std::promise<void> held;
    db->write(0,
              [&held, future = release.get_future().share()](Session&) -> Result<void> {
                held.set_value();
                future.wait();
                return {};
              },
              {});
    held.get_future().wait();
    return release;
  }
  /// Waits until everything queued before is done, whatever its priority.
  void settle() {
    db.reset();
    db = store->for_instance("note");
  }

  static Database::Work insert(std::int64_t id, std::string text) {
    return [id, text = std::move(text)](Session& s) -> Result<void> {
      auto done = s.run("INSERT INTO note (id, text) VALUES (?, ?)", id, text);
      if (!done) return done.error();
      return {};
    };
  }
  std::vector<std::string> texts() {
    std::vector<std::string> found;
    const auto read = db->read([&](Session& s) -> Result<void> {
      auto rows = s.query("SELECT text FROM note ORDER BY id");
      while (rows->next()) found.push_back(rows->str(0));
      return rows->status();
    });
    EXPECT_TRUE(read) << read.error().message;
    return found;
  }
  std::uint64_t counted(const std::string& name) { return metrics.counter(name, "").value(); }

  TempFolder folder;
  std::mutex lines_mutex;
  std::vector<std::string> lines;
  Logs logs{{}, [this](std::string_view line) {
              const std::lock_guard lock(lines_mutex);
              lines.emplace_back(line);
            }};
  MetricsRegistry metrics;
  HealthBoard health;
  std::atomic<bool> must_not_wait{false};
  std::vector<std::string> fatal;
  StoreSettings settings;
  std::unique_ptr<Store> store;
  std::unique_ptr<Database> db;
};

}  // namespace qiao::core
