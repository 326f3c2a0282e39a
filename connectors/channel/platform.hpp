#pragma once

#include <map>
#include <string>
#include <vector>

#include "qiao/contract/channel.hpp"
#include "qiao/contract/connector.hpp"

/// \file
/// What a customer platform's client looks like to the channel kit. A connector implements Platform in its client/
/// folder and hands it to a Channel (channel.hpp), which does the rest: queues, splitting, retries, rates, delivery
/// reports.

namespace qiao::channel {

/// One call's worth of a message.
struct Part {
  enum class Kind {
    text,    ///< `text`
    file,    ///< `file`; only kinds that the platform declares: image, voice, video, file
    card,    ///< `card`; only declared kinds
    choice,  ///< `text` above `buttons`; only when it declares buttons
    notice,  ///< `notice` and `values`, when free text is not allowed; `text` says the same in full
  };
  Kind kind = Kind::text;
  std::string key;  ///< the same in every try; at most 32 characters of A-Z a-z 0-9 and '-': an idempotency key
  std::string user;
  Id conversation;
  Id message;
  std::int64_t seq = 0;
  contract::Author author = contract::Author::agent;
  Id author_id;
  std::string author_name;
  std::string text;
  contract::Attachment file;
  std::vector<contract::Attachment> files;  ///< of a platform with whole_messages, beside `text`
  contract::Card card;
  std::vector<contract::Button> buttons;
  std::string notice;
  std::map<std::string, std::string> values;
};

/// Failures that decide what happens to a part; everything else follows from Error::code: `unavailable`, `timeout`,
/// `overloaded`, `cancelled` and `internal` are tried again with growing pauses (or after `retry_after`);
/// `rate_limited` pauses the whole instance; any other code fails the message with the error's sentence.
namespace failure {
/// Tried again once with fresh credentials, then an alert is raised and it is tried rarely. `says`: what to do.
Error token(std::string says);
/// The platform takes no free text for this customer now. A declared notice is sent in its place.
Error window_closed(std::string says);
/// Too fast for this one customer; the others go on.
Error user_rate(std::string says, std::chrono::milliseconds retry_after);
/// A quota that only a person can raise: an alert, and it is tried rarely.
Error quota(std::string says, std::chrono::milliseconds retry_after);
/// The platform cannot have this part; it is sent as a link and a note instead.
Error unsupported(std::string says);
}  // namespace failure

/// One account of a customer platform. Methods block; they are called on blocking lanes, several at once for different
/// customers, one at a time for one customer.
class Platform {
 public:
  virtual ~Platform() = default;
  /// What stays the same while the instance runs.
  [[nodiscard]] virtual contract::ChannelCapabilities capabilities() const = 0;
  /// True: a message is one part of kind text, with all its files (those that are not too large) in Part::files and
  /// everything else as text.
  [[nodiscard]] virtual bool whole_messages() const { return false; }
  /// Sends one part; the platform's id of the message, "" when it gives none.
  virtual Result<std::string> send(const Part& part) = 0;
  /// The customer sees that somebody is typing. Called when capabilities().typing.
  virtual Result<void> typing(const std::string& user, bool on);
  /// Whether `seen` does something.
  [[nodiscard]] virtual bool shows_seen() const { return false; }
  /// An agent read up to the customer's message with this external id. For platforms that show it to customers.
  virtual Result<void> seen(const std::string& user, const std::string& external_id);
  /// Tries address and credentials now; a sentence of who the hub is there.
  virtual Result<contract::ConnectorTested> test() = 0;
  /// Forgets credentials that the platform refused, so that the next call fetches new ones.
  virtual void renew_credentials() {}
  /// A customer is being erased: forgets what it keeps about them under names of Memory that do not begin with
  /// "user:ID:"; how many records. Called before those go.
  virtual Result<std::int64_t> forget(const std::string& user);
  /// Wakes whoever waits in another method, for a drain. Any thread.
  virtual void close() noexcept {}
};

}  // namespace qiao::channel
