// The bus beside what a C++ program would otherwise use for the same work: Poco's notifications and a condition
// variable. Each pair runs in one program, so that a ratio says something on any machine.
#include <Poco/NotificationCenter.h>
#include <Poco/NotificationQueue.h>
#include <Poco/Observer.h>
#include <benchmark/benchmark.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "core/bus/local_bus.hpp"

namespace qiao::core {
namespace {

/// 100 bytes of fields.
struct Hundred {
  std::int64_t a = 1, b = 2, c = 3, d = 4, e = 5, f = 6, g = 7, h = 8, i = 9, j = 10, k = 11, l = 12;
  std::int32_t m = 13;
};
QIAO_FIELDS(Hundred, a, b, c, d, e, f, g, h, i, j, k, l, m)
QIAO_EVENT(Hundred, "bench.hundred", 1)

struct Answer {
  std::int64_t value = 0;
};
QIAO_FIELDS(Answer, value)
struct Question {
  std::int64_t value = 0;
};
QIAO_FIELDS(Question, value)
QIAO_REQUEST(Question, Answer, "bench.question", 1)

class Notification final : public Poco::Notification {
 public:
  explicit Notification(const Hundred& body) : body_(body) {}
  [[nodiscard]] const Hundred& body() const { return body_; }

 private:
  Hundred body_;
};

constexpr std::int64_t kBurst = 20'000;
constexpr int kHandlers = 10;

void wait_for(const std::atomic<std::int64_t>& counter, std::int64_t target) {
  while (counter.load(std::memory_order_acquire) < target) std::this_thread::yield();
}

// One producer, one consumer on another thread; the time is for a message, from the first publish to the last handler.

void publish_to_a_serial_lane(benchmark::State& state) {
  LocalBus bus;
  std::atomic<std::int64_t> handled{0};
  auto instance = bus.attach("bench");
  instance->subscribe<Hundred>({.overflow = Overflow::block}, [&](const Hundred& event, const Headers&) {
    benchmark::DoNotOptimize(event.l);
    handled.store(handled.load(std::memory_order_relaxed) + 1, std::memory_order_release);
  });
  instance->activate();
  std::int64_t published = 0;
  for (auto _ : state) {
    for (std::int64_t i = 0; i < kBurst; ++i) {
      if (!instance->publish(Hundred{})) state.SkipWithError("refused");
    }
    published += kBurst;
    wait_for(handled, published);
  }
  state.SetItemsProcessed(published);
}
BENCHMARK(publish_to_a_serial_lane)->MeasureProcessCPUTime()->UseRealTime();

void poco_notification_queue(benchmark::State& state) {
  Poco::NotificationQueue queue;
  std::atomic<std::int64_t> handled{0};
  std::thread consumer([&] {
    for (;;) {
      const Poco::Notification::Ptr notification(queue.waitDequeueNotification());
      if (!notification) return;
      benchmark::DoNotOptimize(static_cast<const Notification&>(*notification).body().l);
      handled.store(handled.load(std::memory_order_relaxed) + 1, std::memory_order_release);
    }
  });
  std::int64_t published = 0;
  for (auto _ : state) {
    for (std::int64_t i = 0; i < kBurst; ++i) queue.enqueueNotification(new Notification(Hundred{}));
    published += kBurst;
    wait_for(handled, published);
  }
  queue.wakeUpAll();
  consumer.join();
  state.SetItemsProcessed(published);
}
BENCHMARK(poco_notification_queue)->MeasureProcessCPUTime()->UseRealTime();

void request_and_reply(benchmark::State& state) {
  LocalBus bus;
  auto instance = bus.attach("bench");
  instance->serve<Question>([](const Question& q, const Headers&) -> Result<Answer> { return Answer{q.value}; });
  instance->activate();
  for (auto _ : state) {
    if (!instance->ask(Question{1})) state.SkipWithError("no answer");
  }
}
BENCHMARK(request_and_reply)->MeasureProcessCPUTime()->UseRealTime();

void mutex_and_condition_ping_pong(benchmark::State& state) {
  std::mutex mutex;
  std::condition_variable changed;
  int turn = 0;
  bool stop = false;
  std::thread other([&] {
    std::unique_lock lock(mutex);
    for (;;) {
      changed.wait(lock, [&] { return turn == 1 || stop; });
      if (stop) return;
      turn = 0;
      changed.notify_one();
    }
  });
  for (auto _ : state) {
    std::unique_lock lock(mutex);
    turn = 1;
    changed.notify_one();
    changed.wait(lock, [&] { return turn == 0; });
  }
  {
    const std::lock_guard lock(mutex);
    stop = true;
  }
  changed.notify_one();
  other.join();
}
BENCHMARK(mutex_and_condition_ping_pong)->MeasureProcessCPUTime()->UseRealTime();

void publish_to_ten_direct_handlers(benchmark::State& state) {
  LocalBus bus;
  auto instance = bus.attach("bench");
  for (int i = 0; i < kHandlers; ++i) {
    instance->subscribe<Hundred>({Lane::direct},
                                 [](const Hundred& event, const Headers&) { benchmark::DoNotOptimize(event.l); });
  }
  instance->activate();
  for (auto _ : state) {
    if (!instance->publish(Hundred{})) state.SkipWithError("refused");
  }
}
BENCHMARK(publish_to_ten_direct_handlers);

class Listener {
 public:
  void handle(Notification* notification) {
    const Poco::AutoPtr<Notification> keep(notification);
    benchmark::DoNotOptimize(keep->body().l);
  }
};

void poco_notification_center(benchmark::State& state) {
  Poco::NotificationCenter center;
  std::array<Listener, kHandlers> listeners;
  for (Listener& listener : listeners) {
    center.addObserver(Poco::Observer<Listener, Notification>(listener, &Listener::handle));
  }
  for (auto _ : state) center.postNotification(new Notification(Hundred{}));
}
BENCHMARK(poco_notification_center);

// What a message costs at the least: made, filled and released by one thread.
void make_and_release_a_message(benchmark::State& state) {
  for (auto _ : state) {
    auto message = TypedMessage<Hundred>::make(qiao_event_type(static_cast<const Hundred*>(nullptr)), Hundred{});
    benchmark::DoNotOptimize(message.get());
  }
}
BENCHMARK(make_and_release_a_message);

}  // namespace
}  // namespace qiao::core

BENCHMARK_MAIN();
