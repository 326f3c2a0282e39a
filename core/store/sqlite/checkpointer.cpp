#include "core/store/sqlite/checkpointer.hpp"

#include <sqlite3.h>

#include "core/bus/thread_role.hpp"

namespace qiao::core::sqlite {

Result<std::unique_ptr<Checkpointer>> Checkpointer::open(const ConnectionSettings& settings) {
  auto connection = Connection::open(settings);
  if (!connection) return connection.error();
  return std::unique_ptr<Checkpointer>(new Checkpointer(std::move(*connection)));
}

Checkpointer::Checkpointer(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {
  thread_ = std::thread([this] { run(); });
}

Checkpointer::~Checkpointer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void Checkpointer::poke() {
  busy_.store(true, std::memory_order_relaxed);
  {
    const std::lock_guard lock(mutex_);
    poked_ = true;
  }
  wake_.notify_one();
}

std::optional<Error> Checkpointer::failure() const {
  if (!failed_.load(std::memory_order_acquire)) return std::nullopt;
  const std::lock_guard lock(mutex_);
  return failure_;
}

void Checkpointer::run() {
  name_thread("qiao-checkpoint");
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return poked_ || stopping_; });
    if (stopping_) return;
    poked_ = false;
    lock.unlock();
    // Passive: takes no lock that a writer or a reader would wait for, and does what is possible now.
    int pages = 0;
    int copied = 0;
    const int code = sqlite3_wal_checkpoint_v2(connection_->raw(), "main", SQLITE_CHECKPOINT_PASSIVE, &pages, &copied);
    copied_.store(code == SQLITE_OK ? copied : 0, std::memory_order_relaxed);
    std::optional<Error> fatal;
    if (code != SQLITE_OK) {
      Error error = connection_->fail(code, {});
      if (connection_->trouble() == Trouble::fatal) fatal = std::move(error);
      connection_->clear_trouble();
    }
    lock.lock();
    if (fatal) {
      failure_ = std::move(*fatal);
      failed_.store(true, std::memory_order_release);
      return;
    }
    if (!poked_) busy_.store(false, std::memory_order_release);
  }
}

}  // namespace qiao::core::sqlite
