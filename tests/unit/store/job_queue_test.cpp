#include "core/store/job_queue.hpp"

#include <gmock/gmock.h>

namespace qiao::core {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

/// Jobs are told apart by what their work answers.
Job job(std::string name, Priority priority, std::uint64_t partition = 0) {
  return {partition, [name](Session&) -> Result<void> { return Error{Errc::internal, name}; }, {}, priority, nullptr,
          {}};
}

class FakeSession final : public Session {
 public:
  Result<std::int64_t> execute(std::string_view, std::span<const SqlArg>) override { return std::int64_t{0}; }
  std::unique_ptr<Rows> select(std::string_view, std::span<const SqlArg>) override { return nullptr; }
  void on_rollback(std::function<void()>) override {}
};

std::vector<std::string> take(JobQueue& queue, std::size_t most) {
  std::vector<Job> jobs;
  queue.take(most, jobs);
  FakeSession session;
  std::vector<std::string> names;
  for (Job& one : jobs) names.push_back(one.work(session).error().message);
  return names;
}

void push(JobQueue& queue, Job one) { ASSERT_TRUE(queue.push(one)); }

TEST(JobQueue, ServesTheMostUrgentFirstAndEachInOrder) {
  JobQueue queue(100);
  push(queue, job("report", Priority::background));
  push(queue, job("bot", Priority::enrich));
  push(queue, job("reply 1", Priority::service));
  push(queue, job("visitor", Priority::open));
  push(queue, job("reply 2", Priority::service));
  EXPECT_THAT(take(queue, 10), ElementsAre("reply 1", "reply 2", "visitor", "bot", "report"));
  EXPECT_TRUE(queue.empty());
  EXPECT_THAT(take(queue, 10), IsEmpty());
}

TEST(JobQueue, KeepsAPartitionInOrderWhateverThePriorities) {
  JobQueue queue(100);
  push(queue, job("a1", Priority::background, 7));
  push(queue, job("other", Priority::open, 8));
  push(queue, job("a2", Priority::service, 7));
  push(queue, job("b1", Priority::service, 9));
  push(queue, job("b2", Priority::background, 9));
  EXPECT_THAT(take(queue, 10), ElementsAre("b1", "b2", "other", "a1", "a2"));
  push(queue, job("a3", Priority::service, 7));
  push(queue, job("c", Priority::open, 10));
  EXPECT_THAT(take(queue, 10), ElementsAre("a3", "c"));
}

TEST(JobQueue, LeavesALittleOfEachGroupToTheLowerPriorities) {
  JobQueue queue(100);
  for (int i = 0; i < 20; ++i) push(queue, job("p0", Priority::service));
  for (int i = 0; i < 5; ++i) push(queue, job("p3", Priority::background));
  EXPECT_THAT(take(queue, 6), ElementsAre("p0", "p0", "p0", "p0", "p3", "p3"));
  EXPECT_THAT(take(queue, 1), ElementsAre("p3"));
}

TEST(JobQueue, RefusesWhatGoesBeyondItsCapacityOfThatPriority) {
  JobQueue queue(2);
  push(queue, job("1", Priority::open));
  push(queue, job("2", Priority::open));
  Job late = job("3", Priority::open, 5);
  EXPECT_FALSE(queue.push(late));
  EXPECT_TRUE(late.work);
  push(queue, job("urgent", Priority::service, 5));
  EXPECT_THAT(take(queue, 10), ElementsAre("urgent", "1", "2"));
}

}  // namespace
}  // namespace qiao::core
