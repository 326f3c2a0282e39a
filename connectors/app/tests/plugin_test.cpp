#include <gmock/gmock.h>

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "qiao/contract/access.hpp"
#include "qiao/contract/accounts.hpp"
#include "qiao/contract/channel.hpp"
#include "qiao/contract/connector.hpp"
#include "qiao/contract/contacts.hpp"
#include "qiao/contract/visitors.hpp"
#include "qiao/testkit/conformance.hpp"
#include "qiao/testkit/test_hub.hpp"
#include "tests/simulators/simulator.hpp"

namespace {

using namespace qiao;
using namespace qiao::contract;
using namespace std::chrono_literals;
using nlohmann::json;
using simulators::Simulator;
using testing::HasSubstr;

const std::string kPhone(64, 'a');

/// "name=VALUE" of the line that a simulator printed.
std::string said(const Simulator& simulator, const std::string& name) {
  const std::string& line = simulator.line();
  const auto at = line.find(" " + name + "=") + name.size() + 2;
  return line.substr(at, line.find(' ', at) - at);
}

std::string indented(const std::string& path, const std::string& by) {
  std::ifstream file(path);
  std::string line, text;
  while (std::getline(file, line)) text += by + line + "\n";
  return text;
}

/// A hub with inbox and web, whose site "app" has push, and one push service.
class AppHub : public testing::Test {
 protected:
  void start(const std::string& push, const std::string& more = {}) {
    hub.serve<VerifySession>([](const VerifySession&, const Headers&) -> Result<SessionView> {
      return Error{Errc::unauthorized, "nobody"};
    });
    hub.serve<SetPresence>([](const SetPresence&, const Headers&) -> Result<AgentView> {
      return Error{Errc::not_found, "nobody"};
    });
    hub.start_plugin("inbox");
    hub.start_plugin("web", "sites:\n  app: {in_app: true, push: true}\n  page: {}\n");
    hub.start_plugin("app", "push_after: 100ms\ntimeout: 5s\n" + more + push);
    token = visitor("app");
    conversation = writes(token, "m1");
  }
  std::string apns_config(const Simulator& apns) {
    const std::string push = said(apns, "push");
    return "ca_file: " + said(apns, "ca") + "\napns:\n  url: " + push + "\n  sandbox_url: " + push +
           "\n  key_id: " + said(apns, "key_id") + "\n  team: " + said(apns, "team") +
           "\n  topic: " + said(apns, "topic") + "\n  key: |\n" + indented(said(apns, "key"), "    ");
  }
  std::string visitor(const std::string& site) {
    const auto answer = hub.http("POST", "/api/v1/visitor/sessions", json{{"site", site}}.dump());
    EXPECT_EQ(answer.status, 200) << answer.body;
    return json::parse(answer.body).value("token", "");
  }
  testkit::HttpAnswer as(const std::string& who, const std::string& method, const std::string& path,
                         const std::string& body = {}) {
    return hub.http(method, path, body, {{"Authorization", "Bearer " + who}, {"Content-Type", "application/json"}});
  }
  Id writes(const std::string& who, const std::string& id) {
    const auto answer = as(who, "POST", "/api/v1/visitor/messages", json{{"id", id}, {"text", "在吗"}}.dump());
    EXPECT_EQ(answer.status, 200) << answer.body;
    auto made = parse_id(json::parse(answer.body).value("conversation", ""));
    return made ? *made : Id{};
  }
  int registers(const std::string& who, const std::string& provider, const std::string& device) {
    return as(who, "PUT", "/api/v1/visitor/device",
              json{{"provider", provider}, {"token", device}, {"language", "zh-CN"}, {"utc_offset", 480}}.dump())
        .status;
  }
  std::int64_t answers(const std::string& text, Id where) {
    WriteMessage m;
    m.conversation = where;
    m.author_id = Id{7};
    m.author_name = "李婷";
    m.content.text = text;
    auto accepted = hub.ask(m);
    EXPECT_TRUE(accepted) << accepted.error().message;
    return accepted ? accepted->seq : 0;
  }
  std::int64_t answers(const std::string& text) { return answers(text, conversation); }
  Delivery delivery(std::int64_t seq, Id where) {
    auto page = hub.ask(GetTranscript{.conversation = where, .after = seq - 1, .limit = 1, .notes = true});
    return page && !page->messages.empty() ? page->messages[0].delivery : Delivery::none;
  }
  bool reaches(std::int64_t seq, Delivery wanted) {
    return hub.wait_until([&] { return delivery(seq, conversation) == wanted; });
  }
  static json written(const Simulator& simulator) { return json::parse(simulator.state())["written"]; }

  testkit::TestHub hub{{.threads = true, .http = true}};
  std::string token;
  Id conversation;
};

TEST_F(AppHub, WakesADeviceForWhatItsAppHasNotGotWithoutTheText) {
  const Simulator apns = Simulator::of_channel("apns");
  start(apns_config(apns));
  ASSERT_EQ(registers(token, "apns", kPhone), 204);
  EXPECT_TRUE(reaches(answers("您的包裹已发出"), Delivery::sent));
  const json pushes = written(apns);
  ASSERT_EQ(pushes.size(), 1U);
  EXPECT_EQ(pushes[0]["token"], kPhone);
  EXPECT_EQ(pushes[0]["payload"]["aps"]["badge"], 1);
  EXPECT_EQ(pushes[0]["payload"]["hub"]["c"], conversation.str());
  EXPECT_EQ(pushes[0]["headers"]["apns-collapse-id"], conversation.str());
  EXPECT_THAT(pushes.dump(), testing::Not(HasSubstr("包裹")));

  EXPECT_TRUE(reaches(answers("请查收"), Delivery::sent));
  const json more = written(apns);
  ASSERT_EQ(more.size(), 2U);
  EXPECT_EQ(more[0]["collapsed"], true) << "the device shows one notice a conversation";
  EXPECT_EQ(more[1]["payload"]["aps"]["badge"], 2);
  EXPECT_EQ(json::parse(apns.state())["logins"], 1) << "one provider token for all of it";
}

TEST_F(AppHub, WakesNobodyForWhatTheCustomerHasReadOrForPages) {
  const Simulator apns = Simulator::of_channel("apns");
  start(apns_config(apns), "");
  ASSERT_EQ(registers(token, "apns", kPhone), 204);
  const auto seq = answers("看到了吗");
  auto read = hub.ask(MarkRead{conversation, Author::customer, seq});
  ASSERT_TRUE(read);
  const std::string page = visitor("page");
  const Id other = writes(page, "p1");
  ASSERT_EQ(registers(page, "apns", std::string(64, 'b')), 204);
  const auto shown = answers("您好", other);
  EXPECT_TRUE(hub.wait_until([&] { return delivery(shown, other) == Delivery::sent; }));
  EXPECT_TRUE(reaches(answers("再见"), Delivery::sent));
  for (const json& push : written(apns)) EXPECT_EQ(push["token"], kPhone);
  EXPECT_EQ(written(apns).size(), 1U);
}

TEST_F(AppHub, ForgetsADeviceThatIsGoneAndOneThatLoggedOut) {
  const Simulator apns = Simulator::of_channel("apns");
  start(apns_config(apns));
  ASSERT_EQ(registers(token, "apns", kPhone), 204);
  apns.control(json{{"gone", kPhone}}.dump());
  EXPECT_TRUE(reaches(answers("一"), Delivery::sent)) << "the message waits in the app";
  const std::string tablet(64, 'c');
  ASSERT_EQ(registers(token, "apns", tablet), 204);
  EXPECT_TRUE(reaches(answers("二"), Delivery::sent));
  ASSERT_EQ(written(apns).size(), 1U);
  EXPECT_EQ(as(token, "DELETE", "/api/v1/visitor/device?provider=apns&token=" + tablet).status, 204);
  EXPECT_TRUE(reaches(answers("三"), Delivery::sent));
  EXPECT_EQ(written(apns).size(), 1U);
}

TEST_F(AppHub, ADeviceBelongsToWhoeverLoggedInLast) {
  const Simulator apns = Simulator::of_channel("apns");
  start(apns_config(apns));
  ASSERT_EQ(registers(token, "apns", kPhone), 204);
  ASSERT_EQ(registers(visitor("app"), "apns", kPhone), 204);
  EXPECT_TRUE(reaches(answers("给第一位的"), Delivery::sent));
  EXPECT_TRUE(written(apns).empty());
}

TEST_F(AppHub, LeavesAMessagePendingWhileTheServiceDoesNotAnswer) {
  const Simulator apns = Simulator::of_channel("apns");
  start(apns_config(apns));
  ASSERT_EQ(registers(token, "apns", kPhone), 204);
  apns.control(R"({"fail":"stopping","times":1})");
  const auto first = answers("一");
  EXPECT_TRUE(hub.wait_until([&] { return json::parse(apns.state())["sessions"].get<int>() > 0; }));
  apns.control(R"({"fail":"","times":0})");
  // The next message of the conversation is told now; the first one comes again with the inbox's next round.
  EXPECT_TRUE(reaches(answers("二"), Delivery::sent));
  EXPECT_NE(delivery(first, conversation), Delivery::failed);
}

TEST_F(AppHub, ATokenThatIsOverIsRenewedOnce) {
  const Simulator fcm = Simulator::of_channel("fcm");
  start("fcm:\n  url: " + fcm.url() + "\n  service_account: |\n" + indented(said(fcm, "account"), "    ") + "\n");
  ASSERT_EQ(registers(token, "fcm", "r1"), 204);
  EXPECT_TRUE(reaches(answers("一"), Delivery::sent));
  fcm.control(R"({"revoke":true})");
  EXPECT_TRUE(reaches(answers("二"), Delivery::sent));
  EXPECT_EQ(written(fcm).size(), 2U);
  EXPECT_EQ(json::parse(fcm.state())["logins"], 2);
}

TEST_F(AppHub, ReachesDevicesThroughJpushAndGetui) {
  const Simulator jpush = Simulator::of_channel("jpush");
  const Simulator getui = Simulator::of_channel("getui");
  start("jpush:\n  url: " + jpush.url() + "\n  app_key: " + said(jpush, "app_key") + "\n  master_secret: " +
        said(jpush, "master_secret") + "\ngetui:\n  url: " + getui.url() + "/v2\n  app_id: " + said(getui, "app_id") +
        "\n  app_key: " + said(getui, "app_key") + "\n  master_secret: " + said(getui, "master_secret") + "\n");
  ASSERT_EQ(registers(token, "jpush", "REGID0001"), 204);
  ASSERT_EQ(registers(token, "getui", "CID0001"), 204);
  EXPECT_TRUE(reaches(answers("您好"), Delivery::sent));
  ASSERT_EQ(written(jpush).size(), 1U);
  EXPECT_EQ(written(jpush)[0]["notification"]["android"]["alert"], "您有一条新消息");
  ASSERT_EQ(written(getui).size(), 1U);
  EXPECT_EQ(written(getui)[0]["audience"]["cid"][0], "CID0001");
  jpush.control(R"({"gone":"REGID0001"})");
  getui.control(R"({"gone":"CID0001"})");
  EXPECT_TRUE(reaches(answers("再见"), Delivery::sent));
  EXPECT_EQ(written(jpush).size(), 1U);

  RequestOptions to(10s);
  to.to = "app";
  auto tested = hub.ask(TestConnector{}, to);
  ASSERT_TRUE(tested) << tested.error().message;
  EXPECT_THAT(tested->says, testing::AllOf(HasSubstr("JPush"), HasSubstr("Getui")));
}

TEST_F(AppHub, AlertsWhenAServiceRefusesTheKeys) {
  const Simulator jpush = Simulator::of_channel("jpush");
  const auto alerts = hub.probe<ConnectorAlert>();
  start("jpush: {url: '" + jpush.url() + "', app_key: wrong, master_secret: wrong}\n");
  ASSERT_EQ(registers(token, "jpush", "REGID0001"), 204);
  const auto seq = answers("您好");
  ASSERT_TRUE(alerts.wait_for(1));
  EXPECT_THAT(alerts.last().says, HasSubstr("master_secret"));
  EXPECT_EQ(delivery(seq, conversation), Delivery::pending);
  RequestOptions to(10s);
  to.to = "app";
  EXPECT_EQ(hub.ask(TestConnector{}, to).error().id, "push.credentials");
}

TEST_F(AppHub, ApnsTakesTheTestOfTheKey) {
  const Simulator apns = Simulator::of_channel("apns");
  start(apns_config(apns));
  RequestOptions to(10s);
  to.to = "app";
  auto tested = hub.ask(TestConnector{}, to);
  ASSERT_TRUE(tested) << tested.error().message;
  EXPECT_THAT(tested->says, HasSubstr("com.example.shop"));
}

TEST_F(AppHub, RefusesDevicesOfStrangersAndOnesThatCannotBe) {
  const Simulator jpush = Simulator::of_channel("jpush");
  start("jpush: {url: '" + jpush.url() + "', app_key: k, master_secret: s}\n");
  EXPECT_EQ(registers("forged", "jpush", "r"), 401);
  EXPECT_EQ(hub.http("PUT", "/api/v1/visitor/device", R"({"provider":"jpush","token":"r"})").status, 401);
  EXPECT_EQ(registers(token, "apns", kPhone), 400) << "APNs is not set up";
  EXPECT_EQ(registers(token, "jpush", "a b"), 400);
  EXPECT_EQ(as(token, "PUT", "/api/v1/visitor/device", "{").status, 400);
}

TEST_F(AppHub, ForgetsTheDevicesOfAPersonWhoIsErased) {
  const Simulator jpush = Simulator::of_channel("jpush");
  start("jpush: {url: '" + jpush.url() + "', app_key: k, master_secret: s}\n");
  ASSERT_EQ(registers(token, "jpush", "r1"), 204);
  auto view = hub.ask(GetConversation{conversation});
  ASSERT_TRUE(view);
  RequestOptions to(10s);
  to.to = "app";
  ErasePerson erase;
  erase.person.identities = {{"web", view->user}};
  auto erased = hub.ask(erase, to);
  ASSERT_TRUE(erased) << erased.error().message;
  EXPECT_EQ(erased->removed.at("devices"), 1);
}

void stand_ins(testkit::TestHub& hub) {
  hub.serve<GetConversation>(
      [](const GetConversation&, const Headers&) -> Result<ConversationView> { return ConversationView{}; });
  hub.serve<GetTranscript>([](const GetTranscript&, const Headers&) -> Result<Transcript> { return Transcript{}; });
  hub.serve<ReportDelivery>([](const ReportDelivery&, const Headers&) -> Result<Done> { return Done{}; });
  hub.serve<VerifyVisitor>(
      [](const VerifyVisitor&, const Headers&) -> Result<VerifiedVisitor> { return VerifiedVisitor{}; });
}

}  // namespace

QIAO_CONFORMANCE("app", "jpush: {url: 'http://127.0.0.1:1', app_key: k, master_secret: s}\n", stand_ins)
