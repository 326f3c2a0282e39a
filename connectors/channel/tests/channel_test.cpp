#include "connectors/channel/channel.hpp"

#include <gmock/gmock.h>

#include "qiao/contract/channel.hpp"
#include "qiao/testkit/conformance.hpp"
#include "qiao/testkit/fake_peer.hpp"
#include "qiao/testkit/test_hub.hpp"

namespace qiao::channel {
namespace {

using namespace contract;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testkit::FakePeer;

const std::string kPeer = QIAO_CHANNEL_TEST_PLUGINS "/peer-channel.so";

/// A hub with the inbox, and a channel to a platform that does what the test says.
class ChannelHub : public testing::Test {
 protected:
  void start(const std::string& config = {}) {
    hub.start_plugin("inbox");
    hub.start_plugin(kPeer, "endpoint: " + peer.url() + "\n" + config, "shop");
    hub.advance(1s);
  }
  Id customer_writes(const std::string& id = "m1") {
    AcceptMessage m;
    m.channel = "shop";
    m.user = "u1";
    m.external_id = id;
    m.content.text = "在吗";
    auto accepted = hub.ask(m);
    EXPECT_TRUE(accepted) << accepted.error().message;
    hub.run_until_idle();
    return accepted->conversation;
  }
  std::int64_t agent_writes(Id conversation, Content content) {
    WriteMessage m;
    m.conversation = conversation;
    m.author_id = Id{7};
    m.author_name = "李婷";
    m.content = std::move(content);
    auto accepted = hub.ask(m);
    EXPECT_TRUE(accepted) << accepted.error().message;
    return accepted->seq;
  }
  MessageView message(Id conversation, std::int64_t seq) {
    auto page = hub.ask(GetTranscript{conversation, seq - 1, 0, 1, true});
    return page && !page->messages.empty() ? page->messages[0] : MessageView{};
  }
  bool reaches(Id conversation, std::int64_t seq, Delivery state) {
    return hub.wait_until([&] { return message(conversation, seq).delivery == state; });
  }
  int platform_tells(const std::string& user, const std::string& text, const std::string& key) {
    return hub
        .http("POST", "/hooks/shop", R"({"user":")" + user + R"(","text":")" + text + R"(","key":")" + key + "\"}")
        .status;
  }
  /// "path text" of everything that the platform got.
  std::vector<std::string> posted() {
    std::vector<std::string> all;
    for (const FakePeer::Request& r : peer.requests()) {
      const auto text = r.body.find("\"text\":\"") + 8;
      all.push_back(r.target + " " + r.body.substr(text, r.body.find('"', text) - text));
    }
    return all;
  }

  FakePeer peer = FakePeer::http().answers(200, "{}");
  testkit::TestHub hub{{.http = true}};
};

TEST_F(ChannelHub, SendsWhatAnAgentWroteAndReportsIt) {
  start();
  const Id conversation = customer_writes();
  const auto seq = agent_writes(conversation, {.text = "您好"});
  EXPECT_TRUE(reaches(conversation, seq, Delivery::sent));
  EXPECT_THAT(posted(), testing::Contains("/text 您好"));
}

TEST_F(ChannelHub, SplitsLongTextsAndKeepsTheOrder) {
  start("max_text: 6\n");
  const Id conversation = customer_writes();
  const auto first = agent_writes(conversation, {.text = "第一句话。第二句话。"});
  const auto second = agent_writes(conversation, {.text = "完"});
  EXPECT_TRUE(reaches(conversation, first, Delivery::sent));
  EXPECT_TRUE(reaches(conversation, second, Delivery::sent));
  std::vector<std::string> agents;
  for (const std::string& p : posted()) {
    if (p.find("句话") != std::string::npos || p == "/text 完") agents.push_back(p);
  }
  EXPECT_THAT(agents, ElementsAre("/text 第一句话。", "/text 第二句话。", "/text 完"));
}

TEST_F(ChannelHub, SaysNothingAboutQueuesWhereEverybodyReadsAlong) {
  start("everybody_reads: true\n");
  const Id conversation = customer_writes();
  const auto seq = agent_writes(conversation, {.text = "您好"});
  EXPECT_TRUE(reaches(conversation, seq, Delivery::sent));
  EXPECT_THAT(posted(), ElementsAre("/text 您好"));
  const MessageView here = message(conversation, 2);
  EXPECT_EQ(here.author, Author::system) << "agents read it here";
  EXPECT_EQ(here.content.values.at("service"), "queued") << "and it is known for what it is after a restart";
}

TEST_F(ChannelHub, TriesAgainWhatThePlatformIsTooBusyFor) {
  peer.on("POST", "/text", 503, "{}");
  start();
  const Id conversation = customer_writes();
  const auto seq = agent_writes(conversation, {.text = "您好"});
  hub.wait_until([&] { return peer.requests().size() >= 3; });
  EXPECT_EQ(message(conversation, seq).delivery, Delivery::pending);
  peer.on("POST", "/text", 200, "{}");
  EXPECT_TRUE(reaches(conversation, seq, Delivery::sent));
}

TEST_F(ChannelHub, GivesUpWithTheReason) {
  peer.on("POST", "/text", 503, "{}");
  start("give_up: 2m\n");
  const Id conversation = customer_writes();
  const auto seq = agent_writes(conversation, {.text = "您好"});
  ASSERT_TRUE(hub.wait_until([&] { return message(conversation, seq).delivery == Delivery::failed; }, 10min));
  EXPECT_THAT(message(conversation, seq).delivery_detail, HasSubstr("the platform is busy"));
}

TEST_F(ChannelHub, GivesUpInTimeWhenThePlatformWantsToBeLeftAloneForADay) {
  peer.on("POST", "/text", 429, "{}");
  start("give_up: 2m\n");
  const Id conversation = customer_writes();
  const auto seq = agent_writes(conversation, {.text = "您好"});
  ASSERT_TRUE(hub.wait_until([&] { return message(conversation, seq).delivery == Delivery::failed; }, 10min));
  // Its own or another message's call was told so.
  EXPECT_THAT(message(conversation, seq).delivery_detail, HasSubstr("given up after 2 min"));
}

TEST_F(ChannelHub, FailsAtOnceWhatWillNeverWork) {
  peer.on("POST", "/text", 400, "{}");
  start();
  const Id conversation = customer_writes();
  const auto seq = agent_writes(conversation, {.text = "您好"});
  EXPECT_TRUE(reaches(conversation, seq, Delivery::failed));
  EXPECT_EQ(message(conversation, seq).delivery_detail, "the platform refuses it");
}

TEST_F(ChannelHub, RaisesOneAlertWhenCredentialsAreRefusedTwice) {
  auto alerts = hub.probe<ConnectorAlert>();
  peer.on("POST", "/text", 401, "{}");
  start();
  const Id conversation = customer_writes();
  const auto seq = agent_writes(conversation, {.text = "您好"});
  ASSERT_TRUE(hub.wait_until([&] { return alerts.count() == 1; }));
  EXPECT_EQ(alerts.last().instance, "shop");
  EXPECT_EQ(alerts.last().id, "channel.token");
  EXPECT_EQ(alerts.last().says, "log in again");
  peer.on("POST", "/text", 200, "{}");
  EXPECT_TRUE(hub.wait_until([&] { return message(conversation, seq).delivery == Delivery::sent; }, 10min));
  ASSERT_EQ(alerts.count(), 2u);
  EXPECT_TRUE(alerts.last().over);
}

TEST_F(ChannelHub, SendsANoticeWhenTheWindowIsClosed) {
  peer.on("POST", "/text", 403, "{}");
  start();
  const Id conversation = customer_writes();
  const auto lost = agent_writes(conversation, {.text = "您好"});
  EXPECT_TRUE(reaches(conversation, lost, Delivery::failed));
  EXPECT_EQ(message(conversation, lost).delivery_detail, "the customer wrote too long ago");
  const auto notice =
      agent_writes(conversation, {.text = "工单已解决", .notice = "ticket.resolved", .values = {{"number", "3"}}});
  EXPECT_TRUE(reaches(conversation, notice, Delivery::sent));
  EXPECT_THAT(posted(), testing::Contains("/notice ticket.resolved"));
}

TEST_F(ChannelHub, SendsNoNoticeWhereEverybodyReadsAlong) {
  start("everybody_reads: true\n");
  const Id conversation = customer_writes();
  const auto notice = agent_writes(conversation, {.text = "赔偿款 86 元已退", .notice = "ticket.resolved"});
  EXPECT_TRUE(reaches(conversation, notice, Delivery::failed));
  EXPECT_THAT(message(conversation, notice).delivery_detail, testing::HasSubstr("everybody reads along"));
  const auto answer = agent_writes(conversation, {.text = "已私信您"});
  EXPECT_TRUE(reaches(conversation, answer, Delivery::sent));
  EXPECT_THAT(posted(), testing::Not(testing::Contains(testing::HasSubstr("86"))));
}

TEST_F(ChannelHub, KnowsByItselfThatAWindowIsOver) {
  start("window: 48h\n");
  const Id conversation = customer_writes();
  GetChannelWindow ask{"u1"};
  RequestOptions to(2s);
  to.to = "shop";
  auto window = hub.ask(ask, to);
  ASSERT_TRUE(window) << window.error().message;
  EXPECT_TRUE(window->limited);
  EXPECT_TRUE(window->open);
  hub.advance(49h);
  window = hub.ask(ask, to);
  ASSERT_TRUE(window);
  EXPECT_FALSE(window->open);
  const auto seq = agent_writes(conversation, {.text = "工单已解决", .notice = "ticket.resolved"});
  EXPECT_TRUE(reaches(conversation, seq, Delivery::sent));
  EXPECT_THAT(posted(), testing::Contains("/notice ticket.resolved"));
  customer_writes("m2");
  window = hub.ask(ask, to);
  ASSERT_TRUE(window);
  EXPECT_TRUE(window->open);
}

TEST_F(ChannelHub, SendsAsTextWhatThePlatformRefusesAsACard) {
  peer.on("POST", "/card", 415, "{}");
  start();
  const Id conversation = customer_writes();
  Content content;
  content.cards.push_back({"location", "门店", "杭州", "", "", {}});
  const auto seq = agent_writes(conversation, content);
  EXPECT_TRUE(reaches(conversation, seq, Delivery::sent));
  EXPECT_THAT(posted(), testing::Contains("/text 门店\\n杭州"));
}

TEST_F(ChannelHub, SendsNoPartTwiceAcrossARestart) {
  peer.on("POST", "/card", 503, "{}");
  start();
  const Id conversation = customer_writes();
  Content content{.text = "在这里"};
  content.cards.push_back({"location", "门店", "", "", "", {}});
  const auto seq = agent_writes(conversation, content);
  ASSERT_TRUE(hub.wait_until([&] { return !posted().empty() && posted().back() == "/card "; }));
  hub.restart();
  peer.on("POST", "/card", 200, "{}");
  EXPECT_TRUE(hub.wait_until([&] { return message(conversation, seq).delivery == Delivery::sent; }, 5min));
  EXPECT_EQ(std::ranges::count(posted(), "/text 在这里"), 1);
}

TEST_F(ChannelHub, AReceiptFindsItsMessageHoweverLongThePlatformsIdsAre) {
  start("long_ids: true\n");
  const Id conversation = customer_writes();
  const auto first = agent_writes(conversation, {.text = "一"});
  const auto second = agent_writes(conversation, {.text = "二"});
  ASSERT_TRUE(reaches(conversation, first, Delivery::sent));
  ASSERT_TRUE(reaches(conversation, second, Delivery::sent));
  const auto id_of = [&](std::int64_t seq) {
    return std::string(200, 'p') + message(conversation, seq).id.str() + "-0";
  };
  EXPECT_EQ(platform_tells("", "delivered", id_of(second)), 200);
  EXPECT_TRUE(reaches(conversation, second, Delivery::delivered));
  EXPECT_EQ(message(conversation, first).delivery, Delivery::sent);
  hub.restart();
  const auto third = agent_writes(conversation, {.text = "三"});
  ASSERT_TRUE(reaches(conversation, third, Delivery::sent));
  hub.restart();
  EXPECT_EQ(platform_tells("", "delivered", id_of(third)), 200);
  EXPECT_TRUE(reaches(conversation, third, Delivery::delivered)) << "from the table too";
  EXPECT_EQ(message(conversation, first).delivery, Delivery::sent) << "ids that begin alike are not one";
}

TEST_F(ChannelHub, CustomersWhoseIdsBeginAlikeAreNotOne) {
  start();
  const std::string long_id(128, 'u');
  EXPECT_EQ(platform_tells(long_id, "在吗", "m1"), 200);
  hub.run_until_idle();
  const auto known = hub.ask(FindConversation{"shop", long_id})->last_seq;
  EXPECT_EQ(platform_tells(long_id + "2", "在吗", "m2"), 400) << "an answer to a shortened id would go to the other";
  hub.run_until_idle();
  EXPECT_EQ(hub.ask(FindConversation{"shop", long_id})->last_seq, known);
}

TEST(ChannelConnector, TellsWhatItCanCarry) {
  FakePeer peer = FakePeer::http().answers(200, "{}");
  testkit::TestHub hub;
  hub.start_plugin("inbox");
  hub.start_plugin(kPeer, "title: 我的小店\nendpoint: " + peer.url() + "\n", "shop");
  auto can = hub.ask(DescribeChannel{});
  ASSERT_TRUE(can);
  EXPECT_EQ(can->title, "我的小店");
  EXPECT_EQ(can->platform, "peer");
}

}  // namespace
}  // namespace qiao::channel

QIAO_CONFORMANCE(QIAO_CHANNEL_TEST_PLUGINS "/peer-channel.so", "endpoint: http://127.0.0.1:1\n",
                 [](qiao::testkit::TestHub& hub) { hub.start_plugin(qiao::testkit::built_plugin("inbox")); })
