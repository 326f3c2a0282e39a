#include "plugins/llm/client/model_client.hpp"

#include <gtest/gtest.h>

#include "plugins/llm/reading_order.hpp"
#include "qiao/testkit/manual_clock.hpp"

namespace qiao::llm {
namespace {

using namespace std::chrono_literals;
constexpr const char* kAnswer =
    R"({"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}],"usage":{"total_tokens":60}})";

/// A server that answers what the test says, in order; then `kAnswer`.
struct Asked : testing::Test {
  testkit::ManualClock clock;
  LlmConfig config;
  std::vector<Result<OutboundResponse>> answers;
  std::vector<OutboundRequest> seen;
  std::vector<std::chrono::milliseconds> waited;

  ModelClient client() {
    config.url = "https://model.example/v1/";
    config.api_key = "k";
    config.model = "m";
    return {config,
            [this](const OutboundRequest& r) -> Result<OutboundResponse> {
              seen.push_back(r);
              if (answers.empty()) return OutboundResponse{200, {}, kAnswer};
              auto next = std::move(answers.front());
              answers.erase(answers.begin());
              return next;
            },
            clock,
            [this](std::chrono::milliseconds pause) {
              waited.push_back(pause);
              clock.advance(pause);
              return true;
            }};
  }
  static Result<OutboundResponse> status(int code, std::vector<std::pair<std::string, std::string>> headers = {}) {
    return OutboundResponse{code, std::move(headers), "{}"};
  }
};

TEST_F(Asked, GoesToTheRightAddressWithTheKey) {
  auto c = client();
  ASSERT_TRUE(c.chat({{"user", "hi"}}));
  EXPECT_EQ(seen[0].url, "https://model.example/v1/chat/completions");
  EXPECT_EQ(seen[0].headers.back().second, "Bearer k");
}

TEST_F(Asked, TriesAgainWhatMayPassAndHonoursTheWaitThatTheServerAsksFor) {
  answers = {status(503, {{"retry-after-ms", "300"}})};
  auto c = client();
  EXPECT_TRUE(c.chat({{"user", "hi"}}));
  EXPECT_EQ(waited, std::vector<std::chrono::milliseconds>{300ms});
}

TEST_F(Asked, DoesNotTryAgainWhatCannotPassOrTakesTooLong) {
  answers = {status(401)};
  auto c = client();
  EXPECT_FALSE(c.chat({{"user", "hi"}}));
  EXPECT_EQ(seen.size(), 1U);
  answers = {status(429, {{"retry-after", "60"}})};
  EXPECT_FALSE(c.chat({{"user", "hi"}}));
  EXPECT_EQ(seen.size(), 2U) << "a customer does not wait a minute";
}

TEST_F(Asked, ABrokenStreamIsTriedAgain) {
  answers = {OutboundResponse{200, {}, "data: {\"choices\":[{\"delta\":{\"content\":\"h\"}}]}\n\n"}};
  auto c = client();
  EXPECT_TRUE(c.chat({{"user", "hi"}}));
  EXPECT_EQ(seen.size(), 2U);
}

TEST_F(Asked, AServerThatFailsTooOftenIsLeftAloneAndTriedOnceAfterwards) {
  config.retries = 0;
  config.breaker_failures = 3;
  auto c = client();
  for (int i = 0; i < 3; ++i) {
    answers = {Error{Errc::timeout, "outbound.timeout", "slow"}};
    EXPECT_FALSE(c.chat({{"user", "hi"}}));
  }
  EXPECT_TRUE(c.resting());
  EXPECT_EQ(c.chat({{"user", "hi"}}).error().id, "llm.circuit_open");
  EXPECT_EQ(seen.size(), 3U) << "nothing was sent";
  clock.advance(31s);
  answers = {status(500)};
  EXPECT_FALSE(c.chat({{"user", "hi"}}));
  EXPECT_EQ(c.chat({{"user", "hi"}}).error().id, "llm.circuit_open") << "the try failed";
  clock.advance(31s);
  EXPECT_TRUE(c.chat({{"user", "hi"}}));
  EXPECT_FALSE(c.resting());
}

TEST_F(Asked, WrongQuestionsSayNothingAgainstTheServer) {
  config.breaker_failures = 2;
  auto c = client();
  for (int i = 0; i < 5; ++i) {
    answers = {status(400)};
    EXPECT_FALSE(c.chat({{"user", "hi"}}));
  }
  EXPECT_FALSE(c.resting());
}

TEST_F(Asked, TheBudgetIsADays) {
  config.tokens_per_day = 100;
  auto c = client();
  EXPECT_TRUE(c.chat({{"user", "hi"}}));
  EXPECT_TRUE(c.chat({{"user", "hi"}}));
  EXPECT_EQ(c.chat({{"user", "hi"}}).error().id, "llm.over_budget");
  clock.advance(24h);
  EXPECT_TRUE(c.chat({{"user", "hi"}}));
  c.budget().resume(c.budget().today(), 100);
  EXPECT_EQ(c.chat({{"user", "hi"}}).error().id, "llm.over_budget") << "used before the restart";
}

TEST_F(Asked, AServerThatDoesNotCountIsCountedFor) {
  config.tokens_per_day = 10;
  answers = {OutboundResponse{200, {}, R"({"choices":[{"message":{"content":"hi"},"finish_reason":"stop"}]})"}};
  auto c = client();
  EXPECT_TRUE(c.chat({{"user", std::string(90, 'x')}}));
  EXPECT_FALSE(c.chat({{"user", "hi"}}));
}

TEST_F(Asked, PassagesThatMeanTheQuestionComeFirstAndVectorsAreKept) {
  config.embedding_model = "e";
  auto c = client();
  ReadingOrder order(c);
  std::vector<contract::Passage> passages{{"a", "x", "1"}, {"b", "y", "2"}, {"c", "z", "3"}};
  answers = {OutboundResponse{200, {}, R"({"data":[{"index":0,"embedding":[0,1]},{"index":1,"embedding":[1,0]},
      {"index":2,"embedding":[0.5,0.5]},{"index":3,"embedding":[0,2]}]})"},
             OutboundResponse{200, {}, R"({"data":[{"index":0,"embedding":[1,0]}]})"}};
  order.arrange("q", passages, 2);
  ASSERT_EQ(passages.size(), 2U);
  EXPECT_EQ(passages[0].entry + passages[1].entry, "cb");
  passages = {{"b", "y", "2"}, {"a", "x", "1"}};
  order.arrange("q2", passages, 2);
  EXPECT_EQ(passages[0].entry, "a") << "only the question was sent the second time";
  answers = {status(500), status(500)};
  order.arrange("q3", passages, 1);
  EXPECT_EQ(passages[0].entry, "a") << "without vectors the order stays";
}

}  // namespace
}  // namespace qiao::llm
