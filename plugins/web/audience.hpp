#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "plugins/web/frames.hpp"
#include "qiao/contract/accounts.hpp"
#include "qiao/contract/channel.hpp"
#include "qiao/contract/contacts.hpp"
#include "qiao/contract/conversation.hpp"
#include "qiao/contract/tickets.hpp"
#include "qiao/http.hpp"

namespace qiao::web {

class VisitorSession;
class AgentSession;

/// Who is connected, and who gets which frame. Called from sockets' I/O threads and, through direct lanes, from
/// whichever thread published: one mutex guards the tables, is held for look-ups only, and is never held while a
/// session is called.
class Audience {
 public:
  Audience(std::string channel, FileLinks links) : channel_(std::move(channel)), links_(std::move(links)) {}

  void join(const std::shared_ptr<VisitorSession>& session, Id visitor);
  void leave(const VisitorSession& session, Id visitor, Id conversation);
  /// The conversation that a visitor's frames are about; follows it when a new one begins.
  void follow(const std::shared_ptr<VisitorSession>& session, Id before, Id now);

  /// Everything about the visitor is gone: their screens begin anew.
  void forget(Id visitor);

  void join(const std::shared_ptr<AgentSession>& session);
  void leave(const AgentSession& session);
  /// The session wants this conversation's messages though it is not its agent.
  void watch(const std::shared_ptr<AgentSession>& session, Id conversation);

  /// The session shows this person, and no other, and wants to know when they change.
  void look(const std::shared_ptr<AgentSession>& session, Id contact);

  void message_stored(const contract::MessageStored& event);
  void conversation_changed(const contract::ConversationChanged& event);
  void typing(const contract::Typing& event);
  void delivery_changed(const contract::DeliveryChanged& event);
  void ticket_changed(const contract::TicketChanged& event);
  void contact_changed(const contract::ContactChanged& event);
  void contact_merged(const contract::ContactMerged& event);
  void agent_changed(const contract::AgentChanged& event);
  /// To those who may see every conversation.
  void alert(const contract::ConnectorAlert& event);
  void session_ended(const contract::SessionEnded& event);
  /// To every screen of one agent; `frame` may say something else to whoever may know more.
  void to_agent(Id agent, const std::function<std::string(const Principal&)>& frame);

  [[nodiscard]] bool is_here(Id visitor) const;
  [[nodiscard]] std::size_t visitors() const;
  [[nodiscard]] std::size_t agents() const;

 private:
  using Visitors = std::vector<std::shared_ptr<VisitorSession>>;
  using Agents = std::vector<std::shared_ptr<AgentSession>>;
  [[nodiscard]] Visitors visitors_of(Id visitor) const;
  [[nodiscard]] Visitors visitors_in(Id conversation) const;
  [[nodiscard]] Agents watchers_of(Id conversation) const;
  [[nodiscard]] Agents all_agents() const;
  [[nodiscard]] Agents lookers_at(Id contact) const;
  void unwatch(const AgentSession& session, Id conversation);

  const std::string channel_;
  const FileLinks links_;
  mutable std::mutex mutex_;
  std::unordered_map<Id, Visitors> visitors_;   // by visitor
  std::unordered_map<Id, Visitors> followers_;  // by conversation
  Agents agents_;
  std::unordered_map<Id, Agents> watchers_;  // by conversation
  std::unordered_map<Id, Agents> lookers_;   // by contact
};

}  // namespace qiao::web
