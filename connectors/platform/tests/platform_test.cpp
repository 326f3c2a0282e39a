#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "connectors/platform/answers.hpp"
#include "connectors/platform/phone.hpp"
#include "connectors/platform/request.hpp"
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

TEST(Request, CarriesItsBodyAsJsonAndReadsTheAnswer) {
  OutboundRequest seen;
  int status = 200;
  const Transport transport = [&](const OutboundRequest& request) -> Result<OutboundResponse> {
    seen = request;
    return OutboundResponse{.status = status, .headers = {}, .body = status == 200 ? R"({"a":1})" : ""};
  };
  auto answer = ask(transport, "erp", json_request("POST", "http://erp/x", {{"q", "\xff"}}));
  ASSERT_TRUE(answer);
  EXPECT_EQ(integer(at(*answer, "a")), 1);
  EXPECT_EQ(seen.method, "POST");
  EXPECT_EQ(seen.body, "{\"q\":\"\xEF\xBF\xBD\"}");
  EXPECT_EQ(seen.headers.front().second, "application/json");
  ASSERT_TRUE(ask(transport, "erp", json_request("GET", "http://erp/x")));
  EXPECT_TRUE(seen.headers.empty());
  status = 204;
  EXPECT_TRUE(ask(transport, "erp", seen)->is_null());
  status = 503;
  EXPECT_EQ(ask(transport, "erp", seen).error().id, "erp.http_503");
  EXPECT_EQ(ask(transport, "erp", seen,
                [](const OutboundResponse&) {
                  return Error{Errc::forbidden, "no"};
                })
                .error()
                .code,
            Errc::forbidden);
}

TEST(Pages, AreAskedForUntilTheLastOneAndNotForever) {
  int asked = 0;
  const auto pages = [&](std::size_t rows, std::size_t last) {
    asked = 0;
    return all_pages("erp", "stock", [&, rows, last](std::size_t index) -> Result<Page> {
      ++asked;
      return Page{Json::array_t(index > last ? 0 : rows, Json(index)), index == last};
    });
  };
  EXPECT_EQ(pages(3, 2)->size(), 9u);
  EXPECT_EQ(asked, 3);
  EXPECT_TRUE(pages(0, 9)->empty());
  EXPECT_EQ(asked, 1);
  const auto endless = pages(1000, 1'000'000);
  ASSERT_FALSE(endless);
  EXPECT_EQ(endless.error().id, "erp.too_many_rows");
  EXPECT_EQ(asked, 40);
}

namespace {

/// Knows two people with one telephone.
class Household final : public Backend {
 public:
  Result<std::vector<contract::CustomerCard>> customers(const contract::LookupCustomer& q) override {
    std::vector<contract::CustomerCard> found;
    for (const char* id : {"7", "8"}) {
      if (q.phone == "13800138000" && q.email.empty()) found.emplace_back().crm_id = id;
    }
    return found;
  }
  Result<std::string> test() override { return std::string(); }
};

}  // namespace

TEST(Answers, KnowWhoseOrdersAreAskedFor) {
  Household system;
  contract::OrderQuery q;
  q.number = "SO-1";
  EXPECT_TRUE(customers_asked(system, "erp", q)->empty());
  q.customer = "8";
  EXPECT_EQ(*customers_asked(system, "erp", q), (std::vector<std::string>{"8"}));
  q.phone = "13800138000";
  q.email = "ignored@example.com";
  EXPECT_EQ(*customers_asked(system, "erp", q), (std::vector<std::string>{"8"}));
  q.customer = "9";
  EXPECT_EQ(customers_asked(system, "erp", q).error().code, Errc::not_found);
  q.customer.clear();
  EXPECT_EQ(*owners_of(system, "erp", q), (std::vector<std::string>{"7", "8"}));
  q.phone = "13900000000";
  EXPECT_EQ(owners_of(system, "erp", q).error().code, Errc::not_found);
}

TEST(Answers, PutTheExactOneFirstAndTakeWordsLiterally) {
  std::vector<contract::Product> products(3);
  products[0].sku = "A-10";
  products[1].sku = "A-1";
  products[2].barcode = "A-1";
  exact_first(products, "A-1");
  EXPECT_EQ(products[2].sku, "A-10");
  EXPECT_EQ(split(",a,,b c,", ','), (std::vector<std::string>{"a", "b c"}));
  EXPECT_EQ(like_literal("100%_\\"), "100\\%\\_\\\\");
  std::vector<contract::StockLevel> levels;
  level_of(levels, "WH", "Main").on_hand = 3;
  EXPECT_EQ(level_of(levels, "WH", "other").on_hand, 3);
  EXPECT_EQ(levels.size(), 1u);
}

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
