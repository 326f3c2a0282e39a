#include "plugins/partners/stock_cache.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "plugins/partners/tests/stock.hpp"
#include "qiao/testkit/manual_clock.hpp"

namespace qiao::partners {
namespace {

using namespace std::chrono_literals;
using Want = StockCache::Want;

/// An ERP that keeps its askers waiting until the test answers.
struct StockCacheTest : testing::Test {
  struct Asked {
    std::string warehouse;
    std::vector<std::string> skus;
    std::function<void(Result<contract::StockList>)> answer;
  };
  testkit::ManualClock clock;
  std::vector<Asked> asked;
  std::size_t capacity = 100;
  std::shared_ptr<StockCache> cache;

  void SetUp() override { make(); }
  void make() {
    cache = std::make_shared<StockCache>(clock, StockCacheSettings{5s, 30s, 10min, capacity},
                                         [this](const std::string& warehouse, const std::vector<std::string>& skus,
                                                std::function<void(Result<contract::StockList>)> answer) {
                                           asked.push_back({warehouse, skus, std::move(answer)});
                                         });
  }
  contract::StockList list(double available) {
    contract::StockList list;
    for (const std::string& sku : asked.back().skus) {
      list.found.push_back(stock_of(sku, available, clock.now()));
    }
    return list;
  }
  void fill(const std::string& sku, double available) {
    cache->want({{sku, ""}}, Want::fresh, [](StockCache::Answers) {});
    asked.back().answer(list(available));
  }
};

TEST_F(StockCacheTest, AnswersFromMemoryUntilTheAnswerIsOld) {
  EXPECT_FALSE(cache->remembered({"A", ""}));
  fill("A", 12);
  const auto answer = cache->remembered({"A", ""});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->stock.available, 12);
  EXPECT_NE(answer->body.find(R"("available":12)"), std::string::npos);
  clock.advance(4s);
  EXPECT_TRUE(cache->remembered({"A", ""}));
  EXPECT_EQ(asked.size(), 1u);
}

TEST_F(StockCacheTest, AWarehouseIsAnAnswerOfItsOwn) {
  fill("A", 12);
  EXPECT_FALSE(cache->remembered({"A", "SH"}));
}

TEST_F(StockCacheTest, AsksOnceHoweverManyWait) {
  int answered = 0;
  for (int i = 0; i < 500; ++i) {
    cache->want({{"A", ""}}, Want::soon, [&](StockCache::Answers answers) {
      ASSERT_TRUE(answers[0]);
      ++answered;
    });
  }
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_EQ(answered, 0);
  asked[0].answer(list(3));
  EXPECT_EQ(answered, 500);
}

TEST_F(StockCacheTest, AnOldAnswerIsGivenAtOnceWhileItIsAskedForAgain) {
  fill("A", 12);
  clock.advance(6s);
  EXPECT_EQ(cache->remembered({"A", ""})->stock.available, 12);
  EXPECT_EQ(cache->remembered({"A", ""})->stock.available, 12);
  ASSERT_EQ(asked.size(), 2u);
  asked[1].answer(list(11));
  EXPECT_EQ(cache->remembered({"A", ""})->stock.available, 11);
}

TEST_F(StockCacheTest, WhoWantsItFreshWaits) {
  fill("A", 12);
  clock.advance(6s);
  double seen = 0;
  cache->want({{"A", ""}}, Want::fresh, [&](StockCache::Answers answers) { seen = (*answers[0])->stock.available; });
  EXPECT_EQ(seen, 0);
  asked.back().answer(list(11));
  EXPECT_EQ(seen, 11);
}

TEST_F(StockCacheTest, WithADeadErpAnOldAnswerStandsInMarkedStale) {
  fill("A", 12);
  const std::string tag = cache->remembered({"A", ""})->tag;
  clock.advance(1min);
  EXPECT_FALSE(cache->remembered({"A", ""}));
  StockAnswerRef seen;
  const auto keep = [&](StockCache::Answers answers) { seen = answers[0] ? *answers[0] : nullptr; };
  cache->want({{"A", ""}}, Want::soon, keep);
  asked.back().answer(Error{Errc::unavailable, "erp.unavailable", "down"});
  ASSERT_TRUE(seen);
  EXPECT_TRUE(seen->stale);
  EXPECT_NE(seen->tag, tag);
  EXPECT_NE(seen->body.find(R"("stale":true)"), std::string::npos);
  EXPECT_EQ(seen->as_of, clock.now() - 1min);
  clock.advance(10min);
  cache->want({{"A", ""}}, Want::soon, keep);
  asked.back().answer(Error{Errc::unavailable, "erp.unavailable", "down"});
  EXPECT_FALSE(seen);
}

TEST_F(StockCacheTest, ADeadErpIsAskedOnceASecondOnly) {
  const auto ignore = [](StockCache::Answers) {};
  cache->want({{"A", ""}}, Want::soon, ignore);
  asked.back().answer(Error{Errc::timeout, "timeout", "slow"});
  for (int i = 0; i < 10; ++i) cache->want({{"A", ""}}, Want::soon, ignore);
  EXPECT_EQ(asked.size(), 1u);
  clock.advance(1s);
  cache->want({{"A", ""}}, Want::soon, ignore);
  EXPECT_EQ(asked.size(), 2u);
}

TEST_F(StockCacheTest, SeveralAreAskedTogetherByWarehouseAndAnsweredInOrder) {
  fill("B", 2);
  StockCache::Answers seen;
  cache->want({{"A", ""}, {"B", ""}, {"C", ""}, {"A", "SH"}}, Want::soon,
              [&](StockCache::Answers answers) { seen = std::move(answers); });
  ASSERT_EQ(asked.size(), 3u);
  for (std::size_t i = 1; i < 3; ++i) {
    contract::StockList reply;
    for (const std::string& sku : asked[i].skus) {
      if (sku == "C") {
        reply.unknown.push_back(sku);
      } else {
        reply.found.push_back(stock_of(sku, 1, clock.now()));
      }
    }
    EXPECT_TRUE(seen.empty());
    asked[i].answer(reply);
  }
  ASSERT_EQ(seen.size(), 4u);
  EXPECT_EQ((*seen[0])->sku, "A");
  EXPECT_EQ((*seen[1])->stock.available, 2);
  EXPECT_FALSE((*seen[2])->known);
  EXPECT_EQ((*seen[3])->warehouse, "SH");
}

TEST_F(StockCacheTest, MoreThanAHundredAreAskedInParts) {
  capacity = 1000;
  make();
  std::vector<LiveItem> items;
  for (int i = 0; i < 250; ++i) items.push_back({"S" + std::to_string(i), ""});
  cache->want(items, Want::soon, [](StockCache::Answers) {});
  ASSERT_EQ(asked.size(), 3u);
  EXPECT_EQ(asked[0].skus.size(), 100u);
  EXPECT_EQ(asked[2].skus.size(), 50u);
}

TEST_F(StockCacheTest, StaysWithinItsCapacity) {
  for (int i = 0; i < 500; ++i) fill("S" + std::to_string(i), 1);
  EXPECT_LE(cache->size(), capacity);
  EXPECT_TRUE(cache->remembered({"S499", ""}));
}

TEST_F(StockCacheTest, TheTagChangesWithTheStockAndNotWithItsTime) {
  fill("A", 12);
  const std::string tag = cache->remembered({"A", ""})->tag;
  clock.advance(6s);
  fill("A", 12);
  EXPECT_EQ(cache->remembered({"A", ""})->tag, tag);
  EXPECT_TRUE(names_tag(tag, tag));
  EXPECT_TRUE(names_tag("W/\"x\", " + tag, tag));
  EXPECT_FALSE(names_tag("W/\"x\"", tag));
  clock.advance(6s);
  fill("A", 13);
  EXPECT_NE(cache->remembered({"A", ""})->tag, tag);
}

TEST(StockCacheThreads, ManyAskAtOnceAndAllAreAnswered) {
  testkit::ManualClock clock;
  std::atomic<int> questions{0};
  const auto cache =
      std::make_shared<StockCache>(clock, StockCacheSettings{0s, 0s, 1min, 50},
                                   [&](const std::string&, const std::vector<std::string>& skus, auto answer) {
                                     ++questions;
                                     contract::StockList list;
                                     for (const std::string& sku : skus)
                                       list.found.push_back(stock_of(sku, 1, clock.now()));
                                     answer(list);
                                   });
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) {
        cache->want({{"S" + std::to_string(i % 70), ""}, {"T", ""}}, StockCache::Want::soon,
                    [&](const StockCache::Answers& answers) { answered += answers[0] && answers[1] ? 1 : 0; });
        (void)cache->remembered({"T", ""});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(answered, 2000);
  EXPECT_GT(questions, 0);
}

}  // namespace
}  // namespace qiao::partners
