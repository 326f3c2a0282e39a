#include <gtest/gtest.h>

#include "connectors/salesforce/client/salesforce_client.hpp"

using namespace qiao;
using namespace qiao::salesforce;

TEST(SalesforceClient, EscapesLiterals) {
  // vectors.json: soql-escape-dev
  EXPECT_EQ(soql_literal("O'Neil \\ Sons"), "'O\\'Neil \\\\ Sons'");
  EXPECT_EQ(soql_literal("a\nb"), "'a b'");
  EXPECT_EQ(soql_like("50%_'"), "'%50\\%\\_\\'%'");
}

TEST(SalesforceClient, AKeyThatIsNoRsaKeyIsRefused) {
  EXPECT_EQ(jwt_bearer("no pem", "{}").error().id, "salesforce.bad_key");
  EXPECT_EQ(jwt_bearer("", "{}").error().code, Errc::unauthorized);
}

TEST(SalesforceClient, FollowsPagesOnlyOnItsOwnServer) {
  SalesforceConfig config;
  config.url = "https://shop.my.salesforce.com";
  config.client_secret = Secret("s");
  int calls = 0;
  Client client(
      config,
      [&](const OutboundRequest& request) -> Result<OutboundResponse> {
        if (request.url.ends_with("/token")) return OutboundResponse{200, {}, R"({"access_token":"t"})"};
        ++calls;
        return OutboundResponse{
            200, {}, R"({"done":false,"nextRecordsUrl":"https://evil.example.com/","records":[{"Id":"1"}]})"};
      },
      system_clock());
  const std::vector<std::string> skus{"A-7"};
  EXPECT_EQ(client.stock(skus).error().id, "salesforce.bad_answer");
  EXPECT_EQ(calls, 1);
}
