#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <string>
#include <vector>

#include "core/bus/local_bus.hpp"

namespace qiao::core::test {

using namespace std::chrono_literals;

struct Ping {
  std::int64_t number = 0;
  Id conversation;
  std::string text;
};
QIAO_FIELDS(Ping, number, conversation, text)
QIAO_EVENT(Ping, "test.ping.sent", 1)
QIAO_PARTITION(Ping, conversation)

struct Pong {
  std::int64_t number = 0;
};
QIAO_FIELDS(Pong, number)
QIAO_EVENT(Pong, "test.pong.sent", 1)

struct Sum {
  std::int64_t value = 0;
};
QIAO_FIELDS(Sum, value)
struct Add {
  std::int64_t left = 0;
  std::int64_t right = 0;
};
QIAO_FIELDS(Add, left, right)
QIAO_REQUEST(Add, Sum, "test.sum.add", 1)

struct Nested {
  std::int64_t value = 0;
};
QIAO_FIELDS(Nested, value)
QIAO_REQUEST(Nested, Sum, "test.sum.nested", 1)

struct Card {
  std::string title;
};
QIAO_FIELDS(Card, title)
struct AskCard {
  std::string about;
};
QIAO_FIELDS(AskCard, about)
QIAO_REQUEST_MANY(AskCard, Card, "test.card.ask", 1)

/// Stands still until it is turned.
class TurnedClock final : public Clock {
 public:
  Time now() const override { return from_micros(1'790'000'000'000'000) + std::chrono::microseconds(passed_.load()); }
  SteadyTime steady() const override {
    return SteadyTime(std::chrono::hours(1)) + std::chrono::microseconds(passed_.load());
  }
  void advance(std::chrono::microseconds by) { passed_.fetch_add(by.count()); }

 private:
  std::atomic<std::int64_t> passed_{0};
};

inline SteadyTime soon() { return std::chrono::steady_clock::now() + 20s; }

/// A bus without threads, its clock, and what it complained about.
class ManualBus : public ::testing::Test {
 protected:
  static LocalBus::Options options(ManualBus* self) {
    LocalBus::Options o;
    o.manual = true;
    o.clock = &self->clock;
    o.dead_letters = &self->letters;
    o.on_failure = [self](const HandlerFailure& failure) {
      self->failures.push_back(std::string(failure.instance) + " " + std::string(failure.message) + " " +
                               std::string(failure.error.name()));
    };
    return o;
  }
  std::unique_ptr<InstanceBus> active(const std::string& name) {
    auto instance = bus.attach(name);
    instance->activate();
    return instance;
  }
  [[nodiscard]] LaneSnapshot lane(const std::string& instance, const std::string& name = "main") const {
    for (const LaneSnapshot& l : bus.snapshot().lanes) {
      if (l.instance == instance && l.lane == name) return l;
    }
    return {};
  }

  TurnedClock clock;
  DeadLetterRing letters;
  std::vector<std::string> failures;
  LocalBus bus{options(this)};
};

}  // namespace qiao::core::test
