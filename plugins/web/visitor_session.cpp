#include "plugins/web/visitor_session.hpp"

#include <algorithm>

#include "plugins/web/audience.hpp"
#include "plugins/web/receipts.hpp"
#include "qiao/json.hpp"

namespace qiao::web {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostInFlight = 64;
constexpr std::int32_t kFirstPage = 50;
constexpr std::size_t kMostUnconfirmed = 1000;

}  // namespace

VisitorSession::VisitorSession(std::shared_ptr<Services> services, std::shared_ptr<Socket> socket)
    : services_(std::move(services)), socket_(std::move(socket)) {}

void VisitorSession::on_text(std::string_view text) {
  auto parsed = from_json<ClientFrame>(text);
  if (!parsed || parsed->t.empty() || (!greeted_ && parsed->t != "hello")) {
    socket_->close(4400, parsed ? "say hello first" : "not a frame of this protocol");
    return;
  }
  ClientFrame& frame = *parsed;
  if (frame.t == "msg") return message(std::move(frame));
  if (frame.t == "ping") {
    socket_->send(kPongFrame);
  } else if (frame.t == "hello") {
    if (greeted_) return refuse(frame.id, {Errc::conflict, "this socket has said hello already"});
    hello(std::move(frame));
  } else if (frame.t == "identify") {
    identify(*services_, pass_, frame, [self = shared_from_this(), id = frame.id](const Result<bool>& proven) {
      if (!proven) return self->refuse(id, proven.error());
      self->socket_->send(identified_frame(id, *proven));
    });
  } else if (frame.t == "got") {
    got(frame.seq);
  } else if (frame.t == "typing" || frame.t == "read" || frame.t == "handoff" || frame.t == "rate") {
    Id conversation;
    {
      const std::lock_guard lock(mutex_);
      conversation = conversation_;
    }
    if (!conversation) return refuse(frame.id, {Errc::conflict, "there is no conversation yet: write a message first"});
    frame.conversation = conversation;
    if (frame.t == "typing") {
      (void)services_->bus.publish(contract::Typing{conversation, contract::Author::customer, "", frame.on},
                                   {.priority = Priority::background});
    } else if (frame.t == "read") {
      services_->bus.request(contract::MarkRead{conversation, contract::Author::customer, frame.seq}, 5s,
                             [](auto&&) {});
    } else if (frame.t == "handoff") {
      services_->bus.request(contract::Handoff{conversation, "", "asked"}, 5s,
                             [self = shared_from_this(), id = frame.id](const Result<contract::ConversationView>& c) {
                               if (!c) self->refuse(id, c.error());
                             });
    } else {
      rate(frame);
    }
  } else {
    refuse(frame.id, {Errc::bad_value, "unknown frame \"" + frame.t.substr(0, 40) + "\""});
  }
}

void VisitorSession::hello(ClientFrame frame) {
  const std::string site = frame.site.empty() ? services_->settings.sites.begin()->first : frame.site;
  if (!services_->known_site(site)) {
    socket_->close(4403, "this site is not known here");
    return;
  }
  const Time now = services_->clock.now();
  language_ = frame.language;
  const bool newcomer = frame.token.empty();
  if (newcomer) {
    if (!services_->newcomers.admit(socket_->upgrade().remote, services_->clock.steady())) {
      socket_->close(4429, "too many new visitors from this address; try again in a minute");
      return;
    }
    pass_ = {new_id(), site, now};
    frame.token = services_->tokens.visitor_token(pass_);
  } else {
    auto pass = services_->tokens.verify_visitor(frame.token, site, now, services_->settings.visitor_token_life);
    if (!pass) {
      socket_->close(4401, pass.error().message);
      return;
    }
    if (services_->erased.contains(pass->visitor)) {
      socket_->close(4401, "this visitor was erased; say hello without a token");
      return;
    }
    pass_ = *pass;
  }
  greeted_ = true;
  {
    const std::lock_guard lock(mutex_);
    receipts_ = frame.receipts;
  }
  // Joined before looking anything up, so that no message falls between the look-up and the first event.
  services_->audience->join(shared_from_this(), pass_.visitor);
  if (newcomer) {
    {
      const std::lock_guard lock(mutex_);
      live_ = true;
    }
    socket_->send(visitor_welcome(frame.token, pass_.visitor, {}, now));
    return;
  }
  services_->bus.request(contract::FindConversation{services_->channel, pass_.visitor.str()}, 5s,
                         [self = shared_from_this(), token = frame.token, last = frame.last_seq,
                          now](const Result<contract::ConversationView>& c) {
                           if (c) self->socket_->send(visitor_welcome(token, self->pass_.visitor, *c, now));
                           self->found(last, c);
                         });
}

void VisitorSession::found(std::int64_t last_seq, const Result<contract::ConversationView>& conversation) {
  if (!conversation) {
    socket_->close(1013, "the conversation cannot be read right now");
    return;
  }
  if (!conversation->id) {
    const std::lock_guard lock(mutex_);
    live_ = true;
    for (const auto& message : waiting_) deliver_locked(message);
    waiting_.clear();
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    conversation_ = conversation->id;
    last_sent_ = last_seq;
  }
  services_->audience->follow(shared_from_this(), Id{}, conversation->id);
  // A last_seq beyond what exists belongs to another conversation: start over.
  const bool resume = last_seq > 0 && last_seq <= conversation->last_seq;
  contract::GetTranscript ask{.conversation = conversation->id, .after = resume ? last_seq : 0, .limit = 500};
  if (!resume) {
    ask.before = conversation->last_seq + 1;
    ask.limit = kFirstPage;
    const std::lock_guard lock(mutex_);
    last_sent_ = 0;
  }
  services_->bus.request(ask, 10s,
                         [self = shared_from_this()](const Result<contract::Transcript>& t) { self->fetched(t); });
}

void VisitorSession::fetched(const Result<contract::Transcript>& transcript) {
  if (!transcript) {
    socket_->close(1013, "the messages cannot be read right now");
    return;
  }
  contract::GetTranscript next;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& message : transcript->messages) deliver_locked(message);
    if (transcript->more && !transcript->messages.empty()) {
      next = {.conversation = conversation_, .after = transcript->messages.back().seq, .limit = 500};
    } else {
      live_ = true;
      for (const auto& message : waiting_) deliver_locked(message);
      waiting_.clear();
      waiting_.shrink_to_fit();
      return;
    }
  }
  services_->bus.request(next, 10s,
                         [self = shared_from_this()](const Result<contract::Transcript>& t) { self->fetched(t); });
}

std::optional<Id> VisitorSession::deliver(const contract::MessageView& message) {
  if (message.note) return std::nullopt;
  const std::lock_guard lock(mutex_);
  if (!live_) {
    waiting_.push_back(message);
    return std::nullopt;
  }
  const Id before = conversation_;
  deliver_locked(message);
  return before == conversation_ ? std::nullopt : std::optional(before);
}

void VisitorSession::deliver_locked(const contract::MessageView& message) {
  if (closed_ || message.note) return;
  if (message.conversation != conversation_) {
    conversation_ = message.conversation;
    last_sent_ = 0;
    unconfirmed_.clear();
  }
  if (message.seq <= last_sent_) return;
  const std::int64_t after = last_sent_;
  last_sent_ = message.seq;
  if (message.author == contract::Author::customer) {
    const auto own = std::find(in_flight_.begin(), in_flight_.end(), client_part(message.client_id));
    if (own != in_flight_.end()) {
      in_flight_.erase(own);
      return;
    }
  }
  using contract::Delivery;
  if (receipts_ && unconfirmed_.size() < kMostUnconfirmed &&
      (message.delivery == Delivery::pending || message.delivery == Delivery::sent)) {
    unconfirmed_.push_back(message.seq);
  }
  socket_->send(visitor_message(message, after, services_->links));
}

void VisitorSession::got(std::int64_t seq) {
  Id conversation;
  std::vector<std::int64_t> confirmed;
  {
    const std::lock_guard lock(mutex_);
    conversation = conversation_;
    const auto later =
        std::find_if(unconfirmed_.begin(), unconfirmed_.end(), [seq](std::int64_t one) { return one > seq; });
    confirmed.assign(unconfirmed_.begin(), later);
    unconfirmed_.erase(unconfirmed_.begin(), later);
  }
  for (const std::int64_t one : confirmed) report_delivered(*services_, conversation, one);
}

void VisitorSession::message(ClientFrame frame) {
  if (auto ok = check_message(frame.id, frame.text, frame.attachments.size()); !ok) return refuse(frame.id, ok.error());
  {
    const std::lock_guard lock(mutex_);
    if (in_flight_.size() >= kMostInFlight) {
      return refuse(frame.id, {Errc::overloaded, "too many messages wait for their acknowledgement"});
    }
    in_flight_.push_back(frame.id);
  }
  if (frame.attachments.empty()) return accept(std::move(frame), {});
  std::vector<Id> files = frame.attachments;
  services_->files.resolve(
      std::move(files), "v:" + pass_.visitor.str(),
      [self = shared_from_this(), frame = std::move(frame)](Result<std::vector<contract::Attachment>> a) {
        if (!a) return self->refuse(frame.id, a.error());
        self->accept(frame, std::move(*a));
      });
}

void VisitorSession::accept(ClientFrame frame, std::vector<contract::Attachment> attachments) {
  contract::AcceptMessage ask;
  ask.channel = services_->channel;
  ask.external_id = external_id(pass_.visitor, frame.id);
  ask.user = pass_.visitor.str();
  ask.site = pass_.site;
  ask.in_app = services_->settings.sites.at(pass_.site).in_app;
  ask.language = language_;
  ask.content.text = std::move(frame.text);
  ask.content.attachments = std::move(attachments);
  services_->bus.request(
      std::move(ask), 10s,
      [self = shared_from_this(), id = std::move(frame.id)](const Result<contract::Accepted>& accepted) {
        if (accepted) {
          self->socket_->send(ack_frame(id, *accepted));
          if (!accepted->duplicate) return;
        } else {
          self->refuse(id, accepted.error());
        }
        const std::lock_guard lock(self->mutex_);
        std::erase(self->in_flight_, id);
      });
}

void VisitorSession::rate(const ClientFrame& frame) {
  services_->bus.request(contract::Rate{frame.conversation, frame.score, frame.comment}, 5s,
                         [self = shared_from_this(), id = frame.id](const Result<contract::Done>& done) {
                           if (!done) self->refuse(id, done.error());
                         });
}

void VisitorSession::on_close(int) {
  Id conversation;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    conversation = conversation_;
    waiting_.clear();
  }
  if (greeted_) services_->audience->leave(*this, pass_.visitor, conversation);
}

}  // namespace qiao::web
