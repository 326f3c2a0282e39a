#include <gtest/gtest.h>

#include "connectors/tryton/client/tryton_client.hpp"

using namespace qiao;
using namespace qiao::tryton;

TEST(TrytonClient, ReadsValuesThatJsonLacks) {
  const auto json = [](const char* text) { return platform::Json::parse(text); };
  EXPECT_EQ(decimal_text(json(R"({"__class__":"Decimal","decimal":"129.00"})")), "129.00");
  EXPECT_EQ(decimal_number(json(R"({"__class__":"Decimal","decimal":"12.5"})")), 12.5);
  EXPECT_EQ(decimal_number(json("20")), 20);
  EXPECT_EQ(to_iso8601(time_value(json(R"({"__class__":"date","year":2026,"month":11,"day":22})"), 8)),
            "2026-11-21T16:00:00.000Z");
  EXPECT_EQ(to_iso8601(time_value(
                json(R"({"__class__":"datetime","year":2026,"month":11,"day":22,"hour":7,"minute":4,"second":5})"), 8)),
            "2026-11-22T07:04:05.000Z");
  EXPECT_EQ(time_value(json(R"({"__class__":"date","year":2026,"month":13,"day":40})"), 8), Time{});
  EXPECT_EQ(time_value(json("null"), 8), Time{});
}

TEST(TrytonClient, ALostSessionIsMadeAnewOnce) {
  TrytonConfig config;
  config.url = "http://erp.example.com:8000";
  config.database = "erp";
  config.user = "qiao";
  config.password = Secret("p");
  int logins = 0, calls = 0;
  std::string authorization;
  Client client(
      config,
      [&](const OutboundRequest& request) -> Result<OutboundResponse> {
        EXPECT_EQ(request.url, "http://erp.example.com:8000/erp/");
        if (request.body.find("common.db.login") != std::string::npos) {
          ++logins;
          return OutboundResponse{200, {}, R"({"id":1,"result":[1,"key"]})"};
        }
        ++calls;
        for (const auto& [name, value] : request.headers) {
          if (name == "authorization") authorization = value;
        }
        return OutboundResponse{401, {}, ""};
      },
      system_clock());
  EXPECT_FALSE(client.test());
  EXPECT_EQ(logins, 2);
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(authorization, "Session cWlhbzoxOmtleQ==");
}
