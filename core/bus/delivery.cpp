// The paths of messages through the hub: publishing, asking, replaying. Publishing and asking take no lock of the hub.
#include <fmt/format.h>

#include "core/bus/hub.hpp"
#include "qiao/codec.hpp"

namespace qiao::core::bus {
namespace {

Error stopping() { return {Errc::unavailable, "bus.stopping", "the hub is stopping and takes no new messages"}; }

Error full(LaneState& lane) {
  lane.counters.rejected.fetch_add(1, std::memory_order_relaxed);
  return {Errc::overloaded, "bus.overloaded",
          fmt::format("lane \"{}\" of {} is full ({} messages wait); try again later", lane.name, lane.instance.name(),
                      lane.capacity)};
}

Error dropped() { return {Errc::overloaded, "bus.dropped", "newer messages pushed it out of a full queue"}; }

}  // namespace

void Hub::fill_headers(Instance& from, Message& message, Priority priority, std::uint64_t partition, Id id,
                       Id trace) const {
  Headers& h = message.headers;
  h.id = id ? id : new_id();
  const Id current = current_trace().trace;
  h.trace = trace ? trace : current ? current : h.id;
  h.partition = partition;
  h.priority = priority;
  h.source = from.name();
}

bool Hub::may_wait(const ThreadContext& context, const Queue& queue) const noexcept {
  if (options_.manual || context.direct || context.reading > 1) return false;
  if (context.role == ThreadRole::application) return true;
  return context.role == ThreadRole::blocking && context.queue != &queue;
}

Result<void> Hub::publish(Instance& from, MessageRef message, const PublishOptions& options) {
  if (stopping_.load(std::memory_order_acquire) || from.state() >= Instance::State::closing) return stopping();
  fill_headers(from, *message, options.priority, options.partition, options.id, options.trace);
  ThreadContext& ctx = context();
  std::vector<Waiting> waiting;
  Result<void> result;
  {
    const ReadSection read(ctx);
    const Topic* topic = table_.load(std::memory_order_seq_cst)->find(message->type->id);
    if (topic == nullptr) return {};
    LaneState* refused = deliver(ctx, std::move(message), topic->targets_for(from.name()), waiting);
    if (refused == nullptr && waiting.empty()) return {};
    if (refused != nullptr) result = full(*refused);
  }
  auto waited = finish_waiting(waiting);
  return result ? waited : result;
}

Push Hub::hand_over(ThreadContext& ctx, const Target& target, Item& item, Priority priority, std::uint64_t partition,
                    std::vector<Waiting>& waiting) {
  Queue& queue = target.lane->pick(partition);
  Item pushed_out;
  Push pushed = queue.push(item, priority, pushed_out);
  if (pushed == Push::full && target.lane->overflow == Overflow::block && may_wait(ctx, queue)) {
    target.instance->begin_publish_wait();
    waiting.push_back({&queue, std::move(item), target.instance->shared_from_this()});
    pushed = Push::accepted;
  }
  if (pushed_out) target.instance->abandon(*target.lane, pushed_out, dropped());
  return pushed;
}

LaneState* Hub::deliver(ThreadContext& ctx, MessageRef message, const Targets& targets, std::vector<Waiting>& waiting) {
  const Priority priority = message->headers.priority;
  const std::uint64_t partition = message->headers.partition;
  LaneState* refused = nullptr;
  for (std::size_t i = 0; i < targets.queued.size(); ++i) {
    const Target& target = *targets.queued[i];
    // The last one takes the publisher's reference, unless direct handlers still need it.
    const bool last = i + 1 == targets.queued.size() && targets.direct.empty();
    Item item(last ? std::move(message) : message, target);
    if (hand_over(ctx, target, item, priority, partition, waiting) != Push::accepted) refused = target.lane;
  }
  if (!targets.direct.empty()) run_direct(*message, targets.direct);
  return refused;
}

void Hub::run_direct(const Message& message, const std::vector<const Target*>& targets) {
  const Headers& h = message.headers;
  HandlerScope scope(nullptr, nullptr, message.type, h.id, h.trace, 0);
  LaneState* lane = nullptr;
  std::uint64_t handled = 0;  // on `lane`, not yet counted
  const auto count = [&] {
    if (handled > 0) lane->counters.handled.fetch_add(std::exchange(handled, 0), std::memory_order_relaxed);
  };
  for (std::size_t i = 0; i < targets.size();) {
    try {
      for (; i < targets.size(); ++i) {
        const Target& target = *targets[i];
        if (target.lane != lane) {
          count();
          lane = target.lane;
          scope.switch_to(target.instance, lane->budget);
        }
        ++handled;
        if (const Result<void> done = target.handle(message); !done) event_failed(target, message, done.error());
      }
    } catch (const std::exception& e) {
      event_failed(*targets[i++], message, thrown(&e));
    } catch (...) {
      event_failed(*targets[i++], message, thrown(nullptr));
    }
  }
  count();
}

Result<void> Hub::finish_waiting(std::vector<Waiting>& waiting) {
  Result<void> result;
  for (Waiting& w : waiting) {
    const Priority priority = w.item.message()->headers.priority;
    if (w.queue->push_waiting(w.item, priority) != Push::accepted) {
      w.keep->abandon(w.queue->lane(), w.item, stopping());
      result = stopping();
    }
    w.keep->end_publish_wait();
  }
  return result;
}

void Hub::request(Instance& from, MessageRef message, const RequestOptions& options,
                  std::function<void(Result<MessageRef>)> callback) {
  ThreadContext& ctx = context();
  Queue* queue = ctx.instance == &from && !ctx.direct ? ctx.queue : nullptr;
  auto pending = std::make_shared<Pending>(from, *message->type, queue, std::move(callback));
  fill_headers(from, *message, options.priority, options.partition, {}, options.trace);
  message->headers.deadline = clock_.steady() + options.deadline;
  pending->headers = message->headers;
  if (!from.add(pending)) {
    // Nothing waits for this callback any more, so it runs here and now.
    pending->deliver(stopping(), queue);
    return;
  }
  send(ctx, std::move(message), options.to, pending);
}

std::vector<std::string> Hub::servers_of(const MessageType& type) const {
  std::vector<std::string> names;
  const ReadSection read(context());
  const Topic* topic = table_.load(std::memory_order_seq_cst)->find(type.id);
  if (topic == nullptr) return names;
  for (const Target* server : topic->servers) names.emplace_back(server->instance->name());
  return names;
}

void Hub::send(ThreadContext& ctx, MessageRef message, std::string_view to, const std::shared_ptr<Pending>& pending) {
  requests_.fetch_add(1, std::memory_order_relaxed);
  if (stopping_.load(std::memory_order_acquire)) {
    pending->complete(stopping());
    return;
  }
  std::vector<Waiting> waiting;
  const Priority priority = message->headers.priority;
  {
    const ReadSection read(ctx);
    const Topic* topic = table_.load(std::memory_order_seq_cst)->find(message->type->id);
    const Target* server = topic != nullptr ? topic->server_named(to) : nullptr;
    if (server == nullptr) {
      pending->complete(Error{Errc::unavailable, "bus.no_server",
                              to.empty() ? fmt::format("nobody serves {}", message->type->name)
                                         : fmt::format("{} does not serve {}", to, message->type->name)});
      return;
    }
    const Target& target = *server;
    auto port = std::make_shared<Port>(pending);
    if (target.lane->direct()) {
      serve_request(target, *message, std::move(port), nullptr);
      return;
    }
    const std::uint64_t partition = message->headers.partition;
    Item item(std::make_unique<RequestTask>(target, std::move(message), std::move(port)));
    if (hand_over(ctx, target, item, priority, partition, waiting) != Push::accepted) {
      item.task()->abandon(full(*target.lane));
    }
  }
  for (Waiting& w : waiting) {
    if (w.queue->push_waiting(w.item, priority) != Push::accepted) w.item.task()->abandon(stopping());
    w.keep->end_publish_wait();
  }
}

Result<MessageRef> Hub::ask(Instance& from, MessageRef message, const RequestOptions& options) {
  ThreadContext& ctx = context();
  const auto deadlock = [&](std::string_view where) {
    return Error{Errc::would_deadlock, "bus.would_deadlock",
                 fmt::format("{} was asked from {}; use request() with a callback, or a blocking lane",
                             message->type->name, where)};
  };
  if (ctx.direct) return deadlock("a direct handler, which must not wait");
  if (ctx.role == ThreadRole::worker) return deadlock("a worker of the bus, which must not wait");
  if (ctx.role == ThreadRole::io) return deadlock("an I/O thread, which must not wait");
  if (ctx.queue != nullptr) {
    if (ctx.queue->lane().kind != Lane::blocking) return deadlock("a lane of a worker, which must not wait");
    const ReadSection read(ctx);
    const Topic* topic = table_.load(std::memory_order_seq_cst)->find(message->type->id);
    const Target* server = topic != nullptr ? topic->server_named(options.to) : nullptr;
    if (server != nullptr && server->lane == &ctx.queue->lane()) {
      return deadlock("the lane that would have to answer");
    }
  }
  auto pending = std::make_shared<Pending>(from, *message->type, nullptr, nullptr);
  fill_headers(from, *message, options.priority, options.partition, {}, options.trace);
  message->headers.deadline = clock_.steady() + options.deadline;
  pending->headers = message->headers;
  if (!from.add(pending)) return stopping();
  send(ctx, std::move(message), options.to, pending);
  if (options_.manual) {
    while (!pending->answered() && (manual_.run_one() || timers_.run_due() > 0)) {
    }
    // Nothing is left that could answer; with a clock that stands still, waiting would not end.
    pending->complete(pending->timeout_error());
    return *pending->poll();
  }
  const bool pooled = ctx.role == ThreadRole::blocking;
  if (pooled) blocking_->begin_wait();
  auto reply = pending->wait(options.deadline);
  if (pooled) blocking_->end_wait();
  return reply;
}

Result<void> Hub::replay(std::string_view name, int version, std::string_view bytes, Headers headers,
                         const std::string& instance) {
  ThreadContext& ctx = context();
  {
    const std::lock_guard lock(state_mutex_);
    headers.source = intern(headers.source);
  }
  std::vector<Waiting> waiting;
  Result<void> result;
  {
    const ReadSection read(ctx);
    const Topic* topic = table_.load(std::memory_order_seq_cst)->find(qiao::detail::message_id(name, version));
    if (topic == nullptr) {
      return Error{Errc::not_found, "bus.unknown_message",
                   fmt::format("nobody subscribes to {} version {}", name, version)};
    }
    const Target* target = nullptr;
    Targets targets;
    for (const Target* subscriber : topic->subscribers) {
      if (subscriber->instance->name() != instance) continue;
      target = subscriber;
      targets.add(subscriber);
    }
    if (target == nullptr) {
      return Error{Errc::not_found, "bus.no_subscriber", fmt::format("{} does not subscribe to {}", instance, name)};
    }
    MessageRef message = MessageRef::adopt(static_cast<Message*>(target->type->create()));
    if (auto done = decode(message->type->fields(), message->body(), bytes); !done) return done;
    message->headers = headers;
    message->headers.redelivered = true;
    LaneState* refused = deliver(ctx, std::move(message), targets, waiting);
    if (refused == nullptr && waiting.empty()) return {};
    if (refused != nullptr) result = full(*refused);
  }
  auto waited = finish_waiting(waiting);
  return result ? waited : result;
}

}  // namespace qiao::core::bus
