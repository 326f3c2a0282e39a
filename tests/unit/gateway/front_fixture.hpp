#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "core/gateway/gateway.hpp"
#include "core/observe/metrics.hpp"
#include "raw_client.hpp"

namespace qiao::test {

/// One thread for handlers that wait, with a queue that a test can hold still.
class Pool {
 public:
  Pool();
  ~Pool();
  bool run(std::function<void()> work);
  void hold();
  void release();
  void refuse(bool on);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> queue_;
  bool held_ = false;
  bool refusing_ = false;
  bool ending_ = false;
  std::thread thread_;
};

class CapturingLogger final : public Logger {
 public:
  [[nodiscard]] bool enabled(LogLevel) const noexcept override { return true; }
  void write(LogLevel level, std::string_view line) override;
  [[nodiscard]] bool contains(std::string_view text) const;

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;
};

/// A gateway on a free port with everything it borrows.
struct FrontFixture {
  explicit FrontFixture(core::GatewayOptions options = {});
  ~FrontFixture();
  [[nodiscard]] std::uint16_t port() const { return gateway->port(); }
  [[nodiscard]] std::uint64_t refused(const std::string& reason);
  /// Waits for what another thread is about to do; false when it did not within the time limit.
  static bool eventually(const std::function<bool()>& happened);

  CapturingLogger log;
  core::MetricsRegistry metrics;
  Pool pool;
  std::unique_ptr<core::Gateway> gateway;
  std::unique_ptr<core::InstanceHttp> http;  ///< of the instance "test"; register, then activate
};

/// Options for tests: port 0, and time limits that a test may wait for.
core::GatewayOptions quick_options();

}  // namespace qiao::test
