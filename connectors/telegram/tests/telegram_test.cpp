#include <gtest/gtest.h>

#include "connectors/telegram/client/telegram_client.hpp"

namespace qiao::telegram {
namespace {

using channel::Incoming;

Incoming only(std::string_view json, bool groups = false) {
  auto update = read_update(json, groups);
  EXPECT_TRUE(update);
  if (!update || update->items.size() != 1) {
    ADD_FAILURE() << "not one item in " << json;
    return {};
  }
  return update->items.front();
}

std::string in_chat(const std::string& rest) {
  return R"({"update_id":7,"message":{"message_id":17,"from":{"id":5123456789,"is_bot":false,"first_name":"Lin"},"chat":{"id":5123456789,"type":"private"},"date":1732255000,)" +
         rest + "}}";
}

TEST(TelegramUpdate, TextOfAPrivateChatIsAMessageOfTheChat) {
  const auto update = read_update(
      R"({"update_id":884251,"message":{"message_id":17,"from":{"id":5123456789,"is_bot":false,"first_name":"Lin","username":"lin88","language_code":"zh-hans"},"chat":{"id":5123456789,"type":"private","first_name":"Lin"},"date":1732255000,"text":"有货吗"}})",
      false);
  ASSERT_TRUE(update);
  EXPECT_EQ(update->id, 884251);
  ASSERT_EQ(update->items.size(), 1U);
  const Incoming& item = update->items[0];
  EXPECT_EQ(item.message.user, "5123456789");
  EXPECT_EQ(item.message.user_name, "Lin");
  EXPECT_EQ(item.message.external_id, "5123456789:17");
  EXPECT_EQ(item.message.content.text, "有货吗");
  EXPECT_EQ(to_micros(item.message.at), 1732255000000000);
}

TEST(TelegramUpdate, IdsOf52BitsStayExact) {
  const Incoming item = only(
      R"({"update_id":1,"message":{"message_id":2,"from":{"id":4503599627370495},"chat":{"id":4503599627370495,"type":"private"},"text":"x"}})");
  EXPECT_EQ(item.message.user, "4503599627370495");
}

TEST(TelegramUpdate, TheLargestPhotoIsTaken) {
  const Incoming item = only(in_chat(R"("photo":[{"file_id":"small"},{"file_id":"large"}],"caption":"坏了")"));
  ASSERT_EQ(item.media.size(), 1U);
  EXPECT_EQ(item.media[0].ref, "large");
  EXPECT_EQ(item.media[0].kind, "image");
  EXPECT_EQ(item.message.content.text, "坏了");
}

TEST(TelegramUpdate, AFileAboveWhatBotsMayFetchIsSaid) {
  const Incoming item = only(in_chat(R"("document":{"file_id":"d","file_name":"a.pdf","file_size":30000000})"));
  EXPECT_TRUE(item.media.empty());
  EXPECT_NE(item.message.content.text.find("20 MB"), std::string::npos);
  EXPECT_NE(item.message.content.text.find("a.pdf"), std::string::npos);
}

TEST(TelegramUpdate, AMembersOwnNumberIsNotProvenForTheWholeGroup) {
  const std::string from = R"("from":{"id":51,"is_bot":false,"first_name":"Lin"},)";
  const std::string card = R"("contact":{"phone_number":"8613800138000","first_name":"Lin","user_id":51}}})";
  const Incoming alone = only(R"({"update_id":7,"message":{"message_id":1,)" + from +
                              R"("chat":{"id":51,"type":"private"},"date":1732255000,)" + card);
  EXPECT_EQ(alone.claims.size(), 1U);
  const Incoming among = only(R"({"update_id":7,"message":{"message_id":1,)" + from +
                                  R"("chat":{"id":-100,"type":"group","title":"VIP"},"date":1732255000,)" + card,
                              true);
  EXPECT_TRUE(among.claims.empty());
  EXPECT_EQ(among.message.content.cards.size(), 1U);
}

TEST(TelegramUpdate, EachStepOfALivePositionIsNoEditOfAMessage) {
  const auto moved = read_update(
      R"({"update_id":7,"edited_message":{"message_id":1,"from":{"id":51,"is_bot":false,"first_name":"Lin"},"chat":{"id":51,"type":"private"},"date":1732255000,"edit_date":1732255060,"location":{"latitude":31.2,"longitude":121.4,"live_period":900}}})",
      false);
  ASSERT_TRUE(moved);
  EXPECT_TRUE(moved->items.empty());
}

TEST(TelegramUpdate, AnAnimationIsNotAlsoADocument) {
  const Incoming item = only(in_chat(R"("animation":{"file_id":"a"},"document":{"file_id":"a"})"));
  ASSERT_EQ(item.media.size(), 1U);
  EXPECT_EQ(item.media[0].kind, "video");
}

TEST(TelegramUpdate, OnlyTheWritersOwnNumberIsProven) {
  const Incoming own =
      only(in_chat(R"("contact":{"phone_number":"8613800138000","first_name":"Lin","user_id":5123456789})"));
  ASSERT_EQ(own.claims.size(), 1U);
  EXPECT_EQ(own.claims[0].value, "+8613800138000");
  EXPECT_TRUE(own.claims[0].verified);
  const Incoming other =
      only(in_chat(R"("contact":{"phone_number":"8613800138001","first_name":"Wang","user_id":42})"));
  EXPECT_TRUE(other.claims.empty());
  EXPECT_EQ(other.message.content.cards.at(0).kind, "contact");
}

TEST(TelegramUpdate, ALocationIsACard) {
  const Incoming item = only(in_chat(R"("location":{"latitude":31.23,"longitude":121.47},"venue":{"title":"Shop"})"));
  const auto& card = item.message.content.cards.at(0);
  EXPECT_EQ(card.kind, "location");
  EXPECT_EQ(card.title, "Shop");
  EXPECT_EQ(card.data.at("latitude"), "31.23");
}

TEST(TelegramUpdate, AnEditIsANoteWithAKeyOfItsOwn) {
  const Incoming item = only(
      R"({"update_id":8,"edited_message":{"message_id":17,"edit_date":1732255060,"from":{"id":5},"chat":{"id":5,"type":"private"},"date":1732255000,"text":"A-8"}})");
  EXPECT_EQ(item.kind, Incoming::Kind::event);
  EXPECT_EQ(item.message.external_id, "5:17:1732255060");
  EXPECT_NE(item.message.content.text.find("A-8"), std::string::npos);
}

TEST(TelegramUpdate, StartIsAnEventThatIsWelcomed) {
  const Incoming item = only(in_chat(R"("text":"/start ad7")"));
  EXPECT_EQ(item.kind, Incoming::Kind::event);
  EXPECT_TRUE(item.welcome);
  EXPECT_NE(item.message.content.text.find("ad7"), std::string::npos);
  EXPECT_EQ(only(in_chat(R"("text":"/started")")).kind, Incoming::Kind::message);
}

TEST(TelegramUpdate, APressedButtonIsItsValueAndMustBeAnswered) {
  const auto update = read_update(
      R"({"update_id":9,"callback_query":{"id":"cb1","from":{"id":5,"first_name":"Lin"},"data":"退货","message":{"chat":{"id":5,"type":"private"}}}})",
      false);
  ASSERT_TRUE(update && update->items.size() == 1);
  EXPECT_EQ(update->callback, "cb1");
  EXPECT_EQ(update->items[0].message.content.text, "退货");
}

TEST(TelegramUpdate, GroupsAreHeardOnlyWhenTheOperatorWantsThem) {
  const std::string json =
      R"({"update_id":1,"message":{"message_id":2,"from":{"id":5,"first_name":"Lin"},"chat":{"id":-100123,"type":"supergroup","title":"VIP"},"text":"hi"}})";
  EXPECT_TRUE(read_update(json, false)->items.empty());
  const Incoming item = only(json, true);
  EXPECT_EQ(item.message.user, "-100123");
  EXPECT_EQ(item.message.content.text, "Lin: hi");
}

TEST(TelegramUpdate, BotsAndStrangersJsonAreNothing) {
  EXPECT_TRUE(
      read_update(
          R"({"update_id":1,"message":{"message_id":2,"from":{"id":5,"is_bot":true},"chat":{"id":5,"type":"private"},"text":"x"}})",
          false)
          ->items.empty());
  EXPECT_FALSE(read_update("{}", false));
  EXPECT_FALSE(read_update("not json", false));
  EXPECT_FALSE(read_update("[1]", false));
}

TEST(TelegramFault, TellsWhatMayWorkLater) {
  const auto slow = fault(
      {429,
       {},
       R"({"ok":false,"error_code":429,"description":"Too Many Requests: retry after 7","parameters":{"retry_after":7}})"},
      "5");
  EXPECT_EQ(slow.code, Errc::rate_limited);
  EXPECT_EQ(slow.retry_after, std::chrono::seconds(7));
  EXPECT_EQ(fault({429, {}, "{}"}, "-100").name(), "channel.user_rate");
  EXPECT_EQ(fault({401, {}, "{}"}, "5").name(), "channel.token");
  EXPECT_EQ(fault({403, {}, "{}"}, "5").name(), "telegram.blocked");
  EXPECT_EQ(fault({400, {}, R"({"description":"Bad Request: chat not found"})"}, "5").code, Errc::bad_value);
  EXPECT_EQ(fault({502, {}, ""}, "5").code, Errc::unavailable);
  EXPECT_EQ(moved_to({400, {}, R"({"parameters":{"migrate_to_chat_id":-1001234}})"}), "-1001234");
}

}  // namespace
}  // namespace qiao::telegram
