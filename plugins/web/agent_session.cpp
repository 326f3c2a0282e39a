#include "plugins/web/agent_session.hpp"

#include "plugins/web/audience.hpp"
#include "plugins/web/calls.hpp"
#include "qiao/json.hpp"

namespace qiao::web {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostResumed = 100;
constexpr std::int32_t kCatchUp = 50;

/// The session token of a browser that is logged in.
std::string cookie_token(const HttpRequest& upgrade) {
  for (const char* name : {"__Host-qiao_session", "qiao_session"}) {
    if (const std::string_view token = upgrade.cookie(name); !token.empty()) return std::string(token);
  }
  return {};
}

}  // namespace

AgentSession::AgentSession(std::shared_ptr<Services> services, std::shared_ptr<Socket> socket)
    : services_(std::move(services)), socket_(std::move(socket)) {}

void AgentSession::on_text(std::string_view text) {
  auto parsed = from_json<ClientFrame>(text);
  if (!parsed || parsed->t.empty() || (!asked_ && parsed->t != "hello")) {
    socket_->close(4400, parsed ? "say hello first" : "not a frame of this protocol");
    return;
  }
  ClientFrame& frame = *parsed;
  if (frame.t == "hello") {
    if (asked_) return refuse(frame.id, {Errc::conflict, "this socket has said hello already"});
    asked_ = true;
    return hello(std::move(frame));
  }
  if (!ready_) return refuse(frame.id, {Errc::unavailable, "wait for welcome"});
  if (frame.t == "ping") {
    socket_->send(kPongFrame);
  } else if (frame.t == "msg") {
    message(std::move(frame));
  } else if (frame.t == "watch") {
    resume(frame.conversation, frame.seq);
  } else if (frame.t == "look") {
    services_->audience->look(shared_from_this(), frame.contact);
  } else if (frame.t == "typing") {
    with_conversation(frame.conversation, frame.id, [this, on = frame.on](const contract::ConversationView& c) {
      (void)services_->bus.publish(contract::Typing{c.id, contract::Author::agent, principal_.name, on},
                                   {.priority = Priority::background});
    });
  } else if (frame.t == "read") {
    with_conversation(frame.conversation, frame.id, [this, seq = frame.seq](const contract::ConversationView& c) {
      services_->audience->watch(shared_from_this(), c.id);
      // A supervisor who looks in has not read it for the agent who serves.
      if (c.agent != principal_.id) return;
      services_->bus.request(contract::MarkRead{c.id, contract::Author::agent, seq}, 5s, [](auto&&) {});
    });
  } else if (frame.t == "presence") {
    if (frame.presence != "online" && frame.presence != "away") {
      return refuse(frame.id, {Errc::bad_value, "presence is \"online\" or \"away\""});
    }
    set_presence(frame.presence == "online" ? contract::Presence::online : contract::Presence::away);
  } else {
    refuse(frame.id, {Errc::bad_value, "unknown frame \"" + frame.t.substr(0, 40) + "\""});
  }
}

void AgentSession::hello(ClientFrame frame) {
  std::string token = frame.token.empty() ? cookie_token(socket_->upgrade()) : std::move(frame.token);
  if (token.empty()) {
    socket_->close(4401, "log in first");
    return;
  }
  services_->bus.request(contract::VerifySession{std::move(token)}, 5s,
                         [self = shared_from_this(), resume = std::move(frame.resume)](
                             const Result<contract::SessionView>& s) { self->greeted(s, resume); });
}

void AgentSession::greeted(const Result<contract::SessionView>& session,
                           const std::map<std::string, std::int64_t>& resume_from) {
  if (!session) {
    const bool denied = session.error().code == Errc::unauthorized;
    socket_->close(denied ? 4401 : 1013, session.error().message);
    return;
  }
  principal_ = {Principal::Type::agent, session->agent.id, session->session, session->agent.name, session->permissions};
  services_->audience->join(shared_from_this());
  ready_ = true;
  socket_->send(agent_welcome(*session, services_->clock.now()));
  if (closed_) {  // it closed while the session was being verified: on_close found nothing to leave
    services_->audience->leave(*this);
    return;
  }
  for (std::string& frame : services_->calls->frames_for(principal_)) socket_->send(std::move(frame));
  set_presence(contract::Presence::online);
  std::size_t count = 0;
  for (const auto& [id, seq] : resume_from) {
    if (++count > kMostResumed) break;
    if (auto conversation = parse_id(id)) resume(*conversation, seq);
  }
}

template <class F>
void AgentSession::with_conversation(Id conversation, const std::string& client_id, F then) {
  services_->bus.request(contract::GetConversation{conversation}, 5s,
                         [self = shared_from_this(), client_id,
                          then = std::move(then)](const Result<contract::ConversationView>& c) mutable {
                           if (!c) return self->refuse(client_id, c.error());
                           if (!contract::may_see(self->principal_, *c)) {
                             return self->refuse(client_id, {Errc::not_found, "there is no such conversation"});
                           }
                           then(*c);
                         });
}

void AgentSession::resume(Id conversation, std::int64_t after) {
  with_conversation(conversation, "", [this, after](const contract::ConversationView& c) {
    services_->audience->watch(shared_from_this(), c.id);
    fetch(c.id, after);
  });
}

void AgentSession::fetch(Id conversation, std::int64_t after) {
  services_->bus.request(
      contract::GetTranscript{.conversation = conversation, .after = after, .limit = 500, .notes = true}, 10s,
      [self = shared_from_this(), conversation](const Result<contract::Transcript>& t) {
        if (!t) return self->refuse("", t.error());
        for (const auto& message : t->messages) self->socket_->send(agent_message(message, self->services_->links));
        if (t->more && !t->messages.empty()) self->fetch(conversation, t->messages.back().seq);
      });
}

void AgentSession::catch_up(const contract::ConversationView& conversation) {
  services_->bus.request(
      contract::GetTranscript{
          .conversation = conversation.id, .before = conversation.last_seq + 1, .limit = kCatchUp, .notes = true},
      10s, [self = shared_from_this()](const Result<contract::Transcript>& t) {
        if (!t) return;  // the client sees the gap and asks
        for (const auto& message : t->messages) self->socket_->send(agent_message(message, self->services_->links));
      });
}

void AgentSession::message(ClientFrame frame) {
  if (auto ok = check_message(frame.id, frame.text, frame.attachments.size()); !ok) return refuse(frame.id, ok.error());
  const Id conversation = frame.conversation;
  const std::string id = frame.id;
  with_conversation(conversation, id, [this, frame = std::move(frame)](const contract::ConversationView& c) mutable {
    services_->audience->watch(shared_from_this(), c.id);
    if (frame.attachments.empty()) return write(std::move(frame), {});
    std::vector<Id> files = frame.attachments;
    services_->files.resolve(std::move(files), "a:" + principal_.id.str(),
                             [self = shared_from_this(), frame](Result<std::vector<contract::Attachment>> a) {
                               if (!a) return self->refuse(frame.id, a.error());
                               self->write(frame, std::move(*a));
                             });
  });
}

void AgentSession::write(ClientFrame frame, std::vector<contract::Attachment> attachments) {
  contract::WriteMessage ask;
  ask.conversation = frame.conversation;
  ask.author = contract::Author::agent;
  ask.author_id = principal_.id;
  ask.author_name = principal_.name;
  ask.note = frame.note;
  ask.content.text = std::move(frame.text);
  ask.content.attachments = std::move(attachments);
  ask.client_id = frame.id;
  services_->bus.request(
      std::move(ask), 10s,
      [self = shared_from_this(), id = std::move(frame.id)](const Result<contract::Accepted>& accepted) {
        if (!accepted) return self->refuse(id, accepted.error());
        self->socket_->send(ack_frame(id, *accepted));
      });
}

void AgentSession::set_presence(contract::Presence presence) {
  services_->bus.request(contract::SetPresence{principal_.id, presence, screen_}, 5s, [](auto&&) {});
}

void AgentSession::on_close(int) {
  closed_ = true;
  if (!ready_) return;
  services_->audience->leave(*this);
  set_presence(contract::Presence::offline);
}

}  // namespace qiao::web
