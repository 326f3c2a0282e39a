#include <gtest/gtest.h>

#include <deque>

#include "qiao/testkit/fake_peer.hpp"
#include "qiao_partner.hpp"

namespace qiao_partner {
namespace {

using namespace std::chrono_literals;

constexpr const char* kTea =
    R"({"sku":"A-100","warehouse":"","name":"绿茶 \u00e9 \ud83d\ude00 \"250\"","unit":"pcs","available":12.5,"warehouses":[{"warehouse":"SH","name":"Shanghai","available":12.5}],"as_of":"2026-11-22T08:00:00.000Z","stale":true})";

/// A hub that answers what it was told to, in turn.
struct Scripted {
  std::deque<Response> answers;
  std::vector<Request> requests;
  std::vector<std::chrono::milliseconds> waits;

  Client client() {
    Options options;
    options.hub = "https://hub.example.org/";
    options.key = "qk_test";
    options.sleep = [this](std::chrono::milliseconds d) { waits.push_back(d); };
    return Client(options, [this](const Request& request) {
      requests.push_back(request);
      Response answer = answers.front();
      if (answers.size() > 1) answers.pop_front();
      return answer;
    });
  }
};

Response problem(int status, const std::string& id, const std::string& retry_after = {}) {
  Response response{status, {}, R"({"type":"urn:qiao:error:)" + id + R"(","title":"x","status":1,"detail":"why"})"};
  if (!retry_after.empty()) response.headers["retry-after"] = retry_after;
  return response;
}

TEST(PartnerClient, ReadsTheStockOfASku) {
  Scripted hub{
      {{200, {{"ratelimit-limit", "600"}, {"ratelimit-remaining", "599"}, {"ratelimit-reset", "30"}}, kTea}}, {}, {}};
  Client client = hub.client();
  const Stock stock = client.stock("A-100/é", "SH");
  EXPECT_EQ(stock.name, "绿茶 é 😀 \"250\"");
  EXPECT_EQ(stock.available, 12.5);
  ASSERT_EQ(stock.warehouses.size(), 1u);
  EXPECT_EQ(stock.warehouses[0].name, "Shanghai");
  EXPECT_TRUE(stock.stale);
  EXPECT_EQ(hub.requests[0].url, "https://hub.example.org/api/partner/v1/stock?sku=A-100%2F%C3%A9&warehouse=SH");
  EXPECT_EQ(hub.requests[0].headers[0], "Authorization: Bearer qk_test");
  EXPECT_EQ(client.quota().remaining, 599);
}

TEST(PartnerClient, AsksForSeveralAtOnce) {
  Scripted hub{
      {{200, {}, std::string(R"({"items":[)") + kTea + R"(],"unknown":["X"],"unavailable":[],"forbidden":["Y"]})"}},
      {},
      {}};
  const StockList list = hub.client().stock_batch({"A-100", "X", "Y\"\n"});
  EXPECT_EQ(hub.requests[0].body, R"({"skus":["A-100","X","Y\"\u000a"],"warehouse":""})");
  EXPECT_EQ(list.items.size(), 1u);
  EXPECT_EQ(list.unknown, std::vector<std::string>{"X"});
  EXPECT_EQ(list.forbidden, std::vector<std::string>{"Y"});
}

TEST(PartnerClient, FindsProducts) {
  Scripted hub{
      {{200,
        {},
        R"({"products":[{"sku":"A","name":"Tea","price":"39.00","attributes":{"colour":"green"}}],"stale":false})"}},
      {},
      {}};
  const auto products = hub.client().products("green tea", 3);
  ASSERT_EQ(products.size(), 1u);
  EXPECT_EQ(products[0].price, "39.00");
  EXPECT_EQ(products[0].attributes.at("colour"), "green");
  EXPECT_NE(hub.requests[0].url.find("search=green%20tea&limit=3"), std::string::npos);
}

TEST(PartnerClient, ThrowsWhatTheHubRefuses) {
  Scripted hub{{problem(404, "partners.unknown_sku")}, {}, {}};
  try {
    (void)hub.client().stock("X");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.status, 404);
    EXPECT_EQ(error.id, "partners.unknown_sku");
    EXPECT_STREQ(error.what(), "why");
  }
  EXPECT_EQ(hub.requests.size(), 1u);
}

TEST(PartnerClient, WaitsAsLongAsTheHubSaysAndTriesAgain) {
  Scripted hub{
      {problem(429, "partners.quota", "3"), problem(503, "partners.erp_unavailable"), {200, {}, kTea}}, {}, {}};
  EXPECT_EQ(hub.client().stock("A-100").sku, "A-100");
  EXPECT_EQ(hub.waits, (std::vector<std::chrono::milliseconds>{3000ms, 500ms}));
}

TEST(PartnerClient, DoesNotWaitForeverAndNotTooOften) {
  Scripted slow{{problem(429, "partners.quota", "60")}, {}, {}};
  EXPECT_THROW((void)slow.client().stock("A"), Error);
  EXPECT_TRUE(slow.waits.empty());
  Scripted down{{problem(503, "partners.erp_unavailable")}, {}, {}};
  EXPECT_THROW((void)down.client().stock("A"), Error);
  EXPECT_EQ(down.requests.size(), 3u);
}

TEST(PartnerClient, AnAnswerThatIsNoJsonIsAnErrorAndNoCrash) {
  for (const char* body : {"", "{", "{\"sku\":", "[1,2", "nul", "\"\\u12", "{} x", "<html>", "{\"a\":-}"}) {
    Scripted hub{{{200, {}, body}}, {}, {}};
    EXPECT_THROW((void)hub.client().stock("A"), Error) << body;
  }
  Scripted deep{{{200, {}, std::string(100000, '[')}}, {}, {}};
  EXPECT_THROW((void)deep.client().stock("A"), Error);
  Scripted proxy{{{502, {}, "<html>bad gateway</html>"}}, {}, {}};
  EXPECT_THROW((void)proxy.client().stock("A"), Error);
}

TEST(PartnerClient, SpeaksOverLibcurl) {
  auto peer = qiao::testkit::FakePeer::http()
                  .on("GET", "/api/partner/v1/stock", 200, kTea)
                  .on("POST", "/api/partner/v1/stock", 503, "{}");
  Options options;
  options.hub = peer.url();
  options.key = "qk_test";
  options.retries = 0;
  Client client(options);
  EXPECT_EQ(client.stock("A-100").available, 12.5);
  EXPECT_EQ(peer.requests().at(0).header("authorization"), "Bearer qk_test");
  try {
    (void)client.stock_batch({"A"});
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.status, 503);
  }
  EXPECT_EQ(peer.requests().at(1).header("content-type"), "application/json");
  options.hub = "http://127.0.0.1:1";
  try {
    (void)Client(options).stock("A");
    FAIL() << "no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.status, 0);
  }
}

}  // namespace
}  // namespace qiao_partner
