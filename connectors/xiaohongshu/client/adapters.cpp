#include <fmt/format.h>

#include <functional>
#include <map>
#include <utility>

#include "connectors/xiaohongshu/client/messages.hpp"
#include "connectors/xiaohongshu/client/settings_access.hpp"

namespace qiao::xiaohongshu {

Result<std::unique_ptr<MessageAccess>> make_access(const AccessConfig& config, std::shared_ptr<OutboundClient> http) {
  using Made = Result<std::unique_ptr<MessageAccess>>;
  using Make = std::function<Made(const AccessConfig&, std::shared_ptr<OutboundClient>)>;
  // One line for each adapter.
  static const std::map<std::string, Make> adapters = {
      {"settings", [](const AccessConfig& c, std::shared_ptr<OutboundClient> h) -> Made {
         return SettingsAccess::make(c, std::move(h));
       }}};
  const auto found = adapters.find(config.adapter);
  if (found == adapters.end()) {
    return Error{Errc::bad_value, "xiaohongshu.adapter",
                 fmt::format("messages.adapter: there is no adapter called {}", config.adapter)};
  }
  return found->second(config, std::move(http));
}

}  // namespace qiao::xiaohongshu
