#include "core/store/sqlite/log_plan.hpp"

#include <gtest/gtest.h>

namespace qiao::core::sqlite {
namespace {

using Turn = LogPlan::Turn;

TEST(LogPlan, LeavesAShortLogAlone) {
  LogPlan plan;
  EXPECT_EQ(plan.next(999, false, 0), Turn::nobody);
}

TEST(LogPlan, TheCheckpointerCopiesAndTheWriterDoesTheRest) {
  LogPlan plan;
  EXPECT_EQ(plan.next(1000, false, 0), Turn::checkpointer);
  EXPECT_EQ(plan.next(1040, true, 0), Turn::nobody);
  EXPECT_EQ(plan.next(1080, false, 1000), Turn::writer);
}

TEST(LogPlan, WhatWasCopiedBeforeTheLogStartedOverIsForgotten) {
  LogPlan plan;
  EXPECT_EQ(plan.next(1000, false, 0), Turn::checkpointer);
  EXPECT_EQ(plan.next(1080, false, 1000), Turn::writer);
  EXPECT_EQ(plan.next(20, false, 1000), Turn::nobody);
  EXPECT_EQ(plan.next(1010, false, 1000), Turn::checkpointer);
  EXPECT_EQ(plan.next(1060, false, 1010), Turn::writer);
}

TEST(LogPlan, ALogThatAReaderKeepsIsTriedOnceARound) {
  LogPlan plan;
  EXPECT_EQ(plan.next(1000, false, 950), Turn::writer);
  EXPECT_EQ(plan.next(1500, false, 1000), Turn::nobody);
  EXPECT_EQ(plan.next(2000, false, 1950), Turn::writer);
}

TEST(LogPlan, ALongLogMakesTheWriterWaitForReaders) {
  LogPlan plan;
  EXPECT_EQ(plan.next(5000, false, 1000), Turn::writer);
  EXPECT_EQ(plan.next(12288, false, 1000), Turn::writer_waits);
}

}  // namespace
}  // namespace qiao::core::sqlite
