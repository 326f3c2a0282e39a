#pragma once

#include "qiao/contract/conversation.hpp"

/// \file
/// Telephone calls. A voice connector publishes what happens to a call; the workspace shows it to the agent whose phone
/// it is, before the call is answered.

namespace qiao::contract {

/// "+8613800138000" → "138****8000": a number for those who need not know it.
[[nodiscard]] inline std::string masked_phone(std::string phone) {
  if (phone.starts_with("+86") && phone.size() == 14) phone.erase(0, 3);
  return phone.size() < 8 ? phone : phone.replace(phone.size() - 8, 4, "****");
}

enum class CallState : std::uint8_t { ringing, answered, held, transferred, ended, missed };
QIAO_ENUM(CallState, ringing, answered, held, transferred, ended, missed)

struct CallChanged {
  std::string channel;  ///< instance name of the voice connector
  std::string call;     ///< the exchange's id of the call
  CallState state = CallState::ringing;
  bool outbound = false;
  std::string phone;      ///< the customer's, E.164; empty when withheld
  std::string extension;  ///< the agent's phone that rings or talks; empty while in a queue
  Id agent;               ///< whose phone it is; empty: unknown
  std::string agent_name;
  std::string queue;  ///< name of the exchange's queue
  Id conversation;    ///< where the call is noted
  Id contact;         ///< who calls; empty when unknown
  std::string contact_name;
  std::int32_t talk_s = 0;  ///< once ended
  std::string recording;    ///< link, once known
  Time at;
  bool phone_only = false;  ///< with `ended`: only this phone stopped ringing, the call goes on
};
QIAO_FIELDS(CallChanged, channel, call, state, outbound, phone, extension, agent, agent_name, queue, conversation,
            contact, contact_name, talk_s, recording, at, phone_only)
QIAO_EVENT(CallChanged, "call.changed", 1)

struct Dialled {
  std::string call;
};
QIAO_FIELDS(Dialled, call)

/// Click-to-call: rings the agent's phone, then the customer's. Asked of a voice connector by instance name
/// (RequestOptions::to) or of the only one.
struct Dial {
  Id agent;
  std::string phone;  ///< E.164; or
  Id contact;         ///< their phone number
};
QIAO_FIELDS(Dial, agent, phone, contact)
QIAO_REQUEST_MANY(Dial, Dialled, "call.dial", 1)

}  // namespace qiao::contract
