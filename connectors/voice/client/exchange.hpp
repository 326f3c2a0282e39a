#pragma once

#include <string>
#include <string_view>

#include "connectors/voice/client/call_event.hpp"

namespace qiao::voice {

/// The language of one kind of exchange: turns bytes into events and orders into bytes. Only exchanges that are also
/// spoken to over HTTP touch the network themselves.
/// One thread at a time.
class Exchange {
 public:
  virtual ~Exchange() = default;
  /// A new line is there: forgets what is left of the one before, and says what comes first.
  virtual void begin(Turn& turn) = 0;
  /// More bytes, cut anywhere. An error ends the line: the log-in was refused, or it does not speak the protocol.
  virtual Result<void> take(std::string_view bytes, Turn& turn) = 0;
  /// Asks for a sign of life.
  virtual void beat(Turn& turn) = 0;
  /// Rings the agent's phone, then the customer's.
  virtual Result<void> dial(const DialOrder& order, Turn& turn) = 0;
  /// Lists the calls without a line, for exchanges where a second line would take the events away from the first;
  /// false: this one has to be asked over a line.
  virtual Result<bool> look(Turn&) { return false; }
  /// "Asterisk", for operators.
  [[nodiscard]] virtual std::string what() const = 0;
};

}  // namespace qiao::voice
