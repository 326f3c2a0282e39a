#include "connectors/wechat/client/outgoing.hpp"

#include <gtest/gtest.h>

#include "connectors/wechat/client/menu.hpp"

namespace qiao::wechat {
namespace {

WechatConfig account(Product kind = Product::official_account) {
  WechatConfig config;
  config.kind = kind;
  return config;
}

TEST(WechatOutgoing, ChoicesAreAMenuAndAddressesStandBelow) {
  channel::Part part;
  part.text = "请选择";
  part.buttons = {{"退货", "退货流程", ""}, {"官网", "", "https://a.example"}, {"人工", "转人工", ""}};
  EXPECT_EQ(
      choice_body("u", part, "7-").dump(),
      R"({"msgmenu":{"head_content":"请选择","list":[{"content":"退货","id":"7-0"},{"content":"人工","id":"7-2"}],)"
      R"("tail_content":"官网: https://a.example"},"msgtype":"msgmenu","touser":"u"})");
  part.buttons = {{"官网", "", "https://a.example"}};
  EXPECT_EQ(choice_body("u", part, "7-")["text"]["content"], "请选择\n官网: https://a.example");
}

TEST(WechatOutgoing, CardsAreWrittenForTheProduct) {
  contract::Card card;
  card.kind = "link";
  card.title = "羽绒服";
  card.text = "保暖";
  card.url = "https://a.example/1";
  card.picture = "https://a.example/1.jpg";
  EXPECT_EQ(card_body(account(), "u", card, "")->dump(),
            R"({"msgtype":"news","news":{"articles":[{"description":"保暖","picurl":"https://a.example/1.jpg",)"
            R"("title":"羽绒服","url":"https://a.example/1"}]},"touser":"u"})");
  EXPECT_EQ((*card_body(account(Product::mini_program), "u", card, ""))["link"]["thumb_url"],
            "https://a.example/1.jpg");

  card = {};
  card.kind = "mini_program";
  card.title = "商品";
  card.data = {{"app_id", "wx1"}, {"path", "pages/item?id=88"}};
  EXPECT_FALSE(card_body(account(), "u", card, ""));  // the platform wants a picture
  const auto page = *card_body(account(), "u", card, "M1");
  EXPECT_EQ(page["miniprogrampage"]["appid"], "wx1");
  EXPECT_EQ(page["miniprogrampage"]["pagepath"], "pages/item?id=88");
  EXPECT_FALSE((*card_body(account(Product::mini_program), "u", card, "M1"))["miniprogrampage"].contains("appid"));

  card = {};
  card.kind = "location";
  card.title = "门店 1";
  card.data = {{"latitude", "31.2"}, {"longitude", "121.5"}};
  const auto place = *card_body(account(), "u", card, "");
  EXPECT_NE(
      place["news"]["articles"][0]["url"].get<std::string>().find("coord:31.2,121.5;title:%E9%97%A8%E5%BA%97%201"),
      std::string::npos);
  card.kind = "product";
  EXPECT_FALSE(card_body(account(), "u", card, ""));
}

TEST(WechatOutgoing, NoticesFillTheFieldsOfTheTemplate) {
  WechatConfig config = account();
  NoticeSettings settings;
  settings.template_id = "TPL";
  settings.url = "https://shop.example/t/{number}";
  settings.fields = {
      {"character_string1", "{number}"}, {"thing2", "{title}"}, {"phrase3", "{status}"}, {"thing4", "{none}"}};
  channel::Part part;
  part.user = "u";
  part.key = "77-n";
  part.values = {
      {"number", "12"}, {"title", "快递丢失，客户要求赔偿，请尽快处理并回复客户谢谢"}, {"status", "已解决\n了"}};
  const Call call = notice_call(config, settings, part);
  EXPECT_EQ(call.path, "/cgi-bin/message/template/send");
  EXPECT_EQ(call.body["url"], "https://shop.example/t/12");
  EXPECT_EQ(call.body["client_msg_id"], "77-n");
  EXPECT_EQ(call.body["data"]["character_string1"]["value"], "12");
  EXPECT_EQ(call.body["data"]["thing2"]["value"], "快递丢失，客户要求赔偿，请尽快处理并回复");
  EXPECT_EQ(call.body["data"]["phrase3"]["value"], "已解决 了");
  EXPECT_EQ(call.body["data"]["thing4"]["value"], "无");
  settings.kind = NoticeKind::subscription;
  EXPECT_EQ(notice_call(config, settings, part).path, "/cgi-bin/message/subscribe/bizsend");
  EXPECT_EQ(notice_call(account(Product::mini_program), settings, part).path, "/cgi-bin/message/subscribe/send");
}

TEST(WechatMenu, IsWrittenAsThePlatformWantsIt) {
  WechatConfig config = account();
  MenuButton help;
  help.name = "退货";
  help.key = "RETURN";
  help.says = "退货流程";
  MenuButton more;
  more.name = "更多";
  MenuItem shop;
  shop.name = "商城";
  shop.type = "view";
  shop.url = "https://shop.example";
  MenuItem mini;
  mini.name = "小程序";
  mini.type = "miniprogram";
  mini.app_id = "wx2";
  mini.page = "pages/index";
  mini.url = "https://shop.example";
  more.items = {shop, mini};
  config.menu = {help, more};
  EXPECT_EQ(menu_body(config).dump(),
            R"({"button":[{"key":"RETURN","name":"退货","type":"click"},{"name":"更多","sub_button":[{"name":"商城",)"
            R"("type":"view","url":"https://shop.example"},{"appid":"wx2","name":"小程序","pagepath":"pages/index",)"
            R"("type":"miniprogram","url":"https://shop.example"}]}]})");
  EXPECT_EQ(menu_words(config, "RETURN"), "退货流程");
  EXPECT_EQ(menu_words(config, "https://shop.example"), "");
}

}  // namespace
}  // namespace qiao::wechat
