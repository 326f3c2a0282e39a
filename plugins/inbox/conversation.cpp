#include "plugins/inbox/conversation.hpp"

namespace qiao::inbox {
namespace {

const StatusPtr& nothing_yet() {
  static const StatusPtr status = std::make_shared<const Status>();
  return status;
}

}  // namespace

Conversation::Conversation(Facts what, Customer who, Status status)
    : facts(std::move(what)),
      fresh_contact(who.fresh),
      initial(std::make_shared<const Status>(std::move(status))),
      ahead{initial, {}, {}, false, false},
      now_(initial),
      customer_(std::move(who)),
      stored_(false) {}

Conversation::Conversation(Facts what, Customer who, ReadMarks marks, Ahead read)
    : facts(std::move(what)),
      fresh_contact(false),
      initial(nothing_yet()),
      ahead(std::move(read)),
      now_(ahead.status),
      customer_(std::move(who)),
      marks_(marks),
      stored_(true) {}

void Conversation::commit(StatusPtr status) {
  const std::lock_guard lock(mutex_);
  now_.swap(status);  // the one before is destroyed after the lock
  stored_ = true;
  if (now_->state != ConversationState::queued) place_ = estimate_s_ = 0;
}

ConversationView Conversation::view() const {
  const std::lock_guard lock(mutex_);
  const Status& now = *now_;
  ConversationView v;
  v.id = facts.id;
  v.contact = customer_.contact;
  v.contact_name = customer_.name;
  v.channel = facts.channel;
  v.user = facts.user;
  v.site = facts.site;
  v.language = facts.language;
  v.state = now.state;
  v.group = now.group;
  v.agent = now.agent;
  v.agent_name = now.agent_name;
  v.last_seq = now.last_seq;
  v.read_by_customer = marks_.customer;
  v.read_by_agent = marks_.agent;
  v.preview = now.preview;
  v.preview_author = now.preview_author;
  v.intent = now.intent;
  v.handoff_reason = now.handoff_reason;
  if (now.state == ConversationState::queued) {
    v.queue_place = place_;
    v.queue_estimate_s = estimate_s_;
  }
  v.rating = now.rating;
  v.opened_at = facts.opened_at;
  v.changed_at = now.changed_at;
  v.queued_at = now.queued_at;
  v.resolved_at = now.resolved_at;
  return v;
}

StatusPtr Conversation::status() const {
  const std::lock_guard lock(mutex_);
  return now_;
}

ConversationState Conversation::state() const {
  const std::lock_guard lock(mutex_);
  return now_->state;
}

Time Conversation::closed_at() const {
  const std::lock_guard lock(mutex_);
  return now_->state == ConversationState::resolved ? now_->resolved_at : Time{};
}

bool Conversation::stored() const {
  const std::lock_guard lock(mutex_);
  return stored_;
}

Conversation::Customer Conversation::customer() const {
  const std::lock_guard lock(mutex_);
  return customer_;
}

Id Conversation::contact() const {
  const std::lock_guard lock(mutex_);
  return customer_.contact;
}

bool Conversation::set_customer(Id contact, const std::string& name, bool generated, bool blocked) {
  const std::lock_guard lock(mutex_);
  if (customer_.contact == contact && customer_.name == name && customer_.generated == generated &&
      customer_.blocked == blocked) {
    return false;
  }
  customer_.contact = contact;
  customer_.name = name;
  customer_.generated = generated;
  customer_.blocked = blocked;
  return true;
}

void Conversation::rename(std::string name) {
  const std::lock_guard lock(mutex_);
  customer_.name = std::move(name);
  customer_.generated = false;
}

ReadMarks Conversation::marks() const {
  const std::lock_guard lock(mutex_);
  return marks_;
}

bool Conversation::mark_read(Author reader, std::int64_t seq) {
  const std::lock_guard lock(mutex_);
  seq = std::min(seq, now_->last_seq);
  std::int64_t& mark = reader == Author::customer ? marks_.customer : marks_.agent;
  if (seq <= mark) return false;
  mark = seq;
  return true;
}

bool Conversation::set_place(std::int32_t place, std::int32_t estimate_s) {
  const std::lock_guard lock(mutex_);
  if (place_ == place && estimate_s_ == estimate_s) return false;
  place_ = place;
  estimate_s_ = estimate_s;
  return true;
}

std::int32_t Conversation::place() const {
  const std::lock_guard lock(mutex_);
  return place_;
}

}  // namespace qiao::inbox
