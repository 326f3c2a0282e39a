#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "qiao/contract/conversation.hpp"

namespace qiao::inbox {

using contract::Accepted;
using contract::Author;
using contract::Content;
using contract::ConversationState;
using contract::ConversationView;
using contract::Delivery;
using contract::MessageView;

/// What never changes in a conversation.
struct Facts {
  Id id;
  std::string channel;
  std::string user;
  std::string site;
  std::string language;
  Time opened_at;
};

/// What changes, as the table holds it. Everything that follows from the messages alone (last_seq, the preview,
/// changed_at, whether an assigned conversation waits for the customer) may be older in the table than in the messages:
/// it is written lazily and read again from them.
struct Status {
  ConversationState state = ConversationState::bot;
  std::string group;
  Id agent;
  std::string agent_name;
  Id previous_agent;  ///< who served this contact last
  std::int64_t last_seq = 0;
  std::string preview;
  Author preview_author = Author::customer;
  std::string intent;
  std::string handoff_reason;
  std::int32_t rank = 0;     ///< order within the queue, lower first
  bool in_app = false;       ///< the customer used the product when they wrote last
  bool notice_sent = false;  ///< the customer was told that they are in the queue
  std::int32_t rating = 0;
  std::string rating_comment;
  Time changed_at;
  Time queued_at;
  Time resolved_at;
  std::int64_t version = 0;  ///< of the row; a change of somebody else's is noticed by it
};

/// A status as it was at some moment; the next one is another object.
using StatusPtr = std::shared_ptr<const Status>;

/// Highest seq that each side has seen. Kept beside Status because it is set without the writer.
struct ReadMarks {
  std::int64_t customer = 0;
  std::int64_t agent = 0;
};

/// A message before it has its place.
struct NewMessage {
  Author author = Author::system;
  Id author_id;
  std::string author_name;
  bool note = false;
  Content content;
  std::string client_id;
  std::string dedupe;  ///< unique among the customer's messages; empty: written once because its cause is
  Time at;             ///< 1970: when it is written
};

/// One change of a conversation while it is made: a step edits the status and adds messages, and all of it becomes one
/// write. A step may run more than once.
struct Draft {
  Status status;
  bool keep = false;  ///< the status must be in the same commit; without it only what follows from the messages changed
  std::vector<NewMessage> messages;
  std::vector<std::string_view> told;  ///< ConversationChanged::what, literals
};

[[nodiscard]] inline bool with_person(ConversationState state) {
  return state == ConversationState::assigned || state == ConversationState::waiting;
}

/// The question was given up because this instance or the hub is being stopped, not because of who should answer.
[[nodiscard]] inline bool hub_stops(const Error& error) {
  return error.code == Errc::cancelled || error.id == "bus.stopping";
}

/// Whole milliseconds, because that is what JSON shows and what comes back as a cursor.
[[nodiscard]] inline Time whole_ms(Time at) {
  return Time(std::chrono::duration_cast<std::chrono::milliseconds>(at.time_since_epoch()));
}
[[nodiscard]] inline bool never(Time at) { return at.time_since_epoch().count() <= 0; }

/// What a message changes in the status by being there; the same when it is written and when it is read again.
void follow(Status& status, Author author, bool note, std::string_view text, bool attachments, Time at);

}  // namespace qiao::inbox
