#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "qiao/metrics.hpp"

namespace qiao::core {

/// Collects samples and writes them in Prometheus's text format, all samples of a name together, names in order.
class MetricsText {
 public:
  enum class Type : std::uint8_t { counter, gauge, histogram };

  void sample(std::string_view name, Type type, std::string_view help, const Labels& labels, double value);
  void sample(std::string_view name, Type type, std::string_view help, const Labels& labels, std::uint64_t value);
  void counter(std::string_view name, std::string_view help, const Labels& labels, std::uint64_t value) {
    sample(name, Type::counter, help, labels, value);
  }
  void gauge(std::string_view name, std::string_view help, const Labels& labels, double value) {
    sample(name, Type::gauge, help, labels, value);
  }
  void histogram(std::string_view name, std::string_view help, const Labels& labels, const Histogram& value);

  [[nodiscard]] std::string str() const;

 private:
  struct Family {
    Type type;
    std::string help;
    std::string lines;
  };
  Family& family(std::string_view name, Type type, std::string_view help);
  static void add_line(std::string& lines, std::string_view name, const Labels& labels, std::string_view extra,
                       std::string_view value);
  std::map<std::string, Family, std::less<>> families_;
};

}  // namespace qiao::core
