#include <gtest/gtest.h>

#include "connectors/erpnext/client/erpnext_client.hpp"

using namespace qiao;

namespace {

erpnext::ErpnextConfig config() {
  erpnext::ErpnextConfig c;
  c.url = "https://erp.example.com";
  c.key = Secret("key");
  c.secret = Secret("secret");
  return c;
}

}  // namespace

TEST(ErpnextClient, SaysWhatTheServerSaidToPeople) {
  erpnext::Client client(
      config(),
      [](const OutboundRequest&) -> Result<OutboundResponse> {
        return OutboundResponse{
            417,
            {},
            R"({"exc_type":"ValidationError","_server_messages":"[\"{\\\"message\\\": \\\"Item A-7 is disabled\\\"}\"]"})"};
      },
      system_clock());
  const std::vector<std::string> skus{"A-7"};
  const auto refused = client.stock(skus);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::bad_value);
  EXPECT_NE(refused.error().message.find("Item A-7 is disabled"), std::string::npos) << refused.error().message;
}

TEST(ErpnextClient, SendsTheKeyInAHeaderAndNeverInTheAddress) {
  OutboundRequest seen;
  erpnext::Client client(
      config(),
      [&](const OutboundRequest& request) -> Result<OutboundResponse> {
        seen = request;
        return OutboundResponse{200, {}, R"({"data":[]})"};
      },
      system_clock());
  const std::vector<std::string> skus{"A-7\"]"};
  const auto none = client.stock(skus);
  ASSERT_TRUE(none && none->front() == nullptr);
  EXPECT_EQ(seen.url.find("secret"), std::string::npos);
  EXPECT_EQ(seen.headers.back().second, "token key:secret");
  EXPECT_EQ(seen.url.find('"'), std::string::npos) << "what is asked for is encoded";
}
