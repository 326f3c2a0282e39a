#include "plugins/llm/client/chat_api.hpp"

#include <gtest/gtest.h>

#include "plugins/llm/client/tc3.hpp"

namespace qiao::llm {
namespace {

TEST(Tc3, SignsAsTencentsOwnProgramDoes) {
  const Tc3 who{"SIDdevEXAMPLE0000000000000000000000", "SKEYdevEXAMPLE00000000000000000", "nlp.tencentcloudapi.com",
                "nlp"};
  EXPECT_EQ(tc3_authorization(who, 1732256000, "{\"Text\":\"物流太慢了\"}"),
            "TC3-HMAC-SHA256 Credential=SIDdevEXAMPLE0000000000000000000000/2024-11-22/nlp/tc3_request, "
            "SignedHeaders=content-type;host, "
            "Signature=7fd1068300e92fccdce4d12b0e5fe80b2a5ffac91015448464981c307ab1a9f7");
}

TEST(Stream, IsReadWhateverEndsItsLines) {
  EXPECT_EQ(events_in("data: a\n\ndata:b\r\n\r\n: comment\n\ndata: c\rdata: d\r\rdata: e"),
            (std::vector<std::string>{"a", "b", "c\nd", "e"}));
  EXPECT_EQ(events_in("event: x\nid: 1\n\n\n"), std::vector<std::string>{});
}

constexpr const char* kHello = R"(data: {"choices":[{"index":0,"delta":{"role":"assistant","content":"您"}}]}

data: {"choices":[{"index":0,"delta":{"content":"好"},"finish_reason":"stop"}]}

data: {"choices":[],"usage":{"total_tokens":42}}

data: [DONE]

)";

TEST(Chat, IsPutTogetherFromTheStreamWithItsTokens) {
  const auto reply = read_chat(kHello);
  ASSERT_TRUE(reply) << reply.error().message;
  EXPECT_EQ(reply->text, "您好");
  EXPECT_EQ(reply->finish, "stop");
  EXPECT_EQ(reply->tokens, 42);
}

TEST(Chat, AStreamThatEndsAnywhereBeforeItsEndIsBroken) {
  const std::string whole = kHello;
  const std::size_t finished = whole.find("\"stop\"}]}") + 9;
  for (std::size_t length = 0; length < finished; ++length) {
    const auto reply = read_chat(std::string_view(whole).substr(0, length));
    EXPECT_FALSE(reply) << "after " << length << " bytes";
  }
}

TEST(Chat, WhatServersDoDifferentlyIsUnderstood) {
  const auto plain = read_chat(
      R"({"choices":[{"index":0,"message":{"content":"hi","reasoning_content":"secret"},"finish_reason":"stop"}]})");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->text, "hi") << "what a model thinks is not shown";
  const auto repeated = read_chat(
      "data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\n"
      "data: {\"choices\":[{\"message\":{\"content\":\"abc\"},\"finish_reason\":\"stop\"}]}\n\n");
  ASSERT_TRUE(repeated);
  EXPECT_EQ(repeated->text, "abc");
  const auto tencent = read_chat(
      R"({"Response":{"Choices":[{"Message":{"Role":"assistant","Content":"好"},"FinishReason":"stop"}],"Usage":{"TotalTokens":7}}})");
  ASSERT_TRUE(tencent);
  EXPECT_EQ(tencent->text, "好");
  EXPECT_EQ(tencent->tokens, 7);
}

TEST(Chat, ErrorsAreFoundWhereverTheyStand) {
  EXPECT_EQ(read_chat("data: {\"error\":{\"message\":\"overloaded\"}}\n\n").error().id, "llm.refused");
  EXPECT_EQ(read_chat(R"({"Response":{"Error":{"Code":"AuthFailure","Message":"no"}}})").error().id, "llm.refused");
  EXPECT_EQ(read_chat(R"({"choices":[{"message":{"content":null},"finish_reason":"content_filter"}]})").error().id,
            "llm.filtered");
  for (const char* nonsense : {"", "{", "{}", "[]", "null", "data: 1\n\n", "data: {\"choices\":7}\n\n", "<html>",
                               R"({"choices":[{"message":7}]})", R"({"choices":[[]]})"}) {
    EXPECT_FALSE(read_chat(nonsense)) << nonsense;
  }
}

TEST(Chat, TheBodyLeavesOutWhatAServerRefuses) {
  LlmConfig config;
  config.model = "m";
  EXPECT_NE(chat_body(config, {{"user", "hi"}}).find("include_usage"), std::string::npos);
  config.leave_out = {"stream_options", "temperature"};
  const std::string body = chat_body(config, {{"user", "坏\xff"}});
  EXPECT_EQ(body.find("stream_options"), std::string::npos);
  EXPECT_EQ(body.find("temperature"), std::string::npos);
  config.provider = Provider::hunyuan;
  EXPECT_NE(chat_body(config, {{"user", "hi"}}).find(R"("Messages":[{"Content":"hi","Role":"user"}])"),
            std::string::npos);
}

TEST(Embeddings, AreOrderedByIndexAndMadeOneLong) {
  const auto vectors = read_embeddings(R"({"data":[{"index":1,"embedding":[0,5]},{"index":0,"embedding":[3,4]}]})", 2);
  ASSERT_TRUE(vectors) << vectors.error().message;
  EXPECT_FLOAT_EQ((*vectors)[0][0], 0.6F);
  EXPECT_FLOAT_EQ((*vectors)[1][1], 1);
  for (const char* wrong :
       {R"({"data":[]})", R"({"data":[{"index":5,"embedding":[1]}]})", R"({"data":[{"index":0,"embedding":["x"]}]})",
        R"({"data":[{"index":0,"embedding":[]}]})", "{", "[]"}) {
    EXPECT_FALSE(read_embeddings(wrong, 1)) << wrong;
  }
}

TEST(Refusals, TellWhatMayPassAndWhenToComeBack) {
  const auto of = [](int status, std::vector<std::pair<std::string, std::string>> headers = {}, std::string body = {}) {
    return refusal({status, std::move(headers), std::move(body)});
  };
  for (const int status : {408, 409, 425, 429, 500, 502, 503, 504, 529}) EXPECT_TRUE(of(status).retry) << status;
  for (const int status : {400, 401, 402, 403, 404, 413, 422}) EXPECT_FALSE(of(status).retry) << status;
  EXPECT_FALSE(of(429, {}, R"({"error":{"message":"no money","code":"insufficient_quota"}})").retry);
  EXPECT_EQ(of(429, {{"retry-after", "2"}}).after, std::chrono::seconds(2));
  EXPECT_EQ(of(503, {{"retry-after-ms", "150"}}).after, std::chrono::milliseconds(150));
  EXPECT_EQ(of(503, {{"retry-after", "soon"}}).after.count(), 0);
}

}  // namespace
}  // namespace qiao::llm
