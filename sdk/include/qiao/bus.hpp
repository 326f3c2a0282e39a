#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "qiao/message.hpp"
#include "qiao/result.hpp"
#include "qiao/time.hpp"

namespace qiao {

/// What a publisher sees when a lane's queue is full.
enum class Overflow : std::uint8_t {
  reject,       ///< publish returns `bus.overloaded`
  drop_oldest,  ///< the oldest message of the same priority goes to the dead letters
  block,        ///< waits where waiting is allowed (blocking lanes, threads of the application), rejects elsewhere
};

/// A queue of work for subscriptions, request servers and timers of one instance.
///
/// A serial lane runs one handler at a time, in arrival order within a priority. All uses of one lane name in one
/// instance share it; the default name is "main", so state that is touched only from default lanes needs no mutex.
/// A partitioned lane keeps that promise for each `Headers::partition` separately. Between lanes there is no order.
/// A blocking lane runs on the pool for work that waits (database, ERP, mail), up to `concurrency` at once.
/// A direct lane is no queue: the handler runs on the publisher's thread. It must be short, never wait, and guard its
/// own state; it exists for hot paths such as pushing to sockets. Work posted to it runs on the serial lane of its
/// name.
struct Lane {
  enum Kind : std::uint8_t { serial, partitioned, blocking, direct };
  Kind kind = serial;
  std::size_t capacity = 4096;  ///< messages a priority; on a partitioned lane for each of its queues
  Overflow overflow = Overflow::reject;
  unsigned concurrency = 4;        ///< of a blocking lane
  std::string_view name = "main";  ///< blocking and partitioned lanes are separate from a serial lane of that name
  std::chrono::milliseconds budget{5000};  ///< a handler that takes longer is reported by the watchdog
};

struct PublishOptions {
  Priority priority = Priority::service;
  std::uint64_t partition = 0;  ///< 0: taken from QIAO_PARTITION
  Id trace{};                   ///< empty: that of the message being handled, or a new one
  Id id{};                      ///< empty: a new one
};

struct RequestOptions {
  std::chrono::milliseconds deadline{1000};
  Priority priority = Priority::service;
  std::uint64_t partition = 0;
  Id trace;
  std::string_view to;  ///< the instance that shall answer, when not the usual one; read during the call only
  RequestOptions() = default;
  template <class R, class P>
  RequestOptions(std::chrono::duration<R, P> d)  // NOLINT: `request(q, 300ms, …)`
      : deadline(std::chrono::duration_cast<std::chrono::milliseconds>(d)) {}
};

/// Delivers one answer. Destroying it unanswered answers `bus.no_answer`. Any thread.
class QIAO_API ReplyPort {
 public:
  virtual ~ReplyPort() = default;
  virtual void answer(Result<MessageRef> reply) = 0;
};

/// A server's side of one request: answer now or later, once, from any thread. Copies share the one answer.
template <class R>
class Responder {
 public:
  Responder(std::shared_ptr<ReplyPort> port, const MessageType& type) : port_(std::move(port)), type_(&type) {}
  void operator()(Result<R> result) const {
    if (!result) {
      port_->answer(result.error());
    } else {
      port_->answer(TypedMessage<R>::make(*type_, std::move(*result)));
    }
  }

 private:
  std::shared_ptr<ReplyPort> port_;
  const MessageType* type_;
};

/// What one of several servers answered.
template <class R>
struct Answer {
  std::string instance;
  Result<R> reply;
};

/// A running timer; destroying the handle does not stop it, the instance's end does.
class QIAO_API Timer {
 public:
  virtual ~Timer() = default;
  virtual void cancel() noexcept = 0;
};

/// One instance's view of the bus. What is registered here belongs to the host: it becomes visible once `start` has
/// succeeded and is revoked before `stop` is called. Any thread may publish and request.
class QIAO_API Bus {
 public:
  virtual ~Bus() = default;

  /// Tells everybody who subscribed. Fails only with `bus.overloaded` when a subscriber's queue is full and rejects
  /// (the others have it), or `bus.stopping`.
  template <Event E>
  Result<void> publish(E event, PublishOptions options = {}) {
    if (options.partition == 0) options.partition = detail::partition_of(event);
    return publish_message(TypedMessage<E>::make(qiao_event_type(static_cast<const E*>(nullptr)), std::move(event)),
                           options);
  }

  /// `handler(const E&, const Headers&)` returning void or Result<void>. An error or an exception is counted and the
  /// message goes to the dead letters.
  template <Event E, class F>
  void subscribe(const Lane& lane, F handler) {
    add_subscription(qiao_event_type(static_cast<const E*>(nullptr)), lane,
                     [f = std::move(handler)](const Message& m) mutable -> Result<void> {
                       const E& event = *static_cast<const E*>(m.body());
                       if constexpr (std::is_void_v<decltype(f(event, m.headers))>) {
                         f(event, m.headers);
                         return {};
                       } else {
                         return f(event, m.headers);
                       }
                     });
  }
  template <Event E, class F>
  void subscribe(F handler) {
    subscribe<E>(Lane{}, std::move(handler));
  }

  /// Either `handler(const Q&, const Headers&) -> Result<Reply>`, or
  /// `handler(const Q&, const Headers&, Responder<Reply>) -> void` to answer later.
  template <Request Q, class F>
  void serve(const Lane& lane, F handler) {
    using R = ReplyOf<Q>;
    const MessageType& reply = qiao_reply_type(static_cast<const Q*>(nullptr));
    add_server(qiao_request_type(static_cast<const Q*>(nullptr)), reply, lane,
               [f = std::move(handler), &reply](const Message& m, std::shared_ptr<ReplyPort> port) mutable {
                 const Q& q = *static_cast<const Q*>(m.body());
                 Responder<R> respond(std::move(port), reply);
                 if constexpr (std::is_invocable_v<F&, const Q&, const Headers&, Responder<R>>) {
                   f(q, m.headers, std::move(respond));
                 } else {
                   respond(f(q, m.headers));
                 }
               });
  }
  template <Request Q, class F>
  void serve(F handler) {
    serve<Q>(Lane{}, std::move(handler));
  }

  /// Asks without waiting. `callback(Result<Reply>)` runs exactly once: on the lane from which the request was made,
  /// or, when made from elsewhere or from a direct handler, on the thread that answers. Errors: `timeout`,
  /// `bus.no_server`, `bus.overloaded`, `bus.stopping`, and whatever the server answers.
  template <Request Q, class F>
  void request(Q question, RequestOptions options, F callback) {
    if (options.partition == 0) options.partition = detail::partition_of(question);
    send_request(
        TypedMessage<Q>::make(qiao_request_type(static_cast<const Q*>(nullptr)), std::move(question)), options,
        [f = std::move(callback)](Result<MessageRef> reply) mutable { f(take_reply<ReplyOf<Q>>(std::move(reply))); });
  }

  /// Asks and waits. For blocking lanes, tests and tools; from a lane on which the answer would have to run it returns
  /// `would_deadlock` at once instead of hanging, from other bus workers too (they must not wait).
  template <Request Q>
  Result<ReplyOf<Q>> ask(Q question, RequestOptions options = {}) {
    if (options.partition == 0) options.partition = detail::partition_of(question);
    return take_reply<ReplyOf<Q>>(ask_message(
        TypedMessage<Q>::make(qiao_request_type(static_cast<const Q*>(nullptr)), std::move(question)), options));
  }

  /// The instances that serve a request now, in the order in which they started.
  template <Request Q>
  [[nodiscard]] std::vector<std::string> servers() const {
    return servers_of(qiao_request_type(static_cast<const Q*>(nullptr)));
  }

  /// Asks every instance that serves Q. `callback(std::vector<Answer<Reply>>)` runs once, when the last of them has
  /// answered or the deadline is over; answers stand in the order of `servers`, each a value or an error. Where the
  /// callback runs: as with `request`; at once on this thread when nobody serves it.
  template <Request Q, class F>
  void gather(Q question, RequestOptions options, F callback) {
    using R = ReplyOf<Q>;
    struct Gathering {
      std::vector<Answer<R>> answers;
      std::atomic<std::size_t> missing{0};
      F callback;
      Gathering(std::size_t count, F f) : missing(count), callback(std::move(f)) {}
    };
    const std::vector<std::string> names = servers<Q>();
    auto all = std::make_shared<Gathering>(names.size(), std::move(callback));
    if (names.empty()) return all->callback(std::move(all->answers));
    for (const std::string& name : names) {
      all->answers.push_back({name, Error{Errc::timeout, "no answer"}});
    }
    for (std::size_t i = 0; i < names.size(); ++i) {
      options.to = names[i];
      request(question, options, [all, i](Result<R> reply) {
        all->answers[i].reply = std::move(reply);
        if (all->missing.fetch_sub(1, std::memory_order_acq_rel) == 1) all->callback(std::move(all->answers));
      });
    }
  }

  /// Runs `work` on a lane of this instance, after what is queued there. False: the instance is stopping or it is full.
  virtual bool post(const Lane& lane, std::function<void()> work, Priority priority = Priority::service) = 0;
  /// Timers run on the given lane; a late one is not repeated for the ticks it missed.
  virtual std::shared_ptr<Timer> after(Duration delay, const Lane& lane, std::function<void()> work) = 0;
  virtual std::shared_ptr<Timer> every(Duration period, const Lane& lane, std::function<void()> work) = 0;

 protected:
  using EventHandler = std::function<Result<void>(const Message&)>;
  using Server = std::function<void(const Message&, std::shared_ptr<ReplyPort>)>;
  using ReplyHandler = std::function<void(Result<MessageRef>)>;
  virtual Result<void> publish_message(MessageRef message, const PublishOptions& options) = 0;
  virtual void add_subscription(const MessageType& type, const Lane& lane, EventHandler handler) = 0;
  virtual void add_server(const MessageType& type, const MessageType& reply, const Lane& lane, Server server) = 0;
  [[nodiscard]] virtual std::vector<std::string> servers_of(const MessageType& type) const = 0;
  virtual void send_request(MessageRef message, const RequestOptions& options, ReplyHandler handler) = 0;
  virtual Result<MessageRef> ask_message(MessageRef message, const RequestOptions& options) = 0;

 private:
  template <class R>
  static Result<R> take_reply(Result<MessageRef> reply) {
    if (!reply) return reply.error();
    return *static_cast<const R*>((*reply)->body());
  }
};

}  // namespace qiao
