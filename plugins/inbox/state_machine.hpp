#pragma once

#include <string>
#include <string_view>

#include "plugins/inbox/model.hpp"

/// \file
/// How a conversation goes from state to state. Pure: a step edits the draft that it is given and touches nothing else,
/// so that it can run again after a rollback and be tested without a hub.
///
///     bot ──handoff──▶ queued ──assign──▶ assigned ◀──▶ waiting      (agent answered / customer wrote)
///      ▲                 ▲                    │             │
///      └── customer ──┐  └── to a group ──────┤             │
///          wrote      │                       ▼             ▼
///                 resolved ◀──────────────── resolve (from every state)
///
/// What the customer writes after `resolved` opens the conversation again: at the bot, or in the queue of the group
/// that served it when it was with people.

namespace qiao::inbox {

/// Names and defaults that the steps need.
struct House {
  std::string default_group;
};

/// The customer wrote `message`. `in_app` is remembered for routing.
void customer_wrote(Draft& draft, const Facts& facts, NewMessage message, bool in_app, Time now);

/// Something else happened that agents should know: `message` is a note. With `reopen` an ended conversation goes on,
/// as when the customer writes.
void event_happened(Draft& draft, const Facts& facts, NewMessage message, bool reopen, Time now);

/// The same for somebody who is blocked: the message is there, the conversation is and stays at its end, nobody is
/// told.
void blocked_wrote(Draft& draft, NewMessage message, Time now);

/// Ends a conversation without a word to the customer. False: it was resolved already.
bool shut(Draft& draft, Time now);

/// An agent wrote or noted. What an agent writes to a customer who is with the bot or waits in a queue takes the
/// conversation; a note changes nothing.
void agent_wrote(Draft& draft, const House& house, NewMessage message, Time now);

/// The bot wrote. Refused with `conversation.not_with_bot` once a person has it.
Result<void> bot_wrote(Draft& draft, NewMessage message, std::string_view intent);

/// A notice reaches the customer in no channel: a person has to tell them. `note` says so; the conversation is theirs
/// who have it, or goes to the queue, to `agent` if possible. The customer, who asked for nobody, hears none of it.
void not_told(Draft& draft, NewMessage note, Id agent, Time now);

/// The hub itself wrote.
void system_wrote(Draft& draft, NewMessage message);

/// From the bot to the queue, with the group as a hint for routing; in every other state nothing happens. False:
/// nothing happened.
bool hand_off(Draft& draft, std::string_view group, std::string_view reason, Time now);

/// What routing found for a queued conversation.
struct Placement {
  std::string group;
  std::string group_name;  ///< as the customer reads it
  Id agent;
  std::string agent_name;
  std::int32_t rank = 0;
  std::int32_t ahead = 0;
  std::string notice{};  ///< instead of the place
};
/// Gives a queued conversation to an agent, or its place in a group's queue. False: it is not queued any more, or
/// nothing changed.
bool place(Draft& draft, const House& house, const Facts& facts, const Placement& placement);

/// A person decided who goes on. Refused with `conversation.resolved` after the end.
struct Handover {
  Id to_agent;
  std::string to_agent_name;
  std::string to_group;
  std::string note;
  Id by;
  std::string by_name;
};
Result<void> transfer(Draft& draft, const House& house, const Facts& facts, const Handover& handover, Time now);

/// False: it was resolved already.
bool resolve(Draft& draft, const Facts& facts, Time now);

/// Refused with `conversation.not_resolved` while it is open and was never resolved.
Result<void> rate(Draft& draft, std::int32_t score, std::string_view comment);

/// True when a message may be reported as `to` while it stands at `from`: what is known only grows.
[[nodiscard]] bool advances(Delivery from, Delivery to) noexcept;

}  // namespace qiao::inbox
