#pragma once

#include <map>

#include "connectors/platform/json_answer.hpp"
#include "connectors/voice/client/exchange.hpp"
#include "connectors/voice/client/legs.hpp"
#include "qiao/outbound.hpp"

namespace qiao::voice {

struct AriSettings {
  LineAddress address;
  std::string base;  ///< "http://pbx:8088/ari"
  std::string user;
  std::string secret;
  std::string app;
  std::string technology;  ///< "PJSIP/{extension}"
  std::string context;
  std::chrono::milliseconds ring{30000};
};

/// Asterisk's REST interface: events come over a WebSocket, everything else goes over HTTP.
class AriExchange final : public Exchange {
 public:
  AriExchange(AriSettings settings, IsExtension is_extension, const Clock& clock, std::shared_ptr<OutboundClient> http)
      : settings_(std::move(settings)), is_extension_(std::move(is_extension)), clock_(clock), http_(std::move(http)) {}

  Result<std::unique_ptr<Line>> connect(const std::shared_ptr<Bell>& bell) override;
  Result<void> begin(Turn& turn) override;
  Result<void> take(std::string_view bytes, Turn& turn) override;
  void beat(Turn&) override {}  // the WebSocket has a ping of its own
  Result<void> dial(const DialOrder& order, Turn& turn) override;
  [[nodiscard]] std::string what() const override { return "Asterisk (ARI)"; }

  /// What an event says about calls. For tests.
  void event(const platform::Json& event, std::vector<CallEvent>& heard);

 private:
  [[nodiscard]] Result<platform::Json> call(const std::string& method, const std::string& path);
  void arrived(const platform::Json& channel, CallEvent about, std::vector<CallEvent>& heard);
  void rung(const platform::Json& event, CallEvent about, std::vector<CallEvent>& heard);

  const AriSettings settings_;
  const IsExtension is_extension_;
  const Clock& clock_;
  const std::shared_ptr<OutboundClient> http_;
  Legs legs_;
  std::map<std::string, DialOrder> ordered_;
};

}  // namespace qiao::voice
