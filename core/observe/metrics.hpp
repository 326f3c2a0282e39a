#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/observe/metrics_text.hpp"
#include "qiao/metrics.hpp"

namespace qiao::core {

/// All metrics of the hub. Objects that it hands out stay where they are until it is destroyed, so that hot paths keep
/// references. Any thread.
///
/// Used directly it makes the kernel's own metrics; `for_instance` gives the view of one instance, which adds
/// `instance="…"` to every label set. A name that is not a Prometheus name, or that already means another type, is a
/// mistake in the program and throws std::invalid_argument.
class MetricsRegistry final : public Metrics {
 public:
  using Collector = std::function<void(MetricsText&)>;

  MetricsRegistry();
  ~MetricsRegistry() override;

  Counter& counter(const std::string& name, const std::string& help, const Labels& labels = {}) override;
  Gauge& gauge(const std::string& name, const std::string& help, const Labels& labels = {}) override;
  Histogram& histogram(const std::string& name, const std::string& help, const Labels& labels = {}) override;

  /// The same object for the same name; lives as long as the registry.
  Metrics& for_instance(const std::string& instance);

  /// Adds figures that are read only when somebody looks. Called by whoever renders, without a lock of the registry
  /// held; what it captures outlives the registry.
  void add_collector(Collector collector);

  /// Prometheus text exposition, version 0.0.4.
  [[nodiscard]] std::string render() const;

 private:
  class InstanceView;
  using Value = std::variant<std::unique_ptr<Counter>, std::unique_ptr<Gauge>, std::unique_ptr<Histogram>>;
  struct Family {
    std::string help;
    MetricsText::Type type;
    std::map<Labels, Value> values;
  };
  template <class T>
  T& find_or_make(MetricsText::Type type, const std::string& name, const std::string& help, const Labels& labels);

  mutable std::mutex mutex_;
  std::map<std::string, Family> families_;
  std::map<std::string, std::unique_ptr<InstanceView>> views_;
  std::vector<Collector> collectors_;
};

/// Memory, descriptors, threads, processor time and start time of this process, by their usual Prometheus names.
void add_process_metrics(MetricsRegistry& registry);

}  // namespace qiao::core
