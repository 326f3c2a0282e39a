#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "connectors/voice/client/call_event.hpp"
#include "connectors/voice/client/line.hpp"

namespace qiao::voice {

/// The language of one kind of exchange. Nothing but `connect`, and `begin` and `dial` of exchanges that are spoken to
/// over HTTP, touches the network: the others turn bytes into events and orders into bytes.
/// One thread at a time.
class Exchange {
 public:
  virtual ~Exchange() = default;
  /// Opens a line and forgets what is left of the one before. Waits; ends when `bell` is rung.
  virtual Result<std::unique_ptr<Line>> connect(const std::shared_ptr<Bell>& bell) = 0;
  /// A new line is there: what to say first.
  virtual Result<void> begin(Turn& turn) = 0;
  /// More bytes, cut anywhere. An error ends the line: the log-in was refused, or it does not speak the protocol.
  virtual Result<void> take(std::string_view bytes, Turn& turn) = 0;
  /// Asks for a sign of life.
  virtual void beat(Turn& turn) = 0;
  /// Rings the agent's phone, then the customer's.
  virtual Result<void> dial(const DialOrder& order, Turn& turn) = 0;
  /// "Asterisk", for operators.
  [[nodiscard]] virtual std::string what() const = 0;
};

}  // namespace qiao::voice
