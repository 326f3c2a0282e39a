#pragma once

#include <vector>

#include "connectors/app/client/push.hpp"
#include "connectors/channel/memory.hpp"

namespace qiao::app {

/// Which devices belong to which customer. A device belongs to one customer at a time: the last who registered it.
/// Kept sealed; all of it waits (blocking lanes only).
class Devices {
 public:
  Devices(channel::Memory& memory, std::chrono::seconds life) : memory_(memory), life_(life) {}

  /// At most ten a customer; the one that was registered first goes.
  Result<void> put(const std::string& user, const Device& device);
  /// Whatever is not there, or another customer's, is no error.
  Result<void> remove(const std::string& user, const std::string& provider, const std::string& token);
  /// Everything about a customer; how much it was.
  Result<std::int64_t> forget(const std::string& user);
  Result<std::vector<Device>> of(const std::string& user);

 private:
  channel::Memory& memory_;
  const std::chrono::seconds life_;
};

/// What is wrong with a device that somebody wants to register; `allowed`: the providers that are set up.
Result<void> check_device(const Device& device, const std::vector<std::string>& allowed);

}  // namespace qiao::app
