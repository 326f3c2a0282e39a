#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "front_fixture.hpp"

namespace qiao::test {

enum class Tone { calm, urgent };
QIAO_ENUM(Tone, calm, urgent)

struct OrderLine {
  std::string sku;
  std::int32_t count = 0;
};
QIAO_FIELDS(OrderLine, sku, count)

struct OrderInput {
  Id id;
  Tone tone = Tone::calm;
  std::vector<OrderLine> lines;
};
QIAO_FIELDS(OrderInput, id, tone, lines)

struct OrderQuery {
  Id id;
  std::optional<std::string> text;
};
QIAO_FIELDS(OrderQuery, id, text)

struct OrderPage {
  std::map<std::string, OrderLine> named;
};
QIAO_FIELDS(OrderPage, named)

namespace {

TEST(OpenApi, DescribesEveryReachableRoute) {
  FrontFixture front;
  front.http->route<OrderInput, OrderPage>(
      {.method = "POST",
       .path = "/orders/{id}",
       .access = Access::needs("orders.write"),
       .summary = "Change an \"order\""},
      [](const OrderInput&, const HttpRequest&) -> Result<OrderPage> { return OrderPage{}; });
  front.http->route<OrderQuery, OrderPage>(
      {.method = "GET", .path = "/orders/{id}", .access = Access::signed_in(), .summary = "Read it", .tag = "orders"},
      [](const OrderQuery&, const HttpRequest&) -> Result<OrderPage> { return OrderPage{}; });
  front.http->route<Nothing, Nothing>({.method = "DELETE", .path = "/orders", .access = Access::signed_in()},
                                      [](const Nothing&, const HttpRequest&) -> Result<Nothing> { return Nothing{}; });
  front.http->raw({.method = "POST", .path = "/hook/{site}", .access = Access::anyone()},
                  [](const auto&, const HttpReply&) {});
  front.http->websocket({.path = "/live", .summary = "Live", .max_frame = 1000}, [](const auto&) { return nullptr; });
  RawClient client(front.port());
  EXPECT_FALSE(nlohmann::json::parse(client.ask(get("/api/openapi.json"))->body)["paths"].contains("/orders"));
  ASSERT_TRUE(front.http->activate());

  const auto document = nlohmann::json::parse(client.ask(get("/api/openapi.json"))->body);
  EXPECT_EQ(document["openapi"], "3.1.0");
  const auto& paths = document["paths"];
  const auto& change = paths["/orders/{id}"]["post"];
  EXPECT_EQ(change["summary"], "Change an \"order\"");
  EXPECT_EQ(change["tags"][0], "test");
  EXPECT_EQ(change["x-permission"], "orders.write");
  EXPECT_EQ(change["parameters"].size(), 1u);
  EXPECT_EQ(change["parameters"][0]["in"], "path");
  EXPECT_EQ(change["requestBody"]["content"]["application/json"]["schema"]["$ref"], "#/components/schemas/OrderInput");
  EXPECT_EQ(change["responses"]["200"]["content"]["application/json"]["schema"]["$ref"],
            "#/components/schemas/OrderPage");
  EXPECT_EQ(change["responses"]["default"]["$ref"], "#/components/responses/Problem");
  const auto& read = paths["/orders/{id}"]["get"];
  EXPECT_EQ(read["tags"][0], "orders");
  EXPECT_EQ(read["parameters"].size(), 2u);
  EXPECT_EQ(read["parameters"][1]["name"], "text");
  EXPECT_EQ(read["parameters"][1]["in"], "query");
  EXPECT_FALSE(read.contains("requestBody"));
  EXPECT_TRUE(paths["/orders"]["delete"]["responses"].contains("204"));
  EXPECT_TRUE(paths["/hook/{site}"]["post"]["security"].empty());
  EXPECT_EQ(paths["/live"]["get"]["x-websocket"]["max_frame"], 1000);
  EXPECT_TRUE(paths.contains("/api/openapi.json"));
  const auto& schemas = document["components"]["schemas"];
  for (const char* name : {"OrderInput", "OrderLine", "OrderPage", "OrderQuery", "Problem"})
    EXPECT_TRUE(schemas.contains(name)) << name;
  EXPECT_EQ(schemas["OrderInput"]["properties"]["lines"]["items"]["$ref"], "#/components/schemas/OrderLine");

  ASSERT_TRUE(front.http->revoke());
  EXPECT_FALSE(nlohmann::json::parse(client.ask(get("/api/openapi.json"))->body)["paths"].contains("/orders"));
}

TEST(OpenApi, ARouteWithAKeyOfItsOwnSaysSoAndShowsAnAnswer) {
  FrontFixture front;
  front.http->route<OrderQuery, OrderLine>({.method = "GET",
                                            .path = "/stock",
                                            .access = Access::own_key("partner_key"),
                                            .example = R"({"sku":"A-100","count":3})"},
                                           [](const OrderQuery&, const HttpRequest&) -> Result<OrderLine> {
                                             return OrderLine{"A-100", 3};
                                           });
  ASSERT_TRUE(front.http->activate());
  RawClient client(front.port());
  EXPECT_EQ(client.ask(get("/stock"))->status, 200);
  const auto document = nlohmann::json::parse(client.ask(get("/api/openapi.json"))->body);
  const auto& read = document["paths"]["/stock"]["get"];
  EXPECT_TRUE(read["security"][0].contains("partner_key"));
  EXPECT_EQ(read["responses"]["200"]["content"]["application/json"]["example"]["count"], 3);
  EXPECT_EQ(document["components"]["securitySchemes"]["partner_key"]["scheme"], "bearer");
}

}  // namespace
}  // namespace qiao::test
