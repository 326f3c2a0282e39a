#include "connectors/common/rest.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "qiao/testkit/manual_clock.hpp"

namespace qiao::common {
namespace {

using Auth = AuthSettings::Auth;

class RestTest : public testing::Test {
 protected:
  RestTest() {
    settings_.url = "https://erp.example/api/";
    call_.path = "/stock/{sku}";
    call_.query = {{"warehouse", "{skus}"}, {"fixed", "1"}};
    parameters_ = stock_parameters(std::vector<std::string>{"A 7"});
  }
  RestClient client() {
    return {settings_,
            [this](const OutboundRequest& request) -> Result<OutboundResponse> {
              seen_.push_back(request);
              OutboundResponse response{200, {}, "{}"};
              if (answers_.empty()) return response;
              response = answers_.front();
              if (answers_.size() > 1) answers_.erase(answers_.begin());
              return response;
            },
            clock_};
  }
  Result<Json> ask() {
    auto c = client();
    return c.call(*RestCall::compile(call_, parameters_), parameters_);
  }
  std::string header(const std::string& name) {
    for (const auto& [key, value] : seen_.back().headers) {
      if (key == name) return value;
    }
    return "";
  }

  testkit::ManualClock clock_;
  RestSettings settings_;
  CallSettings call_;
  Parameters parameters_;
  std::vector<OutboundRequest> seen_;
  std::vector<OutboundResponse> answers_;
};

TEST_F(RestTest, FillsPathAndQuery) {
  ASSERT_TRUE(ask());
  EXPECT_EQ(seen_[0].url, "https://erp.example/api/stock/A%207?fixed=1&warehouse=A%207");
  EXPECT_EQ(seen_[0].method, "GET");
}

TEST_F(RestTest, ABodyMustBeJsonWhateverIsFilledIn) {
  call_.method = "POST";
  call_.body = R"({"sku": "{sku}", "n": {"x": 1}})";
  parameters_.set("sku", "\"}, {\"");
  ASSERT_TRUE(ask());
  EXPECT_EQ(Json::parse(seen_[0].body).at("sku"), "\"}, {\"");
  call_.body = R"({"sku": {sku}})";
  EXPECT_FALSE(RestCall::compile(call_, stock_parameters({})));
}

TEST_F(RestTest, ProvesItselfInTheUsualWays) {
  settings_.auth = {};
  settings_.auth.kind = Auth::basic;
  settings_.auth.user = "Aladdin";
  settings_.auth.secret = Secret("open sesame");
  ASSERT_TRUE(ask());
  EXPECT_EQ(header("Authorization"), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
  settings_.auth.kind = Auth::bearer;
  ASSERT_TRUE(ask());
  EXPECT_EQ(header("Authorization"), "Bearer open sesame");
  settings_.auth.kind = Auth::header;
  settings_.auth.name = "X-Api-Key";
  ASSERT_TRUE(ask());
  EXPECT_EQ(header("X-Api-Key"), "open sesame");
  settings_.auth.kind = Auth::query;
  settings_.auth.name = "key";
  ASSERT_TRUE(ask());
  EXPECT_TRUE(seen_.back().url.ends_with("&key=open%20sesame"));
}

TEST_F(RestTest, SignsWhatTheSystemWantsSigned) {
  settings_.auth.kind = Auth::hmac;
  settings_.auth.name = "X-Sign";
  settings_.auth.secret = Secret("key");
  settings_.auth.client_id = "qiao";
  settings_.auth.sign = "The quick brown fox jumps over the lazy dog";
  ASSERT_TRUE(ask());
  EXPECT_EQ(header("X-Sign"), "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8");
  settings_.auth.sign = "{method}\\n{target}\\n{time}\\n{client_id}\\n{body}";
  settings_.auth.time_header = "X-Time";
  settings_.auth.id_header = "X-Client";
  const std::string before = header("X-Sign");
  ASSERT_TRUE(ask());
  EXPECT_NE(header("X-Sign"), before);
  EXPECT_EQ(header("X-Time"), "1767603600");
  EXPECT_EQ(header("X-Client"), "qiao");
}

TEST_F(RestTest, FetchesATokenOnceAndHealsOnceWhenItIsGone) {
  settings_.auth.kind = Auth::oauth2;
  settings_.auth.token_url = "https://login.example/token";
  settings_.auth.client_id = "id";
  settings_.auth.secret = Secret("secret");
  const OutboundResponse token{200, {}, R"({"access_token":"t1","expires_in":100})"};
  const OutboundResponse fine{200, {}, "{}"};
  const OutboundResponse gone{401, {}, "{}"};
  answers_ = {token, fine, fine, gone, {200, {}, R"({"access_token":"t2"})"}, fine};
  auto c = client();
  const auto call = *RestCall::compile(call_, parameters_);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(c.call(call, parameters_)) << i;
  EXPECT_EQ(seen_.size(), 6u);
  EXPECT_EQ(seen_[0].body, "grant_type=client_credentials");
  EXPECT_EQ(header("Authorization"), "Bearer t2");
  // Gone again and again: an answer, not a loop.
  answers_ = {gone, token, gone};
  EXPECT_FALSE(c.call(call, parameters_));
}

TEST_F(RestTest, ATokenIsRenewedBeforeItEnds) {
  settings_.auth.kind = Auth::oauth2;
  settings_.auth.token_url = "https://login.example/token";
  settings_.auth.client_id = "id";
  settings_.auth.secret = Secret("secret");
  answers_ = {{200, {}, R"({"access_token":"t1","expires_in":100})"}};
  auto c = client();
  const auto call = *RestCall::compile(call_, parameters_);
  EXPECT_TRUE(c.call(call, parameters_));
  clock_.advance(std::chrono::seconds(80));
  EXPECT_TRUE(c.call(call, parameters_));
  EXPECT_EQ(seen_.size(), 3u);
  clock_.advance(std::chrono::seconds(11));
  EXPECT_TRUE(c.call(call, parameters_));
  EXPECT_EQ(seen_.size(), 5u);
}

TEST_F(RestTest, ErrorsSayWhetherAskingAgainHelps) {
  answers_ = {{503, {}, ""}};
  EXPECT_EQ(ask().error().code, Errc::unavailable);
  answers_ = {{429, {{"retry-after", "7"}}, ""}};
  EXPECT_EQ(ask().error().code, Errc::rate_limited);
  EXPECT_EQ(ask().error().retry_after, std::chrono::seconds(7));
  answers_ = {{403, {}, ""}};
  EXPECT_EQ(ask().error().code, Errc::forbidden);
  answers_ = {{200, {}, "<html>"}};
  EXPECT_EQ(ask().error().code, Errc::unavailable);
  answers_ = {{302, {{"location", "http://169.254.169.254/"}}, ""}};
  EXPECT_FALSE(ask());
}

TEST_F(RestTest, UnderstandsErrorsThatComeWithStatus200) {
  settings_.success = {"/code", {"0"}, "/msg", {"40001"}, {"42"}, {"404"}};
  answers_ = {{200, {}, R"({"code":0})"}};
  EXPECT_TRUE(ask());
  answers_ = {{200, {}, R"({"code":42})"}};
  EXPECT_EQ(ask().error().code, Errc::rate_limited);
  answers_ = {{200, {}, R"({"code":"404"})"}};
  EXPECT_EQ(ask().error().code, Errc::not_found);
  answers_ = {{200, {}, R"({"code":7,"msg":"no licence"})"}};
  EXPECT_NE(ask().error().message.find("code 7: no licence"), std::string::npos) << ask().error().message;
}

TEST_F(RestTest, ReadsAllPagesUpToALimit) {
  const auto count = [this](PagingSettings paging, std::vector<std::string> pages) {
    answers_.clear();
    seen_.clear();
    for (std::string& body : pages) answers_.push_back({200, {}, std::move(body)});
    auto c = client();
    return c.rows(*RestCall::compile(call_, parameters_), parameters_, "/rows", paging)->size();
  };
  PagingSettings paging;
  paging.size = 2;
  EXPECT_EQ(count(paging, {R"({"rows":[1,2]})"}), 2u);
  EXPECT_EQ(seen_.size(), 1u);
  paging.kind = PagingSettings::Way::page;
  paging.size_parameter = "per";
  EXPECT_EQ(count(paging, {R"({"rows":[1,2]})", R"({"rows":[3]})"}), 3u);
  EXPECT_TRUE(seen_[1].url.ends_with("&page=2&per=2")) << seen_[1].url;
  paging.kind = PagingSettings::Way::offset;
  EXPECT_EQ(count(paging, {R"({"rows":[1,2]})", R"({"rows":[3]})"}), 3u);
  EXPECT_TRUE(seen_[1].url.ends_with("&page=2&per=2")) << seen_[1].url;
  paging.kind = PagingSettings::Way::cursor;
  paging.next = "/next";
  EXPECT_EQ(count(paging, {R"({"rows":[1],"next":"x"})", R"({"rows":[3],"next":null})"}), 2u);
  paging.kind = PagingSettings::Way::page;
  paging.most = 3;
  EXPECT_EQ(count(paging, {R"({"rows":[1,2]})"}), 6u);  // a server that never ends
}

}  // namespace
}  // namespace qiao::common
