#include "connectors/voice/desk.hpp"

#include <fmt/format.h>

#include "connectors/channel/signing.hpp"
#include "connectors/voice/client/number.hpp"
#include "connectors/voice/words.hpp"

namespace qiao::voice {
namespace {

using namespace std::chrono_literals;
using contract::CallState;

constexpr Lane kLane{.capacity = 8192};
constexpr std::size_t kMostCallers = 10000;
constexpr auto kTryAgain = 30s;

std::string unsaved_key(const std::string& call, bool recording) { return call + (recording ? ":recording" : ":end"); }

/// An id that every exchange takes: a UUID.
std::string new_call_id() {
  std::string id = channel::hex(channel::random_bytes(16));
  for (const std::size_t at : {8u, 13u, 18u, 23u}) id.insert(at, "-");
  return id;
}

}  // namespace

void Desk::declare(Manifest& m) {
  m.publishes<contract::CallChanged>();
  m.serves<contract::Dial>().serves<contract::GetChannelWindow>();
  m.asks<contract::FindContact>(true).asks<contract::GetContact>(true).asks<contract::Identify>(true);
  m.asks<contract::ListAgents>(true).asks<contract::Handoff>(true).asks<contract::CreateTicket>(true);
  m.subscribes<contract::AgentChanged>();
}

Desk::Desk(Context& host, channel::Channel& channel, VoiceConfig config, Dialer dialer)
    : host_(host), channel_(channel), config_(std::move(config)), dialer_(std::move(dialer)) {
  for (const auto& [login, extension] : config_.agents) login_of_[extension] = login;
}

void Desk::start() {
  host_.bus().subscribe<contract::AgentChanged>(
      kLane, [self = shared_from_this()](const contract::AgentChanged& e, const Headers&) {
        self->agents_[e.agent.login] = e.agent;
      });
  host_.bus().serve<contract::Dial>(
      kLane, [self = shared_from_this()](const contract::Dial& ask, const Headers&,
                                         const Responder<contract::Dialled>& answer) { self->dial(ask, answer); });
  // A telephone takes no text at any time: who has news for a caller looks for another way.
  host_.bus().serve<contract::GetChannelWindow>({.kind = Lane::direct},
                                                [](const contract::GetChannelWindow&, const Headers&) {
                                                  contract::ChannelWindow window;
                                                  window.limited = true;
                                                  window.open = false;
                                                  return Result<contract::ChannelWindow>(window);
                                                });
  host_.bus().after(Duration(0), kLane, [self = shared_from_this()] { self->learn_agents(); });
}

void Desk::learn_agents() {
  host_.bus().request(contract::ListAgents{}, 5s, [self = shared_from_this()](Result<contract::AgentList> list) {
    if (!list) {  // accounts has not started yet
      self->host_.bus().after(1s, kLane, [self] { self->learn_agents(); });
      return;
    }
    for (const contract::AgentView& agent : list->agents) self->agents_[agent.login] = agent;
    for (const auto& [login, extension] : self->config_.agents) {
      if (!self->agents_.contains(login)) {
        self->host_.log().warn("`agents` names \"{}\", whom nobody knows; extension={}", login, extension);
      }
    }
  });
}

const contract::AgentView* Desk::agent_at(const std::string& extension) const {
  const auto login = login_of_.find(extension);
  if (login == login_of_.end()) return nullptr;
  const auto agent = agents_.find(login->second);
  return agent == agents_.end() ? nullptr : &agent->second;
}

std::string Desk::agent_name(const std::string& extension) const {
  const contract::AgentView* agent = agent_at(extension);
  return agent != nullptr ? agent->name : extension;
}

bool Desk::hear(std::vector<CallEvent> events, Done done) {
  return host_.bus().post(kLane, [self = shared_from_this(), events = std::move(events), done = std::move(done)] {
    for (std::size_t i = 0; i < events.size(); ++i) {
      self->heard(events[i], i + 1 == events.size() ? done : Done{});
    }
  });
}

bool Desk::compare(std::vector<CallEvent> list) {
  return host_.bus().post(kLane, [self = shared_from_this(), list = std::move(list)] {
    for (const CallNews& one : self->book_.compare(list, self->host_.clock().now())) self->news(one, {});
  });
}

void Desk::heard(const CallEvent& event, const Done& done) {
  CallEvent timed = event;
  if (timed.at == Time{}) timed.at = host_.clock().now();
  if (timed.step == Step::ended || timed.step == Step::recorded) {
    const bool recording = timed.step == Step::recorded;
    const auto unsaved = unsaved_.find(unsaved_key(timed.call, recording));
    if (unsaved != unsaved_.end() && (!recording || unsaved->second.call.recording == timed.recording)) {
      const CallNews again = unsaved->second;
      unsaved_.erase(unsaved);
      return note_end(again, done);
    }
  }
  std::vector<CallNews> all = book_.take(timed);
  if (all.empty()) {
    if (done) done({});
    return;
  }
  for (std::size_t i = 0; i < all.size(); ++i) news(all[i], i + 1 == all.size() ? done : Done{});
}

bool Desk::internal(const Call& call) const { return login_of_.contains(call.number); }

void Desk::news(const CallNews& news, const Done& done) {
  const auto nothing_to_store = [&] {
    if (done) done({});
  };
  if (internal(news.call)) return nothing_to_store();  // colleagues among themselves
  const bool over = news.state == CallState::ended || news.state == CallState::missed;
  if (callers_.size() > kMostCallers) callers_.erase(callers_.begin());
  Caller& caller = callers_[news.call.id];
  // A second leg may tell the number that the first one did not show.
  const bool learned = caller.user.empty();
  if (learned) caller.user = to_e164(news.call.number, config_.country);
  const bool first = learned && !caller.user.empty();
  if (!news.recording_only) publish(news);
  if (caller.user.empty()) {  // withheld: there is nobody to note it for
    if (over && !news.phone_only) callers_.erase(news.call.id);
    return nothing_to_store();
  }
  if (first && !news.recording_only) look_up(news);
  if (news.recording_only || (over && !news.phone_only)) return note_end(news, done);

  contract::Content content;
  if (news.state == CallState::transferred) {
    content.text = transferred_text(agent_name(news.extension), english());
    return note(news, "to-" + news.extension, std::move(content), true, {}, done);
  }
  // It is noted once it rings at somebody; before that there is nothing to read that the end will not say.
  const bool nowhere_yet = news.state == CallState::ringing && news.extension.empty();
  if (caller.noted || nowhere_yet) return nothing_to_store();
  caller.noted = true;
  content.text = began_text(news, contract::masked_phone(caller.user), english());
  note(news, "ring", std::move(content), true, {}, done);
}

void Desk::publish(const CallNews& news) {
  const Call& call = news.call;
  const Caller& caller = callers_[call.id];
  contract::CallChanged event;
  event.channel = host_.instance();
  event.call = call.id;
  event.state = news.state;
  event.outbound = call.outbound;
  event.phone = caller.user;
  event.extension = news.extension;
  if (const contract::AgentView* agent = agent_at(news.extension)) {
    event.agent = agent->id;
    event.agent_name = agent->name;
  }
  event.queue = call.queue;
  event.conversation = caller.conversation;
  event.contact = caller.contact.id;
  event.contact_name = caller.contact.name.empty() ? call.name : caller.contact.name;
  event.phone_only = news.phone_only;
  event.talk_s = call.talk_s();
  event.recording = recording_link(config_.recording_url, call.recording, call.id);
  event.at = news.at;
  (void)host_.bus().publish(std::move(event));
}

/// Once for each call. The workspace was told already that it rings; it is told again with whoever is found.
void Desk::look_up(const CallNews& news) {
  const std::string user = callers_[news.call.id].user;
  contract::FindContact ask;
  ask.claim = {contract::identity_kind::kPhone, user, false};
  host_.bus().request(
      std::move(ask), 3s, [self = shared_from_this(), news](const Result<contract::ContactView>& contact) {
        const auto caller = self->callers_.find(news.call.id);
        if (caller == self->callers_.end()) return;
        if (contact) self->found(news, *contact);
        self->link(caller->second, news.call.name);
        if (contact) return;
        contract::FindContact again;
        again.identity = {self->host_.instance(), caller->second.user};
        self->host_.bus().request(std::move(again), 3s, [self, news](const Result<contract::ContactView>& by_channel) {
          if (by_channel) self->found(news, *by_channel);
        });
      });
}

void Desk::found(const CallNews& news, const contract::ContactView& contact) {
  const auto caller = callers_.find(news.call.id);
  if (caller == callers_.end()) return;
  caller->second.contact = contact;
  const auto open = book_.calls().find(news.call.id);
  if (open == book_.calls().end()) return;
  // As the call is by now, on every phone that rings.
  CallNews current = news;
  current.call = open->second;
  current.state = current.call.state;
  current.extension = current.call.extension;
  if (!current.call.ringing.empty() && !current.call.was_answered()) {
    for (const std::string& phone : open->second.ringing) {
      current.extension = phone;
      publish(current);
    }
    return;
  }
  publish(current);
}

void Desk::link(const Caller& caller, const std::string& name) {
  std::vector<contract::Claim> claims;
  if (caller.user.starts_with('+')) {
    claims.push_back({contract::identity_kind::kPhone, caller.user, config_.trust_caller_id});
  }
  channel_.identify(caller.user, name == caller.user ? std::string() : name, std::move(claims));
}

void Desk::note(const CallNews& news, const std::string& key, contract::Content content, bool reopen,
                std::function<void(const contract::Accepted&)> stored, const Done& done) {
  contract::RecordEvent event;
  event.external_id = news.call.id + ":" + key;
  event.user = callers_[news.call.id].user;
  event.user_name = callers_[news.call.id].contact.name;
  event.content = std::move(content);
  event.reopen = reopen;
  event.at = news.at;
  channel_.record(std::move(event), [self = shared_from_this(), news, key, stored = std::move(stored),
                                     done](const Result<contract::Accepted>& kept) {
    if (!kept) {
      self->host_.log().error("a call could not be noted, call={}: {}", news.call.id, kept.error().message);
      if (key == "end" || key == "recording") self->host_.bus().post(kLane, [self, news] { self->keep_trying(news); });
      if (done) done(kept.error());
      return;
    }
    if (done) done({});
    self->host_.bus().post(kLane, [self, news, stored, accepted = *kept] {
      const auto caller = self->callers_.find(news.call.id);
      if (caller != self->callers_.end() && caller->second.conversation != accepted.conversation) {
        caller->second.conversation = accepted.conversation;
        self->found(news, caller->second.contact);
      }
      if (stored) stored(accepted);
    });
  });
}

void Desk::keep_trying(const CallNews& news) {
  if (unsaved_.size() >= kMostCallers) return;
  const std::string key = unsaved_key(news.call.id, news.recording_only);
  unsaved_[key] = news;
  host_.bus().after(kTryAgain, kLane, [self = shared_from_this(), key] {
    const auto unsaved = self->unsaved_.find(key);
    if (unsaved == self->unsaved_.end()) return;
    const CallNews again = unsaved->second;
    self->unsaved_.erase(unsaved);
    self->note_end(again, {});
  });
}

void Desk::note_end(const CallNews& news, const Done& done) {
  const Call& call = news.call;
  Caller& caller = callers_[call.id];
  if (caller.user.empty()) caller.user = to_e164(call.number, config_.country);
  const std::string number = contract::masked_phone(caller.user);
  contract::Content content;
  const std::string link = recording_link(config_.recording_url, call.recording, call.id);
  if (!link.empty()) content.cards.push_back(recording_card(link, call.talk_s(), english()));
  if (news.recording_only) {
    if (link.empty()) {
      callers_.erase(call.id);
      if (done) done({});
      return;
    }
    content.text = content.cards.front().title;
    note(news, "recording", std::move(content), false, {}, done);
    callers_.erase(call.id);
    return;
  }
  content.text = ended_text(call, number, agent_name(call.extension), english());
  const std::string text = content.text;
  const bool was_missed = news.state == CallState::missed;
  note(
      news, "end", std::move(content), was_missed,
      [self = shared_from_this(), call, text, was_missed](const contract::Accepted& kept) {
        if (was_missed && !kept.duplicate) self->missed(call, kept.conversation, text);
        self->callers_.erase(call.id);
      },
      done);
}

void Desk::missed(const Call& call, Id conversation, const std::string& text) {
  if (config_.missed == Missed::conversation || config_.missed == Missed::both) {
    host_.bus().request(contract::Handoff{conversation, config_.missed_group, "missed_call"}, 5s,
                        [self = shared_from_this(), id = call.id](const Result<contract::ConversationView>& queued) {
                          // Somebody serves this customer already, or it waits: the note is where they look.
                          if (queued || queued.error().code == Errc::conflict) return;
                          self->host_.log().error("a missed call got into no queue, call={}: {}", id,
                                                  queued.error().message);
                        });
  }
  if (config_.missed == Missed::ticket || config_.missed == Missed::both) {
    contract::CreateTicket ticket;
    ticket.conversation = conversation;
    ticket.department = config_.missed_department;
    ticket.subject = ticket_subject(contract::masked_phone(to_e164(call.number, config_.country)), english());
    ticket.description = text;
    host_.bus().request(std::move(ticket), 5s,
                        [self = shared_from_this(), id = call.id](const Result<contract::TicketView>& made) {
                          if (made) return;
                          self->host_.log().error("no ticket for a missed call, call={}: {}", id, made.error().message);
                        });
  }
}

void Desk::dial(const contract::Dial& ask, const Responder<contract::Dialled>& answer) {
  // Asked each time: somebody may have just been made, and right after the start nobody is known yet.
  host_.bus().request(contract::ListAgents{}, 3s,
                      [self = shared_from_this(), ask, answer](const Result<contract::AgentList>& list) {
                        if (!list) return answer(list.error());
                        for (const contract::AgentView& agent : list->agents) self->agents_[agent.login] = agent;
                        self->dial_for(ask, answer);
                      });
}

void Desk::dial_for(const contract::Dial& ask, const Responder<contract::Dialled>& answer) {
  std::string extension;
  for (const auto& [login, agent] : agents_) {
    if (agent.id != ask.agent) continue;
    if (const auto found = config_.agents.find(login); found != config_.agents.end()) extension = found->second;
  }
  if (extension.empty()) {
    return answer(Error{Errc::not_found, "voice.no_extension",
                        fmt::format("no telephone of yours is known: an administrator enters your extension under "
                                    "`agents` of {}",
                                    host_.instance())});
  }
  if (!ask.phone.empty()) return dial_number(extension, ask.phone, answer);
  host_.bus().request(contract::GetContact{ask.contact}, 3s,
                      [self = shared_from_this(), extension, answer](const Result<contract::ContactView>& contact) {
                        if (!contact) return answer(contact.error());
                        self->dial_number(extension, contact->phone, answer);
                      });
}

void Desk::dial_number(const std::string& extension, const std::string& number,
                       const Responder<contract::Dialled>& answer) {
  const std::string e164 = to_e164(number, config_.country);
  if (e164.empty()) {
    return answer(Error{Errc::bad_value, "voice.no_number", "there is no telephone number that could be called"});
  }
  const DialOrder order{new_call_id(), extension, to_dial(e164, config_.country, config_.dial_prefix)};
  dialer_(order, [answer, call = order.call](const Result<void>& rung) {
    if (!rung) return answer(rung.error());
    answer(contract::Dialled{call});
  });
}

}  // namespace qiao::voice
