#include "plugins/partners/tests/partner_fixture.hpp"
#include "qiao/testkit/conformance.hpp"

namespace qiao::partners {
namespace {

using namespace std::chrono_literals;

using PartnerApi = PartnerHub;

TEST_F(PartnerApi, AServerReadsTheStockOfOneSku) {
  const Key key = server_key();
  const auto answer = with(key.secret, "/stock?sku=A-100");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto one = json_of(answer);
  EXPECT_EQ(one["sku"], "A-100");
  EXPECT_EQ(one["available"], 12);
  EXPECT_EQ(one["warehouses"][0]["name"], "Shanghai");
  EXPECT_EQ(one["stale"], false);
  EXPECT_FALSE(one.contains("reserved")) << "what others ordered is nobody's business";
  EXPECT_FALSE(one.contains("on_hand"));
  EXPECT_EQ(answer.header("age"), "0");
  EXPECT_EQ(answer.header("cache-control"), "private, max-age=5");
  EXPECT_EQ(answer.header("ratelimit-limit"), "600");
  EXPECT_EQ(answer.header("ratelimit-remaining"), "599");
  EXPECT_EQ(answer.header("ratelimit-policy"), "600;w=60, 100000;w=86400");
  EXPECT_EQ(answer.header("access-control-allow-origin"), "");
}

TEST_F(PartnerApi, TellsHowOldTheValueIsAndAnswersNotModified) {
  const Key key = server_key();
  const auto first = with(key.secret, "/stock?sku=A-100");
  const std::string tag(first.header("etag"));
  ASSERT_TRUE(tag.starts_with("W/\"")) << tag;
  hub.advance(4s);
  const auto again = hub.http("GET", "/api/partner/v1/stock?sku=A-100", {},
                              {{"authorization", "Bearer " + key.secret}, {"if-none-match", tag}});
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.header("age"), "4");
  EXPECT_EQ(again.header("etag"), tag);
  EXPECT_TRUE(again.body.empty());
  EXPECT_EQ(asked, 1);
}

TEST_F(PartnerApi, UnknownSkusAndMissingErpsAreToldApart) {
  const Key key = server_key();
  const auto missing = with(key.secret, "/stock?sku=C-9");
  EXPECT_EQ(missing.status, 404);
  EXPECT_EQ(problem_of(missing), "partners.unknown_sku");
  erp_up = false;
  const auto down = with(key.secret, "/stock?sku=A-100");
  EXPECT_EQ(down.status, 503);
  EXPECT_EQ(problem_of(down), "partners.erp_unavailable");
  EXPECT_EQ(down.header("retry-after"), "2");
  EXPECT_EQ(down.header("content-type"), "application/problem+json");
}

TEST_F(PartnerApi, WhileTheErpIsDownAnOldValueIsGivenAsStale) {
  const Key key = server_key();
  EXPECT_EQ(with(key.secret, "/stock?sku=A-100").status, 200);
  erp_up = false;
  hub.advance(2min);
  const auto answer = with(key.secret, "/stock?sku=A-100");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(json_of(answer)["stale"], true);
  EXPECT_EQ(answer.header("age"), "120");
}

TEST_F(PartnerApi, WrongQuestionsNameWhatIsWrong) {
  const Key key = server_key();
  EXPECT_EQ(problem_of(with(key.secret, "/stock")), "partners.no_sku");
  EXPECT_EQ(with(key.secret, "/stock?sku=").status, 400);
  EXPECT_EQ(with(key.secret, "/stock?sku=" + std::string(65, 'x')).status, 400);
  EXPECT_EQ(with(key.secret, "/stock?sku=A%0AB").status, 400);
  EXPECT_EQ(with(key.secret, "/stock?sku=A&colour=red").status, 400);
  EXPECT_EQ(problem_of(with(key.secret, "/products?search=")), "partners.bad_search");
  EXPECT_EQ(asked, 0);
}

TEST_F(PartnerApi, ManySkusAreOneQuestion) {
  const Key key = server_key();
  const auto answer = post(key.secret, R"({"skus":["A-100","C-9","B-1","A-100"]})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto list = json_of(answer);
  ASSERT_EQ(list["items"].size(), 2u);
  EXPECT_EQ(list["items"][0]["sku"], "A-100");
  EXPECT_EQ(list["items"][1]["available"], 3);
  EXPECT_EQ(list["unknown"], nlohmann::json::array({"C-9"}));
  EXPECT_TRUE(list["unavailable"].empty());
  EXPECT_EQ(asked, 1);

  const auto same = with(key.secret, "/stock?sku=A-100&sku=C-9&sku=B-1");
  EXPECT_EQ(json_of(same), list);
  EXPECT_EQ(same.header("etag"), answer.header("etag"));
  EXPECT_EQ(asked, 1);
  std::string too_many;
  for (int i = 0; i < 101; ++i) too_many += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\"";
  EXPECT_EQ(problem_of(post(key.secret, R"({"skus":[)" + too_many + "]}")), "partners.too_many");
  erp_up = false;
  EXPECT_EQ(post(key.secret, R"({"skus":["D-1","D-2"]})").status, 503);
}

TEST_F(PartnerApi, ProductsAreFoundAndTheListOfTheKeyHolds) {
  const Key key = server_key();
  const auto answer = with(key.secret, "/products?search=tea&limit=2");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(json_of(answer)["products"].size(), 2u);
  EXPECT_EQ(answer.header("age"), "3");
  const Key narrow = server_key(R"(,"skus":["B-*"])");
  const auto less = json_of(with(narrow.secret, "/products?search=tea"));
  ASSERT_EQ(less["products"].size(), 1u);
  EXPECT_EQ(less["products"][0]["sku"], "B-1");
}

TEST_F(PartnerApi, AKeyOpensItsScopesAndSkusOnly) {
  const Key stock_only = make(R"({"name":"P","kind":"server","skus":["A-100"]})");
  EXPECT_EQ(with(stock_only.secret, "/stock?sku=A-100").status, 200);
  EXPECT_EQ(problem_of(with(stock_only.secret, "/stock?sku=A-200")), "partners.sku");
  EXPECT_EQ(problem_of(with(stock_only.secret, "/products?search=tea")), "partners.scope");
  const auto mixed = json_of(post(stock_only.secret, R"({"skus":["A-100","A-200"]})"));
  EXPECT_EQ(mixed["items"].size(), 1u);
  EXPECT_EQ(mixed["forbidden"], nlohmann::json::array({"A-200"}));
  EXPECT_EQ(post(stock_only.secret, R"({"skus":["A-200"]})").status, 403);
}

TEST_F(PartnerApi, WithoutAKeyThereIsNothing) {
  const auto none = hub.http("GET", "/api/partner/v1/stock?sku=A-100");
  EXPECT_EQ(none.status, 401);
  EXPECT_EQ(none.header("www-authenticate"), "Bearer");
  EXPECT_EQ(problem_of(none), "partners.no_key");
  EXPECT_EQ(problem_of(with("qk_" + std::string(43, 'x'), "/stock?sku=A-100")), "partners.wrong_key");
  EXPECT_EQ(asked, 0);
}

TEST_F(PartnerApi, ABrowserKeyWorksOnItsPagesAndTellsTheBrowserSo) {
  const Key key = browser_key();
  const auto answer = with(key.secret, "/stock?sku=A-100", kShop);
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_EQ(answer.header("access-control-allow-origin"), kShop);
  EXPECT_NE(answer.header("access-control-expose-headers").find("RateLimit-Remaining"), std::string::npos);
  EXPECT_NE(answer.header("vary").find("Origin"), std::string::npos);
  EXPECT_EQ(answer.header("access-control-allow-credentials"), "");

  const auto elsewhere = with(key.secret, "/stock?sku=A-100", "https://evil.example.org");
  EXPECT_EQ(elsewhere.status, 403);
  EXPECT_EQ(elsewhere.header("access-control-allow-origin"), "");
  EXPECT_EQ(problem_of(with(key.secret, "/stock?sku=A-100")), "partners.origin");
  EXPECT_EQ(problem_of(with(key.secret, "/stock?sku=B-1", kShop)), "partners.sku");
  EXPECT_EQ(problem_of(with(key.secret, "/products?search=tea", kShop)), "partners.scope");
  EXPECT_EQ(problem_of(with(server_key().secret, "/stock?sku=A-100", kShop)), "partners.origin");
}

TEST_F(PartnerApi, APreflightIsAnsweredForListedPagesOnly) {
  (void)browser_key();
  const Headers ask{{"access-control-request-method", "POST"}, {"access-control-request-headers", "authorization"}};
  Headers listed = ask;
  listed.emplace_back("origin", kShop);
  const auto yes = hub.http("OPTIONS", "/api/partner/v1/stock", {}, listed);
  EXPECT_EQ(yes.status, 204);
  EXPECT_EQ(yes.header("access-control-allow-origin"), kShop);
  EXPECT_NE(yes.header("access-control-allow-headers").find("Authorization"), std::string::npos);
  Headers foreign = ask;
  foreign.emplace_back("origin", "https://evil.example.org");
  const auto no = hub.http("OPTIONS", "/api/partner/v1/stock", {}, foreign);
  EXPECT_EQ(no.status, 403);
  EXPECT_EQ(no.header("access-control-allow-origin"), "");
}

TEST_F(PartnerApi, TheQuotaHoldsAndSaysWhenItGoesOn) {
  const Key key = server_key(R"(,"per_minute":2)");
  EXPECT_EQ(with(key.secret, "/stock?sku=A-100").header("ratelimit-remaining"), "1");
  EXPECT_EQ(with(key.secret, "/stock?sku=A-100").header("ratelimit-remaining"), "0");
  const auto refused = with(key.secret, "/stock?sku=A-100");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(problem_of(refused), "partners.quota");
  EXPECT_EQ(refused.header("retry-after"), "60");
  EXPECT_EQ(refused.header("ratelimit-remaining"), "0");
  hub.advance(60s);
  EXPECT_EQ(with(key.secret, "/stock?sku=A-100").status, 200);
}

TEST_F(PartnerApi, IsInTheOpenApiDocumentWithExamples) {
  const auto document = json_of(hub.http("GET", "/api/openapi.json"));
  const auto& get = document["paths"]["/api/partner/v1/stock"]["get"];
  EXPECT_TRUE(get["security"][0].contains("partner_key"));
  const auto& content = get["responses"]["200"]["content"]["application/json"];
  EXPECT_EQ(content["schema"]["$ref"], "#/components/schemas/PartnerStock");
  // An example is worth something only when it is what is answered.
  const Key key = server_key();
  const auto real = json_of(with(key.secret, "/stock?sku=A-100"));
  for (const auto& [name, value] : real.items()) EXPECT_TRUE(content["example"].contains(name)) << name;
  EXPECT_EQ(real.size(), content["example"].size());
  EXPECT_TRUE(document["paths"]["/api/partner/v1/stock/live"]["get"].contains("x-websocket"));
}

QIAO_CONFORMANCE("partners", "{}")

}  // namespace
}  // namespace qiao::partners
