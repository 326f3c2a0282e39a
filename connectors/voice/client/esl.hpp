#pragma once

#include <deque>
#include <map>

#include "connectors/voice/client/exchange.hpp"
#include "connectors/voice/client/legs.hpp"

namespace qiao::voice {

/// Header lines of FreeSWITCH's event socket, first one of a name counts.
using EslHeaders = std::map<std::string, std::string, std::less<>>;

struct EslMessage {
  EslHeaders headers;
  std::string body;
};

/// Cuts the line into messages. `take` fails (`voice.protocol`) on what cannot be one: headers above 64 KiB, a body
/// above 8 MiB, a length that is no number.
class EslReader {
 public:
  Result<void> take(std::string_view bytes, std::vector<EslMessage>& messages);

 private:
  std::string buffer_;
  EslMessage open_;
  std::size_t body_ = 0;  // bytes that are missing of open_
  bool in_body_ = false;
};

/// Lines "Name: value" up to the first blank one. `encoded`: values are URL-encoded, "+" stays a plus.
EslHeaders read_esl_headers(std::string_view block, bool encoded);
/// The event of a text/event-plain or text/event-json message; empty when it is none.
EslHeaders read_esl_event(const EslMessage& message);

struct EslSettings {
  std::string password;
  std::string dial_endpoint;  ///< "user/{extension}"
  std::string dial_action;    ///< "&bridge(sofia/gateway/main/{number})"
};

class EslExchange final : public Exchange {
 public:
  EslExchange(EslSettings settings, IsExtension is_extension, const Clock& clock)
      : settings_(std::move(settings)), is_extension_(std::move(is_extension)), clock_(clock) {}

  void begin(Turn& turn) override;
  Result<void> take(std::string_view bytes, Turn& turn) override;
  void beat(Turn& turn) override;
  Result<void> dial(const DialOrder& order, Turn& turn) override;
  [[nodiscard]] std::string what() const override { return "FreeSWITCH"; }

  /// What an event says about calls. For tests.
  void event(const EslHeaders& event, std::vector<CallEvent>& heard);

 private:
  enum class Asked { log_in, events, list, life, dial };
  struct Question {
    Asked asked;
    std::string call;  // of dial
  };
  Result<void> message(const EslMessage& message, Turn& turn);
  Result<void> answer(const Question& question, const std::string& text, Turn& turn);
  void list(const std::string& json, Turn& turn);
  void ask(Asked what, std::string_view line, Turn& turn, std::string call = {});
  [[nodiscard]] std::string call_of(const EslHeaders& event, const std::string& leg) const;
  void created(const EslHeaders& event, const std::string& leg, CallEvent about, std::vector<CallEvent>& heard);

  const EslSettings settings_;
  const IsExtension is_extension_;
  const Clock& clock_;
  EslReader reader_;
  std::deque<Question> questions_;  // replies come in the order of commands
  Legs legs_;
  std::map<std::string, DialOrder> ordered_;  // by call, until the exchange made it
};

}  // namespace qiao::voice
