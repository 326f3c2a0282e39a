#include "plugins/inbox/conversation_table.hpp"

#include "plugins/inbox/records.hpp"
#include "plugins/inbox/text.hpp"

namespace qiao::inbox {
namespace {

const Lane kLoadLane{.kind = Lane::blocking, .capacity = 8192, .concurrency = 2, .name = "load"};

Error not_found(Id id) {
  return Error{Errc::not_found, "conversation.not_found", fmt::format("there is no conversation {}", id.value)};
}

Error busy() {
  Error error{Errc::overloaded, "inbox.overloaded", "too many conversations are being read; try again in a moment"};
  error.retry_after = std::chrono::seconds(1);
  return error;
}

/// A conversation as it is read; null when there is none.
Result<ConversationPtr> made(Session& session, Result<std::optional<records::Loaded>> read) {
  if (!read) return read.error();
  if (!*read) return ConversationPtr{};
  records::Loaded& loaded = **read;
  Conversation::Ahead ahead{std::make_shared<const Status>(std::move(loaded.status)), {}, {}, true, true};
  if (auto keys = records::read_keys(session, loaded.facts, ahead.keys, ahead.previous); !keys) return keys.error();
  return std::make_shared<Conversation>(std::move(loaded.facts), std::move(loaded.customer), loaded.marks,
                                        std::move(ahead));
}

}  // namespace

ConversationTable::ConversationTable(Database& store, Bus& bus, const Clock& clock, const Records& records,
                                     std::size_t capacity, Duration reopen_within)
    : store_(store), bus_(bus), clock_(clock), records_(records), capacity_(capacity), reopen_within_(reopen_within) {}

ConversationPtr ConversationTable::cached(Id id) {
  const std::lock_guard lock(mutex_);
  const auto it = by_id_.find(id);
  if (it == by_id_.end()) return nullptr;
  use_locked(*it->second);
  return it->second;
}

ConversationPtr ConversationTable::peek(Id id) {
  const std::lock_guard lock(mutex_);
  const auto it = by_id_.find(id);
  return it == by_id_.end() ? nullptr : it->second;
}

ConversationPtr ConversationTable::cached(const std::string& channel, const std::string& user) {
  const std::lock_guard lock(mutex_);
  const auto caller = by_caller_.find(CallerName{channel, user});
  if (caller == by_caller_.end()) return nullptr;
  const ConversationPtr& newest = caller->second;
  if (over_locked(*newest)) return begin_another_locked(*newest);
  use_locked(*newest);
  return newest;
}

bool ConversationTable::over_locked(const Conversation& conversation) const {
  const Time closed = conversation.closed_at();
  return !never(closed) && clock_.now() - closed > reopen_within_;
}

ConversationPtr ConversationTable::begin_another_locked(const Conversation& before) {
  const StatusPtr old = before.status();
  Facts facts = before.facts;
  facts.id = new_id();
  facts.opened_at = whole_ms(clock_.now());
  Status status;
  status.previous_agent = old->agent ? old->agent : old->previous_agent;
  status.changed_at = facts.opened_at;
  Conversation::Customer customer = before.customer();
  customer.fresh = false;
  return insert_locked(std::make_shared<Conversation>(std::move(facts), std::move(customer), std::move(status)), true);
}

void ConversationTable::use_locked(Conversation& conversation) {
  order_.splice(order_.end(), order_, conversation.used_);
}

ConversationPtr ConversationTable::insert(ConversationPtr conversation, bool newest) {
  const std::lock_guard lock(mutex_);
  return insert_locked(std::move(conversation), newest);
}

ConversationPtr ConversationTable::insert_locked(ConversationPtr conversation, bool newest) {
  const auto [it, added] = by_id_.try_emplace(conversation->facts.id, conversation);
  if (added) {
    conversation->used_ = order_.insert(order_.end(), conversation.get());
  }
  const ConversationPtr kept = it->second;
  if (newest) by_caller_[CallerKey{kept->facts.channel, kept->facts.user}] = kept;
  if (added) trim_locked();
  return kept;
}

void ConversationTable::trim_locked() {
  // The oldest few that nobody holds go; a run of held ones at the front is stepped over, so the work stays bounded.
  auto it = order_.begin();
  for (int looked = 0; by_id_.size() > capacity_ && looked < 16 && it != order_.end(); ++looked) {
    Conversation* conversation = *it;
    const auto entry = by_id_.find(conversation->facts.id);
    const auto caller = by_caller_.find(CallerName{conversation->facts.channel, conversation->facts.user});
    const bool newest = caller != by_caller_.end() && caller->second == entry->second;
    if (entry->second.use_count() > (newest ? 2 : 1)) {
      ++it;
      continue;
    }
    if (newest) by_caller_.erase(caller);
    it = order_.erase(it);
    by_id_.erase(entry);
  }
}

void ConversationTable::forget(const Conversation& conversation) {
  const std::lock_guard lock(mutex_);
  const auto caller = by_caller_.find(CallerName{conversation.facts.channel, conversation.facts.user});
  if (caller != by_caller_.end() && caller->second.get() == &conversation) by_caller_.erase(caller);
  const auto entry = by_id_.find(conversation.facts.id);
  if (entry == by_id_.end() || entry->second.get() != &conversation) return;
  order_.erase(entry->second->used_);
  by_id_.erase(entry);
}

void ConversationTable::load(Id id, Found found) {
  {
    const std::lock_guard lock(mutex_);
    std::vector<Found>& waiting = loading_[id];
    waiting.push_back(std::move(found));
    if (waiting.size() > 1) return;
  }
  if (bus_.post(kLoadLane, [this, id] { run_load(id); })) return;
  std::vector<Found> refused;
  {
    const std::lock_guard lock(mutex_);
    refused = std::move(loading_.extract(id).mapped());
  }
  for (Found& f : refused) f(busy());
}

void ConversationTable::run_load(Id id) {
  Result<ConversationPtr> result = fetch(id);
  std::vector<Found> waiting;
  {
    const std::lock_guard lock(mutex_);
    waiting = std::move(loading_.extract(id).mapped());
  }
  for (Found& found : waiting) found(result);
}

void ConversationTable::load(Caller caller, Found found) {
  CallerKey key{caller.channel, caller.user};
  {
    const std::lock_guard lock(mutex_);
    LoadingCaller& loading = loading_callers_[key];
    loading.waiting.push_back(std::move(found));
    if (loading.waiting.size() > 1) return;
    loading.caller = std::move(caller);
  }
  if (bus_.post(kLoadLane, [this, key] { run_load(key); })) return;
  std::vector<Found> refused;
  {
    const std::lock_guard lock(mutex_);
    refused = std::move(loading_callers_.extract(key).mapped().waiting);
  }
  for (Found& f : refused) f(busy());
}

void ConversationTable::run_load(const CallerKey& key) {
  Caller caller;
  {
    const std::lock_guard lock(mutex_);
    caller = loading_callers_.at(key).caller;
  }
  const Result<ConversationPtr> result = read_caller(caller);
  std::vector<Found> waiting;
  {
    // Whoever asks from here on finds the conversation in memory: it was put there before this entry goes.
    const std::lock_guard lock(mutex_);
    waiting = std::move(loading_callers_.extract(key).mapped().waiting);
  }
  for (Found& found : waiting) found(result);
}

Result<ConversationPtr> ConversationTable::read_caller(const Caller& caller) {
  if (ConversationPtr conversation = cached(caller.channel, caller.user)) return conversation;
  const std::uint64_t moves = moves_.load();
  ConversationPtr found;
  std::optional<records::KnownContact> contact;
  auto read = store_.read([&](Session& session) -> Result<void> {
    auto newest = made(session, records_.newest_of(session, caller.channel, caller.user));
    if (!newest) return newest.error();
    found = std::move(*newest);
    if (found) return {};
    auto known = records_.contact_of(session, caller.channel, caller.user);
    if (!known) return known.error();
    contact = std::move(*known);
    return {};
  });
  if (!read) return read.error();
  if (moves != moves_.load()) return read_caller(caller);
  if (found) {
    const std::lock_guard lock(mutex_);
    ConversationPtr conversation = insert_locked(std::move(found), true);
    return over_locked(*conversation) ? begin_another_locked(*conversation) : conversation;
  }
  Facts facts;
  facts.id = new_id();
  facts.channel = caller.channel;
  facts.user = caller.user;
  facts.site = caller.site;
  facts.language = caller.language.empty() ? language_of(caller.text) : caller.language;
  facts.opened_at = whole_ms(clock_.now());
  Conversation::Customer customer;
  customer.contact = contact ? contact->id : new_id();
  customer.fresh = !contact;
  customer.generated = contact ? contact->generated : caller.name.empty();
  customer.blocked = contact && contact->blocked;
  customer.name = contact               ? contact->name
                  : caller.name.empty() ? notice::visitor_name(facts.language, customer.contact)
                                        : caller.name;
  Status status;
  status.changed_at = facts.opened_at;
  return insert(std::make_shared<Conversation>(std::move(facts), std::move(customer), std::move(status)), true);
}

Result<ConversationPtr> ConversationTable::fetch(Id id) {
  if (ConversationPtr conversation = cached(id)) return conversation;
  const std::uint64_t moves = moves_.load();
  ConversationPtr found;
  auto read = store_.read([&](Session& session) -> Result<void> {
    auto one = made(session, records_.conversation(session, id));
    if (!one) return one.error();
    found = std::move(*one);
    return {};
  });
  if (!read) return read.error();
  if (!found) return not_found(id);
  if (moves != moves_.load()) return fetch(id);
  return insert(std::move(found), false);
}

ConversationPtr ConversationTable::newest(const std::string& channel, const std::string& user) {
  const std::lock_guard lock(mutex_);
  const auto caller = by_caller_.find(CallerName{channel, user});
  if (caller == by_caller_.end()) return nullptr;
  return caller->second->stored() ? caller->second : nullptr;
}

Result<ConversationPtr> ConversationTable::fetch_newest(const std::string& channel, const std::string& user) {
  if (ConversationPtr conversation = newest(channel, user)) return conversation;
  const std::uint64_t moves = moves_.load();
  ConversationPtr found;
  auto read = store_.read([&](Session& session) -> Result<void> {
    auto one = made(session, records_.newest_of(session, channel, user));
    if (!one) return one.error();
    found = std::move(*one);
    return {};
  });
  if (!read) return read.error();
  if (!found) return ConversationPtr{};
  if (moves != moves_.load()) return fetch_newest(channel, user);
  // Not as the caller's newest: one that is being opened right now may be in memory already.
  return insert(std::move(found), false);
}

std::vector<ConversationPtr> ConversationTable::of_contact(Id contact) {
  std::vector<ConversationPtr> found;
  const std::lock_guard lock(mutex_);
  for (const auto& [id, conversation] : by_id_) {
    if (conversation->contact() == contact) found.push_back(conversation);
  }
  return found;
}

std::vector<ConversationPtr> ConversationTable::of_identity(const contract::Identity& identity) {
  std::vector<ConversationPtr> found;
  const std::lock_guard lock(mutex_);
  for (const auto& [id, conversation] : by_id_) {
    if (conversation->facts.user == identity.user && conversation->facts.channel == identity.channel) {
      found.push_back(conversation);
    }
  }
  return found;
}

std::vector<ConversationPtr> ConversationTable::all() {
  std::vector<ConversationPtr> list;
  const std::lock_guard lock(mutex_);
  list.reserve(by_id_.size());
  for (const auto& [id, conversation] : by_id_) list.push_back(conversation);
  return list;
}

std::size_t ConversationTable::size() const {
  const std::lock_guard lock(mutex_);
  return by_id_.size();
}

void ConversationTable::set_reopen_within(Duration duration) {
  const std::lock_guard lock(mutex_);
  reopen_within_ = duration;
}

}  // namespace qiao::inbox
