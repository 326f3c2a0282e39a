#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "qiao/config.hpp"
#include "qiao/time.hpp"

namespace qiao::routing {

/// When people answer. Without `week` they always do.
struct HoursConfig {
  std::string timezone = "Asia/Shanghai";
  std::map<std::string, std::vector<std::string>> week;  ///< mon … sun → "09:00-18:00", several a day
  std::vector<std::string> holidays;                     ///< "2026-10-01"
};
void describe(Schema<HoursConfig>& s);

/// Immutable; any thread.
class OpeningHours {
 public:
  explicit OpeningHours(const HoursConfig& config);
  ~OpeningHours();
  OpeningHours(OpeningHours&&) noexcept;
  OpeningHours& operator=(OpeningHours&&) noexcept;

  [[nodiscard]] bool open(Time at) const;
  /// The next time from which on people answer, when it is within two weeks.
  [[nodiscard]] std::optional<Time> next_opening(Time at) const;
  /// What a customer is told who writes when nobody is there: until when to expect an answer.
  [[nodiscard]] std::string promise(Time at, bool chinese) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace qiao::routing
