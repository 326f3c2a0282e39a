#include <gtest/gtest.h>

#include "connectors/meta/graph.hpp"

namespace qiao::meta {
namespace {

constexpr const char* kSecret = "metaAppSecret0001";
constexpr const char* kBody =
    R"({"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{"messaging_product":"whatsapp","metadata":{"display_phone_number":"15550001111","phone_number_id":"100000000000001"},"contacts":[{"profile":{"name":"Ana"},"wa_id":"8613800138000"}],"messages":[{"from":"8613800138000","id":"wamid.HBgM","timestamp":"1732255100","type":"text","text":{"body":"\u4f60\u597d"}}]}}]}]})";
constexpr const char* kSignature = "sha256=394842e4b591a305eb43d6315cee4255ae3cc769d14881be310439ecdc62da13";

HttpRequest call(std::string body, std::string signature) {
  HttpRequest request;
  request.body = std::move(body);
  request.headers = {{"x-hub-signature-256", std::move(signature)}};
  return request;
}

TEST(MetaSignature, IsOverTheBytesAsTheyCame) {
  EXPECT_TRUE(verify(kSecret, call(kBody, kSignature)));
  EXPECT_FALSE(verify(kSecret, call(std::string(kBody) + " ", kSignature)));
  EXPECT_FALSE(verify("another", call(kBody, kSignature)));
  EXPECT_FALSE(verify(kSecret, call(kBody, "")));
  EXPECT_EQ(verify(kSecret, call(kBody, "sha256=00")).error().code, Errc::unauthorized);
}

TEST(MetaChallenge, IsAnsweredOnlyToTheRightWord) {
  HttpRequest request;
  request.query = {{"hub.mode", "subscribe"}, {"hub.challenge", "1158201444"}, {"hub.verify_token", "verify-me"}};
  const auto right = answer_challenge("verify-me", request);
  EXPECT_EQ(right.status, 200);
  EXPECT_EQ(right.body, "1158201444");
  EXPECT_EQ(answer_challenge("another", request).status, 403);
  request.query[0].second = "unsubscribe";
  EXPECT_EQ(answer_challenge("verify-me", request).status, 403);
}

TEST(MetaProof, IsTheHmacOfTheToken) {
  EXPECT_EQ(appsecret_proof(kSecret, "EAAGtoken1"), "c2f15203811f4a697e8123fc8b68cae6591375235bc52af5607f76e48f6e4e53");
}

Error of(int status, const std::string& code, const std::string& subcode = "0") {
  return fault("whatsapp", {status,
                            {},
                            R"({"error":{"message":"said","code":)" + code + R"(,"error_subcode":)" + subcode +
                                R"(,"error_data":{"details":"more"},"fbtrace_id":"x"}})"});
}

TEST(MetaFault, EachCodeGoesItsWay) {
  EXPECT_EQ(of(401, "190").name(), "channel.token");
  EXPECT_EQ(of(400, "131047").name(), "channel.window_closed");
  EXPECT_EQ(of(400, "10", "2018278").name(), "channel.window_closed");
  EXPECT_EQ(of(400, "10").code, Errc::forbidden);
  EXPECT_EQ(of(400, "551").code, Errc::forbidden);
  EXPECT_EQ(of(400, "131026").code, Errc::forbidden);
  EXPECT_EQ(of(400, "131051").name(), "channel.unsupported");
  EXPECT_EQ(of(429, "130429").code, Errc::rate_limited);
  EXPECT_GT(of(429, "130429").retry_after.count(), 0);
  EXPECT_EQ(of(400, "613").code, Errc::rate_limited);
  EXPECT_EQ(of(400, "131056").name(), "channel.user_rate");
  EXPECT_EQ(of(400, "131048").name(), "channel.quota");
  EXPECT_EQ(of(400, "368").name(), "channel.quota");
  EXPECT_EQ(of(400, "131016").code, Errc::unavailable);
  EXPECT_EQ(of(400, "1200").code, Errc::unavailable);
  EXPECT_EQ(of(400, "132001").code, Errc::bad_value);
  EXPECT_EQ(of(400, "132001").name(), "whatsapp.132001");
  EXPECT_EQ(fault("whatsapp", {502, {}, "<html>"}).code, Errc::unavailable);
  EXPECT_EQ(fault("whatsapp", {401, {}, ""}).name(), "channel.token");
}

}  // namespace
}  // namespace qiao::meta
