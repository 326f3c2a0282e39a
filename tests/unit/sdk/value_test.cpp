#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "qiao/http.hpp"
#include "qiao/id.hpp"
#include "qiao/markup.hpp"
#include "qiao/metrics.hpp"
#include "qiao/result.hpp"
#include "qiao/sql.hpp"
#include "qiao/time.hpp"
#include "qiao/utf8.hpp"

namespace qiao {
namespace {

TEST(Markup, ShowsTextAsItIs) {
  EXPECT_EQ(escape_markup("<b title=\"a & b\">您好</b>"), "&lt;b title=&quot;a &amp; b&quot;&gt;您好&lt;/b&gt;");
  EXPECT_EQ(escape_markup("one\ntwo"), "one\ntwo");
  EXPECT_EQ(escape_markup("one\n\n<two>", "<br>"), "one<br><br>&lt;two&gt;");
  EXPECT_EQ(escape_markup(""), "");
}

TEST(Utf8, IsCutBetweenCharacters) {
  EXPECT_EQ(utf8_head("您好", 6), "您好");
  EXPECT_EQ(utf8_head("您好", 5), "您");
  EXPECT_EQ(utf8_head("您好", 3), "您");
  EXPECT_EQ(utf8_head("您好", 2), "");
  EXPECT_EQ(utf8_head("a😀", 4), "a");
  EXPECT_EQ(utf8_head("abc", 2), "ab");
}

TEST(Sql, AsksForAsManyValuesAsThereAreAndForNoneMatchesNothing) {
  EXPECT_EQ(placeholders(1), "?");
  EXPECT_EQ(placeholders(3), "?, ?, ?");
  EXPECT_EQ(placeholders(0), "NULL");
}

TEST(Id, IsUniqueAcrossThreadsAndGrowsWithinOne) {
  std::mutex mutex;
  std::set<std::int64_t> all;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      std::vector<std::int64_t> mine;
      for (int i = 0; i < 10'000; ++i) mine.push_back(new_id().value);
      EXPECT_TRUE(std::is_sorted(mine.begin(), mine.end()));
      const std::lock_guard lock(mutex);
      all.insert(mine.begin(), mine.end());
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(all.size(), 40'000u);
  EXPECT_GT(*all.begin(), 0);
}

TEST(Id, ReadsOnlyPositiveDecimalNumbers) {
  EXPECT_EQ(parse_id("42")->value, 42);
  for (const char* text : {"", "0", "-1", "4 2", "0x10", "9223372036854775808", "42a"})
    EXPECT_FALSE(parse_id(text)) << text;
}

TEST(Time, ReadsAndWritesIso8601) {
  EXPECT_EQ(to_iso8601(*from_iso8601("2026-11-22T07:04:05Z")), "2026-11-22T07:04:05.000Z");
  EXPECT_EQ(to_iso8601(*from_iso8601("2026-11-22t07:04:05.123456+01:30")), "2026-11-22T05:34:05.123Z");
  EXPECT_EQ(to_iso8601(*from_iso8601("2024-02-29 23:59:59Z")), "2024-02-29T23:59:59.000Z");
  EXPECT_EQ(to_iso8601(from_micros(-1)), "1969-12-31T23:59:59.999Z");
  for (const char* text : {"", "2026-11-22", "2026-13-01T00:00:00Z", "2025-02-29T00:00:00Z", "2026-11-22T24:00:00Z",
                           "2026-11-22T07:04:05", "2026-11-22T07:04:05.Z", "2026-11-22T07:04:05Zx"}) {
    EXPECT_FALSE(from_iso8601(text)) << text;
  }
}

TEST(Error, IsCalledByItsIdOrElseByItsCode) {
  EXPECT_EQ((Error{Errc::not_found, "x"}).name(), "not_found");
  EXPECT_EQ((Error{Errc::not_found, "erp.no_sku", "x"}).name(), "erp.no_sku");
  EXPECT_EQ(http_status(Errc::overloaded), 503);
}

TEST(Result, HoldsAValueOrAnError) {
  const Result<int> value = 3;
  const Result<int> error = Error{Errc::timeout, "late"};
  EXPECT_EQ(value.value_or(7), 3);
  EXPECT_EQ(error.value_or(7), 7);
  EXPECT_EQ(error.error().code, Errc::timeout);
  EXPECT_TRUE(Result<void>());
}

TEST(Histogram, CountsIntoItsBuckets) {
  Histogram histogram;
  histogram.observe(0.0005);
  histogram.observe(0.003);
  histogram.observe(100);
  EXPECT_EQ(histogram.bucket(0), 1u);
  EXPECT_EQ(histogram.bucket(2), 1u);
  EXPECT_EQ(histogram.bucket(Histogram::kBuckets - 1), 1u);
  EXPECT_NEAR(histogram.sum(), 100.0035, 1e-6);
}

TEST(Principal, MayDoWhatItsPermissionsSay) {
  Principal agent;
  agent.permissions = {"conversations.read"};
  EXPECT_TRUE(agent.may("conversations.read"));
  EXPECT_FALSE(agent.may("conversations.write"));
  agent.permissions = {"*"};
  EXPECT_TRUE(agent.may("users.delete"));
}

TEST(HttpRequest, FindsCookiesHeadersAndParameters) {
  HttpRequest request;
  request.headers = {{"cookie", "a=1; session=x=y;  b=2"}};
  request.query = {{"page", "3"}};
  request.params = {{"id", "7"}};
  EXPECT_EQ(request.cookie("session"), "x=y");
  EXPECT_EQ(request.cookie("b"), "2");
  EXPECT_EQ(request.cookie("c"), "");
  EXPECT_EQ(request.query_value("page"), "3");
  EXPECT_EQ(request.param("id"), "7");
}

}  // namespace
}  // namespace qiao
