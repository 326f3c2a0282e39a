#include <gtest/gtest.h>

#include "connectors/yonyou/client/yonyou_client.hpp"

using namespace qiao;
using namespace qiao::yonyou;

TEST(YonyouClient, SignsAsThePlatformDocuments) {
  // vectors.json: yonyou-token-sign-dev
  const std::map<std::string, std::string> parameters{{"timestamp", "1732256789012"},
                                                      {"appKey", "hubYonAppKey00000000000000000001"}};
  EXPECT_EQ(string_to_sign(parameters), "appKeyhubYonAppKey00000000000000000001timestamp1732256789012");
  const std::string base64 = signature("devSecretdevSecretdevSecret00", parameters);
  EXPECT_EQ(base64, "AkDIMeVlKiObPcAWvdY82C7Jisrn4OiEExTVdQXGMcM=");
  EXPECT_EQ(platform::form({{"signature", base64}}), "signature=AkDIMeVlKiObPcAWvdY82C7Jisrn4OiEExTVdQXGMcM%3D")
      << "encoded once";
}

TEST(YonyouClient, U8ErrorCodesAreTextsOrNumbers) {
  YonyouConfig config;
  config.flavour = Flavour::u8;
  config.url = "https://u8.example.com";
  config.app_secret = Secret("s");
  for (const char* body :
       {R"({"errcode":10003,"errmsg":"app_secret 不正确"})", R"({"errcode":"10003","errmsg":"app_secret 不正确"})"}) {
    Client client(
        config,
        [&](const OutboundRequest&) -> Result<OutboundResponse> {
          return OutboundResponse{200, {}, body};
        },
        system_clock());
    EXPECT_EQ(client.test().error().code, Errc::unauthorized);
  }
  Client offline(
      config,
      [](const OutboundRequest& request) -> Result<OutboundResponse> {
        const bool login = request.url.find("/system/token") != std::string::npos;
        return OutboundResponse{200,
                                {},
                                login ? R"({"errcode":0,"token":{"id":"t"}})"
                                      : R"({"errcode":"50001","errmsg":"U8 OpenAPI 连接器不在线"})"};
      },
      system_clock());
  EXPECT_EQ(offline.test().error().id, "yonyou.offline");
}
