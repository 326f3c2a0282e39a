// What the store costs, beside SQLite in a plain loop on the same disk in the same run. A "message" is what the inbox
// writes for one: a look for the conversation, the message row with its unique key, and the conversation's new
// sequence. QIAO_TEST_STORE=mysql measures a private MariaDB server, with every commit synced.
#include <benchmark/benchmark.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>

#include "core/observe/health.hpp"
#include "core/observe/log.hpp"
#include "core/observe/metrics.hpp"
#include "core/store/store.hpp"
#include "mysql_server.hpp"

namespace {

using namespace qiao;
using namespace qiao::core;

constexpr auto kSchema =
    "CREATE TABLE conversation (id BIGINT PRIMARY KEY, last_seq BIGINT NOT NULL, updated_at BIGINT NOT NULL);"
    "CREATE TABLE message (id BIGINT PRIMARY KEY, conversation BIGINT NOT NULL, seq BIGINT NOT NULL, "
    "external VARCHAR(80) NOT NULL, body TEXT NOT NULL, at BIGINT NOT NULL, UNIQUE (conversation, external))";
constexpr std::int64_t kConversations = 100;
const std::string kBody(100, 'x');

class Folder {
 public:
  Folder() : path_(std::filesystem::temp_directory_path() / fmt::format("qiao-store-bench-{}", getpid())) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directories(path_);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

struct Hub {
  Folder folder;
  Logs logs{{}, [](std::string_view) {}};
  MetricsRegistry metrics;
  HealthBoard health;
  std::unique_ptr<Store> store;
  std::unique_ptr<Database> db;

  Hub() {
    StoreSettings settings;
    settings.folder = folder.path();
    if (testkit::tests_run_on_mysql()) {
      static testkit::MysqlServer server;
      static int count = 0;
      mysql::Settings& mysql = settings.mysql.emplace();
      mysql.socket = server.socket();
      mysql.user = "root";
      mysql.database = fmt::format("bench_{}", ++count);
      server.run("CREATE DATABASE " + mysql.database);
    }
    store = std::move(*Store::open(settings, {logs.logger("store"), metrics, health.for_instance("store")}));
    db = store->for_instance("bench");
    const Migration steps[] = {{1, "tables", kSchema}};
    if (!db->migrate(steps)) std::abort();
    const auto filled = db->write_and_wait([](Session& s) -> Result<void> {
      for (std::int64_t i = 1; i <= kConversations; ++i) {
        if (!s.run("INSERT INTO conversation (id, last_seq, updated_at) VALUES (?, 0, 0)", i)) std::abort();
      }
      return {};
    });
    if (!filled) std::abort();
  }
};

Result<void> write_message(Session& s, std::int64_t conversation, const std::string& external) {
  std::int64_t seq = 0;
  {
    auto rows = s.query("SELECT last_seq FROM conversation WHERE id = ?", conversation);
    if (!rows->next()) return Error{Errc::not_found, "no conversation"};
    seq = rows->integer(0) + 1;
  }
  const Id id = new_id();
  auto added = s.run("INSERT INTO message (id, conversation, seq, external, body, at) VALUES (?, ?, ?, ?, ?, ?)", id,
                     conversation, seq, external, kBody, 0);
  if (!added) return added.error();
  auto moved = s.run("UPDATE conversation SET last_seq = ?, updated_at = ? WHERE id = ?", seq, 0, conversation);
  if (!moved) return moved.error();
  return {};
}

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

class Permits {
 public:
  explicit Permits(std::int64_t count) : count_(count) {}
  void acquire() {
    std::unique_lock lock(mutex_);
    returned_.wait(lock, [this] { return count_ > 0; });
    --count_;
  }
  void release() {
    const std::lock_guard lock(mutex_);
    ++count_;
    returned_.notify_one();
  }

 private:
  std::mutex mutex_;
  std::condition_variable returned_;
  std::int64_t count_;
};

/// `range(0)` writers, each with one message under way.
void store_messages(benchmark::State& state) {
  Hub hub;
  Permits free(state.range(0));
  std::int64_t n = 0;
  const double before = cpu_seconds();
  for (auto _ : state) {
    free.acquire();
    const std::int64_t conversation = n % kConversations + 1;
    hub.db->write(
        static_cast<std::uint64_t>(conversation),
        [conversation, external = fmt::to_string(++n)](Session& s) { return write_message(s, conversation, external); },
        [&free](Result<void> result) {
          if (!result) std::abort();
          free.release();
        });
  }
  hub.db.reset();
  state.SetItemsProcessed(n);
  state.counters["cpu_us"] = (cpu_seconds() - before) * 1e6 / static_cast<double>(n);
  state.counters["group"] =
      static_cast<double>(n) / static_cast<double>(hub.metrics.counter("qiao_store_commits_total", "").value());
}
BENCHMARK(store_messages)->Arg(1)->Arg(10)->Arg(100)->UseRealTime()->Unit(benchmark::kMicrosecond);

/// One message a millisecond, as in a quiet hour: from queued to synced and told.
void store_latency(benchmark::State& state) {
  using Clock = std::chrono::steady_clock;
  Hub hub;
  std::vector<double> micros(static_cast<std::size_t>(state.max_iterations));
  std::size_t n = 0;
  auto due = Clock::now();
  for (auto _ : state) {
    std::this_thread::sleep_until(due += std::chrono::milliseconds(1));
    const auto started = Clock::now();
    const std::int64_t conversation = static_cast<std::int64_t>(n) % kConversations + 1;
    hub.db->write(
        0,
        [conversation, external = fmt::to_string(n)](Session& s) { return write_message(s, conversation, external); },
        [started, slot = &micros[n]](const Result<void>& result) {
          if (!result) std::abort();
          *slot = std::chrono::duration<double, std::micro>(Clock::now() - started).count();
        });
    ++n;
  }
  hub.db.reset();
  std::sort(micros.begin(), micros.end());
  state.counters["p50_us"] = micros[micros.size() / 2];
  state.counters["p99_us"] = micros[micros.size() * 99 / 100];
}
BENCHMARK(store_latency)->Iterations(3000)->UseRealTime()->Unit(benchmark::kMicrosecond);

/// The floor: the same statements straight on SQLite, `range(0)` messages a commit.
void plain_sqlite_messages(benchmark::State& state) {
  Folder folder;
  sqlite3* db = nullptr;
  if (sqlite3_open((folder.path() / "plain.db").c_str(), &db) != SQLITE_OK) std::abort();
  const auto exec = [db](const std::string& sql) {
    if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) std::abort();
  };
  std::string schema = kSchema;
  for (auto at = schema.find("BIGINT PRIMARY"); at != std::string::npos; at = schema.find("BIGINT PRIMARY")) {
    schema.replace(at, 6, "INTEGER");
  }
  exec("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;" + schema);
  for (std::int64_t i = 1; i <= kConversations; ++i) exec(fmt::format("INSERT INTO conversation VALUES ({}, 0, 0)", i));
  const auto prepare = [db](const char* sql) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, nullptr) != SQLITE_OK) std::abort();
    return statement;
  };
  sqlite3_stmt* find = prepare("SELECT last_seq FROM conversation WHERE id = ?");
  sqlite3_stmt* insert =
      prepare("INSERT INTO message (id, conversation, seq, external, body, at) VALUES (?, ?, ?, ?, ?, ?)");
  sqlite3_stmt* update = prepare("UPDATE conversation SET last_seq = ?, updated_at = 0 WHERE id = ?");
  sqlite3_stmt* begin = prepare("BEGIN IMMEDIATE");
  sqlite3_stmt* commit = prepare("COMMIT");
  const auto step = [](sqlite3_stmt* statement) {
    sqlite3_step(statement);
    if (sqlite3_reset(statement) != SQLITE_OK) std::abort();
  };
  std::int64_t n = 0;
  const double before = cpu_seconds();
  for (auto _ : state) {
    if (n % state.range(0) == 0) step(begin);
    const std::int64_t conversation = n % kConversations + 1;
    const std::string external = fmt::to_string(++n);
    sqlite3_bind_int64(find, 1, conversation);
    sqlite3_step(find);
    const std::int64_t seq = sqlite3_column_int64(find, 0) + 1;
    sqlite3_reset(find);
    sqlite3_bind_int64(insert, 1, new_id().value);
    sqlite3_bind_int64(insert, 2, conversation);
    sqlite3_bind_int64(insert, 3, seq);
    sqlite3_bind_text(insert, 4, external.data(), static_cast<int>(external.size()), SQLITE_STATIC);
    sqlite3_bind_text(insert, 5, kBody.data(), static_cast<int>(kBody.size()), SQLITE_STATIC);
    sqlite3_bind_int64(insert, 6, 0);
    step(insert);
    sqlite3_bind_int64(update, 1, seq);
    sqlite3_bind_int64(update, 2, conversation);
    step(update);
    if (n % state.range(0) == 0) step(commit);
  }
  if (sqlite3_get_autocommit(db) == 0) step(commit);
  state.SetItemsProcessed(n);
  state.counters["cpu_us"] = (cpu_seconds() - before) * 1e6 / static_cast<double>(n);
  for (sqlite3_stmt* statement : {find, insert, update, begin, commit}) sqlite3_finalize(statement);
  sqlite3_close(db);
}
BENCHMARK(plain_sqlite_messages)->Arg(1)->Arg(10)->Arg(64)->UseRealTime()->Unit(benchmark::kMicrosecond);

void read_one_row(benchmark::State& state) {
  Hub hub;
  std::int64_t n = 0;
  for (auto _ : state) {
    const auto read = hub.db->read([&](Session& s) -> Result<void> {
      auto rows = s.query("SELECT last_seq FROM conversation WHERE id = ?", n++ % kConversations + 1);
      if (!rows->next()) std::abort();
      benchmark::DoNotOptimize(rows->integer(0));
      return {};
    });
    if (!read) std::abort();
  }
}
BENCHMARK(read_one_row)->Unit(benchmark::kMicrosecond);

}  // namespace
