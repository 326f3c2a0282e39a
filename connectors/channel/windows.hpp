#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "connectors/channel/memory.hpp"
#include "qiao/contract/channel.hpp"

namespace qiao::channel {

/// How long each customer can be written to. The customer's messages are with the inbox, which is asked after a
/// restart; what opened a window without being a message is in Memory. Any thread.
class Windows {
 public:
  Windows(Context& host, Memory& memory, const contract::ChannelCapabilities& can);

  [[nodiscard]] bool limited() const { return length_.count() > 0 || messages_ > 0; }

  /// The customer wrote.
  void opened(const std::string& user, Time at);
  /// The customer did something else that opens it; kept. Waits.
  void opened_by_event(const std::string& user, Time at);
  /// The customer did something that lets the hub write to them for a moment. Waits for nothing.
  void opened_briefly(const std::string& user, std::chrono::seconds lasts, std::int32_t messages);
  void sent(const std::string& user);
  /// The platform said so.
  void closed(const std::string& user);
  /// Free text is useless: the time is over for certain. Waits.
  bool surely_closed(const std::string& user);
  /// Waits.
  Result<contract::ChannelWindow> of(const std::string& user);

 private:
  struct Window {
    Time since;  ///< 1970: the customer never wrote
    std::int32_t sent = 0;
    bool refused = false;  ///< by the platform, since then
  };
  struct Brief {
    Time until;
    std::int32_t left = 0;
  };
  [[nodiscard]] std::optional<Brief> brief(const std::string& user);
  Result<Window> known(const std::string& user);
  Result<Window> ask(const std::string& user);
  void keep(const std::string& user, Window window);

  Context& host_;
  Memory& memory_;
  const std::chrono::seconds length_;
  const std::int32_t messages_;
  std::mutex mutex_;
  std::unordered_map<std::string, Window> windows_;
  std::unordered_map<std::string, Brief> briefs_;
};

}  // namespace qiao::channel
