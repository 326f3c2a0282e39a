#pragma once

#include <cstdint>
#include <string>

#include "qiao/export.hpp"

namespace qiao {

/// What an instance reports about itself; shown by /readyz, `qiao plugins` and the metrics.
class QIAO_API Health {
 public:
  enum class State : std::uint8_t { ok, degraded, failed };
  virtual ~Health() = default;
  /// Any thread. `reason` is a sentence for an operator: what is wrong and what to do.
  virtual void report(State state, std::string reason = {}) = 0;
};

}  // namespace qiao
