#include <gtest/gtest.h>

#include "connectors/odoo/client/odoo_client.hpp"

using namespace qiao;

namespace {

/// A client whose system answers every call with the same body; how often it was called.
struct Asked {
  explicit Asked(std::string body, int status = 200)
      : client(
            config(),
            [this, body, status](const OutboundRequest& request) -> Result<OutboundResponse> {
              ++calls;
              last = request.body;
              if (request.body.find("authenticate") != std::string::npos)
                return OutboundResponse{200, {}, R"({"result":2})"};
              return OutboundResponse{status, {}, body};
            },
            system_clock()) {}
  static odoo::OdooConfig config() {
    odoo::OdooConfig c;
    c.url = "https://shop.example.com/";
    c.database = "shop";
    c.user = "qiao";
    c.key = Secret("k");
    return c;
  }
  Result<platform::Backend::Stocks> stock() {
    const std::vector<std::string> skus{"A-7"};
    return client.stock(skus);
  }
  int calls = 0;
  std::string last;
  odoo::Client client;
};

std::string error(const std::string& name, const std::string& message) {
  return R"({"jsonrpc":"2.0","id":1,"error":{"code":200,"message":"Odoo Server Error","data":{"name":")" + name +
         R"(","message":")" + message + R"("}}})";
}

}  // namespace

TEST(OdooClient, ReadsErrorsThatComeWithHttp200) {
  EXPECT_EQ(Asked(error("odoo.exceptions.AccessDenied", "Access Denied")).stock().error().code, Errc::unauthorized);
  EXPECT_EQ(Asked(error("odoo.exceptions.AccessError", "no")).stock().error().code, Errc::forbidden);
  EXPECT_EQ(Asked(error("builtins.ValueError", "Invalid field mobile")).stock().error().code, Errc::bad_value);
  EXPECT_EQ(Asked("{}", 502).stock().error().code, Errc::unavailable);
}

TEST(OdooClient, TriesOnceMoreAfterALostRaceInTheDatabase) {
  Asked asked(error("psycopg2.errors.SerializationFailure", "could not serialize access due to concurrent update"));
  EXPECT_EQ(asked.stock().error().id, "odoo.try_again");
  EXPECT_EQ(asked.calls, 3) << "one log-in and two tries";
}

TEST(OdooClient, EmptyValuesAreFalse) {
  Asked asked(
      R"({"result":[{"id":5,"name":"林晓","email":false,"parent_id":false,"user_id":[3,"小美"],"phone":"138 0013 8000","mobile":false,"category_id":[]}]})");
  contract::LookupCustomer q;
  q.phone = "13800138000";
  const auto found = asked.client.customers(q);
  ASSERT_TRUE(found && found->size() == 1);
  EXPECT_EQ(found->front().crm_id, "5");
  EXPECT_EQ(found->front().email, "");
  EXPECT_EQ(found->front().owner, "小美");
  EXPECT_NE(asked.last.find("0%0%1%3%8%0%0%0"), std::string::npos) << "spaces in stored numbers do not matter";
}
