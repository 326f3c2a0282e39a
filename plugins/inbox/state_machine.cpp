#include "plugins/inbox/state_machine.hpp"

#include "plugins/inbox/text.hpp"

namespace qiao::inbox {
namespace {

constexpr std::size_t kPreviewBytes = 120;
constexpr std::string_view kNotTold = "not_told";

/// `service`: it is about queues and who serves, which public channels leave out; empty: everybody may read it.
NewMessage system_message(std::string text, std::string_view service) {
  NewMessage message;
  message.author = Author::system;
  message.content.text = std::move(text);
  if (!service.empty()) message.content.values["service"] = service;
  return message;
}

void add(Draft& draft, NewMessage message, Time now) {
  if (never(message.at)) message.at = now;
  draft.messages.push_back(std::move(message));
}

void enqueue(Status& status, std::string_view group, Time now) {
  status.state = ConversationState::queued;
  status.group = group;
  status.agent = {};
  status.agent_name.clear();
  status.rank = 0;
  status.notice_sent = false;
  status.queued_at = now;
}

void give_to(Status& status, Id agent, std::string_view name) {
  status.state = ConversationState::assigned;
  status.agent = agent;
  status.agent_name = name;
  status.previous_agent = agent;
}

const std::string& group_or_default(const std::string& group, const House& house) {
  return group.empty() ? house.default_group : group;
}

/// The customer reads who serves them now, unless it is about something that they do not know of yet.
void introduce(Draft& draft, const Facts& facts, std::string_view agent) {
  if (draft.status.handoff_reason == kNotTold) return;
  draft.messages.push_back(system_message(notice::assigned(facts.language, agent), "assigned"));
}

/// An ended conversation goes on: with the people who had it, or with the bot.
void open_again(Draft& draft, const Facts& facts, Time now) {
  Status& status = draft.status;
  draft.keep = true;
  draft.told.push_back("reopened");
  if (status.agent || !status.group.empty()) {
    if (status.agent) status.previous_agent = status.agent;
    enqueue(status, std::string(status.group), now);
    add(draft, system_message(notice::reopened(facts.language), "reopened"), now);
  } else {
    status.state = ConversationState::bot;
    status.handoff_reason.clear();
  }
}

}  // namespace

void follow(Status& status, Author author, bool note, std::string_view text, bool attachments, Time at) {
  ++status.last_seq;
  status.changed_at = std::max(status.changed_at, at);
  if (note) return;
  status.preview = text.empty() && attachments ? "📎" : shorten(text, kPreviewBytes);
  status.preview_author = author;
  if (with_person(status.state)) {
    if (author == Author::customer) status.state = ConversationState::assigned;
    if (author == Author::agent) status.state = ConversationState::waiting;
  }
}

void customer_wrote(Draft& draft, const Facts& facts, NewMessage message, bool in_app, Time now) {
  Status& status = draft.status;
  const bool reopened = status.state == ConversationState::resolved;
  if (status.in_app != in_app) {
    status.in_app = in_app;
    draft.keep = true;
  }
  if (status.handoff_reason == kNotTold) {
    status.handoff_reason.clear();
    draft.keep = true;
  }
  if (status.state == ConversationState::waiting) draft.told.push_back("state");
  add(draft, std::move(message), now);
  if (reopened) open_again(draft, facts, now);
}

void event_happened(Draft& draft, const Facts& facts, NewMessage message, bool reopen, Time now) {
  const bool reopened = reopen && draft.status.state == ConversationState::resolved;
  add(draft, std::move(message), now);
  if (reopened) open_again(draft, facts, now);
}

void blocked_wrote(Draft& draft, NewMessage message, Time now) {
  shut(draft, now);
  add(draft, std::move(message), now);
}

bool shut(Draft& draft, Time now) {
  Status& status = draft.status;
  if (status.state == ConversationState::resolved) return false;
  status.state = ConversationState::resolved;
  status.resolved_at = now;
  if (status.agent) status.previous_agent = status.agent;
  status.agent = {};
  status.agent_name.clear();
  draft.keep = true;
  draft.told.push_back("blocked");
  return true;
}

void agent_wrote(Draft& draft, const House& house, NewMessage message, Time now) {
  Status& status = draft.status;
  if (!message.note) {
    if (status.state == ConversationState::bot || status.state == ConversationState::queued) {
      give_to(status, message.author_id, message.author_name);
      status.group = group_or_default(status.group, house);
      draft.keep = true;
      draft.told.push_back("assigned");
    } else if (status.state == ConversationState::assigned) {
      draft.told.push_back("state");
    }
  }
  add(draft, std::move(message), now);
}

Result<void> bot_wrote(Draft& draft, NewMessage message, std::string_view intent) {
  if (draft.status.state != ConversationState::bot) {
    return Error{Errc::conflict, "conversation.not_with_bot", "a person has this conversation now; the bot is silent"};
  }
  if (!intent.empty() && draft.status.intent != intent) {
    draft.status.intent = intent;
    draft.keep = true;
  }
  draft.messages.push_back(std::move(message));
  return {};
}

void not_told(Draft& draft, NewMessage note, Id agent, Time now) {
  Status& status = draft.status;
  add(draft, std::move(note), now);
  draft.keep = true;
  if (status.state == ConversationState::queued) {
    draft.told.push_back("queued");
    return;
  }
  status.handoff_reason = kNotTold;
  if (with_person(status.state)) {
    status.state = ConversationState::assigned;
    draft.told.push_back("state");
    return;
  }
  if (status.state == ConversationState::resolved) draft.told.push_back("reopened");
  if (status.agent) status.previous_agent = status.agent;
  if (agent) status.previous_agent = agent;
  enqueue(status, std::string(status.group), now);
  status.notice_sent = true;  // there is no place to tell
  draft.told.push_back("handoff");
}

void system_wrote(Draft& draft, NewMessage message) { draft.messages.push_back(std::move(message)); }

bool hand_off(Draft& draft, std::string_view group, std::string_view reason, Time now) {
  Status& status = draft.status;
  if (status.state != ConversationState::bot) return false;
  enqueue(status, group, now);
  status.handoff_reason = reason;
  draft.keep = true;
  draft.told.push_back("handoff");
  return true;
}

bool place(Draft& draft, const House& house, const Facts& facts, const Placement& placement) {
  Status& status = draft.status;
  if (status.state != ConversationState::queued) return false;
  const std::string& group = placement.group.empty() ? group_or_default(status.group, house) : placement.group;
  if (placement.agent) {
    status.group = group;
    give_to(status, placement.agent, placement.agent_name);
    introduce(draft, facts, placement.agent_name);
    draft.told.push_back("assigned");
    draft.keep = true;
    return true;
  }
  if (status.notice_sent && status.group == group && status.rank == placement.rank) return false;
  status.group = group;
  status.rank = placement.rank;
  if (!status.notice_sent) {
    draft.messages.push_back(
        placement.notice.empty()
            ? system_message(notice::queued(facts.language, placement.group_name, placement.ahead), "queued")
            : system_message(placement.notice, {}));
    status.notice_sent = true;
  }
  draft.told.push_back("queued");
  draft.keep = true;
  return true;
}

Result<void> transfer(Draft& draft, const House& house, const Facts& facts, const Handover& handover, Time now) {
  Status& status = draft.status;
  if (status.state == ConversationState::resolved) {
    return Error{Errc::conflict, "conversation.resolved",
                 "this conversation is resolved; it opens again when the customer writes"};
  }
  if (handover.to_agent && with_person(status.state) && status.agent == handover.to_agent && handover.note.empty()) {
    return {};
  }
  if (!handover.note.empty()) {
    NewMessage note;
    note.author = Author::agent;
    note.author_id = handover.by;
    note.author_name = handover.by_name;
    note.note = true;
    note.content.text = handover.note;
    add(draft, std::move(note), now);
  }
  draft.keep = true;
  if (handover.to_agent) {
    const bool first = !with_person(status.state);
    const bool another = status.agent != handover.to_agent;
    if (!handover.to_group.empty()) status.group = handover.to_group;
    status.group = group_or_default(status.group, house);
    give_to(status, handover.to_agent, handover.to_agent_name);
    if (another) introduce(draft, facts, handover.to_agent_name);
    draft.told.push_back(first ? "assigned" : "transferred");
    return {};
  }
  enqueue(status, handover.to_group, now);
  // Who gave it away should not get it back for having had it.
  status.previous_agent = {};
  draft.told.push_back("transferred");
  return {};
}

bool resolve(Draft& draft, const Facts& facts, Time now) {
  Status& status = draft.status;
  if (status.state == ConversationState::resolved) return false;
  status.state = ConversationState::resolved;
  status.resolved_at = now;
  draft.messages.push_back(system_message(notice::resolved(facts.language), "resolved"));
  draft.keep = true;
  draft.told.push_back("resolved");
  return true;
}

Result<void> rate(Draft& draft, std::int32_t score, std::string_view comment) {
  Status& status = draft.status;
  if (never(status.resolved_at)) {
    return Error{Errc::conflict, "conversation.not_resolved", "a conversation can be rated once it is resolved"};
  }
  status.rating = score;
  status.rating_comment = comment;
  draft.keep = true;
  draft.told.push_back("rated");
  return {};
}

bool advances(Delivery from, Delivery to) noexcept {
  const auto height = [](Delivery state) {
    switch (state) {
      case Delivery::none:
        return -1;
      case Delivery::pending:
        return 0;
      case Delivery::unknown:
        return 1;
      case Delivery::sent:
        return 2;
      case Delivery::failed:
        return 3;
      case Delivery::delivered:
        return 4;
      case Delivery::read:
        return 5;
    }
    return -1;
  };
  return from != Delivery::none && to != Delivery::none && height(to) > height(from);
}

}  // namespace qiao::inbox
