#include "plugins/inbox/desk.hpp"

#include "plugins/inbox/records.hpp"

namespace qiao::inbox {
namespace {

using namespace std::chrono_literals;

/// One thread: what runs here runs one after the other, and may read the database.
const Lane kDeskLane{.kind = Lane::blocking, .capacity = 16384, .concurrency = 1, .name = "desk"};
constexpr auto kRoutingDeadline = 2s;
constexpr auto kPlacesEvery = 1s;

}  // namespace

Desk::Desk(Database& store, Bus& bus, const Clock& clock, Logger& log, Metrics& metrics, ConversationTable& table,
           Ledger& ledger, Directory& directory, const Settings& settings)
    : store_(store),
      bus_(bus),
      clock_(clock),
      log_(log),
      table_(table),
      ledger_(ledger),
      directory_(directory),
      settings_(settings),
      waiting_(metrics.gauge("qiao_inbox_queued", "Conversations that wait for a person")),
      handovers_(metrics.counter("qiao_inbox_assignments_total", "Conversations that routing gave to a person")) {}

Result<void> Desk::rebuild() {
  records::Open open;
  auto read = store_.read([&](Session& session) -> Result<void> {
    auto found = records::open_conversations(session);
    if (!found) return found.error();
    open = std::move(*found);
    return {};
  });
  if (!read) return read;
  std::vector<ConversationPtr> waiting;
  for (const Id id : open.queued) {
    auto conversation = table_.fetch(id);
    if (!conversation) return conversation.error();
    waiting.push_back(std::move(*conversation));
  }
  const std::lock_guard lock(mutex_);
  loads_.replace(open.served);
  for (const ConversationPtr& conversation : waiting) {
    if (const StatusPtr status = conversation->status(); status->state == ConversationState::queued) {
      put_locked(conversation, *status);
    }
  }
  for (const QueueBoard::Move& move : board_.moves()) {
    queued_.at(move.conversation)->set_place(move.place, move.estimate_s);
  }
  return {};
}

void Desk::resync(std::function<void()> then) {
  // Read among the writes and applied among what follows them: nothing can come between.
  auto open = std::make_shared<records::Open>();
  ledger_.write(
      0,
      [open](Session& session) -> Result<void> {
        auto found = records::open_conversations(session);
        if (!found) return found.error();
        *open = std::move(*found);
        return {};
      },
      [this, open, then = std::move(then)](const Result<void>& result) {
        if (!result) return;
        std::vector<Id> missing;
        {
          const std::lock_guard lock(mutex_);
          loads_.replace(open->served);
          for (const Id id : open->queued) {
            if (!board_.has(id)) missing.push_back(id);
          }
        }
        (void)bus_.post(kDeskLane, [this, missing = std::move(missing), then] {
          then();
          for (const Id id : missing) {
            if (auto conversation = table_.fetch(id)) ledger_.refresh(std::move(*conversation));
          }
        });
      },
      Priority::enrich);
}

void Desk::put_locked(const ConversationPtr& conversation, const Status& status) {
  board_.put(status.group, {status.rank, status.queued_at, conversation->facts.id});
  queued_[conversation->facts.id] = conversation;
  waiting_.set(static_cast<std::int64_t>(board_.size()));
}

void Desk::moved(const ConversationPtr& conversation, const Status& before, const Status& after) {
  const Id id = conversation->facts.id;
  bool work = false;
  std::unique_lock lock(mutex_);
  if (after.state == ConversationState::queued) {
    put_locked(conversation, after);
    if (before.state != ConversationState::queued || before.queued_at != after.queued_at) {
      unplaced_.push_back(conversation);
      open_questions_.insert(id);
      work = true;
    }
  } else if (board_.remove(id)) {
    queued_.erase(id);
    waiting_.set(static_cast<std::int64_t>(board_.size()));
  }
  loads_.set(id, with_person(after.state) ? after.agent : Id{});
  const bool freed = with_person(before.state) && (!with_person(after.state) || after.agent != before.agent);
  if (freed) {
    for (std::string& group : board_.groups()) heads_.insert(std::move(group));
    work = work || !heads_.empty();
  }
  const bool places = !places_scheduled_ && board_.size() > 0;
  if (places) places_scheduled_ = true;
  lock.unlock();
  if (places) bus_.after(kPlacesEvery, kDeskLane, [this] { tell_places(); });
  if (work) kick();
}

void Desk::tell_places() {
  std::vector<std::pair<ConversationPtr, QueueBoard::Move>> moved;
  {
    const std::lock_guard lock(mutex_);
    places_scheduled_ = false;
    for (const QueueBoard::Move& move : board_.moves()) moved.emplace_back(queued_.at(move.conversation), move);
  }
  for (const auto& [conversation, move] : moved) {
    if (!conversation->set_place(move.place, move.estimate_s)) continue;
    PublishOptions options;
    options.priority = Priority::background;
    (void)bus_.publish(contract::ConversationChanged{conversation->view(), "place"}, options);
  }
}

void Desk::when_routed(const ConversationPtr& conversation, Routed routed) {
  {
    const std::lock_guard lock(mutex_);
    if (open_questions_.contains(conversation->facts.id)) {
      listeners_[conversation->facts.id].push_back(std::move(routed));
      return;
    }
  }
  routed(conversation->view());
}

void Desk::try_heads() {
  {
    const std::lock_guard lock(mutex_);
    for (std::string& group : board_.groups()) heads_.insert(std::move(group));
    if (heads_.empty()) return;
  }
  kick();
}

void Desk::sweep() {
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, conversation] : queued_) {
      if (open_questions_.contains(id) || conversation->status()->notice_sent) continue;
      unplaced_.push_back(conversation);
      open_questions_.insert(id);
    }
  }
  kick();
  try_heads();
}

void Desk::kick() {
  // When the lane is full there is work on it already, and each question asks for the next one.
  (void)bus_.post(kDeskLane, [this] { step(); });
}

void Desk::step() {
  Question question;
  while (!asking_ && next(question)) ask(std::move(question));
}

bool Desk::next(Question& question) {
  const std::lock_guard lock(mutex_);
  if (!unplaced_.empty()) {
    question = {std::move(unplaced_.front()), false, {}, 0};
    unplaced_.pop_front();
    return true;
  }
  while (!heads_.empty()) {
    const std::string group = *heads_.begin();
    // Those in front whose answer is being written still stand on the board.
    for (const Id id : board_.line(group, 0, open_questions_.size() + 1)) {
      if (open_questions_.contains(id)) continue;
      open_questions_.insert(id);
      question = {queued_.at(id), true, group, 0};
      return true;
    }
    heads_.erase(group);
  }
  return false;
}

void Desk::ask(Question question) {
  const StatusPtr status = question.conversation->status();
  if (status->state != ConversationState::queued) return settle(question.conversation);
  const Id id = question.conversation->facts.id;
  contract::DecideRoute decide;
  decide.conversation = question.conversation->view();
  decide.group_hint = status->group;
  decide.in_app = status->in_app;
  decide.previous_agent = status->previous_agent;
  (void)store_.read([&](Session& session) -> Result<void> {
    auto words = table_.records().last_words(session, id);
    if (!words) return words.error();
    decide.text = std::move(*words);
    return {};
  });
  {
    const std::lock_guard lock(mutex_);
    decide.ahead = board_.ahead_of(status->group, {status->rank, status->queued_at, id});
    decide.loads = loads_.all();
    question.ahead = decide.ahead;
  }
  asking_ = true;
  bus_.request(std::move(decide), RequestOptions{kRoutingDeadline},
               [this, question = std::move(question)](const Result<contract::RouteDecision>& decision) {
                 asking_ = false;
                 decided(question, decision);
                 kick();
               });
}

void Desk::decided(const Question& question, const Result<contract::RouteDecision>& decision) {
  const ConversationPtr& conversation = question.conversation;
  // The hub stops: the queue is read again at the next start.
  if (!decision && hub_stops(decision.error())) return settle(conversation);
  const Id id = conversation->facts.id;
  const StatusPtr status = conversation->status();
  Placement placement;
  placement.group = status->group;
  placement.rank = status->rank;
  if (decision) {
    if (!decision->group.empty()) placement.group = decision->group;
    placement.rank = decision->rank;
    placement.agent = decision->agent;
    placement.agent_name = decision->agent_name;
    placement.notice = decision->notice;
  } else if (decision.error().id != "bus.no_server") {
    log_.warn("routing gave no answer, the conversation stays in its queue: {}, conversation={}",
              decision.error().message, id.value);
  }
  const House house{settings_.get()->default_group};
  if (placement.group.empty()) placement.group = house.default_group;
  placement.group_name = directory_.group_name(placement.group, conversation->facts.language);
  std::int32_t estimate = 0;
  {
    const std::lock_guard lock(mutex_);
    if (placement.agent) {
      loads_.reserve(id, placement.agent);
    } else {
      heads_.erase(question.group);
      placement.ahead = board_.ahead_of(placement.group, {placement.rank, status->queued_at, id});
      if (decision) board_.learn_pace(placement.group, question.ahead + 1, decision->estimate_s);
      estimate = board_.estimate(placement.group, placement.ahead + 1);
    }
  }
  if (!placement.agent) {
    if (status->notice_sent && status->group == placement.group && status->rank == placement.rank) {
      return settle(conversation);
    }
    if (!question.head) conversation->set_place(placement.ahead + 1, estimate);
  }
  const Id trace;
  ledger_.change(
      conversation, trace,
      [placement, house, c = conversation.get()](Draft& draft, Time) -> Result<void> {
        place(draft, house, c->facts, placement);
        return {};
      },
      [this, placement, conversation](const Result<Outcome>& outcome) {
        if (!outcome) {
          log_.error("where a conversation goes could not be written, it is tried again: {}, conversation={}",
                     outcome.error().message, conversation->facts.id.value);
          // Trying the next head at once would turn a database that is away into a busy loop.
          const std::lock_guard lock(mutex_);
          heads_.clear();
        } else if (placement.agent && outcome->status->agent == placement.agent) {
          handovers_.add();
        }
        settle(conversation);
      });
}

void Desk::settle(const ConversationPtr& conversation) {
  std::vector<Routed> listeners;
  bool heads = false;
  {
    const std::lock_guard lock(mutex_);
    loads_.release(conversation->facts.id);
    open_questions_.erase(conversation->facts.id);
    if (auto found = listeners_.extract(conversation->facts.id)) listeners = std::move(found.mapped());
    heads = !heads_.empty();
  }
  for (const Routed& routed : listeners) routed(conversation->view());
  if (heads) kick();
}

}  // namespace qiao::inbox
