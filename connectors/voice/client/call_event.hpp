#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "qiao/fields.hpp"
#include "qiao/result.hpp"
#include "qiao/time.hpp"

namespace qiao::voice {

/// What an exchange tells about one call, in one shape for all exchanges. Events may come twice, late or in another
/// order; the book of calls (calls.hpp) sorts that out.
enum class Step : std::uint8_t {
  ringing,      ///< the call is there; with an extension: that phone rings
  silent,       ///< that phone stopped ringing, the call goes on
  answered,     ///< that extension talks
  held,         ///< the customer waits
  resumed,      ///< and no longer
  queued,       ///< it is in a queue of the exchange
  transferred,  ///< handed on to `extension`
  ended,
  recorded,  ///< `recording` is there
};
QIAO_ENUM(Step, ringing, silent, answered, held, resumed, queued, transferred, ended, recorded)

struct CallEvent {
  std::string call;  ///< the exchange's id, the same for all of its legs
  Step step = Step::ringing;
  bool outbound = false;
  std::string number;     ///< the customer's, as the exchange writes it
  std::string name;       ///< that the exchange shows for the number
  std::string extension;  ///< an agent's phone
  std::string queue;
  std::string cause;
  std::string recording;  ///< name of the file, or a link
  std::int64_t seq = 0;   ///< of the call, where the exchange counts; 0: it does not
  Time at;
};

/// An order to dial came to nothing.
[[nodiscard]] inline CallEvent dial_failed(const std::string& call, Time at) {
  CallEvent over;
  over.call = call;
  over.step = Step::ended;
  over.outbound = true;
  over.cause = "dial failed";
  over.at = at;
  return over;
}

/// Whether a number of the exchange is an agent's phone.
using IsExtension = std::function<bool(const std::string& number)>;

/// What came of a piece of an exchange's line.
struct Turn {
  std::string say;               ///< to be sent
  std::vector<CallEvent> heard;  ///< in the order in which they were told
  bool accepted = false;         ///< the exchange let us in with this piece
  bool listed = false;           ///< `list` holds every call that the exchange has now
  std::vector<CallEvent> list;
  /// The exchange's answers to Exchange::dial: the call, and what was wrong with it.
  std::vector<std::pair<std::string, Result<void>>> dialled;
};

/// Agent's phone first, then the customer's.
struct DialOrder {
  std::string call;       ///< id that the new call shall have
  std::string extension;  ///< the agent's
  std::string number;     ///< the customer's, as the exchange dials it: digits and "+" only
};

}  // namespace qiao::voice
