// Tokens, healing, errors and media against answers written down.
#include "connectors/wechat/client/api.hpp"

#include <gtest/gtest.h>

#include <deque>

#include "connectors/wechat/client/errors.hpp"
#include "qiao/testkit/manual_clock.hpp"

namespace qiao::wechat {
namespace {

using namespace std::chrono_literals;

OutboundResponse json(std::string body, int status = 200) {
  return {status, {{"content-type", "application/json; charset=utf-8"}}, std::move(body)};
}

struct Script {
  testkit::ManualClock clock;
  WechatConfig config;
  std::deque<Result<OutboundResponse>> answers;
  std::vector<OutboundRequest> asked;
  std::string token = "T1";
  std::vector<std::string> rejected;
  std::optional<Api> api;

  Script() {
    config.url = "https://api.example.com";
    config.app_id = "wx1";
    config.secret = Secret("s3cret");
    api.emplace(
        config,
        [this](const OutboundRequest& r) -> Result<OutboundResponse> {
          asked.push_back(r);
          auto next = answers.front();
          answers.pop_front();
          return next;
        },
        clock);
    api->use({[this] { return Result<std::string>(token); },
              [this](const std::string& t) {
                rejected.push_back(t);
                token = "T2";
              }});
  }
};

TEST(WechatApi, FetchesTheStableToken) {
  Script s;
  s.answers.push_back(json(R"({"access_token":"A","expires_in":7200})"));
  const auto token = s.api->fetch_token();
  ASSERT_TRUE(token);
  EXPECT_EQ(token->value, "A");
  EXPECT_EQ(token->life, 7200s);
  EXPECT_EQ(s.asked[0].url, "https://api.example.com/cgi-bin/stable_token");
  EXPECT_EQ(s.asked[0].body,
            R"({"appid":"wx1","force_refresh":false,"grant_type":"client_credential","secret":"s3cret"})");
}

TEST(WechatApi, ForcesANewTokenWhenItIsGivenTheRefusedOneAgain) {
  Script s;
  s.answers = {json(R"({"access_token":"OLD","expires_in":3000})"),
               json(R"({"access_token":"NEW","expires_in":7200})")};
  EXPECT_EQ(s.api->fetch_token("OLD")->value, "NEW");
  EXPECT_NE(s.asked[1].body.find(R"("force_refresh":true)"), std::string::npos);
}

TEST(WechatApi, WrongCredentialsSayWhatToDo) {
  for (const int code : {40001, 40013, 40125, 40164}) {
    Script s;
    s.answers.push_back(json(R"({"errcode":)" + std::to_string(code) + R"(,"errmsg":"x"})"));
    const auto token = s.api->fetch_token();
    ASSERT_FALSE(token);
    EXPECT_EQ(token.error().id, "channel.token") << code;
  }
}

TEST(WechatApi, WhateverTheTokenCallRefusesConcernsTheCredentialsAndNoMessage) {
  // A frozen AppSecret, an address that waits for the administrator, a frozen account, a code of tomorrow.
  for (const int code : {40243, 89503, 50007, 40002, 99999}) {
    Script s;
    s.answers.push_back(json(R"({"errcode":)" + std::to_string(code) + R"(,"errmsg":"frozen"})"));
    const auto token = s.api->fetch_token();
    ASSERT_FALSE(token);
    EXPECT_EQ(token.error().id, "channel.token") << code;
    EXPECT_NE(token.error().message.find(std::to_string(code)), std::string::npos);
  }
}

TEST(WechatApi, ATokenForcedTooOftenWaitsAMinuteAndNotForTheNextDay) {
  for (const int code : {45009, 45011}) {
    Script s;
    s.answers = {json(R"({"access_token":"OLD","expires_in":3000})"),
                 json(R"({"errcode":)" + std::to_string(code) + R"(,"errmsg":"too often"})")};
    const auto token = s.api->fetch_token("OLD");
    ASSERT_FALSE(token);
    EXPECT_EQ(token.error().code, Errc::rate_limited);
    EXPECT_EQ(token.error().id, "wechat.too_often");
    EXPECT_EQ(token.error().retry_after, 60s);
  }
}

TEST(WechatApi, HealsARefusedTokenOnce) {
  for (const int code : {40001, 40014, 42001}) {
    Script s;
    const std::string refused = R"({"errcode":)" + std::to_string(code) + R"(,"errmsg":"expired"})";
    s.answers = {json(refused), json(R"({"errcode":0,"errmsg":"ok"})")};
    EXPECT_TRUE(s.api->ask("POST", "/cgi-bin/message/custom/send", {{"touser", "u"}}));
    EXPECT_EQ(s.rejected, (std::vector<std::string>{"T1"}));
    EXPECT_NE(s.asked[1].url.find("access_token=T2"), std::string::npos);

    Script twice;
    twice.answers = {json(refused), json(refused)};
    EXPECT_EQ(twice.api->ask("POST", "/x").error().id, "channel.token");
    EXPECT_EQ(twice.asked.size(), 2U);
  }
}

TEST(WechatApi, WritesTextAsItIs) {
  Script s;
  s.answers.push_back(json(R"({"errcode":0})"));
  ASSERT_TRUE(s.api->call("POST", "/x", {{"content", "您好，有货的😀"}}));
  EXPECT_EQ(s.asked[0].body, R"({"content":"您好，有货的😀"})");
}

TEST(WechatApi, TellsALostAnswerFromACallThatWasNeverMade) {
  Script s;
  s.answers = {Error{Errc::timeout, "outbound.timeout", "t"}, Error{Errc::unavailable, "outbound.broken", "b"},
               Error{Errc::unavailable, "outbound.unreachable", "u"}, json("<html>", 502), json("nonsense")};
  EXPECT_EQ(s.api->call("POST", "/x").error().id, Api::kUnknown);
  EXPECT_EQ(s.api->call("POST", "/x").error().id, Api::kUnknown);
  EXPECT_EQ(s.api->call("POST", "/x").error().id, "outbound.unreachable");
  EXPECT_EQ(s.api->call("POST", "/x").error().code, Errc::unavailable);
  EXPECT_EQ(s.api->call("POST", "/x").error().code, Errc::unavailable);
}

TEST(WechatApi, UploadsAFileAsTheFieldMedia) {
  Script s;
  s.answers.push_back(json(R"({"type":"image","media_id":"M9","created_at":1732249200})"));
  EXPECT_EQ(s.api->upload("image", "a\"b.png", "image/png", "BYTES").value(), "M9");
  EXPECT_NE(s.asked[0].url.find("/cgi-bin/media/upload?access_token=T1&type=image"), std::string::npos);
  EXPECT_NE(s.asked[0].body.find("name=\"media\"; filename=\"a_b.png\""), std::string::npos);
  EXPECT_NE(s.asked[0].body.find("\r\n\r\nBYTES\r\n--"), std::string::npos);
}

TEST(WechatApi, DownloadsPicturesAndVideos) {
  Script s;
  s.answers.push_back(OutboundResponse{
      200, {{"content-type", "image/jpeg"}, {"content-disposition", "attachment; filename=\"M.jpg\""}}, "JPEG"});
  const auto picture = s.api->download("M", 3s);
  ASSERT_TRUE(picture);
  EXPECT_EQ(picture->bytes, "JPEG");
  EXPECT_EQ(picture->name, "M.jpg");
  s.answers = {json(R"({"video_url":"https://v.example/1.mp4"})"),
               OutboundResponse{200, {{"content-type", "video/mp4"}}, "MP4"}};
  EXPECT_EQ(s.api->download("V", 3s)->bytes, "MP4");
  EXPECT_EQ(s.asked.back().url, "https://v.example/1.mp4");
  s.answers.push_back(json(R"({"errcode":40007,"errmsg":"invalid media_id"})"));
  EXPECT_EQ(s.api->download("X", 3s).error().id, "channel.unsupported");
}

TEST(WechatErrors, AreSortedByWhatHelps) {
  const Time now = from_micros(1'767'603'600'000'000);  // 09:00 UTC, 17:00 in Shanghai
  EXPECT_EQ(error_of(-1, "", now).code, Errc::unavailable);
  EXPECT_EQ(error_of(45015, "", now).id, "channel.window_closed");
  EXPECT_EQ(error_of(45047, "", now).id, "channel.window_closed");
  EXPECT_EQ(error_of(45009, "", now).id, "channel.quota");
  EXPECT_EQ(error_of(45009, "", now).retry_after, 7h);
  EXPECT_EQ(error_of(45011, "", now).code, Errc::rate_limited);
  EXPECT_EQ(error_of(48001, "", now).id, "channel.token");
  EXPECT_EQ(error_of(40009, "", now).id, "channel.unsupported");
  for (const int code : {40003, 43004, 43101, 48002, 40033, 44002, 47001, 61450, 12345}) {
    EXPECT_EQ(error_of(code, "no", now).code, Errc::bad_value) << code;
    EXPECT_NE(error_of(code, "no", now).message.find(std::to_string(code)), std::string::npos);
  }
}

}  // namespace
}  // namespace qiao::wechat
