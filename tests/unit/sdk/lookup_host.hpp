#pragma once

#include <map>
#include <mutex>
#include <stdexcept>
#include <string>

#include "qiao/plugin.hpp"

namespace qiao::test {

/// What a lookup needs of its host, on the bus and the clock of a test hub.
class LookupHost final : public Context, public Logger, public Health, public Metrics {
 public:
  LookupHost(Bus& bus, const Clock& clock) : bus_(bus), clock_(clock) {}
  [[nodiscard]] const std::string& instance() const noexcept override { return name_; }
  Bus& bus() override { return bus_; }
  Http& http() override { throw std::logic_error("not here"); }
  Database& store() override { throw std::logic_error("not here"); }
  Vault& vault() override { throw std::logic_error("not here"); }
  Audit& audit() override { throw std::logic_error("not here"); }
  Logger& log() override { return *this; }
  Metrics& metrics() override { return *this; }
  Health& health() override { return *this; }
  [[nodiscard]] const Clock& clock() const noexcept override { return clock_; }
  [[nodiscard]] const std::filesystem::path& data_dir() const noexcept override { return folder_; }
  [[nodiscard]] const std::filesystem::path& share_dir() const noexcept override { return folder_; }
  [[nodiscard]] bool demo() const noexcept override { return false; }

  [[nodiscard]] bool enabled(LogLevel) const noexcept override { return true; }
  void write(LogLevel, std::string_view) override {}
  void report(State state, std::string reason) override {
    const std::lock_guard lock(mutex_);
    state_ = state;
    reason_ = std::move(reason);
  }
  Counter& counter(const std::string& name, const std::string&, const Labels& labels) override {
    return find(counters_, name, labels);
  }
  Gauge& gauge(const std::string& name, const std::string&, const Labels& labels) override {
    return find(gauges_, name, labels);
  }
  Histogram& histogram(const std::string& name, const std::string&, const Labels& labels) override {
    return find(histograms_, name, labels);
  }

  State state() {
    const std::lock_guard lock(mutex_);
    return state_;
  }
  std::string reason() {
    const std::lock_guard lock(mutex_);
    return reason_;
  }
  std::uint64_t answers(const std::string& kind) {
    return counter("qiao_lookup_answers_total", "", {{"lookup", "stock"}, {"kind", kind}}).value();
  }

 private:
  template <class T>
  T& find(std::map<std::string, T>& list, const std::string& name, const Labels& labels) {
    const std::lock_guard lock(mutex_);
    std::string key = name;
    for (const auto& [label, value] : labels) key += "," + label + "=" + value;
    return list[key];
  }
  Bus& bus_;
  const Clock& clock_;
  const std::string name_ = "erp";
  const std::filesystem::path folder_;
  std::mutex mutex_;
  State state_ = State::ok;
  std::string reason_;
  std::map<std::string, Counter> counters_;
  std::map<std::string, Gauge> gauges_;
  std::map<std::string, Histogram> histograms_;
};

}  // namespace qiao::test
