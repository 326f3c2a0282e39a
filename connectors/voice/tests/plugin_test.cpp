#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <mutex>

#include "connectors/voice/client/webhook.hpp"
#include "qiao/contract/accounts.hpp"
#include "qiao/contract/calls.hpp"
#include "qiao/contract/channel.hpp"
#include "qiao/contract/connector.hpp"
#include "qiao/contract/contacts.hpp"
#include "qiao/contract/tickets.hpp"
#include "qiao/testkit/conformance.hpp"
#include "qiao/testkit/fake_peer.hpp"
#include "tests/simulators/simulator.hpp"

namespace qiao {
namespace {

using namespace std::chrono_literals;
using namespace contract;
using simulators::Simulator;
using testkit::Probe;
using testkit::TestHub;

constexpr const char* kAgents = "agents:\n  zhouxue: \"1005\"\n  lina: \"1006\"\n";

/// What stands after "key=" in the line that a simulator printed.
std::string said(const Simulator& simulator, const std::string& key) {
  const std::size_t at = simulator.line().find(key + "=") + key.size() + 1;
  return simulator.line().substr(at, simulator.line().find(' ', at) - at);
}

/// Stands in for the plugins that a telephone needs: accounts, contacts, inbox, tickets.
struct Office {
  std::mutex mutex;
  std::vector<RecordEvent> notes;
  std::vector<Handoff> handoffs;
  std::vector<CreateTicket> tickets;
  std::vector<Identify> identified;
  bool inbox_full = false;

  template <class F>
  auto with(F look) {
    const std::lock_guard lock(mutex);
    return look(*this);
  }
  [[nodiscard]] bool noted(const std::string& part) {
    return with([&](Office& o) {
      for (const RecordEvent& note : o.notes) {
        if (note.content.text.find(part) != std::string::npos) return true;
      }
      return false;
    });
  }
};

void open_office(TestHub& hub, const std::shared_ptr<Office>& office) {
  hub.serve<ListAgents>([](const ListAgents&, const Headers&) -> Result<AgentList> {
    AgentList list;
    for (const auto& [id, login, name] : {std::tuple{11, "zhouxue", "周雪"}, std::tuple{12, "lina", "李娜"}}) {
      AgentView agent;
      agent.id = Id{id};
      agent.login = login;
      agent.name = name;
      list.agents.push_back(agent);
    }
    return list;
  });
  hub.serve<FindContact>([](const FindContact& q, const Headers&) -> Result<ContactView> {
    if (q.claim.value != "+8613800138000") return Error{Errc::not_found, "nobody"};
    ContactView contact;
    contact.id = Id{501};
    contact.name = "林晓雯";
    return contact;
  });
  hub.serve<GetContact>([](const GetContact& q, const Headers&) -> Result<ContactView> {
    ContactView contact;
    contact.id = q.contact;
    contact.phone = "+8613800138000";
    return contact;
  });
  hub.serve<Identify>([office](const Identify& q, const Headers&) -> Result<ContactView> {
    office->with([&](Office& o) { o.identified.push_back(q); });
    return ContactView{};
  });
  hub.serve<RecordEvent>([office](const RecordEvent& q, const Headers&) -> Result<Accepted> {
    return office->with([&](Office& o) -> Result<Accepted> {
      if (o.inbox_full) return Error{Errc::internal, "the disk is full"};
      Accepted kept;
      kept.conversation = Id{700};
      for (const RecordEvent& note : o.notes) kept.duplicate = kept.duplicate || note.external_id == q.external_id;
      if (!kept.duplicate) o.notes.push_back(q);
      return kept;
    });
  });
  hub.serve<Handoff>([office](const Handoff& q, const Headers&) -> Result<ConversationView> {
    office->with([&](Office& o) { o.handoffs.push_back(q); });
    return ConversationView{};
  });
  hub.serve<CreateTicket>([office](const CreateTicket& q, const Headers&) -> Result<TicketView> {
    office->with([&](Office& o) { o.tickets.push_back(q); });
    return TicketView{};
  });
}

/// A hub whose telephone is one of the simulators.
class Telephone {
 public:
  Telephone(const std::string& system, const std::string& more = {})
      : simulator(Simulator::of_channel(system == "freeswitch" ? "freeswitch" : "asterisk")),
        hub({.threads = true}),
        office(std::make_shared<Office>()) {
    open_office(hub, office);
    calls.emplace(hub.probe<CallChanged>());
    alerts.emplace(hub.probe<ConnectorAlert>());
    std::string config = "system: " + system + "\nreconnect_first: 5ms\nreconnect_last: 50ms\nheartbeat: 200ms\n" +
                         "recording_url: https://pbx.example.com/rec/{file}\n" + kAgents + more;
    if (system == "freeswitch") {
      config += "host: 127.0.0.1\nport: " + said(simulator, "esl") +
                "\nsecret: ClueCon\ndial_action: \"&bridge(sofia/gateway/main/{number})\"\n";
    } else if (system == "asterisk_ami") {
      config += "host: 127.0.0.1\nport: " + said(simulator, "ami") + "\nuser: qiao\nsecret: amiSecret1\n";
    } else {
      config += "url: " + said(simulator, "ari") + "\nuser: qiao\nsecret: amiSecret1\n";
    }
    hub.start_plugin("voice", config);
    EXPECT_TRUE(online()) << hub.log();
  }

  bool online() {
    return hub.wait_until([&] { return hub.log().find("connected to") != std::string::npos; });
  }
  void act(const std::string& json) const { simulator.control(json); }
  /// The first event for which `wanted` holds.
  template <class F>
  std::optional<CallChanged> seen(F wanted) {
    std::optional<CallChanged> found;
    hub.wait_until([&] {
      for (const CallChanged& event : calls->events()) {
        if (!wanted(event)) continue;
        found = event;
        return true;
      }
      return false;
    });
    return found;
  }
  std::optional<CallChanged> seen(CallState state, const std::string& extension = {}) {
    return seen([&](const CallChanged& e) {
      return e.state == state && !e.phone_only && (extension.empty() || e.extension == extension);
    });
  }

  Simulator simulator;
  TestHub hub;
  std::shared_ptr<Office> office;
  std::optional<Probe<CallChanged>> calls;
  std::optional<Probe<ConnectorAlert>> alerts;
};

class Exchange : public testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(Each, Exchange, testing::Values("freeswitch", "asterisk_ami", "asterisk_ari"),
                         [](const auto& param) { return std::string(param.param); });

TEST_P(Exchange, ShowsTheKnownCallerBeforeAnybodyAnswers) {
  Telephone phone(GetParam());
  phone.act(R"({"do":"ring","call":"c1","from":"013800138000","to":"4008","extension":"1005"})");
  const auto ringing = phone.seen([](const CallChanged& e) {
    return e.state == CallState::ringing && e.extension == "1005" && e.contact == Id{501} && e.conversation == Id{700};
  });
  ASSERT_TRUE(ringing);
  EXPECT_EQ(ringing->phone, "+8613800138000");
  EXPECT_EQ(ringing->contact_name, "林晓雯");
  EXPECT_EQ(ringing->agent, Id{11});
  EXPECT_EQ(ringing->agent_name, "周雪");
  EXPECT_FALSE(ringing->outbound);
  EXPECT_TRUE(phone.hub.wait_until([&] { return phone.office->noted("来电 138****8000"); }));
  EXPECT_TRUE(
      phone.hub.wait_until([&] { return phone.office->with([](Office& o) { return !o.identified.empty(); }); }));
  phone.office->with([](Office& o) {
    EXPECT_EQ(o.identified[0].identity.user, "+8613800138000");
    EXPECT_TRUE(o.identified[0].claims.at(0).verified);
  });
}

TEST_P(Exchange, FollowsACallToItsRecording) {
  Telephone phone(GetParam(), "missed: both\nmissed_department: after-sales\n");
  phone.act(R"({"twice":true})");
  phone.act(R"({"do":"ring","call":"c1","from":"13800138000","extension":"1005","queue":"sales"})");
  phone.act(R"({"do":"ring","call":"c1","extension":"1006"})");
  ASSERT_TRUE(phone.seen(CallState::ringing, "1005"));
  ASSERT_TRUE(phone.seen(CallState::ringing, "1006"));
  phone.act(R"({"do":"answer","call":"c1","extension":"1005"})");
  const auto answered = phone.seen(CallState::answered, "1005");
  ASSERT_TRUE(answered);
  EXPECT_EQ(answered->agent, Id{11});
  phone.act(R"({"do":"hold","call":"c1"})");
  ASSERT_TRUE(phone.seen(CallState::held, "1005"));
  phone.act(R"({"do":"unhold","call":"c1"})");
  phone.act(R"({"do":"transfer","call":"c1","to":"1006"})");
  const auto transferred = phone.seen(CallState::transferred, "1006");
  ASSERT_TRUE(transferred);
  EXPECT_EQ(transferred->agent_name, "李娜");
  phone.act(R"({"do":"record","call":"c1","file":"/var/rec/c1 音.wav"})");
  phone.act(R"({"do":"hangup","call":"c1"})");
  const auto ended = phone.seen(CallState::ended, "1006");
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->recording, "https://pbx.example.com/rec/c1%20%E9%9F%B3.wav");
  ASSERT_TRUE(phone.hub.wait_until([&] { return phone.office->noted("李娜 接听"); }));
  EXPECT_TRUE(phone.office->noted("已转接给 李娜"));
  phone.office->with([](Office& o) {
    const RecordEvent& last = o.notes.back();
    ASSERT_EQ(last.content.cards.size(), 1u);
    EXPECT_EQ(last.content.cards[0].url, "https://pbx.example.com/rec/c1%20%E9%9F%B3.wav");
    EXPECT_TRUE(o.handoffs.empty());
    EXPECT_TRUE(o.tickets.empty());
  });
}

TEST_P(Exchange, HandsAMissedCallToTheQueueAndOpensATicketOnce) {
  Telephone phone(GetParam(), "missed: both\nmissed_department: after-sales\nmissed_group: pre-sales\n");
  phone.act(R"({"twice":true})");
  phone.act(R"({"do":"ring","call":"c1","from":"13911112222","name":"王","extension":"1005"})");
  ASSERT_TRUE(phone.seen(CallState::ringing, "1005"));
  phone.act(R"({"do":"hangup","call":"c1","cause":"cancel"})");
  ASSERT_TRUE(phone.seen(CallState::missed));
  ASSERT_TRUE(phone.hub.wait_until(
      [&] { return phone.office->with([](Office& o) { return o.handoffs.size() == 1 && o.tickets.size() == 1; }); }));
  phone.office->with([](Office& o) {
    EXPECT_EQ(o.handoffs[0].conversation, Id{700});
    EXPECT_EQ(o.handoffs[0].group, "pre-sales");
    EXPECT_EQ(o.handoffs[0].reason, "missed_call");
    EXPECT_EQ(o.tickets[0].subject, "回拨 139****2222");
    EXPECT_TRUE(o.notes.back().reopen);
    EXPECT_NE(o.notes.back().content.text.find("未接来电 139****2222"), std::string::npos);
    EXPECT_EQ(o.notes.back().content.text.find("13911112222"), std::string::npos);
  });
}

TEST_P(Exchange, HealsWhatItMissedWhileTheLineWasDown) {
  Telephone phone(GetParam());
  phone.act(R"({"do":"ring","call":"c1","from":"13911112222","extension":"1005"})");
  ASSERT_TRUE(phone.seen(CallState::ringing, "1005"));
  phone.act(R"({"refuse":true,"drop":true})");
  ASSERT_TRUE(phone.hub.wait_until([&] { return phone.simulator.state().find("\"lines\":0") != std::string::npos; }));
  phone.act(R"({"do":"hangup","call":"c1"})");
  phone.act(R"({"do":"ring","call":"c2","from":"13800138000","extension":"1006"})");
  ASSERT_TRUE(phone.hub.wait_until([&] { return phone.alerts->count() >= 1; }));
  phone.act(R"({"refuse":false})");
  EXPECT_TRUE(phone.seen(CallState::missed));
  EXPECT_TRUE(phone.seen(CallState::ringing, "1006"));
  EXPECT_TRUE(phone.hub.wait_until([&] { return phone.alerts->count() >= 2; }));
}

TEST_P(Exchange, ComesBackAfterHalfAnEvent) {
  Telephone phone(GetParam());
  phone.act(R"({"half":true})");
  phone.act(R"({"do":"ring","call":"c1","from":"13800138000","name":"林晓雯","extension":"1005"})");
  EXPECT_TRUE(phone.seen(CallState::ringing, "1005"));
  phone.act(R"({"trickle":true})");
  phone.act(R"({"do":"answer","call":"c1","extension":"1005"})");
  EXPECT_TRUE(phone.seen(CallState::answered, "1005"));
}

TEST_P(Exchange, DialsTheAgentsPhoneThenTheCustomers) {
  Telephone phone(GetParam(), "dial_prefix: \"9\"\n");
  Dial by_contact;
  by_contact.agent = Id{12};
  by_contact.contact = Id{501};
  const auto dialled = phone.hub.ask(by_contact, 10s);
  ASSERT_TRUE(dialled) << dialled.error().message;
  const std::string state = phone.simulator.state();
  EXPECT_NE(state.find(R"("extension":"1006","number":"913800138000")"), std::string::npos) << state;
  const auto ringing = phone.seen([&](const CallChanged& e) { return e.call == dialled->call && e.outbound; });
  ASSERT_TRUE(ringing);
  EXPECT_EQ(ringing->extension, "1006");
  phone.act(R"({"do":"answer","call":")" + dialled->call + R"("})");
  EXPECT_TRUE(phone.seen(CallState::answered, "1006"));
  phone.act(R"({"do":"hangup","call":")" + dialled->call + R"("})");
  EXPECT_TRUE(phone.seen(CallState::ended, "1006"));
  EXPECT_TRUE(phone.hub.wait_until([&] { return phone.office->noted("李娜 通话"); }));

  Dial nobody;
  nobody.agent = Id{99};
  nobody.phone = "13800138000";
  const auto refused = phone.hub.ask(nobody, 10s);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "voice.no_extension");
  Dial word;
  word.agent = Id{12};
  word.phone = "1\r\nAction: Command";
  EXPECT_FALSE(phone.hub.ask(word, 10s));
}

TEST_P(Exchange, TellsWhoItIsAtTheExchange) {
  Telephone phone(GetParam());
  const auto tested = phone.hub.ask(TestConnector{}, {10s});
  ASSERT_TRUE(tested) << tested.error().message;
  EXPECT_NE(tested->says.find("Logged in to"), std::string::npos);
  // The line that works is still there: ARI gives its events to one WebSocket only.
  phone.act(R"({"do":"ring","call":"c9","from":"13800138000","extension":"1005"})");
  EXPECT_TRUE(phone.seen(CallState::ringing, "1005"));
}

TEST_P(Exchange, EndsTheLineAtOnceWhenItStops) {
  Telephone phone(GetParam());
  phone.hub.stop_plugin("voice");
  EXPECT_TRUE(phone.hub.wait_until([&] { return phone.simulator.state().find("\"lines\":0") != std::string::npos; }));
}

TEST(VoicePlugin, ShowsAWithheldNumberToTheAgentAndNotesNothing) {
  Telephone phone("freeswitch");
  phone.act(R"({"do":"ring","call":"c1","from":"anonymous","extension":"1005"})");
  const auto ringing = phone.seen(CallState::ringing, "1005");
  ASSERT_TRUE(ringing);
  EXPECT_TRUE(ringing->phone.empty());
  phone.act(R"({"do":"hangup","call":"c1"})");
  ASSERT_TRUE(phone.seen(CallState::missed));
  EXPECT_TRUE(phone.office->with([](Office& o) { return o.notes.empty() && o.handoffs.empty(); }));
}

TEST(VoicePlugin, RaisesAnAlertThatSaysWhatToDoWhenThePasswordIsWrong) {
  Simulator simulator = Simulator::of_channel("asterisk");
  TestHub hub({.threads = true});
  open_office(hub, std::make_shared<Office>());
  auto alerts = hub.probe<ConnectorAlert>();
  hub.start_plugin("voice", "system: asterisk_ami\nhost: 127.0.0.1\nport: " + said(simulator, "ami") +
                                "\nuser: qiao\nsecret: wrong\nreconnect_first: 20ms\n");
  ASSERT_TRUE(hub.wait_until([&] { return alerts.count() >= 1; }));
  EXPECT_NE(alerts.events()[0].says.find("manager.conf"), std::string::npos);
  EXPECT_EQ(hub.log().find("wrong\""), std::string::npos);
}

TEST(VoicePlugin, SaysThatAnotherHubTakesItsLineAway) {
  Telephone phone("asterisk_ari");
  TestHub other({.threads = true});
  open_office(other, std::make_shared<Office>());
  other.start_plugin("voice", "system: asterisk_ari\nurl: " + said(phone.simulator, "ari") +
                                  "\nuser: qiao\nsecret: amiSecret1\n" + kAgents);
  ASSERT_TRUE(phone.hub.wait_until([&] { return phone.alerts->count() >= 1; }));
  EXPECT_EQ(phone.alerts->events().front().id, "voice.line");
  EXPECT_NE(phone.alerts->events().front().says.find("`app`"), std::string::npos);
}

TEST(VoicePlugin, EncryptsTheLineAndTrustsOnlyWhomItShould) {
  std::string folder = (std::filesystem::temp_directory_path() / "qiao-voice-XXXXXX").string();
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  {
    Simulator simulator = Simulator::of_channel("asterisk", {"--tls", folder});
    TestHub hub({.threads = true});
    open_office(hub, std::make_shared<Office>());
    auto alerts = hub.probe<ConnectorAlert>();
    const std::string user = "user: qiao\nsecret: amiSecret1\nreconnect_first: 5ms\n";
    const std::string config =
        "system: asterisk_ami\nhost: localhost\ntls: true\nport: " + said(simulator, "ami") + "\n" + user;
    hub.start_plugin(
        "voice",
        "system: asterisk_ari\nurl: " + said(simulator, "ari") + "\n" + user + "ca_file: " + folder + "/cert.pem\n",
        "voice-rest");
    EXPECT_TRUE(hub.wait_until([&] { return hub.log().find("connected to Asterisk (ARI)") != std::string::npos; }))
        << hub.log();
    hub.start_plugin("voice", config + "ca_file: " + folder + "/cert.pem\n");
    EXPECT_TRUE(hub.wait_until([&] { return hub.log().find("connected to Asterisk (AMI)") != std::string::npos; }))
        << hub.log();
    EXPECT_EQ(alerts.count(), 0u);
    hub.start_plugin("voice", config, "stranger");
    ASSERT_TRUE(hub.wait_until([&] { return alerts.count() >= 1; }));
    EXPECT_NE(alerts.last().says.find("certificate must be trusted"), std::string::npos) << alerts.last().says;
  }
  std::filesystem::remove_all(folder);
}

TEST(VoicePlugin, SaysThatATelephoneTakesNoText) {
  Telephone phone("freeswitch");
  auto reports = std::make_shared<std::vector<ReportDelivery>>();
  auto guard = std::make_shared<std::mutex>();
  phone.hub.serve<ReportDelivery>([reports, guard](const ReportDelivery& q, const Headers&) -> Result<Done> {
    const std::lock_guard lock(*guard);
    reports->push_back(q);
    return Done{};
  });
  MessageOutgoing out;
  out.channel = "voice";
  out.user = "+8613800138000";
  out.message.id = new_id();
  out.message.conversation = Id{700};
  out.message.seq = 4;
  out.message.author = Author::agent;
  out.message.content.text = "您好";
  ASSERT_TRUE(phone.hub.publish(out));
  ASSERT_TRUE(phone.hub.wait_until([&] {
    const std::lock_guard lock(*guard);
    return !reports->empty();
  }));
  EXPECT_EQ(reports->front().state, Delivery::failed);
  EXPECT_NE(reports->front().detail.find("回拨"), std::string::npos);
  const auto can = phone.hub.ask(DescribeChannel{}, {5s});
  ASSERT_TRUE(can);
  EXPECT_EQ(can->platform, "voice");
  EXPECT_TRUE(can->kinds.empty());
}

class Hook : public testing::Test {
 protected:
  Hook() : hub({.threads = true, .http = true}), office(std::make_shared<Office>()) {
    open_office(hub, office);
    calls.emplace(hub.probe<CallChanged>());
  }
  int post(const std::string& body, std::string stamp = {}, std::string signature = {}) {
    if (stamp.empty()) {
      stamp = std::to_string(
          std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
              .count());
    }
    if (signature.empty()) signature = voice::cti_signature("s3cret", stamp, body);
    return hub
        .http("POST", "/hooks/voice", body,
              {{"content-type", "application/json"}, {"x-hub-timestamp", stamp}, {"x-hub-signature", signature}})
        .status;
  }
  static std::string event(const std::string& what, int seq) {
    return R"({"event":")" + what + R"(","call_id":"c-1","seq":)" + std::to_string(seq) +
           R"(,"at":"2024-11-22T06:03:20.123Z","direction":"in","from":"+8613800138000","to":"4008","agent":"1005"})";
  }
  TestHub hub;
  std::shared_ptr<Office> office;
  std::optional<Probe<CallChanged>> calls;
};

TEST_F(Hook, TakesSignedEventsAndNothingElse) {
  hub.start_plugin("voice", std::string("system: webhook\nsecret: s3cret\n") + kAgents);
  EXPECT_EQ(post(event("ringing", 1)), 204);
  EXPECT_TRUE(office->noted("来电"));  // answered after it was kept
  EXPECT_EQ(post(event("ended", 2), {}, "00"), 403);
  EXPECT_EQ(post(event("ended", 2), "1732253000"), 403);
  EXPECT_EQ(post("{\"event\":\"sings\"}"), 400);
  EXPECT_EQ(post("not json"), 400);
  EXPECT_FALSE(office->noted("未接"));
  EXPECT_NE(hub.log().find("was refused: the signature is missing or wrong"), std::string::npos);
  EXPECT_EQ(post(event("ended", 2)), 204);
  EXPECT_TRUE(office->noted("未接来电"));
  EXPECT_EQ(post(event("ended", 2)), 204);  // told again
  EXPECT_EQ(calls->last().state, CallState::missed);
}

TEST_F(Hook, TakesTheCallbacksOfTwilio) {
  hub.start_plugin(
      "voice", std::string("system: webhook\nform: twilio\npublic_url: https://hub.example.com/hooks/voice\nsecret: "
                           "hubTwilioToken01\n") +
                   kAgents);
  const auto tell = [&](const std::string& body, const std::string& token) {
    const std::string signature =
        voice::twilio_signature(token, "https://hub.example.com/hooks/voice", voice::read_form(body));
    return hub
        .http("POST", "/hooks/voice", body,
              {{"content-type", "application/x-www-form-urlencoded"}, {"x-twilio-signature", signature}})
        .status;
  };
  const std::string child =
      "CallSid=CA2&ParentCallSid=CA1&From=%2B8613800138000&To=1005&Direction=outbound-dial&CallStatus=";
  EXPECT_EQ(tell("CallSid=CA1&From=%2B8613800138000&Direction=inbound&CallStatus=ringing", "another"), 403);
  EXPECT_EQ(tell("CallSid=CA1&From=%2B8613800138000&Direction=inbound&CallStatus=ringing", "hubTwilioToken01"), 204);
  EXPECT_EQ(tell(child + "ringing", "hubTwilioToken01"), 204);
  EXPECT_EQ(tell(child + "in-progress", "hubTwilioToken01"), 204);
  EXPECT_EQ(tell("CallSid=CA1&From=%2B8613800138000&Direction=inbound&CallStatus=completed", "hubTwilioToken01"), 204);
  EXPECT_TRUE(office->noted("周雪 接听"));
  EXPECT_EQ(tell("CallSid=CA1&RecordingUrl=https%3A%2F%2Fapi.example.com%2Frec", "hubTwilioToken01"), 204);
  office->with([](Office& o) {
    ASSERT_EQ(o.notes.back().content.cards.size(), 1u);
    EXPECT_EQ(o.notes.back().content.cards[0].url, "https://api.example.com/rec");
  });
}

TEST_F(Hook, PostsASignedOrderToDial) {
  testkit::FakePeer service = testkit::FakePeer::http().on("POST", "/dial", 202, "{}");
  hub.start_plugin("voice",
                   "system: webhook\nsecret: s3cret\ndial_url: " + service.url() + "/dial\n" + std::string(kAgents));
  Dial order;
  order.agent = Id{11};
  order.phone = "+8613800138000";
  const auto dialled = hub.ask(order, 10s);
  ASSERT_TRUE(dialled) << dialled.error().message;
  const auto requests = service.requests();
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].body,
            R"({"event":"dial","call_id":")" + dialled->call + R"(","agent":"1005","to":"13800138000"})");
  EXPECT_EQ(requests[0].header("x-hub-signature"),
            voice::cti_signature("s3cret", requests[0].header("x-hub-timestamp"), requests[0].body));
}

TEST_F(Hook, AsksToBeToldAgainWhenNothingCouldBeKept) {
  hub.start_plugin("voice", std::string("system: webhook\nsecret: s3cret\n") + kAgents);
  office->with([](Office& o) { o.inbox_full = true; });
  EXPECT_GE(post(event("ringing", 1)), 500);
  EXPECT_GE(post(event("ended", 2)), 500);
  office->with([](Office& o) { o.inbox_full = false; });
  // What it tells again is not a repetition as long as nothing is kept.
  EXPECT_EQ(post(event("ended", 2)), 204);
  EXPECT_TRUE(office->noted("未接来电"));
  EXPECT_TRUE(hub.wait_until([&] { return office->with([](Office& o) { return o.handoffs.size() == 1; }); }));
  std::string recorded = event("recorded", 3);
  recorded.insert(recorded.size() - 1, R"(,"recording_url":"https://pbx.example.com/r/1")");
  office->with([](Office& o) { o.inbox_full = true; });
  EXPECT_GE(post(recorded), 500);
  office->with([](Office& o) { o.inbox_full = false; });
  EXPECT_EQ(post(recorded), 204);
  office->with([](Office& o) {
    ASSERT_EQ(o.notes.back().content.cards.size(), 1u);
    EXPECT_EQ(o.notes.back().content.cards[0].url, "https://pbx.example.com/r/1");
  });
}

}  // namespace
}  // namespace qiao

QIAO_CONFORMANCE("voice", "system: freeswitch\nhost: 127.0.0.1\nport: 1\nsecret: s\n")
