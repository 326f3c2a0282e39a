#include <map>

#include "tests/unit/bus/fixture.hpp"

namespace qiao::core::test {
namespace {

/// Publishers that never stop, an instance that is swapped under them, and an account of what arrived.
class Swaps : public ::testing::TestWithParam<Lane::Kind> {};

TEST_P(Swaps, LoseAndDoubleNothingUnderConcurrentPublishers) {
  constexpr int kPublishers = 3;
  constexpr int kSwaps = 100;
  LocalBus bus;
  std::vector<std::unique_ptr<InstanceBus>> publishers;
  for (int i = 0; i < kPublishers; ++i) {
    publishers.push_back(bus.attach("publisher-" + std::to_string(i)));
    publishers.back()->activate();
  }
  std::mutex mutex;
  std::map<std::pair<std::int64_t, std::int64_t>, int> seen;
  std::map<std::int64_t, std::int64_t> last;
  int out_of_order = 0;
  const bool ordered = GetParam() == Lane::serial || GetParam() == Lane::partitioned;
  const auto make = [&] {
    auto instance = bus.attach("a");
    instance->subscribe<Ping>({.kind = GetParam(), .capacity = 1 << 20}, [&](const Ping& p, const Headers&) {
      const std::lock_guard lock(mutex);
      ++seen[{p.conversation.value, p.number}];
      if (ordered && p.number < last[p.conversation.value]) ++out_of_order;
      last[p.conversation.value] = p.number;
    });
    instance->serve<Add>({.kind = GetParam(), .capacity = 1 << 20},
                         [](const Add& q, const Headers&) -> Result<Sum> { return Sum{q.left + q.right}; });
    return instance;
  };
  auto current = make();
  current->activate();

  std::atomic<bool> stop{false};
  std::array<std::atomic<std::int64_t>, kPublishers> published{};
  std::atomic<int> unanswered{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kPublishers; ++t) {
    threads.emplace_back([&, t] {
      auto& self = *publishers[static_cast<std::size_t>(t)];
      while (!stop) {
        for (int i = 0; i < 20; ++i) {
          EXPECT_TRUE(self.publish(Ping{published[static_cast<std::size_t>(t)].fetch_add(1), Id{t + 1}, ""}));
        }
        if (!self.ask(Add{1, 2}, 20s)) unanswered.fetch_add(1);
      }
    });
  }
  const auto total = [&] {
    std::int64_t sum = 0;
    for (const auto& n : published) sum += n.load();
    return sum;
  };
  for (int i = 0; i < kSwaps; ++i) {
    // Every generation gets its share of the traffic.
    for (const std::int64_t before = total(); total() < before + 30;) std::this_thread::yield();
    auto fresh = make();
    ASSERT_TRUE(bus.replace(*current, *fresh, soon()));
    ASSERT_TRUE(current->drain(soon()));
    ASSERT_TRUE(current->revoke(soon()));
    current = std::move(fresh);
  }
  stop = true;
  for (auto& thread : threads) thread.join();
  ASSERT_TRUE(current->drain(soon()));

  EXPECT_EQ(static_cast<std::int64_t>(seen.size()), total());
  for (const auto& [message, times] : seen) EXPECT_EQ(times, 1) << message.first << "/" << message.second;
  EXPECT_EQ(out_of_order, 0);
  EXPECT_EQ(unanswered.load(), 0);
}

std::string name_of(const ::testing::TestParamInfo<Lane::Kind>& info) {
  constexpr std::array<const char*, 4> kKinds = {"Serial", "Partitioned", "Blocking", "Direct"};
  return kKinds[info.param];
}

INSTANTIATE_TEST_SUITE_P(EveryKindOfLane, Swaps,
                         ::testing::Values(Lane::serial, Lane::partitioned, Lane::blocking, Lane::direct), name_of);

}  // namespace
}  // namespace qiao::core::test
