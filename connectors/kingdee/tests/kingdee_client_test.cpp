#include <gtest/gtest.h>

#include "connectors/kingdee/client/kingdee_client.hpp"

using namespace qiao;
using namespace qiao::kingdee;

namespace {

platform::Json json(const char* text) { return platform::Json::parse(text); }

KingdeeConfig config() {
  KingdeeConfig c;
  c.url = "http://k3.example.com/K3Cloud/";
  c.account = "5f0000";
  c.user = "qiao";
  c.password = Secret("p");
  return c;
}

}  // namespace

TEST(KingdeeClient, ALogInSucceedsOnlyWithResultTypeOne) {
  // vectors.json: kingdee-login-parse
  const auto good = parse_login(json(R"({"Message":null,"MessageCode":"CheckPasswordPolicy","LoginResultType":1,
    "Context":{"UserLocale":"zh-CN","CustomName":"demo","DBid":"5f0000"},"KDSVCSessionId":"f1e2d3c4-0001","IsSuccessByAPI":true})"));
  ASSERT_TRUE(good);
  EXPECT_EQ(good->token, "f1e2d3c4-0001");
  for (const int type : {0, -1, -4, -5, -7}) {
    platform::Json answer = {{"LoginResultType", type}, {"KDSVCSessionId", "looks-good"}, {"Message", "密码错误"}};
    const auto refused = parse_login(answer);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, Errc::unauthorized);
  }
  EXPECT_EQ(parse_login(json("{}")).error().code, Errc::unavailable);
}

TEST(KingdeeClient, RowsComeInTheOrderOfTheFieldKeys) {
  // vectors.json: kingdee-query-rows
  const auto rows = parse_rows(json(R"([["A-7","羽绒服","上海仓",12],["A-7","羽绒服","广州仓",0]])"));
  ASSERT_TRUE(rows);
  double total = 0;
  for (const auto& row : *rows) {
    EXPECT_EQ(platform::text(row[0]), "A-7");
    total += platform::number(row[3]);
  }
  EXPECT_EQ(total, 12);
}

TEST(KingdeeClient, AnErrorHasTheShapeOfARow) {
  const char* lost =
      R"([[{"Result":{"ResponseStatus":{"ErrorCode":500,"IsSuccess":false,"Errors":[{"Message":"会话信息已丢失"}],"MsgCode":1}}}]])";
  EXPECT_EQ(parse_rows(json(lost)).error().id, platform::kSessionLost);
  const char* refused =
      R"([[{"Result":{"ResponseStatus":{"IsSuccess":false,"Errors":[{"Message":"字段不存在"}],"MsgCode":9}}}]])";
  EXPECT_EQ(parse_rows(json(refused)).error().code, Errc::bad_value);
  EXPECT_EQ(parse_rows(json(R"("what")")).error().code, Errc::unavailable);
}

TEST(KingdeeClient, QuotesAreDoubledAndOddNumbersNeverSent) {
  EXPECT_EQ(filter_literal("O'Neil"), "'O''Neil'");
  EXPECT_TRUE(is_safe("A-7/红.XL_2"));
  for (const char* odd : {"", "A-7' or '1'='1", "A 7", "A;7", "A%", "a\nb"}) EXPECT_FALSE(is_safe(odd)) << odd;
  int calls = 0;
  Client client(
      config(),
      [&](const OutboundRequest&) -> Result<OutboundResponse> {
        ++calls;
        return OutboundResponse{200, {}, "[]"};
      },
      system_clock());
  const std::vector<std::string> skus{"A-7' or '1'='1"};
  const auto none = client.stock(skus);
  ASSERT_TRUE(none && none->front() == nullptr);
  EXPECT_EQ(calls, 0);
}

TEST(KingdeeClient, ARefusedLogInIsNotRepeatedUntilSomebodyTests) {
  int logins = 0;
  Client client(
      config(),
      [&](const OutboundRequest&) -> Result<OutboundResponse> {
        ++logins;
        return OutboundResponse{200, {}, R"({"LoginResultType":0,"Message":"用户名或密码错误"})"};
      },
      system_clock());
  const std::vector<std::string> skus{"A-7"};
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.stock(skus).error().code, Errc::unauthorized);
  EXPECT_EQ(logins, 1) << "the account would lock";
  EXPECT_FALSE(client.test());
  EXPECT_EQ(logins, 2);
}
