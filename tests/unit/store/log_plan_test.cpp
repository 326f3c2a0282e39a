#include "core/store/sqlite/log_plan.hpp"

#include <gtest/gtest.h>

namespace qiao::core::sqlite {
namespace {

using Turn = LogPlan::Turn;

TEST(LogPlan, LeavesAShortLogAlone) {
  LogPlan plan;
  EXPECT_EQ(plan.next(8191, false, 0), Turn::nobody);
}

TEST(LogPlan, TheCheckpointerCopiesAndTheWriterDoesTheRest) {
  LogPlan plan;
  EXPECT_EQ(plan.next(8192, false, 0), Turn::checkpointer);
  EXPECT_EQ(plan.next(8400, true, 0), Turn::nobody);
  EXPECT_EQ(plan.next(8500, false, 8192), Turn::writer);
}

TEST(LogPlan, WhatWasCopiedBeforeTheLogStartedOverIsForgotten) {
  LogPlan plan;
  EXPECT_EQ(plan.next(8192, false, 0), Turn::checkpointer);
  EXPECT_EQ(plan.next(8500, false, 8192), Turn::writer);
  EXPECT_EQ(plan.next(20, false, 8192), Turn::nobody);
  EXPECT_EQ(plan.next(8200, false, 8192), Turn::checkpointer);
  EXPECT_EQ(plan.next(8500, false, 8200), Turn::writer);
}

TEST(LogPlan, ALogThatAReaderKeepsIsTriedOnceARound) {
  LogPlan plan;
  EXPECT_EQ(plan.next(8192, false, 7900), Turn::writer);
  EXPECT_EQ(plan.next(9000, false, 8192), Turn::nobody);
  EXPECT_EQ(plan.next(16384, false, 16000), Turn::writer);
}

TEST(LogPlan, ALongLogMakesTheWriterWaitForReaders) {
  LogPlan plan;
  EXPECT_EQ(plan.next(25000, false, 8192), Turn::writer);
  EXPECT_EQ(plan.next(49152, false, 8192), Turn::writer_waits);
}

}  // namespace
}  // namespace qiao::core::sqlite
