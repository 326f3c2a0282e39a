#include "core/bus/wakeups.hpp"

#include <gtest/gtest.h>

namespace qiao::core {
namespace {

struct CountingBell final : Bell {
  void ring() noexcept override { ++rung; }
  int rung = 0;
};

TEST(Wakeups, RingAtOnceOutsideARound) {
  const auto bell = std::make_shared<CountingBell>();
  ring_soon(bell);
  ring_soon(bell);
  EXPECT_EQ(bell->rung, 2);
}

TEST(Wakeups, RingOnceAtTheEndOfARound) {
  const auto bell = std::make_shared<CountingBell>();
  const auto other = std::make_shared<CountingBell>();
  {
    const Round round;
    ring_soon(bell);
    ring_soon(other);
    ring_soon(bell);
    EXPECT_EQ(bell->rung, 0);
  }
  EXPECT_EQ(bell->rung, 1);
  EXPECT_EQ(other->rung, 1);
  ring_soon(bell);
  EXPECT_EQ(bell->rung, 2);
}

TEST(Wakeups, WhoeverWaitsForSomebodyRingsBefore) {
  const auto bell = std::make_shared<CountingBell>();
  const Round round;
  ring_soon(bell);
  ring_now();
  EXPECT_EQ(bell->rung, 1);
}

}  // namespace
}  // namespace qiao::core
