#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string_view>

#include "qiao/time.hpp"

namespace qiao::routing {

/// A time zone as the system's table of zones (package tzdata) has it. Immutable; any thread.
class TimeZone {
 public:
  /// By its name, e.g. "Europe/Berlin"; null when the table does not have it.
  static std::shared_ptr<const TimeZone> named(std::string_view name,
                                               const std::filesystem::path& table = "/usr/share/zoneinfo");
  /// From the bytes of a file of the table (RFC 8536); null when they are none.
  static std::shared_ptr<const TimeZone> parse(std::string_view bytes);

  virtual ~TimeZone() = default;
  /// How far its clocks are ahead of UTC.
  [[nodiscard]] virtual std::chrono::seconds ahead(Time at) const = 0;
};

}  // namespace qiao::routing
