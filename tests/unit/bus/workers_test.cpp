#include "core/bus/workers.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <latch>

#include "core/bus/ring.hpp"

namespace qiao::core::bus {
namespace {

class Job final : public Runnable {
 public:
  explicit Job(std::function<void()> work) : work_(std::move(work)) {}
  void run() override { work_(); }

 private:
  std::function<void()> work_;
};

TEST(WorkerPool, FinishesWhatIsReadyBeforeItEnds) {
  std::atomic<int> ran{0};
  Job job([&] { ran.fetch_add(1); });
  {
    WorkerPool pool(2);
    for (int i = 0; i < 1000; ++i) pool.submit(job);
  }
  EXPECT_EQ(ran.load(), 1000);
}

TEST(BlockingPool, StartsNoMoreThreadsThanAllowed) {
  std::latch entered(2);
  std::latch release(1);
  Job job([&] {
    entered.count_down();
    release.wait();
  });
  std::atomic<int> ran{0};
  Job quick([&] { ran.fetch_add(1); });
  {
    BlockingPool pool(2);
    pool.submit(job);
    pool.submit(job);
    entered.wait();
    for (int i = 0; i < 10; ++i) pool.submit(quick);
    EXPECT_EQ(pool.threads(), 2u);
    EXPECT_EQ(pool.waiting(), 10u);
    EXPECT_EQ(ran.load(), 0);
    pool.begin_wait();  // as if one of the two waited for an answer
    while (ran.load() < 10) std::this_thread::yield();
    pool.end_wait();
    release.count_down();
  }
  EXPECT_EQ(ran.load(), 10);
}

TEST(BlockingPool, EndsIdleThreads) {
  BlockingPool pool(4, std::chrono::milliseconds(1));
  std::latch done(1);
  Job job([&] { done.count_down(); });
  pool.submit(job);
  done.wait();
  while (pool.threads() > 0) std::this_thread::yield();
  std::latch again(1);
  Job next([&] { again.count_down(); });
  pool.submit(next);
  again.wait();
}

TEST(Ring, KeepsOrderWhileItGrowsAndWraps) {
  Ring<int> ring;
  int pushed = 0;
  int popped = 0;
  for (int round = 0; round < 100; ++round) {
    for (int i = 0; i < round % 17; ++i) ring.push(pushed++);
    for (int i = 0; i < round % 13 && !ring.empty(); ++i) EXPECT_EQ(ring.pop(), popped++);
  }
  EXPECT_EQ(ring.size(), static_cast<std::size_t>(pushed - popped));
  const int third = ring[2];
  EXPECT_EQ(ring.take(2), third);
  EXPECT_EQ(ring[2], third + 1);
}

}  // namespace
}  // namespace qiao::core::bus
