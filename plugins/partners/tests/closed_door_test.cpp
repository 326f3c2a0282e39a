// Z6: a partner key opens the partner API and nothing else of the hub, and nothing else opens the partner API.
#include <regex>

#include "plugins/partners/tests/partner_fixture.hpp"

namespace qiao::partners {
namespace {

struct ClosedDoors : PartnerHub {
  struct Operation {
    std::string method;
    std::string path;
    bool open = false;
  };
  /// Every route that the hub has, with something in the place of each parameter.
  std::vector<Operation> operations() {
    std::vector<Operation> all;
    const auto document = json_of(hub.http("GET", "/api/openapi.json"));
    for (const auto& [path, methods] : document["paths"].items()) {
      for (const auto& [method, operation] : methods.items()) {
        std::string upper = method;
        for (char& c : upper) c = static_cast<char>(c - 'a' + 'A');
        all.push_back(
            {upper, std::regex_replace(path, std::regex(R"(\{[^}]*\})"), "1"), operation["security"].empty()});
      }
    }
    return all;
  }
};

TEST_F(ClosedDoors, APartnerKeyOpensNothingElseOfTheHub) {
  const Key keys[] = {server_key(), browser_key()};
  int refused = 0;
  for (const Operation& operation : operations()) {
    if (operation.open || operation.path.starts_with("/api/partner/v1")) continue;
    for (const Key& key : keys) {
      const auto answer = hub.http(operation.method, operation.path, operation.method == "GET" ? "" : "{}",
                                   {{"authorization", "Bearer " + key.secret}});
      EXPECT_TRUE(answer.status == 401 || answer.status == 403)
          << operation.method << ' ' << operation.path << ' ' << answer.status;
      // Nor does it as a cookie.
      const auto cookie = hub.http(operation.method, operation.path, operation.method == "GET" ? "" : "{}",
                                   {{"cookie", "qiao_session=" + key.secret}});
      EXPECT_TRUE(cookie.status == 401 || cookie.status == 403) << operation.path;
      ++refused;
    }
  }
  EXPECT_GT(refused, 30);
}

TEST_F(ClosedDoors, AnAdministratorsSessionDoesNotOpenThePartnerApi) {
  const std::string session = token_of("admin");
  for (const char* path : {"/api/partner/v1/stock?sku=A-100", "/api/partner/v1/products?search=tea"}) {
    EXPECT_EQ(hub.http("GET", path, {}, {{"authorization", "Bearer " + session}}).status, 401) << path;
    EXPECT_EQ(hub.http("GET", path, {}, {{"cookie", "qiao_session=" + session}}).status, 401) << path;
  }
  EXPECT_EQ(hub.http("POST", "/api/partner/v1/stock", R"({"skus":["A-100"]})", {{"authorization", "Bearer " + session}})
                .status,
            401);
  EXPECT_EQ(asked, 0);
}

TEST_F(ClosedDoors, AKeyInTheAddressOrElsewhereIsNoKey) {
  const Key key = server_key();
  EXPECT_EQ(hub.http("GET", "/api/partner/v1/stock?sku=A-100&key=" + key.secret).status, 400);
  EXPECT_EQ(hub.http("GET", "/api/partner/v1/stock?sku=A-100", {}, {{"x-api-key", key.secret}}).status, 401);
  EXPECT_EQ(hub.http("GET", "/api/partner/v1/stock?sku=A-100", {}, {{"authorization", key.secret}}).status, 401);
  EXPECT_EQ(hub.http("GET", "/api/partner/v1/stock?sku=A-100", {}, {{"authorization", "Basic " + key.secret}}).status,
            401);
}

}  // namespace
}  // namespace qiao::partners
