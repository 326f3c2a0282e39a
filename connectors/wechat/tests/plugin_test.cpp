// The channel on the real kernel with the real inbox, against the simulator of the platform.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "qiao/contract/bot.hpp"
#include "qiao/contract/channel.hpp"
#include "qiao/contract/connector.hpp"
#include "qiao/contract/contacts.hpp"
#include "qiao/contract/files.hpp"
#include "qiao/testkit/conformance.hpp"
#include "qiao/testkit/test_hub.hpp"
#include "tests/simulators/simulator.hpp"

namespace {

using namespace qiao;
using namespace qiao::contract;
using namespace std::chrono_literals;
using nlohmann::json;
using simulators::Simulator;
using testkit::TestHub;

constexpr const char* kOfficial =
    "app_id: wxd0e1f2a3b4c5d6e7\nsecret: wechat-simulated-secret\ntoken: hubToken2024\n"
    "aes_key: SHViRGV2S2V5MDFXaXRoTm9uQ2Fub25pY2FsQml0c0F\naccount: gh_a1b2c3d4e5f6\n";
constexpr const char* kMini =
    "kind: mini_program\napp_id: wx1122334455667788\nsecret: mini-simulated-secret\ntoken: mpToken\n"
    "aes_key: Qm9vc3RlclNlcnZpY2VIdWJLZXlGb3JWZWN0b3JzMDE\naccount: gh_mini0001\nidentify_secret: site-secret\n";

/// A hub with inbox and channel; a bot that answers what begins with 问 and a drawer for files stand in.
class Shop {
 public:
  explicit Shop(const std::string& more = {}, bool mini = false, const std::string& mode = "safe",
                const std::string& format = "xml")
      : simulator(Simulator::of_channel("wechat", {"--kind", mini ? "mini_program" : "official_account", "--mode", mode,
                                                   "--format", format, "--limit", "2000"})),
        hub({.threads = true, .http = true}) {
    hub.serve<AskBot>([](const AskBot& q, const Headers&) -> Result<BotAnswer> {
      BotAnswer answer;
      if (q.text.starts_with("问")) {
        answer.outcome = BotOutcome::answer;
        answer.content.text = "答：" + q.text;
      }
      return answer;
    });
    hub.serve<StoreFile>([this](const StoreFile& q, const Headers&) -> Result<Attachment> {
      const std::lock_guard lock(mutex);
      if (q.bytes.starts_with("<html")) return Error{Errc::unsupported, "web.file_type", "not such a file"};
      const Attachment about{Id{static_cast<std::int64_t>(files.size()) + 100}, q.name, "image/jpeg",
                             static_cast<std::int64_t>(q.bytes.size())};
      files.push_back({about, q.bytes});
      return about;
    });
    hub.serve<ReadFile>([this](const ReadFile& q, const Headers&) -> Result<StoredFile> {
      const std::lock_guard lock(mutex);
      return files.at(static_cast<std::size_t>(q.file.value - 100));
    });
    hub.serve<LinkFile>([](const LinkFile& q, const Headers&) -> Result<FileLink> {
      return FileLink{"https://files.example/" + q.file.str(), {}};
    });
    hub.serve<Identify>([this](const Identify& q, const Headers&) -> Result<ContactView> {
      const std::lock_guard lock(mutex);
      identified.push_back(q);
      return ContactView{};
    });
    hub.start_plugin("inbox");
    hub.start_plugin("wechat", (mini ? kMini : kOfficial) + ("mode: " + mode) + "\nurl: " + simulator.url() +
                                   "\nsends_per_second: 1000\ntimeout: 1s\n" + more);
    simulator.control(json{{"hub", hub.url()}}.dump());
  }

  /// Delivers a message; what the customer was shown for it.
  json push(json fields, json more = json::object()) {
    more["push"] = std::move(fields);
    simulator.control(more.dump());
    return state()["pushed"].back();
  }
  json says(const std::string& text, const std::string& user = "oUSER_1", json more = json::object()) {
    return push({{"FromUserName", user}, {"MsgType", "text"}, {"Content", text}}, std::move(more));
  }
  json state() const { return json::parse(simulator.state()); }
  json written(const std::string& via) const {
    json list = json::array();
    const json all = state();
    for (const json& entry : all["written"]) {
      if (entry["via"] == via) list.push_back(entry);
    }
    return list;
  }
  bool sent(std::size_t count, const std::string& via = "api") {
    return hub.wait_until([&] { return written(via).size() >= count; }, 8s);
  }

  ConversationView conversation(const std::string& user = "oUSER_1") {
    return hub.ask(FindConversation{"wechat", user}, 5s).value();
  }
  std::vector<MessageView> messages(const std::string& user = "oUSER_1") {
    const Id id = conversation(user).id;
    if (!id) return {};
    return hub.ask(GetTranscript{.conversation = id, .limit = 500, .notes = true}, 5s)->messages;
  }
  std::size_t count(Author author, const std::string& user = "oUSER_1") {
    std::size_t n = 0;
    for (const MessageView& m : messages(user)) n += m.author == author ? 1U : 0U;
    return n;
  }
  /// Waits until everything that was written to the customer is on its way.
  void settle() {
    ASSERT_TRUE(hub.wait_until([&] {
      for (const MessageView& m : messages()) {
        if (m.delivery == Delivery::pending) return false;
      }
      return true;
    }));
  }
  /// What agents read about the first message that did not arrive.
  std::string failure(const testkit::Probe<DeliveryChanged>& delivered) {
    std::string detail;
    (void)hub.wait_until([&] {
      for (const DeliveryChanged& change : delivered.events()) {
        if (change.state == Delivery::failed) detail = change.detail;
      }
      return !detail.empty();
    });
    return detail;
  }
  void write(Content content, const std::string& user = "oUSER_1") {
    WriteMessage write;
    write.conversation = conversation(user).id;
    write.author = Author::agent;
    write.author_id = Id{7};
    write.author_name = "李婷";
    write.content = std::move(content);
    write.client_id = "w" + std::to_string(++writes);
    ASSERT_TRUE(hub.ask(write, 5s));
  }
  void reply(const std::string& text, const std::string& user = "oUSER_1") {
    Content content;
    content.text = text;
    write(std::move(content), user);
  }

  std::mutex mutex;
  std::vector<StoredFile> files;
  std::vector<Identify> identified;
  Simulator simulator;
  TestHub hub;
  int writes = 0;
};

TEST(WechatPlugin, TheBotAnswersWithThePostAndAgentsThroughTheApi) {
  for (const char* mode : {"plain", "compatible", "safe"}) {
    Shop shop("passive_wait: 4s\n", false, mode);
    const json asked = shop.says("问：退货流程]]>😀");
    EXPECT_EQ(asked["shown"], "答：问：退货流程]]>😀") << mode << asked;
    EXPECT_TRUE(shop.written("api").empty());
    EXPECT_LT(asked["ms"].get<double>(), 2000);

    EXPECT_EQ(shop.says("我要人工")["problems"], json::array());  // handed over
    const std::size_t before = shop.written("passive").size();
    EXPECT_TRUE(shop.says("在吗")["shown"].is_null());  // a person is not waited for
    shop.reply("您好，有货的😀");
    ASSERT_TRUE(shop.sent(1));
    EXPECT_EQ(shop.written("api")[0]["content"], "您好，有货的😀");
    EXPECT_EQ(shop.written("passive").size(), before);
  }
}

TEST(WechatPlugin, AnAnswerThatComesTooLateGoesThroughTheApiAlone) {
  Shop shop("passive_wait: 0ms\n");
  EXPECT_TRUE(shop.says("问：几点关门")["shown"].is_null());
  ASSERT_TRUE(shop.sent(1));
  EXPECT_EQ(shop.written("api")[0]["content"], "答：问：几点关门");
  EXPECT_TRUE(shop.written("passive").empty());
}

TEST(WechatPlugin, RepetitionsAreOneMessage) {
  Shop shop;
  shop.says("一次", "oUSER_1", {{"times", 6}, {"concurrent", true}});
  shop.says("两次", "oUSER_1", {{"times", 2}});
  shop.push({{"FromUserName", "oUSER_1"}, {"MsgType", "event"}, {"Event", "SCAN"}, {"EventKey", "7"}},
            {{"times", 4}, {"concurrent", true}});
  EXPECT_EQ(shop.count(Author::customer), 2U);
  std::size_t scans = 0;
  for (const MessageView& m : shop.messages()) scans += m.content.text == "扫描了二维码“7”" ? 1U : 0U;
  EXPECT_EQ(scans, 1U);
}

TEST(WechatPlugin, CutAndHalfClosedConnectionsLoseNothing) {
  Shop shop;
  shop.says("半关", "oUSER_1", {{"halfClosed", true}});
  shop.simulator.control(
      R"({"order":[{"FromUserName":"oUSER_1","MsgType":"text","Content":"一"},
                   {"FromUserName":"oUSER_1","MsgType":"text","Content":"二"},
                   {"FromUserName":"oUSER_1","MsgType":"text","Content":"三"}]})");
  EXPECT_EQ(shop.count(Author::customer), 4U);
}

TEST(WechatPlugin, TheCustomerSeesThatSomebodyIsTyping) {
  Shop shop;
  shop.says("你好");
  const auto typing = [&](bool on) {
    ASSERT_TRUE(shop.hub.publish(Typing{shop.conversation().id, Author::agent, "李婷", on}));
  };
  const auto calls = [&] { return shop.state()["calls"].value("/cgi-bin/message/custom/typing", 0); };
  typing(true);
  ASSERT_TRUE(shop.hub.wait_until([&] { return calls() == 1; }, 8s));
  typing(true);  // seen already: spares the quota
  typing(false);
  ASSERT_TRUE(shop.hub.wait_until([&] { return calls() == 2; }, 8s));
}

TEST(WechatPlugin, WhatIsNotSignedRightIsRefusedAndKeptNowhere) {
  Shop shop;
  EXPECT_EQ(shop.says("假", "oUSER_1", {{"breakSignature", true}})["statuses"], json::array({401, 401, 401}));
  EXPECT_EQ(shop.says("假", "oUSER_1", {{"breakSignature", "message"}})["statuses"], json::array({401, 401, 401}));
  EXPECT_EQ(shop.says("旧", "oUSER_1", {{"timestamp", 1700000000}})["statuses"], json::array({401, 401, 401}));
  EXPECT_FALSE(shop.conversation().id);
  EXPECT_EQ(shop.hub.http("POST", "/hooks/wechat", "<xml>").status, 401);
  EXPECT_EQ(shop.hub.http("GET", "/hooks/wechat?signature=0&timestamp=1&nonce=2&echostr=3").status, 401);
  const auto echo = shop.hub.http("GET",
                                  "/hooks/wechat?signature=b129233a479b973b88188566b509f86f6bb3fe6e&timestamp="
                                  "1732248000&nonce=837465920&echostr=5927461830274615927");
  EXPECT_EQ(echo.status, 200);
  EXPECT_EQ(echo.body, "5927461830274615927");
}

TEST(WechatPlugin, FollowersAreWelcomedAndNoted) {
  Shop shop("welcome: 欢迎光临\n");
  const json event = {{"FromUserName", "oUSER_1"},
                      {"MsgType", "event"},
                      {"Event", "subscribe"},
                      {"EventKey", "qrscene_store7"},
                      {"CreateTime", 1732248123}};
  EXPECT_EQ(shop.push(event)["shown"], "欢迎光临");
  shop.push(event);
  const auto all = shop.messages();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_TRUE(all[0].note);
  EXPECT_EQ(all[0].content.text, "扫描二维码“store7”关注了公众号");
  EXPECT_EQ(all[1].content.text, "欢迎光临");
  const auto window = shop.hub.ask(GetChannelWindow{"oUSER_1"}, 5s);
  ASSERT_TRUE(window);
  EXPECT_TRUE(window->open);  // for a minute
  EXPECT_LE(window->remaining, 3);
  EXPECT_TRUE(shop.written("api").empty());
}

TEST(WechatPlugin, TheMenuIsSetOnceAndItsWordsAreAnswered) {
  Shop shop("menu:\n  - {name: 退货, key: RETURN, says: 问退货流程}\n  - {name: 关于, key: ABOUT}\n");
  ASSERT_TRUE(shop.sent(1, "menu"));
  const json tap = {{"FromUserName", "oUSER_1"}, {"MsgType", "event"}, {"Event", "CLICK"}, {"EventKey", "RETURN"}};
  EXPECT_EQ(shop.push(tap)["shown"], "答：问退货流程");
  shop.push({{"FromUserName", "oUSER_1"}, {"MsgType", "event"}, {"Event", "CLICK"}, {"EventKey", "ABOUT"}});
  EXPECT_EQ(shop.messages().back().content.text, "点击了菜单“ABOUT”");
  shop.hub.restart();
  shop.hub.run_until_idle();
  EXPECT_EQ(shop.written("menu").size(), 1U);
}

TEST(WechatPlugin, EveryKindOfMenuItemSaysItsWords) {
  Shop shop("menu:\n  - {name: 扫码, type: scancode_waitmsg, key: SCAN_PARCEL, says: 问包裹}\n");
  EXPECT_EQ(shop.push({{"FromUserName", "oUSER_1"},
                       {"MsgType", "event"},
                       {"Event", "scancode_waitmsg"},
                       {"EventKey", "SCAN_PARCEL"}})["shown"],
            "答：问包裹");
  // A QR code with the same name is no tap.
  shop.push({{"FromUserName", "oUSER_1"}, {"MsgType", "event"}, {"Event", "SCAN"}, {"EventKey", "SCAN_PARCEL"}});
  EXPECT_EQ(shop.messages().back().content.text, "扫描了二维码“SCAN_PARCEL”");
}

TEST(WechatPlugin, PicturesAreFetchedAtOnce) {
  Shop shop;
  shop.simulator.control(R"({"media":{"id":"M1","type":"image","name":"M1.jpg","base64":"/9j/AAAA"}})");
  shop.simulator.control(R"({"media":{"id":"M2","type":"image","name":"x.html","base64":"PGh0bWw+"}})");
  shop.simulator.control(R"({"media":{"id":"V1","type":"video","name":"v.mp4","base64":"AAAA"}})");
  for (const char* media : {"M1", "M2", "GONE"}) {
    shop.push(
        {{"FromUserName", "oUSER_1"}, {"MsgType", "image"}, {"PicUrl", "http://p.example/1"}, {"MediaId", media}});
  }
  shop.push({{"FromUserName", "oUSER_1"}, {"MsgType", "video"}, {"MediaId", "V1"}, {"ThumbMediaId", "T"}});
  std::vector<MessageView> all;
  for (const MessageView& m : shop.messages()) {
    if (m.author == Author::customer) all.push_back(m);
  }
  ASSERT_EQ(all.size(), 4U);
  ASSERT_EQ(all[0].content.attachments.size(), 1U);
  EXPECT_EQ(all[0].content.attachments[0].name, "M1.jpg");
  EXPECT_EQ(all[1].content.text, "[图片未能从微信下载]");
  EXPECT_EQ(all[2].content.text, "[图片未能从微信下载]");
  EXPECT_EQ(all[3].content.attachments.size(), 1U);
}

TEST(WechatPlugin, APictureThatCannotBeFetchedNowComesLaterWithItsMessage) {
  Shop shop("user_info: false\nmedia_retry: 200ms\n");
  shop.says("你好");
  shop.reply("您好");
  ASSERT_TRUE(shop.sent(1));  // there is a token now: the next call is the download
  shop.settle();
  shop.simulator.control(R"({"media":{"id":"M1","type":"image","name":"M1.jpg","base64":"/9j/AAAA"}})");
  shop.simulator.control(R"({"fail":"broken","times":2})");
  const json picture = {
      {"FromUserName", "oUSER_1"}, {"MsgType", "image"}, {"PicUrl", "http://p.example/1"}, {"MediaId", "M1"}};
  EXPECT_EQ(shop.push(picture)["statuses"], json::array({200}));
  const auto pictures = [&] {
    std::size_t n = 0;
    for (const MessageView& m : shop.messages()) n += m.content.attachments.size();
    return n;
  };
  EXPECT_TRUE(shop.hub.wait_until([&] { return pictures() == 1; }, 10s));
  EXPECT_EQ(shop.count(Author::customer), 2U);
}

TEST(WechatPlugin, TheOperatorHearsThatPicturesMayNotBeFetched) {
  Shop shop("user_info: false\nmedia_retry: 200ms\n");
  auto alerts = shop.hub.probe<ConnectorAlert>();
  shop.simulator.control(R"({"media":{"id":"M1","type":"image","name":"M1.jpg","base64":"/9j/AAAA"}})");
  shop.simulator.control(R"({"errcode":40164})");
  shop.push({{"FromUserName", "oUSER_1"}, {"MsgType", "image"}, {"PicUrl", "http://p.example/1"}, {"MediaId", "M1"}});
  ASSERT_TRUE(shop.hub.wait_until([&] { return alerts.events().size() >= 2; }, 10s));
  EXPECT_EQ(alerts.events()[0].id, "wechat.media");
  EXPECT_NE(alerts.events()[0].says.find("40164"), std::string::npos);
  EXPECT_EQ(alerts.events()[1].id, "wechat.media");
  EXPECT_TRUE(alerts.events()[1].over);
}

TEST(WechatPlugin, ThePictureOfACardIsUploadedAgainWhenThePlatformHasForgottenIt) {
  Shop shop;
  shop.says("你好");
  shop.files.push_back({{Id{100}, "shoe.jpg", "image/jpeg", 4}, "JPEG"});
  Content content;
  content.cards.push_back({.kind = "mini_program",
                           .title = "羽绒服",
                           .text = {},
                           .url = {},
                           .picture = "100",
                           .data = {{"app_id", "wx1122334455667788"}, {"path", "pages/item?id=88"}}});
  shop.write(content);
  ASSERT_TRUE(shop.sent(1));
  shop.simulator.control(R"({"forgetMedia":true})");
  shop.write(content);
  ASSERT_TRUE(shop.sent(2));
  EXPECT_EQ(shop.written("api")[1]["type"], "miniprogrampage");
  EXPECT_EQ(shop.state()["calls"]["/cgi-bin/media/upload"], 2);
}

TEST(WechatPlugin, AFileIsUploadedOnceAndAgainWhenThePlatformHasForgottenIt) {
  Shop shop;
  shop.says("你好");
  shop.files.push_back({{Id{100}, "shoe.jpg", "image/jpeg", 4}, "JPEG"});
  Content picture;
  picture.attachments = {{Id{100}, "shoe.jpg", "image/jpeg", 4}};
  shop.write(picture);
  ASSERT_TRUE(shop.sent(1));
  shop.write(picture);
  ASSERT_TRUE(shop.sent(2));
  EXPECT_EQ(shop.written("api")[0]["type"], "image");
  EXPECT_EQ(shop.state()["calls"]["/cgi-bin/media/upload"], 1);
  shop.simulator.control(R"({"forgetMedia":true})");
  shop.write(picture);
  ASSERT_TRUE(shop.sent(3));
  EXPECT_EQ(shop.state()["calls"]["/cgi-bin/media/upload"], 2);
  // What the platform does not take goes as a link.
  Content paper;
  paper.attachments = {{Id{100}, "a.pdf", "application/pdf", 4}};
  shop.write(paper);
  ASSERT_TRUE(shop.sent(4));
  EXPECT_NE(shop.written("api")[3]["content"].get<std::string>().find("https://files.example/100"), std::string::npos);
}

TEST(WechatPlugin, CardsAndChoicesGoOutAsThemselves) {
  Shop shop;
  shop.says("你好");
  Content cards;
  cards.cards.push_back(
      {.kind = "link", .title = "羽绒服", .text = "保暖", .url = "https://a.example/1", .picture = {}, .data = {}});
  shop.write(cards);
  Content choice;
  choice.text = "满意吗";
  choice.buttons = {{"满意", "问：我很满意", ""}, {"不满意", "不满意", ""}};
  shop.write(choice);
  ASSERT_TRUE(shop.sent(2));
  const json out = shop.written("api");
  EXPECT_EQ(out[0]["type"], "news");
  EXPECT_EQ(out[1]["type"], "msgmenu");
  // A tap says what the button stands for.
  shop.push({{"FromUserName", "oUSER_1"},
             {"MsgType", "text"},
             {"Content", "满意"},
             {"bizmsgmenuid", out[1]["list"][0]["id"]}});
  std::vector<std::string> said;
  for (const MessageView& m : shop.messages()) {
    if (m.author == Author::customer) said.push_back(m.content.text);
  }
  EXPECT_EQ(said.back(), "问：我很满意");
}

TEST(WechatPlugin, ARefusedTokenHealsWithoutAnybodyNoticing) {
  Shop shop;
  shop.says("你好");
  shop.reply("一");
  ASSERT_TRUE(shop.sent(1));
  shop.simulator.control(R"({"expire":true})");
  shop.reply("二");
  ASSERT_TRUE(shop.sent(2));
  shop.simulator.control(R"({"foreign":true})");
  shop.reply("三");
  ASSERT_TRUE(shop.sent(3));
  EXPECT_EQ(shop.written("api")[2]["content"], "三");
}

TEST(WechatPlugin, ARefusalThatNoTokenMendsCostsNone) {
  Shop shop("user_info: false\n");
  shop.says("你好");
  shop.reply("一");
  ASSERT_TRUE(shop.sent(1));
  for (const int code : {48001, 40164}) {
    shop.simulator.control(json{{"errcode", code}}.dump());
    shop.reply("二");
    ASSERT_TRUE(shop.sent(code == 48001 ? 2 : 3));
  }
  // Those that can be forced are few a day.
  EXPECT_EQ(shop.state()["calls"]["/cgi-bin/stable_token"], 1);
}

TEST(WechatPlugin, BusyAndBrokenAnswersAreTriedAgain) {
  Shop shop;
  shop.says("你好");
  shop.settle();
  shop.simulator.control(R"({"fail":"busy"})");
  shop.reply("忙");
  ASSERT_TRUE(shop.sent(1));
  shop.simulator.control(R"({"fail":"broken"})");
  shop.reply("坏");
  ASSERT_TRUE(shop.sent(2));
  shop.settle();
  EXPECT_EQ(shop.messages().back().delivery, Delivery::sent);
}

TEST(WechatPlugin, ALostAnswerIsTriedOnceMoreAndThenToldToTheAgent) {
  Shop shop;
  shop.says("你好");
  shop.settle();
  auto delivered = shop.hub.probe<DeliveryChanged>();
  shop.simulator.control(R"({"fail":"hang","times":2})");
  shop.reply("在吗");
  EXPECT_NE(shop.failure(delivered).find("可能已送达"), std::string::npos);
}

TEST(WechatPlugin, OutsideTheWindowANoticeGoesByTemplateAndTheRestWaitsForTheCustomer) {
  Shop shop(
      "user_info: false\nnotices:\n  ticket.resolved:\n    template_id: TPL-1\n    url: "
      "https://shop.example/t/{number}\n"
      "    fields: {character_string1: \"{number}\", thing2: \"{title}\"}\n");
  shop.says("你好");
  shop.settle();
  auto delivered = shop.hub.probe<DeliveryChanged>();
  shop.simulator.control(R"({"close":"oUSER_1"})");
  shop.reply("还在吗");
  EXPECT_NE(shop.failure(delivered).find("45015"), std::string::npos);
  EXPECT_FALSE(shop.hub.ask(GetChannelWindow{"oUSER_1"}, 5s)->open);

  Content notice;
  notice.text = "您的工单 12 已解决";
  notice.notice = "ticket.resolved";
  notice.values = {{"number", "12"}, {"title", "快递丢失"}};
  shop.write(notice);
  ASSERT_TRUE(shop.sent(1, "template"));
  EXPECT_EQ(shop.written("template")[0]["data"]["character_string1"], "12");
  // The platform tells that it arrived.
  EXPECT_TRUE(shop.hub.wait_until([&] { return shop.messages().back().delivery == Delivery::delivered; }));

  shop.says("我回来了");
  EXPECT_TRUE(shop.hub.ask(GetChannelWindow{"oUSER_1"}, 5s)->open);
  shop.reply("欢迎回来");
  ASSERT_TRUE(shop.sent(1));
}

TEST(WechatPlugin, AgentsSeeHowManyMessagesAreLeft) {
  Shop shop;
  shop.says("你好");
  for (const char* text : {"1", "2", "3", "4", "5"}) shop.reply(text);
  ASSERT_TRUE(shop.sent(5));
  const auto window = shop.hub.ask(GetChannelWindow{"oUSER_1"}, 5s);
  ASSERT_TRUE(window);
  EXPECT_EQ(window->remaining, 0);
  EXPECT_FALSE(window->open);
  auto delivered = shop.hub.probe<DeliveryChanged>();
  shop.reply("6");
  EXPECT_NE(shop.failure(delivered).find("45047"), std::string::npos);
}

TEST(WechatPlugin, TheUnionIdSaysWhoWrites) {
  Shop shop;
  shop.simulator.control(R"({"user":{"openid":"oUSER_1","unionid":"uUNION_1"}})");
  shop.says("你好");
  ASSERT_TRUE(shop.hub.wait_until([&] {
    const std::lock_guard lock(shop.mutex);
    return !shop.identified.empty();
  }));
  const std::lock_guard lock(shop.mutex);
  EXPECT_EQ(shop.identified[0].identity.user, "oUSER_1");
  ASSERT_EQ(shop.identified[0].claims.size(), 1U);
  EXPECT_EQ(shop.identified[0].claims[0].value, "uUNION_1");
  EXPECT_TRUE(shop.identified[0].claims[0].verified);
}

TEST(WechatPlugin, TestsTheCredentials) {
  Shop shop;
  EXPECT_TRUE(shop.hub.ask(TestConnector{}, 5s));
  shop.simulator.control(R"({"errcode":40164})");
  const auto refused = shop.hub.ask(TestConnector{}, 5s);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("40164"), std::string::npos);
}

TEST(WechatPlugin, AMiniProgramSpeaksJsonAndOpensWithAWelcome) {
  Shop shop("welcome: 您好\n", true, "safe", "json");
  const json entered = shop.push({{"FromUserName", "oMINI_1"},
                                  {"MsgType", "event"},
                                  {"Event", "user_enter_tempsession"},
                                  {"SessionFrom", "goods=88&src=search"}});
  EXPECT_TRUE(entered["shown"].is_null());  // mini programs know no passive answers
  ASSERT_TRUE(shop.sent(1));
  EXPECT_EQ(shop.written("api")[0]["content"], "您好");
  shop.push({{"FromUserName", "oMINI_1"},
             {"MsgType", "miniprogrampage"},
             {"Title", "羽绒服"},
             {"AppId", "wx1122334455667788"},
             {"PagePath", "pages/item?id=88"},
             {"ThumbUrl", "https://a.example/t.jpg"},
             {"ThumbMediaId", "MEDIA_9"}});
  const auto all = shop.messages("oMINI_1");
  EXPECT_EQ(all[0].content.text, "在小程序中进入了客服会话，来源：goods=88&src=search");
  std::vector<Card> cards;
  for (const MessageView& m : all) cards.insert(cards.end(), m.content.cards.begin(), m.content.cards.end());
  ASSERT_EQ(cards.size(), 1U);
  EXPECT_EQ(cards[0].kind, "mini_program");
  EXPECT_EQ(cards[0].data.at("path"), "pages/item?id=88");
}

TEST(WechatPlugin, AMiniProgramLogsItsUserIn) {
  Shop shop("", true);
  shop.simulator.control(
      R"({"code":{"code":"c1","openid":"oMINI_1","unionid":"uU"},"phone":{"code":"p1","number":"13800138000"}})");
  const auto login = [&](const std::string& body) {
    return shop.hub.http("POST", "/hooks/wechat/login", body, {{"content-type", "application/json"}});
  };
  const auto answer = login(R"({"code":"c1","phone_code":"p1"})");
  ASSERT_EQ(answer.status, 200) << answer.body;
  EXPECT_NE(json::parse(answer.body)["identity"].get<std::string>().find('.'), std::string::npos);
  EXPECT_EQ(login(R"({"code":"c1"})").status, 400);  // a code works once
  EXPECT_EQ(login(R"({"code":""})").status, 400);
  ASSERT_TRUE(shop.hub.wait_until([&] {
    const std::lock_guard lock(shop.mutex);
    return !shop.identified.empty();
  }));
}

constexpr const char* kConformance =
    "app_id: wx1\nsecret: s\ntoken: t\naes_key: SHViRGV2S2V5MDFXaXRoTm9uQ2Fub25pY2FsQml0c0F\nurl: http://127.0.0.1:1\n";

void stand_in(TestHub& hub) {
  hub.serve<AcceptMessage>([](const AcceptMessage&, const Headers&) { return Result<Accepted>(Accepted{}); });
  hub.serve<RecordEvent>([](const RecordEvent&, const Headers&) { return Result<Accepted>(Accepted{}); });
  hub.serve<WriteMessage>([](const WriteMessage&, const Headers&) { return Result<Accepted>(Accepted{}); });
  hub.serve<ReportDelivery>([](const ReportDelivery&, const Headers&) { return Result<Done>(Done{}); });
  hub.serve<FindConversation>(
      [](const FindConversation&, const Headers&) { return Result<ConversationView>(ConversationView{}); });
  hub.serve<GetTranscript>([](const GetTranscript&, const Headers&) { return Result<Transcript>(Transcript{}); });
  hub.serve<MarkRead>([](const MarkRead&, const Headers&) { return Result<Done>(Done{}); });
}

}  // namespace

QIAO_CONFORMANCE("wechat", kConformance, stand_in)
