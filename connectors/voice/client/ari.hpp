#pragma once

#include <map>

#include "connectors/platform/http_answer.hpp"
#include "connectors/platform/json_answer.hpp"
#include "connectors/voice/client/exchange.hpp"
#include "connectors/voice/client/legs.hpp"
#include "connectors/voice/client/websocket.hpp"

namespace qiao::voice {

struct AriSettings {
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
  AriExchange(AriSettings settings, IsExtension is_extension, const Clock& clock, platform::Transport http)
      : settings_(std::move(settings)), is_extension_(std::move(is_extension)), clock_(clock), http_(std::move(http)) {}

  void begin(Turn& turn) override;
  Result<void> take(std::string_view bytes, Turn& turn) override;
  void beat(Turn& turn) override { turn.say += websocket_ping(); }
  Result<void> dial(const DialOrder& order, Turn& turn) override;
  Result<bool> look(Turn& turn) override;
  [[nodiscard]] std::string what() const override { return "Asterisk (ARI)"; }

  /// What an event says about calls. For tests.
  void event(const platform::Json& event, std::vector<CallEvent>& heard);

 private:
  Result<void> message(const std::string& json, Turn& turn);
  [[nodiscard]] std::string credentials() const;
  [[nodiscard]] Result<platform::Json> call(const std::string& method, const std::string& path);
  void arrived(const platform::Json& channel, CallEvent about, std::vector<CallEvent>& heard);
  void rung(const platform::Json& event, CallEvent about, std::vector<CallEvent>& heard);

  const AriSettings settings_;
  const IsExtension is_extension_;
  const Clock& clock_;
  const platform::Transport http_;
  WebSocketReader reader_;
  Legs legs_;
  std::map<std::string, DialOrder> ordered_;
};

}  // namespace qiao::voice
