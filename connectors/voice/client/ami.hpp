#pragma once

#include <map>

#include "connectors/voice/client/exchange.hpp"
#include "connectors/voice/client/legs.hpp"

namespace qiao::voice {

/// Header lines of one packet; the first one of a name counts.
using AmiPacket = std::map<std::string, std::string, std::less<>>;

/// Cuts the line into packets. The greeting, which is a line without a packet, is kept apart. `take` fails
/// (`voice.protocol`) on a packet above 64 KiB and when the greeting is not Asterisk's.
class AmiReader {
 public:
  Result<void> take(std::string_view bytes, std::vector<AmiPacket>& packets);
  [[nodiscard]] const std::string& greeting() const noexcept { return greeting_; }

 private:
  std::string buffer_;
  std::string greeting_;
  AmiPacket open_;
  std::size_t size_ = 0;  // of open_
};

/// Key of a log-in with AuthType MD5.
std::string ami_key(std::string_view challenge, std::string_view secret);
/// One action as text. A value with a line end in it would be another header: it is cut there.
std::string ami_action(const std::vector<std::pair<std::string_view, std::string>>& headers);
/// "PJSIP/1005-0000002a" → "1005"; "SIP/trunk-1-0000002a" → "trunk-1"; "Local/1005@from-queue-0001;1" → "1005".
std::string device_of_channel(std::string_view channel);

struct AmiSettings {
  std::string user;
  std::string secret;
  std::string technology;  ///< "PJSIP/{extension}"
  std::string context;     ///< of the dial plan, for click-to-call
  std::chrono::milliseconds ring{30000};
};

class AmiExchange final : public Exchange {
 public:
  AmiExchange(AmiSettings settings, IsExtension is_extension, const Clock& clock)
      : settings_(std::move(settings)), is_extension_(std::move(is_extension)), clock_(clock) {}

  void begin(Turn& turn) override;
  Result<void> take(std::string_view bytes, Turn& turn) override;
  void beat(Turn& turn) override;
  Result<void> dial(const DialOrder& order, Turn& turn) override;
  [[nodiscard]] std::string what() const override { return "Asterisk (AMI)"; }

  /// What an event says about calls. For tests.
  void event(const AmiPacket& event, std::vector<CallEvent>& heard);

 private:
  Result<void> packet(const AmiPacket& packet, Turn& turn);
  Result<void> response(const AmiPacket& packet, Turn& turn);
  void arrived(const AmiPacket& event, CallEvent about, std::vector<CallEvent>& heard);
  void listed(const AmiPacket& event);
  void list_complete(Turn& turn);

  const AmiSettings settings_;
  const IsExtension is_extension_;
  const Clock& clock_;
  AmiReader reader_;
  bool greeted_ = false;
  bool in_ = false;
  Legs legs_;
  std::map<std::string, DialOrder> ordered_;            // by call, until the exchange made it
  std::map<std::string, std::vector<AmiPacket>> list_;  // channels of the list that is coming, by Linkedid
};

}  // namespace qiao::voice
