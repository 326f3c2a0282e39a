#include "connectors/app/client/push.hpp"

#include <gmock/gmock.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <deque>

#include "connectors/app/client/apns.hpp"
#include "connectors/app/client/fcm.hpp"
#include "connectors/app/client/getui.hpp"
#include "connectors/app/client/jpush.hpp"
#include "connectors/channel/signing.hpp"
#include "connectors/channel/tests/memory_context.hpp"
#include "connectors/platform/json_answer.hpp"

namespace qiao::app {
namespace {

using namespace std::chrono_literals;
using channel::from_base64;
using platform::at;
using platform::Json;
using platform::text;
using testing::HasSubstr;

const Time kNow = from_micros(1'732'254'100'000'000);

struct KeyPair {
  std::string secret;
  std::string open;
};

KeyPair make_key(EVP_PKEY* key) {
  KeyPair pair;
  for (const bool secret : {true, false}) {
    BIO* bio = BIO_new(BIO_s_mem());
    if (secret) {
      PEM_write_bio_PKCS8PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
    } else {
      PEM_write_bio_PUBKEY(bio, key);
    }
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    (secret ? pair.secret : pair.open).assign(data, static_cast<std::size_t>(size));
    BIO_free(bio);
  }
  EVP_PKEY_free(key);
  return pair;
}

/// Whether a JWT with ES256 is of this key: r and s as they stand, 32 bytes each.
bool es256_fits(const std::string& jwt, const std::string& public_key) {
  const auto dot = jwt.rfind('.');
  auto raw = from_base64(jwt.substr(dot + 1), true);
  if (!raw || raw->size() != 64) return false;
  const auto* bytes = reinterpret_cast<const unsigned char*>(raw->data());
  ECDSA_SIG* signature = ECDSA_SIG_new();
  ECDSA_SIG_set0(signature, BN_bin2bn(bytes, 32, nullptr), BN_bin2bn(bytes + 32, 32, nullptr));
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature, &der);
  BIO* bio = BIO_new_mem_buf(public_key.data(), static_cast<int>(public_key.size()));
  EVP_PKEY* key = PEM_read_bio_PUBKEY(bio, nullptr, nullptr, nullptr);
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, key);
  const bool fits = EVP_DigestVerify(context, der, static_cast<std::size_t>(size),
                                     reinterpret_cast<const unsigned char*>(jwt.data()), dot) == 1;
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  BIO_free(bio);
  OPENSSL_free(der);
  ECDSA_SIG_free(signature);
  return fits;
}

Json part(const std::string& jwt, int which) {
  const auto dot = jwt.find('.');
  const std::string encoded = which == 0 ? jwt.substr(0, dot) : jwt.substr(dot + 1, jwt.rfind('.') - dot - 1);
  return Json::parse(*from_base64(encoded, true));
}

const Device kPhone{.provider = "apns", .token = std::string(64, 'a'), .language = "zh-CN"};
const Notice kNotice{
    .key = "0123456789abcdef01234567", .conversation = "77", .title = "客服", .body = "您有一条新消息", .badge = 3};

std::string header(const OutboundRequest& request, const std::string& name) {
  for (const auto& [n, value] : request.headers) {
    if (n == name) return value;
  }
  return {};
}

OutboundResponse answer(int status, std::string body, std::string name = {}, std::string value = {}) {
  OutboundResponse response;
  response.status = status;
  response.body = std::move(body);
  if (!name.empty()) response.headers.emplace_back(std::move(name), std::move(value));
  return response;
}

TEST(Apns, ItsTokenIsAJwtWithRawEs256AsInTheVector) {
  const char* vector_key =
      "-----BEGIN PUBLIC KEY-----\n"
      "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE1UoKnljHH9Nqbw2jGVgmYknTpszO\n"
      "Fo+ox8bfCqoY1zgZNOzl/25NxBIFFZGPwwiZWlmq4V3dT3Uym8ygkOcOWQ==\n"
      "-----END PUBLIC KEY-----\n";
  const std::string vector =
      "eyJhbGciOiJFUzI1NiIsImtpZCI6IkhVQktFWTAwMDEifQ.eyJpc3MiOiJIVUJURUFNMDAxIiwiaWF0IjoxNzMyMjU0MTAwfQ."
      "aIgIsqI8ik7-tIdNnT8N3VVB65nFsKNvdGsjzlQ57hBCn8pvDcASkDDoxfLkK8TQl1W4J9t0Veg3tqSF7au_wg";
  ASSERT_TRUE(es256_fits(vector, vector_key)) << "the check itself must take the vector";

  const KeyPair pair = make_key(EVP_EC_gen("P-256"));
  ApnsSettings settings;
  settings.key = Secret(pair.secret);
  settings.key_id = "HUBKEY0001";
  settings.team = "HUBTEAM001";
  auto made = apns_token(settings, kNow);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_TRUE(es256_fits(*made, pair.open));
  EXPECT_FALSE(es256_fits(*made, vector_key));
  EXPECT_EQ(part(*made, 0), part(vector, 0));
  EXPECT_EQ(part(*made, 1), part(vector, 1));
}

TEST(Apns, AskForTheDeviceInHeadersAndBody) {
  ApnsSettings settings;
  settings.topic = "com.example.shop";
  const OutboundRequest request = apns_request(settings, "jwt", kPhone, kNotice, kNow);
  EXPECT_EQ(request.url, "https://api.push.apple.com/3/device/" + kPhone.token);
  EXPECT_EQ(header(request, "authorization"), "bearer jwt");
  EXPECT_EQ(header(request, "apns-topic"), "com.example.shop");
  EXPECT_EQ(header(request, "apns-push-type"), "alert");
  EXPECT_EQ(header(request, "apns-priority"), "10");
  EXPECT_EQ(header(request, "apns-collapse-id"), "77");
  EXPECT_EQ(header(request, "apns-expiration"), "1732257700");
  const Json body = Json::parse(request.body);
  EXPECT_EQ(body["aps"]["badge"], 3);
  EXPECT_EQ(body["aps"]["sound"], "default");
  EXPECT_EQ(body["hub"]["c"], "77");
  EXPECT_LE(request.body.size(), 4096U);

  Device debug = kPhone;
  debug.sandbox = true;
  Notice night = kNotice;
  night.silent = true;
  const OutboundRequest silent = apns_request(settings, "jwt", debug, night, kNow);
  EXPECT_THAT(silent.url, HasSubstr("https://api.sandbox.push.apple.com/"));
  EXPECT_EQ(header(silent, "apns-priority"), "5");
  EXPECT_FALSE(Json::parse(silent.body)["aps"].contains("sound"));
}

struct Meaning {
  OutboundResponse response;
  std::string id;
  Errc code;
};

TEST(Apns, TellsGoneDevicesWrongKeysAndBusyTimesApart) {
  EXPECT_TRUE(apns_result(answer(200, "")));
  for (const Meaning& m : std::vector<Meaning>{
           {answer(410, R"({"reason":"Unregistered","timestamp":1})"), failure::kGone, Errc::not_found},
           {answer(400, R"({"reason":"BadDeviceToken"})"), failure::kGone, Errc::not_found},
           {answer(400, R"({"reason":"DeviceTokenNotForTopic"})"), "push.refused", Errc::bad_value},
           {answer(403, R"({"reason":"ExpiredProviderToken"})"), failure::kTokenOver, Errc::unavailable},
           {answer(403, R"({"reason":"InvalidProviderToken"})"), failure::kCredentials, Errc::unauthorized},
           {answer(413, R"({"reason":"PayloadTooLarge"})"), "push.refused", Errc::bad_value},
           {answer(429, R"({"reason":"TooManyRequests"})"), "push.busy", Errc::rate_limited},
           {answer(503, "<html>"), "push.unavailable", Errc::unavailable}}) {
    auto result = apns_result(m.response);
    ASSERT_FALSE(result) << m.response.body;
    EXPECT_EQ(result.error().id, m.id) << m.response.body;
    EXPECT_EQ(result.error().code, m.code) << m.response.body;
  }
  EXPECT_EQ(apns_result(answer(429, R"({"reason":"TooManyProviderTokenUpdates"})")).error().retry_after, 20min);
}

TEST(Apns, MakesOneTokenForManyPushesAndANewOneWhenItIsOver) {
  channel::MemoryHub hub;
  const KeyPair pair = make_key(EVP_EC_gen("P-256"));
  ApnsSettings settings;
  settings.key = Secret(pair.secret);
  settings.key_id = "K";
  settings.team = "T";
  settings.topic = "com.example.shop";
  std::vector<std::string> tokens;
  std::deque<OutboundResponse> answers{answer(200, ""), answer(200, ""),
                                       answer(403, R"({"reason":"ExpiredProviderToken"})"), answer(200, "")};
  Apns apns(
      settings,
      [&](const OutboundRequest& request) -> Result<OutboundResponse> {
        tokens.push_back(header(request, "authorization"));
        OutboundResponse next = answers.front();
        answers.pop_front();
        return next;
      },
      hub.memory(), hub.clock());
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(apns.push(kPhone, kNotice)) << i;
  ASSERT_EQ(tokens.size(), 4U);
  EXPECT_EQ(tokens[0], tokens[1]);
  EXPECT_EQ(tokens[0], tokens[2]);
  EXPECT_NE(tokens[0], tokens[3]);
}

TEST(Fcm, ReadsTheServiceAccountAndSaysWhatItLacks) {
  auto account = ServiceAccount::read(R"({"project_id":"p","client_email":"e","private_key":"k"})");
  ASSERT_TRUE(account);
  EXPECT_EQ(account->token_url, "https://oauth2.googleapis.com/token");
  EXPECT_THAT(ServiceAccount::read(R"({"project_id":"p"})").error().message, HasSubstr("client_email"));
  EXPECT_FALSE(ServiceAccount::read("secret"));
}

TEST(Fcm, TheAssertionIsSignedWithRs256ForAnHour) {
  const KeyPair pair = make_key(EVP_RSA_gen(2048));
  const ServiceAccount account{"p", "push@p.iam", pair.secret, "k1", "https://oauth2.googleapis.com/token"};
  auto made = fcm_assertion(account, kNow);
  ASSERT_TRUE(made) << made.error().message;
  const auto dot = made->rfind('.');
  auto fits = channel::rsa_sha256_verify(made->substr(0, dot), *from_base64(made->substr(dot + 1), true), pair.open);
  ASSERT_TRUE(fits);
  EXPECT_TRUE(*fits);
  const Json claims = part(*made, 1);
  EXPECT_EQ(claims["iss"], "push@p.iam");
  EXPECT_EQ(claims["aud"], account.token_url);
  EXPECT_EQ(claims["scope"], "https://www.googleapis.com/auth/firebase.messaging");
  EXPECT_EQ(claims["exp"].get<int>() - claims["iat"].get<int>(), 3600);
  EXPECT_EQ(part(*made, 0)["alg"], "RS256");
}

TEST(Fcm, SendsTextsOnlyAsDataAndTellsFailuresApart) {
  const ServiceAccount account{"p", "e", "k", "", "t"};
  const OutboundRequest request =
      fcm_request("https://fcm.googleapis.com", account, "token", {.provider = "fcm", .token = "r1"}, kNotice, false);
  EXPECT_EQ(request.url, "https://fcm.googleapis.com/v1/projects/p/messages:send");
  const Json message = Json::parse(request.body)["message"];
  for (const auto& [name, value] : message["data"].items()) EXPECT_TRUE(value.is_string()) << name;
  EXPECT_EQ(message["token"], "r1");
  EXPECT_EQ(message["android"]["ttl"], "3600s");
  EXPECT_EQ(message["android"]["collapse_key"], "77");

  const auto error = [](int status, const char* name, const char* code) {
    return answer(status,
                  Json{{"error", {{"status", name}, {"details", Json::array({{{"errorCode", code}}})}}}}.dump());
  };
  EXPECT_EQ(fcm_result(error(404, "NOT_FOUND", "UNREGISTERED")).error().id, failure::kGone);
  EXPECT_EQ(fcm_result(error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT")).error().id, failure::kGone);
  EXPECT_EQ(fcm_result(answer(400, R"({"error":{"status":"INVALID_ARGUMENT"}})")).error().id, "push.refused")
      << "an argument that is not the token's fault keeps the device";
  EXPECT_EQ(fcm_result(answer(401, "{}")).error().id, failure::kTokenOver);
  EXPECT_EQ(fcm_result(error(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH")).error().id, failure::kCredentials);
  EXPECT_EQ(fcm_result(answer(429, "{}", "retry-after", "30")).error().retry_after, 30s);
  EXPECT_EQ(fcm_result(answer(503, "")).error().code, Errc::unavailable);
}

TEST(Fcm, ForgetsNoDeviceForWhatIsWrongWithTheNoticeOrTheProject) {
  const auto wrong = [](const std::string& field) {
    return fcm_result(
        answer(400, R"({"error":{"status":"INVALID_ARGUMENT","details":[{"errorCode":"INVALID_ARGUMENT"},)"
                    R"({"fieldViolations":[{"field":")" +
                        field + R"("}]}]}})"));
  };
  EXPECT_EQ(wrong("message.token").error().id, failure::kGone);
  EXPECT_EQ(wrong("message.android.ttl").error().id, "push.refused");
  const OutboundResponse no_key = answer(401, R"({"error":{"details":[{"errorCode":"THIRD_PARTY_AUTH_ERROR"}]}})");
  EXPECT_EQ(fcm_result(no_key).error().id, failure::kCredentials)
      << "the project has no key for Apple: new access tokens do not help, and the devices of others go on";
}

TEST(Push, TokensThatAreRefusedAgainAndAgainAreTheOperatorsMatter) {
  channel::MemoryHub hub;
  channel::TokenKeeper tokens(hub.memory(), hub.clock(), "t", [](const std::string&) {
    return Result<channel::FreshToken>(channel::FreshToken{"never good", 1h, {}});
  });
  Result<void> last;
  for (int i = 0; i < 4; ++i) {
    last = with_token(tokens, [](const std::string&) -> Result<void> {
      return Error{Errc::unavailable, failure::kTokenOver, "over"};
    });
  }
  ASSERT_FALSE(last);
  EXPECT_EQ(last.error().id, failure::kCredentials) << "else the message counts as refused, and nobody learns of it";
}

TEST(Push, ATokenOfOtherCredentialsIsNotUsed) {
  EXPECT_EQ(token_name("apns", {"key", "id"}), token_name("apns", {"key", "id"}));
  EXPECT_NE(token_name("apns", {"key", "id"}), token_name("apns", {"another", "id"}));
  EXPECT_NE(token_name("apns", {"ab", "c"}), token_name("apns", {"a", "bc"}));
}

TEST(Jpush, AuthorisesAsInTheVector) {
  JpushSettings settings;
  settings.app_key = "hubJpushAppKey0000000001";
  settings.master_secret = Secret("hubJpushSecret0000000001");
  EXPECT_EQ(jpush_authorization(settings),
            "Basic aHViSnB1c2hBcHBLZXkwMDAwMDAwMDAxOmh1YkpwdXNoU2VjcmV0MDAwMDAwMDAwMQ==");
}

TEST(Jpush, SendsToOneDeviceOnceForEachCid) {
  JpushSettings settings;
  settings.app_key = "k";
  const OutboundRequest request = jpush_request(settings, {.provider = "jpush", .token = "REGID0001"}, kNotice);
  EXPECT_EQ(request.url, "https://api.jpush.cn/v3/push");
  const Json body = Json::parse(request.body);
  EXPECT_EQ(body["audience"]["registration_id"], Json::array({"REGID0001"}));
  EXPECT_EQ(body["platform"], Json::array({"android", "ios"}));
  EXPECT_EQ(body["cid"], "k-" + kNotice.key);
  EXPECT_EQ(body["notification"]["ios"]["badge"], 3);
  EXPECT_EQ(body["options"]["apns_production"], true);

  EXPECT_TRUE(jpush_result(answer(200, R"({"sendno":"0","msg_id":"1"})")));
  EXPECT_EQ(jpush_result(answer(400, R"({"error":{"code":1011,"message":""}})")).error().id, failure::kGone);
  EXPECT_EQ(jpush_result(answer(401, R"({"error":{"code":1004}})")).error().id, failure::kCredentials);
  EXPECT_EQ(jpush_result(answer(429, R"({"error":{"code":2002}})", "x-rate-limit-reset", "7")).error().retry_after, 7s);
  EXPECT_EQ(jpush_result(answer(400, R"({"error":{"code":1003}})")).error().id, "push.refused");
  EXPECT_EQ(jpush_result(answer(500, "oops")).error().code, Errc::unavailable);
}

TEST(Getui, SignsAsInTheVector) {
  GetuiSettings settings;
  settings.app_key = "getuiAppKeyAAA";
  settings.master_secret = Secret("getuiMasterBBB");
  EXPECT_EQ(getui_sign(settings, "1732254000000"), "8e9bb180c9e52c2101fc427156a3eac7666b3df8ed5d1c7a051d657ae7649258");
}

TEST(Getui, SendsToOneClientAndTellsFailuresApart) {
  GetuiSettings settings;
  settings.app_id = "A1";
  OutboundRequest request = getui_request(settings, "tok", {.provider = "getui", .token = "cid1"}, kNotice);
  EXPECT_EQ(request.url, "https://restapi.getui.com/v2/A1/push/single/cid");
  EXPECT_EQ(header(request, "token"), "tok");
  Json body = Json::parse(request.body);
  EXPECT_EQ(body["audience"]["cid"], Json::array({"cid1"}));
  EXPECT_EQ(body["push_message"]["notification"]["click_type"], "startapp");
  EXPECT_EQ(body["settings"]["ttl"], 3600000);
  EXPECT_GE(body["request_id"].get<std::string>().size(), 10U);
  EXPECT_LE(body["request_id"].get<std::string>().size(), 32U);
  settings.intent = "intent:#Intent;end";
  body = Json::parse(getui_request(settings, "tok", {.token = "cid1"}, kNotice).body);
  EXPECT_EQ(body["push_message"]["notification"]["intent"], "intent:#Intent;end");

  EXPECT_TRUE(getui_result(answer(200, R"({"code":0,"msg":"success"})")));
  EXPECT_EQ(getui_result(answer(401, R"({"code":10001})")).error().id, failure::kTokenOver);
  EXPECT_EQ(getui_result(answer(400, R"({"code":20001,"msg":"target user is invalid"})")).error().id, failure::kGone);
  EXPECT_EQ(getui_result(answer(400, R"({"code":20001,"msg":"title"})")).error().id, "push.refused");
  EXPECT_EQ(getui_result(answer(200, "<html>")).error().code, Errc::unavailable);
  EXPECT_EQ(getui_result(answer(429, "{}")).error().code, Errc::rate_limited);
}

}  // namespace
}  // namespace qiao::app
