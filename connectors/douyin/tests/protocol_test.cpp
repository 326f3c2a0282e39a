#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "connectors/channel/signing.hpp"
#include "connectors/douyin/client/inbound.hpp"
#include "connectors/douyin/client/outbound.hpp"

namespace qiao::douyin {
namespace {

using Json = nlohmann::json;

// As it was signed, byte for byte: the content is a text with JSON in it.
constexpr const char* kMessage =
    R"({"event":"im_receive_msg","client_key":"aw1234567890abcd","from_user_id":"c0000001-aaaa-4bbb-8ccc-000000000001","to_user_id":"b0000002-aaaa-4bbb-8ccc-000000000002","content":"{\"conversation_short_id\":\"@conv1==\",\"server_message_id\":\"@msg1==\",\"conversation_type\":1,\"create_time\":1732251000123,\"message_type\":\"text\",\"text\":\"这件有现货吗\",\"user_infos\":[{\"open_id\":\"c0000001-aaaa-4bbb-8ccc-000000000001\",\"nick_name\":\"小明\",\"avatar\":\"\"}]}","log_id":"20241122LOG1"})";

TEST(Webhooks, AreSignedOverTheirRawBytes) {
  EXPECT_EQ(signature("2f8a1c3d5e7b9a0c1d2e3f4a5b6c7d8e", kMessage), "938706b040768217673a8a4c58de0361b67b7ecd");
  const char* check = R"({"event":"verify_webhook","client_key":"aw1234567890abcd","content":{"challenge":12345}})";
  EXPECT_EQ(signature("0123456789abcdef0123456789abcdef", check), "fc7233391b801a8e4fe4b5fa6c227e7add114285");
}

TEST(Webhooks, AChallengeIsEchoedAsTheTypeThatCame) {
  const auto number = read_webhook(R"({"event":"verify_webhook","client_key":"","content":{"challenge":12345}})");
  ASSERT_TRUE(number);
  EXPECT_EQ(number->challenge, R"({"challenge":12345})");
  const auto word = read_webhook(R"({"event":"verify_webhook","content":{"challenge":"12345"}})");
  ASSERT_TRUE(word);
  EXPECT_EQ(word->challenge, R"({"challenge":"12345"})");
}

// A mini-game's message push signs four sorted parts.
TEST(Webhooks, AMiniGamesAddressIsCheckedBySortedParts) {
  EXPECT_EQ(channel::sorted_sha1({"gameCS1", "1732251200", "77", "hello"}), "564de65d227fabc19d3ed47d5f325718695130cd");
}

TEST(Webhooks, ContentIsAnObjectOrATextWithOne) {
  const auto text = read_webhook(kMessage);
  ASSERT_TRUE(text) << text.error().message;
  Json as_object = Json::parse(kMessage);
  as_object["content"] = Json::parse(as_object["content"].get<std::string>());
  const auto object = read_webhook(as_object.dump());
  ASSERT_TRUE(object);
  for (const auto& hook : {*text, *object}) {
    EXPECT_EQ(hook.message.text, "这件有现货吗");
    EXPECT_EQ(hook.message.id, "@msg1==");
    EXPECT_EQ(hook.from_name, "小明");
    EXPECT_EQ(to_iso8601(hook.message.at), "2024-11-22T04:50:00.123Z");
  }
}

TEST(Webhooks, ACommentNamesItsVideoAndItsWriter) {
  const auto hook = read_webhook(
      R"({"event":"item_comment_reply","from_user_id":"u1","to_user_id":"me","content":{"comment_id":"@c/1+==","comment_user_id":"u1","content":"口红有没有豆沙色","create_time":1732251000,"reply_to_item_id":"@v1==","reply_to_comment_id":"","reply_comment_total":0}})");
  ASSERT_TRUE(hook);
  EXPECT_EQ(hook->comment.id, "@c/1+==");
  EXPECT_EQ(hook->comment.item, "@v1==");
  EXPECT_EQ(hook->comment.user, "u1");
  EXPECT_EQ(hook->comment.text, "口红有没有豆沙色");
  EXPECT_EQ(to_iso8601(hook->comment.at), "2024-11-22T04:50:00.000Z");
}

TEST(Webhooks, IdsBeyondADoubleStayExact) {
  const auto hook = read_webhook(
      R"({"event":"im_receive_msg","from_user_id":"u","to_user_id":"m","content":{"conversation_short_id":7494205308479291111,"server_message_id":7494460928000411111,"message_type":"text","text":"x"}})");
  ASSERT_TRUE(hook);
  EXPECT_EQ(hook->message.conversation, "7494205308479291111");
  EXPECT_EQ(hook->message.id, "7494460928000411111");
}

TEST(Webhooks, NonsenseIsRefused) {
  for (const char* wrong : {"", "[]", "7", R"({"event":""})", R"({"event":"im_receive_msg","content":"{"})",
                            R"({"event":"verify_webhook","content":{}})"}) {
    EXPECT_FALSE(read_webhook(wrong)) << wrong;
  }
}

TEST(Webhooks, KindsWithoutTextSaySo) {
  Message card;
  card.type = "retain_consult_card";
  card.form = {{"姓名", "小明"}};
  EXPECT_EQ(message_text(card, false), "留资卡片：\n姓名：小明");
  Message other;
  other.type = "other";
  EXPECT_NE(message_text(other, true).find("cannot be shown"), std::string::npos);
  Message picture;
  picture.type = "image";
  picture.media_url = "https://a.test/1";
  EXPECT_EQ(message_text(picture, false), "");
}

TEST(Comments, AListHasItsCursorAndItsReplies) {
  const auto page = read_comments(
      R"({"data":{"cursor":1732251000999999,"has_more":true,"list":[{"comment_id":"@c1","comment_user_id":"u1","nick_name":"小明","content":"好看","create_time":1732251000,"reply_comment_total":2},{"content":"no id"}],"error_code":0}})",
      "@v1==");
  ASSERT_TRUE(page);
  EXPECT_EQ(page->cursor, "1732251000999999");
  EXPECT_TRUE(page->more);
  ASSERT_EQ(page->list.size(), 1U);
  EXPECT_EQ(page->list[0].replies, 2);
  EXPECT_EQ(page->list[0].item, "@v1==");
}

TEST(Sending, AReplyStandsUnderItsComment) {
  EXPECT_EQ(Json::parse(reply_body("@v1==", "@c1", "有的")),
            Json::parse(R"({"item_id":"@v1==","comment_id":"@c1","content":"有的"})"));
  EXPECT_FALSE(Json::parse(reply_body("@v1==", "", "有的")).contains("comment_id"));
}

TEST(Sending, APrivateAnswerNamesWhatItAnswers) {
  EXPECT_EQ(Json::parse(text_body({"@conv==", "@msg==", "im_reply_msg"}, "u1", "有现货，今天发")),
            Json::parse(R"({"msg_id":"@msg==","conversation_id":"@conv==","to_user_id":"u1","scene":"im_reply_msg",
              "content":{"msg_type":1,"text":{"text":"有现货，今天发"}}})"));
}

TEST(Errors, SayWhatToDoByClass) {
  EXPECT_EQ(error_of(10008, "").name(), "channel.token");
  EXPECT_EQ(error_of(2190008, "").name(), "channel.token");
  EXPECT_EQ(error_of(10010, "").name(), "channel.token");
  EXPECT_EQ(error_of(28003070, "").name(), "channel.window_closed");
  EXPECT_EQ(error_of(28003081, "").name(), "channel.window_closed");
  EXPECT_EQ(error_of(28001038, "").code, Errc::bad_value);
  EXPECT_EQ(error_of(28029003, "").name(), "channel.quota");
  EXPECT_FALSE(is_token_error(10010));
}

}  // namespace
}  // namespace qiao::douyin
