#pragma once

#include <functional>
#include <map>
#include <string>

#include "qiao/contract/accounts.hpp"
#include "qiao/contract/channel.hpp"
#include "qiao/contract/conversation.hpp"
#include "qiao/contract/tickets.hpp"
#include "qiao/result.hpp"

/// \file
/// The frames of docs/reference/chat-protocol.md as text. Nothing here knows a socket.

namespace qiao::web {

/// Everything a client may send; which fields count depends on `t`.
struct ClientFrame {
  std::string t;
  std::string id;
  std::string text;
  std::vector<Id> attachments;
  Id conversation;
  Id contact;
  bool on = true;
  bool note = false;
  std::int64_t seq = 0;
  std::int32_t score = 0;
  std::string comment;
  std::string site;
  std::string language;
  std::string token;
  std::int64_t last_seq = 0;
  std::string page;
  std::string presence;
  std::map<std::string, std::int64_t> resume;
  std::string identity;
  std::string name;
  std::string phone;
  std::string email;
  std::string user;
  std::string user_hash;
  bool receipts = false;
};
QIAO_FIELDS(ClientFrame, t, id, text, attachments, conversation, contact, on, note, seq, score, comment, site, language,
            token, last_seq, page, presence, resume, identity, name, phone, email, user, user_hash, receipts)

/// A URL for an attachment, good for a few minutes.
using FileLinks = std::function<std::string(Id file)>;

std::string visitor_welcome(const std::string& token, Id visitor, const contract::ConversationView& c, Time now);
std::string identified_frame(const std::string& client_id, bool verified);
std::string agent_welcome(const contract::SessionView& session, Time now);
std::string ack_frame(const std::string& client_id, const contract::Accepted& accepted);
std::string error_frame(const std::string& client_id, const Error& error);
std::string visitor_message(const contract::MessageView& m, std::int64_t after, const FileLinks& links);
std::string agent_message(const contract::MessageView& m, const FileLinks& links);
/// The same message as an object for REST: the agent's frame without `t`.
std::string agent_message_object(const contract::MessageView& m, const FileLinks& links);
std::string visitor_message_object(const contract::MessageView& m, const FileLinks& links);
std::string visitor_state(const contract::ConversationView& c);
std::string conversation_frame(const std::string& what, const contract::ConversationView& c);
std::string visitor_typing(const contract::Typing& typing);
std::string agent_typing(const contract::Typing& typing);
std::string read_frame(std::int64_t seq);
std::string delivery_frame(const contract::DeliveryChanged& d);
std::string ticket_frame(const std::string& what, const contract::TicketView& ticket, bool follow_up);
/// Somebody is not as they were: ask again. `now` is another id when the contact was joined into that one.
std::string contact_frame(Id contact, Id now);
std::string agent_frame(const contract::AgentView& agent);
std::string alert_frame(const contract::ConnectorAlert& alert);

inline const std::string kPongFrame = R"({"t":"pong"})";
inline const std::string kRateFrame = R"({"t":"rate"})";

/// The client's own id of a web message: the external id is "<visitor>:<client id>".
std::string external_id(Id visitor, std::string_view client_id);
std::string_view client_part(std::string_view external_id);

}  // namespace qiao::web
