#include "plugins/web/audience.hpp"

#include <algorithm>
#include <boost/container/small_vector.hpp>

#include "plugins/web/agent_session.hpp"
#include "plugins/web/visitor_session.hpp"
#include "qiao/contract/access.hpp"

namespace qiao::web {
namespace {

using Frame = std::shared_ptr<const std::string>;

Frame share(std::string text) { return std::make_shared<const std::string>(std::move(text)); }

template <class S>
void remove(std::unordered_map<Id, std::vector<std::shared_ptr<S>>>& table, Id key, const S& session) {
  const auto found = table.find(key);
  if (found == table.end()) return;
  std::erase_if(found->second, [&](const auto& s) { return s.get() == &session; });
  if (found->second.empty()) table.erase(found);
}

template <class S>
void insert(std::unordered_map<Id, std::vector<std::shared_ptr<S>>>& table, Id key, const std::shared_ptr<S>& session) {
  auto& list = table[key];
  if (std::find(list.begin(), list.end(), session) == list.end()) list.push_back(session);
}

template <class S>
std::vector<std::shared_ptr<S>> copy(const std::unordered_map<Id, std::vector<std::shared_ptr<S>>>& table, Id key) {
  const auto found = table.find(key);
  return found == table.end() ? std::vector<std::shared_ptr<S>>{} : found->second;
}

/// For a moment, of a message that is on its way: hardly ever more than these.
template <class S>
using Few = boost::container::small_vector<std::shared_ptr<S>, 4>;

template <class S>
void gather(const std::unordered_map<Id, std::vector<std::shared_ptr<S>>>& table, Id key, Few<S>& into) {
  if (const auto found = table.find(key); found != table.end()) into.assign(found->second.begin(), found->second.end());
}

/// Out of every list, however long that takes: for sessions that end or look elsewhere.
void remove_everywhere(std::unordered_map<Id, std::vector<std::shared_ptr<AgentSession>>>& table,
                       const AgentSession& session) {
  for (auto entry = table.begin(); entry != table.end();) {
    std::erase_if(entry->second, [&](const auto& s) { return s.get() == &session; });
    entry = entry->second.empty() ? table.erase(entry) : std::next(entry);
  }
}

template <class List>
bool contains(const List& list, const AgentSession* session) {
  return std::any_of(list.begin(), list.end(), [&](const auto& s) { return s.get() == session; });
}

}  // namespace

void Audience::join(const std::shared_ptr<VisitorSession>& session, Id visitor) {
  const std::lock_guard lock(mutex_);
  insert(visitors_, visitor, session);
}

void Audience::leave(const VisitorSession& session, Id visitor, Id conversation) {
  const std::lock_guard lock(mutex_);
  remove(visitors_, visitor, session);
  remove(followers_, conversation, session);
}

void Audience::follow(const std::shared_ptr<VisitorSession>& session, Id before, Id now) {
  const std::lock_guard lock(mutex_);
  if (before) remove(followers_, before, *session);
  insert(followers_, now, session);
}

void Audience::forget(Id visitor) {
  for (const auto& session : visitors_of(visitor)) session->close(4401, "this visitor was erased");
}

void Audience::join(const std::shared_ptr<AgentSession>& session) {
  const std::lock_guard lock(mutex_);
  agents_.push_back(session);
}

void Audience::leave(const AgentSession& session) {
  const std::lock_guard lock(mutex_);
  std::erase_if(agents_, [&](const auto& s) { return s.get() == &session; });
  remove_everywhere(watchers_, session);
  remove_everywhere(lookers_, session);
}

void Audience::look(const std::shared_ptr<AgentSession>& session, Id contact) {
  const std::lock_guard lock(mutex_);
  remove_everywhere(lookers_, *session);
  if (contact && contains(agents_, session.get())) lookers_[contact].push_back(session);
}

void Audience::watch(const std::shared_ptr<AgentSession>& session, Id conversation) {
  const std::lock_guard lock(mutex_);
  if (contains(agents_, session.get())) insert(watchers_, conversation, session);
}

void Audience::unwatch(const AgentSession& session, Id conversation) {
  const std::lock_guard lock(mutex_);
  remove(watchers_, conversation, session);
}

Audience::Visitors Audience::visitors_of(Id visitor) const {
  const std::lock_guard lock(mutex_);
  return copy(visitors_, visitor);
}

bool Audience::is_here(Id visitor) const {
  const std::lock_guard lock(mutex_);
  return visitors_.contains(visitor);
}

Audience::Visitors Audience::visitors_in(Id conversation) const {
  const std::lock_guard lock(mutex_);
  return copy(followers_, conversation);
}

Audience::Agents Audience::watchers_of(Id conversation) const {
  const std::lock_guard lock(mutex_);
  return copy(watchers_, conversation);
}

Audience::Agents Audience::lookers_at(Id contact) const {
  const std::lock_guard lock(mutex_);
  return copy(lookers_, contact);
}

Audience::Agents Audience::all_agents() const {
  const std::lock_guard lock(mutex_);
  return agents_;
}

std::size_t Audience::visitors() const {
  const std::lock_guard lock(mutex_);
  return visitors_.size();
}

std::size_t Audience::agents() const {
  const std::lock_guard lock(mutex_);
  return agents_.size();
}

void Audience::message_stored(const contract::MessageStored& event) {
  const contract::MessageView& message = event.message;
  const contract::ConversationView& conversation = event.conversation;
  Id visitor;
  if (!message.note && conversation.channel == channel_) {
    if (const auto user = parse_id(conversation.user)) visitor = *user;
  }
  Few<VisitorSession> visitors;
  Few<AgentSession> readers;
  {
    const std::lock_guard lock(mutex_);
    if (visitor) gather(visitors_, visitor, visitors);
    gather(watchers_, conversation.id, readers);
    const bool queued = conversation.state == contract::ConversationState::queued;
    for (const auto& session : agents_) {
      const bool wanted = session->principal().id == conversation.agent ||
                          (queued && contract::in_group(session->principal(), conversation.group));
      if (wanted && !contains(readers, session.get())) readers.push_back(session);
    }
  }
  for (const auto& session : visitors) {
    if (auto before = session->deliver(message)) follow(session, *before, message.conversation);
  }
  if (readers.empty()) return;
  const Frame frame = share(agent_message(message, links_));
  for (const auto& session : readers) session->send(frame);
}

void Audience::conversation_changed(const contract::ConversationChanged& event) {
  const contract::ConversationView& c = event.conversation;
  if (const Visitors visitors = visitors_in(c.id); !visitors.empty()) {
    const Frame frame = share(event.what == "read" ? read_frame(c.read_by_agent) : visitor_state(c));
    for (const auto& session : visitors) {
      session->send(frame);
      if (event.what == "resolved") session->send(share(kRateFrame));
    }
  }
  const Agents watchers = watchers_of(c.id);
  const bool begins = event.what == "assigned" || event.what == "transferred";
  Frame frame;
  for (const auto& session : all_agents()) {
    const bool watching = contains(watchers, session.get());
    const bool allowed = contract::may_see(session->principal(), c);
    if (!allowed && !watching) continue;
    if (!allowed) unwatch(*session, c.id);  // transferred away: told once, so that it leaves the agent's list
    if (!frame) frame = share(conversation_frame(event.what, c));
    session->send(frame);
    if (begins && session->principal().id == c.agent) session->catch_up(c);
  }
}

void Audience::typing(const contract::Typing& event) {
  if (event.author == contract::Author::agent) {
    const Frame frame = share(visitor_typing(event));
    for (const auto& session : visitors_in(event.conversation)) session->send(frame);
  }
  const Frame frame = share(agent_typing(event));
  for (const auto& session : watchers_of(event.conversation)) session->send(frame);
}

void Audience::delivery_changed(const contract::DeliveryChanged& event) {
  const Frame frame = share(delivery_frame(event));
  for (const auto& session : watchers_of(event.conversation)) session->send(frame);
}

void Audience::ticket_changed(const contract::TicketChanged& event) {
  const contract::TicketView& ticket = event.ticket;
  for (const auto& session : all_agents()) {
    const Principal& who = session->principal();
    const bool own = ticket.created_by == who.id;
    if (!own && !who.may(contract::permission::kTicketsAll) && !contract::in_group(who, ticket.department)) continue;
    session->send(share(ticket_frame(event.what, ticket, own && event.what == "resolved")));
  }
}

void Audience::contact_changed(const contract::ContactChanged& event) {
  const Agents lookers = lookers_at(event.contact);
  if (lookers.empty()) return;
  const Frame frame = share(contact_frame(event.contact, event.contact));
  for (const auto& session : lookers) session->send(frame);
}

void Audience::contact_merged(const contract::ContactMerged& event) {
  // Both are different now, joined or parted; whoever showed the one that is gone goes on with the one that is there.
  for (const auto& session : lookers_at(event.into)) session->send(share(contact_frame(event.into, event.into)));
  for (const auto& session : lookers_at(event.from))
    session->send(share(contact_frame(event.from, event.undone ? event.from : event.into)));
}

void Audience::agent_changed(const contract::AgentChanged& event) {
  const Frame frame = share(agent_frame(event.agent));
  for (const auto& session : all_agents()) session->send(frame);
}

void Audience::alert(const contract::ConnectorAlert& event) {
  const Frame frame = share(alert_frame(event));
  for (const auto& session : all_agents()) {
    if (session->principal().may(contract::permission::kConversationsAll)) session->send(frame);
  }
}

void Audience::session_ended(const contract::SessionEnded& event) {
  for (const auto& session : all_agents()) {
    if (session->principal().session == event.session) session->close(4401, "this login is over");
  }
}

void Audience::to_agent(Id agent, const std::function<std::string(const Principal&)>& frame) {
  for (const auto& session : all_agents()) {
    if (session->principal().id == agent) session->send(share(frame(session->principal())));
  }
}

}  // namespace qiao::web
