#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "plugins/web/call_frame.hpp"
#include "qiao/contract/calls.hpp"
#include "qiao/http.hpp"

namespace qiao::web {

class Audience;
struct Services;

/// Which agents see which telephone calls: the one whose phone it is, and those whose phone rang before, so that it
/// stops on their screens. Any thread.
class CallScreens {
 public:
  explicit CallScreens(std::shared_ptr<Audience> audience) : audience_(std::move(audience)) {}

  void call_changed(const contract::CallChanged& event);
  /// The calls that a screen which has just opened must show.
  [[nodiscard]] std::vector<std::string> frames_for(const Principal& reader) const;

 private:
  static constexpr std::size_t kMost = 10000;
  const std::shared_ptr<Audience> audience_;
  mutable std::mutex mutex_;
  std::map<std::string, std::map<Id, contract::CallChanged>> shown_;  // by call, then agent: the latest of each phone
};

/// Click to call.
void add_call_routes(Http& http, const std::shared_ptr<Services>& services);

}  // namespace qiao::web
