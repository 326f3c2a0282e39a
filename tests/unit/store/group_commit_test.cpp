#include "core/observe/trace.hpp"
#include "store_fixture.hpp"

namespace qiao::core {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class GroupCommit : public StoreTest {
 protected:
  void SetUp() override { open(); }
  /// Notes what came of a write under a name; to be read after `settle`.
  Database::Done note(std::string name) {
    return [this, name = std::move(name)](Result<void> result) {
      outcomes.push_back(name + (result ? " ok" : fmt::format(" {}", result.error().name())));
    };
  }
  std::vector<std::string> outcomes;
};

TEST_F(GroupCommit, WritesThatWaitTogetherShareOneCommit) {
  auto release = hold_writer();
  for (int i = 1; i <= 50; ++i) db->write(0, insert(i, fmt::format("note {}", i)), note(fmt::to_string(i)));
  const auto before = counted("qiao_store_commits_total");
  release.set_value();
  settle();
  EXPECT_EQ(texts().size(), 50u);
  ASSERT_EQ(outcomes.size(), 50u);
  EXPECT_EQ(outcomes.front(), "1 ok");
  EXPECT_EQ(outcomes.back(), "50 ok");
  EXPECT_LE(counted("qiao_store_commits_total") - before, 2u);  // the holder's and theirs
}

TEST_F(GroupCommit, WhatFollowsAWriteRunsOnlyWhenOthersCanSeeIt) {
  auto release = hold_writer();
  std::promise<void> done;
  db->write(0, insert(1, "one"), [&](Result<void> result) {
    EXPECT_TRUE(result);
    done.set_value();
  });
  EXPECT_THAT(texts(), IsEmpty());
  release.set_value();
  done.get_future().wait();
  EXPECT_THAT(texts(), ElementsAre("one"));
}

TEST_F(GroupCommit, AConflictLeavesTheTransactionUsable) {
  ASSERT_TRUE(db->write_and_wait(insert(1, "one")));
  const auto written = db->write_and_wait([](Session& s) -> Result<void> {
    auto again = s.run("INSERT INTO note (id, text) VALUES (?, ?)", 2, "one");
    EXPECT_FALSE(again);
    EXPECT_EQ(again.error().code, Errc::conflict);
    EXPECT_EQ(again.error().name(), "store.conflict");
    auto other = s.run("INSERT INTO note (id, text) VALUES (?, ?)", 2, "two");
    EXPECT_TRUE(other);
    return {};
  });
  EXPECT_TRUE(written);
  EXPECT_THAT(texts(), ElementsAre("one", "two"));
}

TEST_F(GroupCommit, AFailingJobIsUndoneAloneWhileItsNeighboursCommit) {
  auto release = hold_writer();
  int runs = 0;
  db->write(0, insert(1, "before"), note("before"));
  db->write(
      0,
      [&runs](Session& s) -> Result<void> {
        ++runs;
        EXPECT_TRUE(s.run("INSERT INTO note (id, text) VALUES (?, ?)", 2, "half"));
        return Error{Errc::bad_value, "test.refused", "no"};
      },
      note("failing"));
  db->write(
      0,
      [](Session& s) -> Result<void> {
        EXPECT_TRUE(s.run("INSERT INTO note (id, text) VALUES (?, ?)", 3, "thrown"));
        throw std::runtime_error("boom");
      },
      note("throwing"));
  db->write(0, insert(4, "after"), note("after"));
  release.set_value();
  settle();
  EXPECT_THAT(outcomes, ElementsAre("before ok", "failing test.refused", "throwing store.work_threw", "after ok"));
  EXPECT_THAT(texts(), ElementsAre("before", "after"));
  EXPECT_EQ(runs, 2);
}

TEST_F(GroupCommit, AJobThatFailsBeforeItChangesAnythingCostsTheOthersNothing) {
  auto release = hold_writer();
  int runs = 0;
  db->write(
      0,
      [&runs](Session& s) -> Result<void> {
        ++runs;
        return insert(1, "one")(s);
      },
      note("one"));
  db->write(
      0,
      [](Session&) -> Result<void> {
        return Error{Errc::not_found, "nothing there"};
      },
      note("missing"));
  db->write(0, insert(2, "one"), note("duplicate"));
  release.set_value();
  settle();
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(counted("qiao_store_rollbacks_total"), 0u);
  EXPECT_THAT(outcomes, ElementsAre("one ok", "missing not_found", "duplicate store.conflict"));
}

TEST_F(GroupCommit, UndoFunctionsRunInReverseBeforeTheJobsRunAgain) {
  auto release = hold_writer();
  std::vector<std::string> trail;
  const auto job = [&](std::int64_t id, bool fails) -> Database::Work {
    return [&trail, id, fails](Session& s) -> Result<void> {
      trail.push_back(fmt::format("run {}", id));
      EXPECT_TRUE(insert(id, fmt::format("note {}", id))(s));
      s.on_rollback([&trail, id] { trail.push_back(fmt::format("undo {}a", id)); });
      s.on_rollback([&trail, id] { trail.push_back(fmt::format("undo {}b", id)); });
      if (fails) return Error{Errc::bad_value, "no"};
      return {};
    };
  };
  db->write(0, job(1, false), {});
  db->write(0, job(2, true), {});
  db->write(0, job(3, false), {});
  release.set_value();
  settle();
  EXPECT_THAT(trail, ElementsAre("run 1", "run 2", "undo 2b", "undo 2a", "undo 1b", "undo 1a",  // the group
                                 "run 1", "run 2", "undo 2b", "undo 2a", "run 3"));             // one by one
  EXPECT_THAT(texts(), ElementsAre("note 1", "note 3"));
  trail.clear();
  ASSERT_TRUE(db->write_and_wait(job(4, false)));
  EXPECT_THAT(trail, ElementsAre("run 4"));
}

TEST_F(GroupCommit, UrgentWritesGoFirst) {
  auto release = hold_writer();
  db->write(0, insert(1, "report"), note("report"), Priority::background);
  db->write(0, insert(2, "reply"), note("reply"), Priority::service);
  release.set_value();
  settle();
  EXPECT_THAT(outcomes, ElementsAre("reply ok", "report ok"));
}

TEST_F(GroupCommit, AnOverfullQueueRefusesOpenly) {
  settings.queue_capacity = 3;
  open();
  auto release = hold_writer();
  for (int i = 1; i <= 5; ++i) db->write(0, insert(i, fmt::to_string(i)), note(fmt::to_string(i)));
  release.set_value();
  settle();
  EXPECT_THAT(outcomes,
              testing::UnorderedElementsAre("1 ok", "2 ok", "3 ok", "4 store.overloaded", "5 store.overloaded"));
  EXPECT_THAT(texts(), ElementsAre("1", "2", "3"));
}

TEST_F(GroupCommit, WaitingIsRefusedWhereItCouldHangTheHub) {
  must_not_wait = true;
  EXPECT_EQ(db->write_and_wait(insert(1, "one")).error().code, Errc::would_deadlock);
  EXPECT_EQ(db->read([](Session&) -> Result<void> { return {}; }).error().code, Errc::would_deadlock);
  must_not_wait = false;
  const auto nested = db->write_and_wait([this](Session&) { return db->write_and_wait(insert(1, "one")); });
  EXPECT_EQ(nested.error().code, Errc::would_deadlock);
}

TEST_F(GroupCommit, WhatAWriteLogsCarriesTheTraceOfWhoQueuedIt) {
  Logger& log = logs.logger("note");
  {
    const TraceScope scope(Id{41}, Id{42});
    db->write(
        0,
        [&](Session&) -> Result<void> {
          log.info("writing");
          return {};
        },
        [&](Result<void>) { log.info("written"); });
  }
  settle();
  EXPECT_THAT(lines, testing::IsSupersetOf(
                         {HasSubstr("writing trace=41 message=42"), HasSubstr("written trace=41 message=42")}));
}

TEST_F(GroupCommit, AnInstanceThatGoesWaitsForItsWrites) {
  auto release = hold_writer();
  auto other = store->for_instance("other");
  std::atomic<bool> done{false};
  other->write(0, insert(1, "one"), [&](Result<void>) { done = true; });
  std::thread releaser([&] { release.set_value(); });
  other.reset();
  EXPECT_TRUE(done);
  releaser.join();
}

TEST_F(GroupCommit, StoppingFinishesWhatIsQueuedAndRefusesTheRest) {
  auto release = hold_writer();
  for (int i = 1; i <= 100; ++i) db->write(0, insert(i, fmt::to_string(i)), note(fmt::to_string(i)));
  release.set_value();
  store->stop();
  EXPECT_EQ(outcomes.size(), 100u);
  EXPECT_EQ(db->write_and_wait(insert(101, "late")).error().name(), "store.stopping");
  EXPECT_EQ(texts().size(), 100u);
}

TEST_F(GroupCommit, ManyThreadsWriteAndEachPartitionKeepsItsOrder) {
  constexpr int kThreads = 4;
  constexpr int kEach = 300;
  std::vector<std::vector<int>> seen(kThreads);  // each only touched by the writer thread
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kEach; ++i) {
        const auto priority = static_cast<Priority>((t + i) % 4);
        db->write(
            static_cast<std::uint64_t>(t + 1), insert(t * kEach + i + 1, fmt::format("{}/{}", t, i)),
            [&seen, t, i](Result<void> result) {
              EXPECT_TRUE(result);
              seen[static_cast<std::size_t>(t)].push_back(i);
            },
            priority);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  settle();
  for (const auto& one : seen) {
    ASSERT_EQ(one.size(), static_cast<std::size_t>(kEach));
    EXPECT_TRUE(std::is_sorted(one.begin(), one.end()));
  }
  EXPECT_EQ(texts().size(), static_cast<std::size_t>(kThreads * kEach));
}

TEST_F(GroupCommit, TellsItsFigures) {
  ASSERT_TRUE(db->write_and_wait(insert(1, "one")));
  MetricsText text;
  store->collect(text);
  EXPECT_THAT(text.str(), HasSubstr("qiao_store_queued_writes{priority=\"service\"} 0\n"));
  const auto sizes = HasSubstr("qiao_store_log_bytes ");
  EXPECT_EQ(testing::Value(text.str(), sizes), !on_mysql());
  EXPECT_GE(counted("qiao_store_writes_total"), 1u);
}

}  // namespace
}  // namespace qiao::core
