#include "core/store/store.hpp"

#include <fmt/format.h>

#include <condition_variable>
#include <mutex>
#include <optional>

#include "core/store/migrations.hpp"
#include "core/store/mysql/engine.hpp"
#include "core/store/sqlite/backend.hpp"

namespace qiao::core {
namespace {

Error would_deadlock(std::string_view call) {
  return {Errc::would_deadlock, "store.would_deadlock",
          fmt::format("{} waits, and this thread must not: use a blocking lane, or write() with a callback", call)};
}

/// The result of a write for which somebody waits.
class Waited {
 public:
  [[nodiscard]] Database::Done setter() {
    return [this](Result<void> result) {
      // Notified under the lock: the waiter may be gone as soon as it is released.
      const std::lock_guard lock(mutex_);
      result_ = std::move(result);
      set_.notify_one();
    };
  }
  Result<void> wait() {
    std::unique_lock lock(mutex_);
    set_.wait(lock, [this] { return result_.has_value(); });
    return std::move(*result_);
  }

 private:
  std::mutex mutex_;
  std::condition_variable set_;
  std::optional<Result<void>> result_;
};

Result<void> make_folder(const std::filesystem::path& folder) {
  std::error_code error;
  const bool fresh = std::filesystem::create_directories(folder, error);
  if (!error && fresh) std::filesystem::permissions(folder, std::filesystem::perms::owner_all, error);
  if (error) {
    return Error{Errc::unavailable, "store.cannot_open",
                 fmt::format("cannot make the data folder {}: {}", folder.string(), error.message())};
  }
  return {};
}

Result<void> prepare(WriterSession& session) {
  if (auto begun = session.begin(); !begun) return begun;
  auto prepared = prepare_migrations(session);
  if (prepared) prepared = session.commit();
  if (!prepared) session.rollback();
  return prepared;
}

}  // namespace

class Store::InstanceDatabase final : public InstanceStore {
 public:
  InstanceDatabase(Store& store, std::string instance, std::string plugin)
      : store_(store), plugin_(plugin.empty() ? instance : std::move(plugin)), pending_(std::move(instance)) {}
  ~InstanceDatabase() override { pending_.wait_for_none(); }

  bool wait_written(std::chrono::milliseconds patience) override { return pending_.wait_for_none(patience); }

  Result<void> migrate(std::span<const Migration> steps) override {
    if (GroupWriter::on_writer_thread()) return would_deadlock("migrate");
    auto schema = store_.backend_->open_schema();
    if (!schema) return schema.error();
    if (*schema) {
      return apply(
          **schema, [&](const std::string& plugin, const Migration& step) { return (*schema)->apply(plugin, step); },
          "goes on from there at the next start", steps);
    }
    return submit_and_wait([&](Session&) {
      WriterSession& writer = store_.writer_->session();
      return apply(
          writer,
          [&](const std::string&, const Migration& step) {
            return writer.run_script(store_.backend_->migration_sql(step));
          },
          "was undone", steps);
    });
  }

  void write(std::uint64_t partition, Work work, Done done, Priority priority) override {
    pending_.add();
    store_.writer_->submit({partition, std::move(work), std::move(done), priority, &pending_, current_trace()});
  }

  Result<void> write_and_wait(Work work) override {
    if (must_not_wait()) return would_deadlock("write_and_wait");
    return submit_and_wait(std::move(work));
  }

  Result<void> read(const Work& work) override {
    if (must_not_wait()) return would_deadlock("read");
    return store_.readers_->read(work);
  }

  Result<void> read_report(const Work& work) override {
    if (must_not_wait()) return would_deadlock("read_report");
    return store_.reports_ ? store_.reports_->read(work) : store_.readers_->read(work);
  }

 private:
  using Run = std::function<Result<void>(const std::string& plugin, const Migration& step)>;
  Result<void> apply(Session& session, const Run& run, std::string_view left_over, std::span<const Migration> steps) {
    const Time now = store_.host_.clock.now();
    const std::pair<std::string, std::span<const Migration>> all[] = {{kOwnSteps, own_steps()}, {plugin_, steps}};
    for (const auto& [plugin, list] : all) {
      auto done = apply_migrations(
          session, [&run, name = plugin](const Migration& step) { return run(name, step); }, left_over, plugin, list,
          now);
      if (done) done = keep_texts(session, plugin, list);
      if (!done) return done;
    }
    return {};
  }
  [[nodiscard]] bool must_not_wait() const {
    return GroupWriter::on_writer_thread() || (store_.host_.must_not_wait && store_.host_.must_not_wait());
  }
  Result<void> submit_and_wait(Work work) {
    Waited waited;
    write(0, std::move(work), waited.setter(), Priority::service);
    return waited.wait();
  }

  Store& store_;
  const std::string plugin_;
  PendingJobs pending_;
};

Result<std::unique_ptr<StoreBackend>> open_backend(const StoreSettings& settings) {
  if (settings.mysql) {
    const auto engine = mysql::engine();
    if (!engine) return engine.error();
    return (*engine)->open_backend(*settings.mysql);
  }
  return sqlite::open_backend({settings.folder, settings.max_pages, settings.vfs});
}

Result<std::unique_ptr<Store>> Store::open(const StoreSettings& settings, StoreHost host) {
  if (auto made = make_folder(settings.folder); !made) return made.error();
  auto lock = FolderLock::take(settings.folder);
  if (!lock) return lock.error();
  auto backend = open_backend(settings);
  if (!backend) return backend.error();
  std::unique_ptr<Store> store(new Store(std::move(host), std::move(*lock), std::move(*backend)));
  for (const std::string& warning : store->backend_->warnings()) store->host_.log.warn("{}", warning);
  bool alone = false;  // opening a schema session makes what is needed
  if (auto schema = store->backend_->open_schema(); !schema) {
    return schema.error();
  } else {
    alone = *schema != nullptr;
  }
  auto session = store->backend_->open_writer();
  if (!session) return session.error();
  if (!alone) {
    if (auto prepared = prepare(**session); !prepared) return prepared.error();
  }
  StoreHost& own = store->host_;
  store->readers_ = std::make_unique<ReaderPool>(*store->backend_, settings.readers, own.metrics);
  if (settings.mysql && !settings.mysql->replicas.empty()) {
    const auto engine = mysql::engine();
    if (!engine) return engine.error();
    std::vector<ReportReaders::Replica> replicas;
    for (const mysql::Settings::Replica& one : settings.mysql->replicas) {
      const std::string address = one.socket.empty() ? fmt::format("{}:{}", one.host, one.port) : one.socket;
      replicas.push_back({address, (*engine)->replica_backend(*settings.mysql, one)});
    }
    store->reports_ = std::make_unique<ReportReaders>(std::move(replicas), settings.mysql->most_behind,
                                                      *store->readers_, own.clock, own.log, own.metrics);
  }
  store->writer_ = std::make_unique<GroupWriter>(std::move(*session),
                                                 GroupWriter::Settings{settings.group_max, settings.queue_capacity},
                                                 own.log, own.metrics, own.health, own.on_fatal);
  return store;
}

Store::Store(StoreHost host, FolderLock lock, std::unique_ptr<StoreBackend> backend)
    : host_(std::move(host)), lock_(std::move(lock)), backend_(std::move(backend)) {}

/// The writer's connection goes last: whoever closes last folds the log into the file, which readers cannot.
Store::~Store() {
  if (writer_) writer_->stop();
  reports_.reset();
  readers_.reset();
}

std::unique_ptr<InstanceStore> Store::for_instance(std::string instance, std::string plugin) {
  return std::make_unique<InstanceDatabase>(*this, std::move(instance), std::move(plugin));
}

void Store::stop() { writer_->stop(); }

std::string_view Store::engine() const noexcept { return backend_->name(); }

void Store::collect(MetricsText& out) const {
  for (const auto& [priority, name] : {std::pair{Priority::service, "service"},
                                       {Priority::open, "open"},
                                       {Priority::enrich, "enrich"},
                                       {Priority::background, "background"}}) {
    out.gauge("qiao_store_queued_writes", "Writes waiting for their turn", {{"priority", name}},
              static_cast<double>(writer_->queued(priority)));
  }
  const StoreBackend::Size size = backend_->size();
  if (size.data_bytes == 0) return;  // a server tells its own
  out.gauge("qiao_store_data_bytes", "Size of the database", {}, static_cast<double>(size.data_bytes));
  out.gauge("qiao_store_log_bytes", "Size of the write-ahead log", {}, static_cast<double>(size.log_bytes));
}

}  // namespace qiao::core
