#pragma once

#include <map>
#include <mutex>
#include <string>

#include "qiao/plugin.hpp"

namespace qiao::channel {

/// What needs a person, by id: in the instance's health, in the log, and told once to whoever listens. Any thread.
class Alerts {
 public:
  explicit Alerts(Context& host);
  void raise(const std::string& id, const std::string& says);
  void over(const std::string& id);

 private:
  void tell_health();

  Context& host_;
  std::mutex mutex_;
  std::map<std::string, std::string> open_;
};

}  // namespace qiao::channel
