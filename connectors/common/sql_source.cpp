#include <algorithm>
#include <mutex>

#include <nlohmann/json.hpp>

#include "connectors/common/sql.hpp"

namespace qiao::common {

// `mutex` guards the lists and is a leaf; statements run without it.
struct SqlSource::Impl {
  explicit Impl(SqlSettings given) : settings(std::move(given)) {}

  Result<std::unique_ptr<SqlConnection>> take(bool writes) {
    {
      const std::lock_guard lock(mutex);
      if (closed) return Error{Errc::cancelled, "the connector ends"};
      auto& idle = writes ? idle_writers : idle_readers;
      if (!idle.empty()) {
        auto connection = std::move(idle.back());
        idle.pop_back();
        busy.push_back(connection.get());
        return connection;
      }
    }
    auto opened =
        settings.engine == SqlSettings::Engine::sqlite ? open_sqlite(settings, writes) : open_mysql(settings, writes);
    if (!opened) return opened.error();
    const std::lock_guard lock(mutex);
    if (closed) return Error{Errc::cancelled, "the connector ends"};
    busy.push_back(opened->get());
    return opened;
  }

  void give_back(std::unique_ptr<SqlConnection> connection, bool writes) {
    const std::lock_guard lock(mutex);
    std::erase(busy, connection.get());
    auto& idle = writes ? idle_writers : idle_readers;
    if (!closed && connection->usable() && idle.size() < settings.connections) idle.push_back(std::move(connection));
  }

  /// A kept connection may have ended while nobody looked; the statement then runs once more on a new one.
  template <class F>
  auto run(bool writes, F use) -> decltype(use(std::declval<SqlConnection&>())) {
    for (bool again = false;; again = true) {
      auto connection = take(writes);
      if (!connection) return connection.error();
      auto result = use(**connection);
      const bool lost = !(*connection)->usable();
      give_back(std::move(*connection), writes);
      if (result || !lost || again || writes || result.error().code == Errc::timeout) return result;
    }
  }

  const SqlSettings settings;
  std::mutex mutex;
  bool closed = false;
  std::vector<std::unique_ptr<SqlConnection>> idle_readers;
  std::vector<std::unique_ptr<SqlConnection>> idle_writers;
  std::vector<SqlConnection*> busy;
};

SqlSource::SqlSource(SqlSettings settings) : impl_(std::make_unique<Impl>(std::move(settings))) {}
SqlSource::~SqlSource() = default;

Result<std::vector<Json>> SqlSource::query(const SqlStatement& statement, const Parameters& parameters) {
  const auto bound = statement.bind(parameters);
  return impl_->run(false, [&](SqlConnection& connection) { return connection.query(bound); });
}

Result<void> SqlSource::execute(const SqlStatement& statement, const Parameters& parameters) {
  const auto bound = statement.bind(parameters);
  return impl_->run(true, [&](SqlConnection& connection) { return connection.execute(bound); });
}

void SqlSource::close() noexcept {
  const std::lock_guard lock(impl_->mutex);
  impl_->closed = true;
  impl_->idle_readers.clear();
  impl_->idle_writers.clear();
  for (SqlConnection* connection : impl_->busy) connection->interrupt();
}

}  // namespace qiao::common
