// What was acknowledged is kept: a process that writes under load is killed at any instant, again and again, and what
// it had reported as written must be in the database, once, in order and without gaps.
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <random>
#include <set>

#include "core/observe/health.hpp"
#include "core/observe/log.hpp"
#include "core/observe/metrics.hpp"
#include "core/store/store.hpp"
#include "mysql_server.hpp"

extern char** environ;

namespace qiao::core {
namespace {

/// QIAO_KILLS in the environment sets how many; the promise is about 200.
int rounds(int usual) {
  const char* wanted = std::getenv("QIAO_KILLS");
  return wanted != nullptr ? std::atoi(wanted) : usual;
}
constexpr int kPartitions = 8;
constexpr std::size_t kUnderWay = 100;

struct Hub {
  Logs logs{{}, [](std::string_view line) { fmt::print(stderr, "{}", line); }};
  MetricsRegistry metrics;
  HealthBoard health;
  std::unique_ptr<Store> store;
  std::unique_ptr<Database> db;

  /// `socket`: of a database server; empty: SQLite in the folder.
  Hub(const std::filesystem::path& folder, const std::string& socket) {
    StoreSettings settings;
    settings.folder = folder;
    if (!socket.empty()) {
      mysql::Settings& server = settings.mysql.emplace();
      server.socket = socket;
      server.user = "root";
      server.database = "kills";
    }
    auto opened = Store::open(settings, {logs.logger("store"), metrics, health.for_instance("store")});
    if (!opened) throw std::runtime_error(opened.error().message);
    store = std::move(*opened);
    db = store->for_instance("kill");
    const Migration steps[] = {
        {1, "rows",
         "CREATE TABLE kill_partition (id BIGINT PRIMARY KEY, seq BIGINT NOT NULL);"
         "CREATE TABLE kill_row (id BIGINT NOT NULL, part BIGINT NOT NULL, seq BIGINT NOT NULL, body TEXT NOT NULL, "
         "UNIQUE (part, seq))"}};
    if (auto done = db->migrate(steps); !done) throw std::runtime_error(done.error().message);
  }
};

/// No unique key on the id: a row written twice would show.
Result<void> write_row(Session& s, std::int64_t id, std::int64_t part) {
  auto moved = s.run("UPDATE kill_partition SET seq = seq + 1 WHERE id = ?", part);
  if (!moved) return moved.error();
  if (*moved == 0) {
    if (auto first = s.run("INSERT INTO kill_partition (id, seq) VALUES (?, 1)", part); !first) return first.error();
  }
  auto added = s.run("INSERT INTO kill_row (id, part, seq, body) SELECT ?, id, seq, ? FROM kill_partition WHERE id = ?",
                     id, "a message of about the usual length, so that pages fill and the log is checkpointed", part);
  if (!added) return added.error();
  // A job now and then that fails after it wrote makes the group run twice; nothing of it may remain.
  if (id % 97 == 0) return Error{Errc::bad_value, "test.refused", "meant to fail"};
  return {};
}

/// The child: writes for ever and prints every acknowledged id.
int write_until_killed(const std::filesystem::path& folder, std::int64_t first_id, const std::string& socket) {
  Hub hub(folder, socket);
  std::mutex mutex;
  std::condition_variable room;
  std::size_t under_way = 0;
  for (std::int64_t id = first_id;; ++id) {
    {
      std::unique_lock lock(mutex);
      room.wait(lock, [&] { return under_way < kUnderWay; });
      ++under_way;
    }
    const std::int64_t part = id % kPartitions + 1;
    hub.db->write(
        static_cast<std::uint64_t>(part), [id, part](Session& s) { return write_row(s, id, part); },
        [&, id](Result<void> result) {
          // Without its database the hub refuses and goes on; what is refused was not promised.
          if (result && write(STDOUT_FILENO, &id, sizeof(id)) != sizeof(id)) _exit(1);
          const std::lock_guard lock(mutex);
          --under_way;
          room.notify_one();
        },
        static_cast<Priority>(id % 4));
  }
}

class Child {
 public:
  Child(const std::filesystem::path& folder, std::int64_t first_id, std::string socket) {
    int ends[2];
    if (pipe(ends) != 0) throw std::runtime_error("pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    std::string self = "/proc/self/exe";
    std::string flag = "--child";
    std::string path = folder.string();
    std::string from = fmt::to_string(first_id);
    char* arguments[] = {self.data(), flag.data(), path.data(), from.data(), socket.data(), nullptr};
    if (posix_spawn(&pid_, self.c_str(), &actions, nullptr, arguments, environ) != 0) throw std::runtime_error("spawn");
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    out_ = ends[0];
  }
  ~Child() { close(out_); }

  /// Reads acknowledgements; false at the end.
  bool next(std::int64_t& id) const { return read(out_, &id, sizeof(id)) == sizeof(id); }
  void kill_now() const { ::kill(pid_, SIGKILL); }
  [[nodiscard]] int wait() const {
    int status = 0;
    waitpid(pid_, &status, 0);
    return status;
  }

 private:
  pid_t pid_ = 0;
  int out_ = -1;
};

void check(const std::filesystem::path& folder, const std::string& socket, const std::set<std::int64_t>& acknowledged,
           std::int64_t& last_id) {
  Hub hub(folder, socket);
  const auto read = hub.db->read([&](Session& s) -> Result<void> {
    std::size_t found = 0;
    std::int64_t before = 0;
    auto rows = s.query("SELECT id FROM kill_row ORDER BY id");
    while (rows->next()) {
      const auto id = rows->integer(0);
      EXPECT_NE(id, before) << "stored twice";
      EXPECT_NE(id % 97, 0) << "a failed write left something behind";
      before = id;
      found += acknowledged.count(id);
    }
    EXPECT_EQ(found, acknowledged.size()) << "acknowledged and lost";
    last_id = std::max(last_id, before);
    auto parts = s.query(
        "SELECT part, count(*), max(r.seq), (SELECT p.seq FROM kill_partition p WHERE p.id = part) FROM kill_row r "
        "GROUP BY part");
    while (parts->next()) {
      EXPECT_EQ(parts->integer(1), parts->integer(2)) << "a gap in partition " << parts->integer(0);
      EXPECT_EQ(parts->integer(2), parts->integer(3)) << "partition " << parts->integer(0);
    }
    std::int64_t part = 0;
    std::int64_t last = 0;
    auto order = s.query("SELECT part, id FROM kill_row ORDER BY part, seq");
    while (order->next()) {
      if (order->integer(0) != part) last = 0;
      EXPECT_GT(order->integer(1), last) << "out of order in partition " << part;
      part = order->integer(0);
      last = order->integer(1);
    }
    return parts->status();
  });
  EXPECT_TRUE(read) << read.error().message;
}

/// `server`: a database server, which is killed together with every third hub and under every fifth.
void kill_again_and_again(int count, testkit::MysqlServer* server) {
  const auto folder = std::filesystem::temp_directory_path() / fmt::format("qiao-store-kill-{}", getpid());
  const std::string socket = server != nullptr ? server->socket() : std::string();
  std::filesystem::remove_all(folder);
  const auto seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 random(seed);
  std::set<std::int64_t> acknowledged;
  std::int64_t last_id = 0;
  for (int round = 0; round < count && !testing::Test::HasFailure(); ++round) {
    const Child child(folder, last_id + 1, socket);
    // From the first commits to well after the first checkpoints.
    const auto most = std::uniform_int_distribution<int>(0, round % 5 == 0 ? 4000 : 400)(random);
    std::int64_t id = 0;
    const auto listen = [&](int until) {
      for (int seen = 0; seen < until && child.next(id); ++seen) acknowledged.insert(id);
    };
    listen(most);
    if (server != nullptr && round % 5 == 1) {
      server->kill();
      server->start();
      listen(most);  // the hub found its way back
    }
    const bool both = server != nullptr && round % 3 == 2;
    if (both) server->kill();
    child.kill_now();
    while (child.next(id)) acknowledged.insert(id);
    const int status = child.wait();
    ASSERT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "the writer ended by itself: " << status;
    if (both) server->start();
    if (!acknowledged.empty()) last_id = std::max(last_id, *acknowledged.rbegin());
    check(folder, socket, acknowledged, last_id);
  }
  EXPECT_GT(acknowledged.size(), static_cast<std::size_t>(100 * count));
  fmt::print("{} kills, {} acknowledged writes, none lost, none doubled\n", count, acknowledged.size());
  std::filesystem::remove_all(folder);
}

TEST(StoreKill, NothingAcknowledgedIsLostOrDoubledOnSqlite) { kill_again_and_again(rounds(50), nullptr); }

TEST(StoreKill, NothingAcknowledgedIsLostOrDoubledOnMysqlWhoeverIsKilled) {
  testkit::MysqlServer server;
  server.run("CREATE DATABASE kills");
  kill_again_and_again(rounds(15), &server);
}

}  // namespace
}  // namespace qiao::core

int main(int argc, char** argv) {
  if (argc == 5 && std::string_view(argv[1]) == "--child")
    return qiao::core::write_until_killed(argv[2], std::stoll(argv[3]), argv[4]);
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
