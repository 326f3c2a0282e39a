#include "plugins/inbox/ledger.hpp"

#include "plugins/inbox/activity.hpp"
#include "plugins/inbox/records.hpp"
#include "qiao/contract/contacts.hpp"

namespace qiao::inbox {

struct Ledger::Job {
  ConversationPtr conversation;
  Id trace;
  Step step;
  Finished finished;
  // Of the last run.
  StatusPtr before;
  StatusPtr after;
  std::vector<MessageView> messages;
  std::vector<std::string_view> told;
  std::optional<Accepted> duplicate;
  std::optional<contract::IdentitySeen> newcomer;
  bool written = false;
};

namespace {

constexpr std::string_view kAuthorNames[] = {"customer", "bot", "agent", "system"};

constexpr const char* kOutdated = "conversation.outdated";

Error with_retry(Error error) {
  if (error.code == Errc::overloaded && error.retry_after.count() == 0) error.retry_after = std::chrono::seconds(1);
  return error;
}

bool moved_between(const Status& a, const Status& b) {
  return a.state != b.state || a.agent != b.agent || a.group != b.group || a.rank != b.rank ||
         a.queued_at != b.queued_at;
}

}  // namespace

Ledger::Ledger(Database& store, Bus& bus, const Clock& clock, Metrics& metrics, ConversationTable& table,
               Activity& activity)
    : store_(store),
      bus_(bus),
      clock_(clock),
      table_(table),
      activity_(activity),
      duplicates_(metrics.counter("qiao_inbox_duplicates_total", "Messages that were there already")) {
  for (std::size_t i = 0; i < stored_.size(); ++i) {
    stored_[i] =
        &metrics.counter("qiao_inbox_messages_total", "Messages stored", {{"author", std::string(kAuthorNames[i])}});
  }
}

void Ledger::begin() {
  const std::lock_guard lock(mutex_);
  ++under_way_;
}

void Ledger::end() {
  const std::lock_guard lock(mutex_);
  if (--under_way_ == 0) idle_.notify_all();
}

bool Ledger::wait_idle(SteadyTime deadline) {
  std::unique_lock lock(mutex_);
  return idle_.wait_until(lock, deadline, [this] { return under_way_ == 0; });
}

void Ledger::write(std::uint64_t partition, Database::Work work, Database::Done done, Priority priority) {
  begin();
  store_.write(
      partition, std::move(work),
      [this, done = std::move(done)](Result<void> result) {
        done(std::move(result));
        end();
      },
      priority);
}

void Ledger::change(ConversationPtr conversation, Id trace, Step step, Finished finished) {
  begin();
  auto job = std::make_shared<Job>();
  job->trace = trace;
  job->step = std::move(step);
  job->finished = std::move(finished);
  const auto partition = static_cast<std::uint64_t>(conversation->facts.id.value);
  const Priority priority = conversation->stored() ? Priority::service : Priority::open;
  job->conversation = std::move(conversation);
  // What is done at the end owns the job; the work before it borrows it.
  Job* const borrowed = job.get();
  store_.write(
      partition, [this, borrowed](Session& session) { return run(*borrowed, session); },
      [this, job = std::move(job)](Result<void> result) {
        done(*job, std::move(result));
        end();
      },
      priority);
}

Result<void> Ledger::reload(Conversation& conversation, Session& session) {
  Conversation::Ahead& ahead = conversation.ahead;
  auto loaded = table_.records().conversation(session, conversation.facts.id);
  if (!loaded) return loaded.error();
  ahead.stored = loaded->has_value();
  ahead.keys = {};
  if (auto keys = records::read_keys(session, conversation.facts, ahead.keys, ahead.previous); !keys) return keys;
  ahead.status = *loaded ? std::make_shared<const Status>(std::move((*loaded)->status)) : conversation.initial;
  ahead.loaded = true;
  return {};
}

Result<void> Ledger::reread(Job& job, Session& session) {
  Conversation& conversation = *job.conversation;
  Conversation::Ahead& ahead = conversation.ahead;
  job.written = false;
  if (conversation.erased) return Error{Errc::not_found, "conversation.not_found", "this conversation was erased"};
  if (ahead.loaded && ahead.stored) {
    auto same = records::unchanged(session, conversation.facts.id, ahead.status->version);
    if (!same) return same.error();
    auto seq = records::last_seq(session, conversation.facts.id);
    if (!seq) return seq.error();
    // Everything that is not in the row follows from the messages.
    if (*same && *seq == ahead.status->last_seq) return {};
  }
  job.before = ahead.status;
  if (auto done = reload(conversation, session); !done) return done;
  job.after = ahead.status;
  job.written = ahead.stored;
  return {};
}

void Ledger::refresh(ConversationPtr conversation) {
  auto job = std::make_shared<Job>();
  const auto partition = static_cast<std::uint64_t>(conversation->facts.id.value);
  job->conversation = std::move(conversation);
  write(
      partition, [this, job](Session& session) { return reread(*job, session); },
      [this, job](const Result<void>& result) {
        if (!result) return;
        if (job->written) job->conversation->commit(job->after);
        const StatusPtr now = job->conversation->status();
        if (moved_) moved_(job->conversation, job->written ? *job->before : *now, *now);
      },
      Priority::enrich);
}

Result<void> Ledger::run(Job& job, Session& session) {
  Conversation& conversation = *job.conversation;
  Conversation::Ahead& ahead = conversation.ahead;
  // A second time when somebody wrote without this memory, another generation for instance: then the table knows
  // better.
  if (conversation.erased) return Error{Errc::conflict, kIdentityTaken, "this conversation was erased"};
  for (const bool last : {false, true}) {
    if (!ahead.loaded) {
      if (auto done = reload(conversation, session); !done) return done;
    }
    const Time now = whole_ms(clock_.now());
    Draft draft{*ahead.status, false, {}, {}};
    if (auto done = job.step(draft, now); !done) return done;
    job.told = std::move(draft.told);
    job.duplicate.reset();
    job.newcomer.reset();
    job.messages.clear();
    job.written = !draft.messages.empty() || draft.keep;
    job.after = ahead.status;
    if (!job.written) return {};

    if (auto looked = find_duplicate(job, draft.messages, session); !looked) return looked;
    if (job.duplicate) {
      job.written = false;
      job.told.clear();
      return {};
    }
    auto stored = check_row(job, draft, session);
    if (stored) stored = store_messages(job, draft, session, now);
    if (!stored && stored.error().id == kOutdated && !last) {
      ahead.loaded = false;
      continue;
    }
    if (!stored) return stored;
    draft.status.changed_at = std::max(draft.status.changed_at, now);
    if (auto row = store_row(job, draft, session, now); !row) return row;
    session.on_rollback([&ahead] { ahead.loaded = false; });
    job.after = std::make_shared<const Status>(std::move(draft.status));
    job.before = std::exchange(ahead.status, job.after);
    ahead.stored = true;
    if (!draft.messages.empty() && !draft.messages.front().dedupe.empty())
      ahead.keys.add(draft.messages.front().dedupe);
    break;
  }
  return {};
}

/// Before anything is written: `kOutdated` when the row is not the one that the step has seen.
Result<void> Ledger::check_row(Job& job, Draft& draft, Session& session) {
  const Conversation& conversation = *job.conversation;
  if (!draft.keep || !conversation.ahead.stored) return {};
  auto current = records::unchanged(session, conversation.facts.id, conversation.ahead.status->version);
  if (!current) return current.error();
  if (!*current) return Error{Errc::conflict, kOutdated, "the conversation was changed elsewhere; try again"};
  ++draft.status.version;
  return {};
}

Result<void> Ledger::store_messages(Job& job, Draft& draft, Session& session, Time now) {
  const Id contact = job.conversation->contact();
  for (NewMessage& m : draft.messages) {
    const Time at = never(m.at) ? now : m.at;
    follow(draft.status, m.author, m.note, m.content.text, !m.content.attachments.empty() || !m.content.cards.empty(),
           at);
    MessageView& view = job.messages.emplace_back();
    view.id = new_id();
    view.conversation = job.conversation->facts.id;
    view.seq = draft.status.last_seq;
    view.author = m.author;
    view.author_id = m.author_id;
    view.author_name = std::move(m.author_name);
    view.note = m.note;
    view.content = std::move(m.content);
    view.delivery = m.note || m.author == Author::customer ? Delivery::none : Delivery::pending;
    view.client_id = std::move(m.client_id);
    view.at = at;
    auto inserted = table_.records().insert_message(session, contact, view, m.dedupe);
    if (inserted) continue;
    // Only the first one can find its place taken; the ones after it have theirs from it.
    if (inserted.error().code != Errc::conflict || job.messages.size() > 1) return inserted;
    return Error{Errc::conflict, kOutdated, "the place of this message is taken; try again"};
  }
  return {};
}

/// Whether the first message, the only one that somebody may repeat, is stored already.
Result<void> Ledger::find_duplicate(Job& job, const std::vector<NewMessage>& messages, Session& session) {
  if (messages.empty() || messages.front().dedupe.empty()) return {};
  const Conversation::Ahead& ahead = job.conversation->ahead;
  const std::string& key = messages.front().dedupe;
  if (!ahead.keys.may_have(key)) return {};
  for (const Id conversation : {job.conversation->facts.id, ahead.previous}) {
    auto found = records::find_duplicate(session, conversation, key);
    if (!found) return found.error();
    job.duplicate = *found;
    if (job.duplicate) break;
  }
  return {};
}

Result<void> Ledger::store_row(Job& job, const Draft& draft, Session& session, Time now) {
  const Conversation& conversation = *job.conversation;
  if (conversation.ahead.stored) {
    if (!draft.keep) return {};
    return table_.records().update_conversation(session, conversation.facts.id, conversation.contact(), draft.status);
  }
  job.told.insert(job.told.begin(), "opened");
  const Facts& facts = conversation.facts;
  const Error taken{Errc::conflict, kIdentityTaken, "this customer has just become known elsewhere; try again"};
  const Conversation::Customer customer = conversation.customer();
  if (conversation.fresh_contact) {
    auto contact = table_.records().insert_contact(session, facts, customer, now);
    if (!contact && contact.error().code == Errc::conflict) return taken;
    if (!contact) return contact;
    job.newcomer = contract::IdentitySeen{customer.contact, facts.channel,  facts.user, customer.name,
                                          facts.site,       facts.language, now,        customer.generated};
    return table_.records().insert_conversation(session, facts, customer.contact, draft.status);
  }
  // Memory may not know yet that the contact was joined with another one.
  auto known = table_.records().contact_of(session, facts.channel, facts.user);
  if (!known) return known.error();
  if (!*known) return taken;
  return table_.records().insert_conversation(session, facts, (*known)->id, draft.status);
}

void Ledger::done(Job& job, Result<void> result) {
  if (!result) {
    if (result.error().id == kIdentityTaken) table_.forget(*job.conversation);
    job.finished(with_retry(result.error()));
    return;
  }
  Outcome outcome;
  outcome.conversation = job.conversation;
  if (!job.written) {
    outcome.status = job.conversation->status();
    if (job.duplicate) {
      duplicates_.add();
      outcome.accepted = *job.duplicate;
    }
    job.finished(std::move(outcome));
    return;
  }
  outcome.status = job.after;
  job.conversation->commit(job.after);
  activity_.touch(job.conversation);
  if (moved_ && moved_between(*job.before, *job.after)) moved_(job.conversation, *job.before, *job.after);
  if (!job.messages.empty()) {
    const MessageView& first = job.messages.front();
    outcome.accepted = {first.conversation, first.id, first.seq, false, first.at};
  }
  tell(job);
  job.finished(std::move(outcome));
}

void Ledger::tell(Job& job) {
  PublishOptions options;
  options.trace = job.trace;
  // Each event has a view of its own; the last one takes the one that is made here.
  ConversationView made = job.conversation->view();
  std::size_t left = job.messages.size() + job.told.size();
  const auto view = [&] { return --left == 0 ? std::move(made) : made; };
  for (MessageView& message : job.messages) {
    stored_[static_cast<std::size_t>(message.author)]->add();
    // A subscriber that is full has its own repair: screens resume by sequence, the outbox is read again.
    if (message.delivery == Delivery::pending) {
      const Facts& facts = job.conversation->facts;
      (void)bus_.publish(contract::MessageStored{message, view()}, options);
      (void)bus_.publish(contract::MessageOutgoing{facts.channel, facts.user, std::move(message)}, options);
    } else {
      (void)bus_.publish(contract::MessageStored{std::move(message), view()}, options);
    }
  }
  for (const std::string_view what : job.told) {
    (void)bus_.publish(contract::ConversationChanged{view(), std::string(what)}, options);
  }
  options.priority = Priority::open;
  if (job.newcomer) (void)bus_.publish(std::move(*job.newcomer), options);
}

}  // namespace qiao::inbox
