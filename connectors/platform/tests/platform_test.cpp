#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "connectors/platform/http_answer.hpp"
#include "connectors/platform/json_answer.hpp"
#include "connectors/platform/phone.hpp"
#include "connectors/platform/session.hpp"

using namespace qiao;
using namespace qiao::platform;
using namespace std::chrono_literals;

namespace {

class TestClock final : public Clock {
 public:
  [[nodiscard]] Time now() const override { return {}; }
  [[nodiscard]] SteadyTime steady() const override { return at; }
  SteadyTime at{1h};
};

}  // namespace

TEST(Phone, KnowsOneNumberInAllItsSpellings) {
  for (const char* spelling : {"13800138000", "138 0013 8000", "+86 138-0013-8000", "+8613800138000",
                               "0086 13800138000", "(86) 138 0013 8000", "8613800138000", "013800138000"}) {
    EXPECT_TRUE(same_phone(spelling, "+86 13800138000", "86")) << spelling;
  }
  EXPECT_FALSE(same_phone("13800138001", "13800138000", "86"));
  EXPECT_FALSE(same_phone("", "", "86"));
  EXPECT_FALSE(same_phone("12345", "12345", "86"));
}

TEST(Phone, LeavesNumbersOfOtherCountriesTheirCode) {
  EXPECT_EQ(national("+49 171 1234567", "86"), "491711234567");
  EXPECT_FALSE(same_phone("+49 171 1234567", "171 1234567", "86"));
  EXPECT_EQ(national("021-6234 5678", "86"), "2162345678");
  EXPECT_EQ(national("8612345", "86"), "8612345");
}

TEST(Phone, RecordsAreNumberedInFull) {
  EXPECT_EQ(record_number("12"), 12);
  for (const char* no : {"", "0", "-1", "12abc", " 12", "99999999999999999999"}) EXPECT_EQ(record_number(no), 0) << no;
  EXPECT_TRUE(same_email("Lin@Example.com", "lin@example.COM"));
  EXPECT_FALSE(same_email("", ""));
  EXPECT_FALSE(same_email("a_b@example.com", "axb@example.com"));
}

TEST(Answers, AreReadLeniently) {
  const auto json = read_json(R"({"a":false,"b":"12.5","c":12,"d":[1],"e":129.9,"n":null})", "x");
  ASSERT_TRUE(json);
  EXPECT_EQ(text(at(*json, "a")), "");
  EXPECT_EQ(number(at(*json, "b")), 12.5);
  EXPECT_EQ(text(at(*json, "c")), "12");
  EXPECT_EQ(amount(at(*json, "e")), "129.90");
  EXPECT_EQ(amount(at(*json, "b")), "12.5");
  EXPECT_TRUE(at(*json, {"d", "deeper"}).is_null());
  EXPECT_TRUE(at(at(*json, "d"), 5).is_null());
  EXPECT_EQ(items(at(*json, "n")).size(), 0U);
}

TEST(Answers, ThatAreNoJsonOrNestTooDeepAreAnErrorOfTheSystem) {
  EXPECT_EQ(read_json("<html>", "odoo").error().id, "odoo.bad_answer");
  EXPECT_EQ(read_json(std::string(100000, '['), "odoo").error().code, Errc::unavailable);
  EXPECT_TRUE(read_json(R"({"text":"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["})", "odoo"));
}

TEST(Answers, TimesComeInManyShapes) {
  EXPECT_EQ(to_iso8601(time("2026-11-20", 8)), "2026-11-19T16:00:00.000Z");
  EXPECT_EQ(to_iso8601(time("2026-11-20 08:00:00", 0)), "2026-11-20T08:00:00.000Z");
  EXPECT_EQ(to_iso8601(time("2026-11-20T08:00:00.000+0800", 0)), "2026-11-20T00:00:00.000Z");
  EXPECT_EQ(to_iso8601(time("2026-11-20T08:00:00Z", 8)), "2026-11-20T08:00:00.000Z");
  for (const char* no : {"", "yesterday", "2026-13-01", "2026-02-30", "2026-11-20T25:00:00"}) {
    EXPECT_EQ(time(no, 8), Time{}) << no;
  }
}

TEST(Answers, StatusesBecomeErrorsThatSayWhatToDo) {
  OutboundResponse busy{429, {{"retry-after", "7"}}, ""};
  EXPECT_EQ(status_error("odoo", busy).code, Errc::rate_limited);
  EXPECT_EQ(status_error("odoo", busy).retry_after, 7s);
  EXPECT_EQ(status_error("odoo", {401, {}, ""}).code, Errc::unauthorized);
  EXPECT_EQ(status_error("odoo", {502, {}, ""}).code, Errc::unavailable);
  EXPECT_EQ(status_error("odoo", {417, {}, ""}, "line\nbreak").message, "odoo answered with status 417: line break");
}

TEST(Sessions, AreRenewedBeforeTheyEnd) {
  TestClock clock;
  int logins = 0;
  SessionKeeper keeper(clock, [&]() -> Result<Grant> { return Grant{std::to_string(++logins), "", 100s}; });
  EXPECT_EQ(keeper.get()->token, "1");
  clock.at += 89s;
  EXPECT_EQ(keeper.get()->token, "1");
  clock.at += 2s;
  EXPECT_EQ(keeper.get()->token, "2");
}

TEST(Sessions, HealOnceAndOnlyOnce) {
  TestClock clock;
  int logins = 0, calls = 0;
  SessionKeeper keeper(clock, [&]() -> Result<Grant> { return Grant{std::to_string(++logins), "", 0s}; });
  const auto answer = with_session(keeper, [&](const Grant&) -> Result<int> {
    ++calls;
    return Error{Errc::unavailable, kSessionLost, "gone"};
  });
  EXPECT_FALSE(answer);
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(logins, 2);
}

TEST(Sessions, ARefusedLoginIsNotRepeated) {
  TestClock clock;
  int logins = 0;
  SessionKeeper keeper(clock, [&]() -> Result<Grant> {
    ++logins;
    return Error{Errc::unauthorized, "wrong password"};
  });
  EXPECT_FALSE(keeper.get());
  EXPECT_FALSE(keeper.get());
  EXPECT_EQ(logins, 1);
  keeper.forgive();
  EXPECT_FALSE(keeper.get());
  EXPECT_EQ(logins, 2);
}

TEST(Sessions, ManyAskersLogInOnce) {
  TestClock clock;
  std::atomic<int> logins{0};
  std::atomic<bool> go{false};
  SessionKeeper keeper(clock, [&]() -> Result<Grant> {
    while (!go) std::this_thread::yield();
    ++logins;
    return Grant{"one", "", 0s};
  });
  std::vector<std::thread> askers;
  for (int i = 0; i < 8; ++i) {
    askers.emplace_back([&] { EXPECT_EQ(keeper.get()->token, "one"); });
  }
  go = true;
  for (auto& asker : askers) asker.join();
  EXPECT_EQ(logins, 1);
}
