#include <gtest/gtest.h>

#include <algorithm>

#include "connectors/channel/signing.hpp"
#include "connectors/voice/client/ami.hpp"
#include "connectors/voice/client/ari.hpp"
#include "connectors/voice/client/esl.hpp"
#include "connectors/voice/client/number.hpp"
#include "connectors/voice/client/webhook.hpp"
#include "connectors/voice/words.hpp"
#include "qiao/contract/calls.hpp"
#include "qiao/testkit/manual_clock.hpp"

namespace qiao::voice {
namespace {

bool agents_phone(const std::string& number) { return number == "1005" || number == "1006"; }

const std::string kChannelCreate =
    "Content-Length: 372\nContent-Type: text/event-plain\n\n"
    "Event-Name: CHANNEL_CREATE\nCore-UUID: 99990000-1111-2222-3333-444455556666\n"
    "Event-Date-Timestamp: 1732253000123456\nChannel-State: CS_INIT\nAnswer-State: ringing\nCall-Direction: inbound\n"
    "Unique-ID: 11112222-3333-4444-5555-666677778888\n"
    "Caller-Caller-ID-Name: %E5%BC%A0%E4%B8%89%20%2B%E6%89%8B%E6%9C%BA\nCaller-Caller-ID-Number: %2B8613800138000\n"
    "Caller-Destination-Number: 4008\n\n";

std::string esl(const std::string& block) {
  return "Content-Length: " + std::to_string(block.size()) + "\nContent-Type: text/event-plain\n\n" + block;
}

/// Everything that an exchange makes of a piece of its line.
template <class E>
Turn take(E& exchange, const std::string& bytes) {
  Turn turn;
  const auto taken = exchange.take(bytes, turn);
  EXPECT_TRUE(taken) << taken.error().message;
  return turn;
}

class Esl : public testing::Test {
 protected:
  testkit::ManualClock clock_;
  EslExchange exchange_{EslSettings{.password = "ClueCon",
                                    .dial_endpoint = "user/{extension}",
                                    .dial_action = "&bridge(sofia/gateway/main/{number})"},
                        agents_phone, clock_};
};

TEST_F(Esl, ReadsTheCreatedChannelOfTheVector) {
  EslReader reader;
  std::vector<EslMessage> messages;
  ASSERT_TRUE(reader.take(kChannelCreate, messages));
  ASSERT_EQ(messages.size(), 1u);
  const EslHeaders event = read_esl_event(messages[0]);
  EXPECT_EQ(event.at("Event-Name"), "CHANNEL_CREATE");
  EXPECT_EQ(event.at("Caller-Caller-ID-Name"), "张三 +手机");

  const Turn turn = take(exchange_, kChannelCreate);
  ASSERT_EQ(turn.heard.size(), 1u);
  EXPECT_EQ(turn.heard[0].call, "11112222-3333-4444-5555-666677778888");
  EXPECT_EQ(turn.heard[0].number, "+8613800138000");
  EXPECT_EQ(turn.heard[0].name, "张三 +手机");
  EXPECT_EQ(to_micros(turn.heard[0].at), 1732253000123456);
  EXPECT_TRUE(turn.heard[0].extension.empty());
}

TEST_F(Esl, ReadsMessagesThatAreCutAnywhere) {
  const std::string two = kChannelCreate + "Content-Type: command/reply\nReply-Text: +OK\n\n" + kChannelCreate;
  for (std::size_t cut = 1; cut < two.size(); cut += 7) {
    EslReader reader;
    std::vector<EslMessage> messages;
    for (std::size_t at = 0; at < two.size(); at += cut) ASSERT_TRUE(reader.take(two.substr(at, cut), messages));
    ASSERT_EQ(messages.size(), 3u) << "cut every " << cut;
    EXPECT_EQ(messages[2].body.size(), 372u);
  }
}

TEST_F(Esl, RefusesALengthThatCannotBe) {
  for (const char* length : {"-1", "99999999999999999999", "12x", "9000000"}) {
    EslReader reader;
    std::vector<EslMessage> messages;
    EXPECT_FALSE(reader.take(std::string("Content-Length: ") + length + "\n\n", messages)) << length;
  }
  EslReader reader;
  std::vector<EslMessage> messages;
  EXPECT_FALSE(reader.take(std::string(70000, 'x'), messages));
}

TEST_F(Esl, LogsInThenAsksForEventsAndTheCallsThatAreThere) {
  EXPECT_EQ(take(exchange_, "Content-Type: auth/request\n\n").say, "auth ClueCon\n\n");
  Turn turn = take(exchange_, "Content-Type: command/reply\nReply-Text: +OK accepted\n\n");
  EXPECT_TRUE(turn.accepted);
  EXPECT_NE(turn.say.find("event plain CHANNEL_CREATE"), std::string::npos);
  EXPECT_NE(turn.say.find("api show channels as json"), std::string::npos);
  const std::string list =
      R"({"row_count":2,"rows":[{"uuid":"b","direction":"outbound","cid_num":"13800138000","dest":"1005","callstate":"HELD","call_uuid":"a"},)"
      R"({"uuid":"a","direction":"inbound","cid_num":"13800138000","cid_name":"张三","dest":"4008","callstate":"ACTIVE","call_uuid":"a"}]})";
  turn = take(exchange_,
              "Content-Type: command/reply\nReply-Text: +OK event listener enabled plain\n\n"
              "Content-Type: api/response\nContent-Length: " +
                  std::to_string(list.size()) + "\n\n" + list);
  EXPECT_TRUE(turn.listed);
  ASSERT_EQ(turn.list.size(), 4u);
  EXPECT_EQ(turn.list[0].number, "13800138000");
  EXPECT_EQ(turn.list[1].extension, "1005");
  EXPECT_EQ(turn.list[2].step, Step::answered);
  EXPECT_EQ(turn.list[3].step, Step::held);
}

TEST_F(Esl, SaysWhatIsWrongWithTheLogIn) {
  Turn turn;
  take(exchange_, "Content-Type: auth/request\n\n");
  auto refused = exchange_.take("Content-Type: command/reply\nReply-Text: -ERR invalid\n\n", turn);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "voice.credentials");
  EslExchange other(EslSettings{}, agents_phone, clock_);
  refused = other.take("Content-Type: text/rude-rejection\nContent-Length: 5\n\nEr, ?", turn);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "voice.address_refused");
}

TEST_F(Esl, FollowsACallFromTheRingToTheRecording) {
  const auto leg = [](const std::string& name, const std::string& id, const std::string& more) {
    return esl("Event-Name: " + name + "\nUnique-ID: " + id + "\n" + more + "\n");
  };
  take(exchange_, leg("CHANNEL_CREATE", "a", "Call-Direction: inbound\nCaller-Caller-ID-Number: 13800138000\n"));
  Turn turn = take(exchange_, leg("CHANNEL_CREATE", "b",
                                  "Call-Direction: outbound\nChannel-Call-UUID: b\nOther-Leg-Unique-ID: a\n"
                                  "variable_dialed_user: 1005\n"));
  ASSERT_EQ(turn.heard.size(), 1u);
  EXPECT_EQ(turn.heard[0].call, "a");
  EXPECT_EQ(turn.heard[0].extension, "1005");
  // A menu answers the customer; that is no agent.
  EXPECT_TRUE(take(exchange_, leg("CHANNEL_ANSWER", "a", "Call-Direction: inbound\n")).heard.empty());
  turn = take(exchange_, leg("CHANNEL_ANSWER", "b", "Call-Direction: outbound\n"));
  ASSERT_EQ(turn.heard.size(), 1u);
  EXPECT_EQ(turn.heard[0].step, Step::answered);
  turn = take(exchange_, leg("CHANNEL_HOLD", "b", "") + leg("CHANNEL_UNHOLD", "b", "") +
                             leg("RECORD_STOP", "a", "Record-File-Path: /rec/%E9%9F%B3.wav\n"));
  ASSERT_EQ(turn.heard.size(), 3u);
  EXPECT_EQ(turn.heard[2].recording, "/rec/音.wav");
  turn = take(exchange_, leg("CHANNEL_HANGUP_COMPLETE", "b", "Hangup-Cause: NORMAL_CLEARING\n") +
                             leg("CHANNEL_HANGUP_COMPLETE", "a", "Hangup-Cause: NORMAL_CLEARING\n"));
  ASSERT_EQ(turn.heard.size(), 2u);
  EXPECT_EQ(turn.heard[0].step, Step::silent);
  EXPECT_EQ(turn.heard[1].step, Step::ended);
  EXPECT_EQ(turn.heard[1].call, "a");
}

TEST_F(Esl, DialsTheAgentFirst) {
  Turn turn;
  ASSERT_TRUE(exchange_.dial({"u-1", "1005", "13800138000"}, turn));
  EXPECT_NE(turn.say.find("bgapi originate {origination_uuid=u-1,ignore_early_media=true}user/1005 "
                          "&bridge(sofia/gateway/main/13800138000)\nJob-UUID: u-1\n\n"),
            std::string::npos);
  turn = take(exchange_, "Content-Type: command/reply\nReply-Text: +OK Job-UUID: u-1\n\n");
  ASSERT_EQ(turn.dialled.size(), 1u);
  EXPECT_TRUE(turn.dialled[0].second);
  turn = take(exchange_, esl("Event-Name: CHANNEL_CREATE\nUnique-ID: u-1\nCall-Direction: outbound\n"
                             "Caller-Destination-Number: 1005\n\n"));
  ASSERT_EQ(turn.heard.size(), 1u);
  EXPECT_TRUE(turn.heard[0].outbound);
  EXPECT_EQ(turn.heard[0].number, "13800138000");
}

std::string ami(const std::vector<std::pair<std::string_view, std::string>>& headers) { return ami_action(headers); }

class Ami : public testing::Test {
 protected:
  void log_in() {
    take(exchange_, "Asterisk Call Manager/8.0.2\r\n");
    take(exchange_, ami({{"Response", "Success"}, {"ActionID", "qiao-challenge"}, {"Challenge", "501938274"}}));
    take(exchange_, ami({{"Response", "Success"}, {"ActionID", "qiao-login"}}));
  }
  testkit::ManualClock clock_;
  AmiExchange exchange_{
      AmiSettings{
          .user = "qiao", .secret = "amiSecret1", .technology = "PJSIP/{extension}", .context = "from-internal"},
      agents_phone, clock_};
};

TEST_F(Ami, MakesTheKeyOfTheVector) {
  EXPECT_EQ(ami_key("501938274", "amiSecret1"), "0df777484dc3dfd4ad4b6c7742ed78cb");
}

TEST_F(Ami, LogsInWithoutSendingTheSecret) {
  Turn turn = take(exchange_, "Asterisk Call Manager/8.0.2\r\n");
  EXPECT_NE(turn.say.find("Action: Challenge\r\n"), std::string::npos);
  turn = take(exchange_, ami({{"Response", "Success"}, {"ActionID", "qiao-challenge"}, {"Challenge", "501938274"}}));
  EXPECT_NE(turn.say.find("Key: 0df777484dc3dfd4ad4b6c7742ed78cb\r\n"), std::string::npos);
  EXPECT_EQ(turn.say.find("amiSecret1"), std::string::npos);
  turn = take(exchange_, ami({{"Response", "Success"}, {"ActionID", "qiao-login"}}));
  EXPECT_TRUE(turn.accepted);
  EXPECT_NE(turn.say.find("CoreShowChannels"), std::string::npos);
}

TEST_F(Ami, SaysThatTheLogInWasRefused) {
  take(exchange_, "Asterisk Call Manager/8.0.2\r\n");
  Turn turn;
  const auto refused = exchange_.take(
      ami({{"Response", "Error"}, {"ActionID", "qiao-login"}, {"Message", "Authentication failed"}}), turn);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::unauthorized);
  AmiExchange other(AmiSettings{}, agents_phone, clock_);
  const auto strange = other.take("SSH-2.0-OpenSSH_9.2\r\n", turn);
  ASSERT_FALSE(strange);
  EXPECT_EQ(strange.error().id, "voice.protocol");
}

TEST_F(Ami, NeverLetsAValueBecomeAnotherHeader) {
  EXPECT_EQ(ami_action({{"Exten", "1005\r\nAction: Command\r\nCommand: core stop now"}}), "Exten: 1005\r\n\r\n");
}

TEST_F(Ami, KnowsThePhoneBehindAChannel) {
  EXPECT_EQ(device_of_channel("PJSIP/1005-0000002a"), "1005");
  EXPECT_EQ(device_of_channel("SIP/trunk-1-0000002a"), "trunk-1");
  EXPECT_EQ(device_of_channel("Local/1005@from-queue-00000001;2"), "1005");
  EXPECT_EQ(device_of_channel("nothing"), "");
}

TEST_F(Ami, FollowsACallThatTwoPhonesRingFor) {
  log_in();
  std::vector<CallEvent> heard;
  const auto tell = [&](const std::vector<std::pair<std::string_view, std::string>>& headers) {
    const Turn turn = take(exchange_, ami(headers));
    heard.insert(heard.end(), turn.heard.begin(), turn.heard.end());
  };
  tell({{"Event", "Newchannel"},
        {"Channel", "PJSIP/trunk-00000029"},
        {"ChannelState", "4"},
        {"CallerIDNum", "13800138000"},
        {"CallerIDName", "<unknown>"},
        {"Exten", "4008"},
        {"Uniqueid", "1.41"},
        {"Linkedid", "1.41"}});
  tell({{"Event", "QueueCallerJoin"}, {"Queue", "sales"}, {"Uniqueid", "1.41"}, {"Linkedid", "1.41"}});
  for (const char* phone : {"1005", "1006"}) {
    tell({{"Event", "Newchannel"},
          {"Channel", std::string("PJSIP/") + phone + "-0000002a"},
          {"Uniqueid", std::string("2.") + phone},
          {"Linkedid", "1.41"}});
    tell({{"Event", "DialBegin"},
          {"Channel", "PJSIP/trunk-00000029"},
          {"CallerIDNum", "13800138000"},
          {"Uniqueid", "1.41"},
          {"Linkedid", "1.41"},
          {"DestChannel", std::string("PJSIP/") + phone + "-0000002a"},
          {"DestUniqueid", std::string("2.") + phone},
          {"DestLinkedid", "1.41"}});
  }
  tell({{"Event", "DialEnd"}, {"Linkedid", "1.41"}, {"DestChannel", "PJSIP/1006-0000002a"}, {"DialStatus", "ANSWER"}});
  tell({{"Event", "DialEnd"}, {"Linkedid", "1.41"}, {"DestChannel", "PJSIP/1005-0000002a"}, {"DialStatus", "CANCEL"}});
  tell({{"Event", "Hold"}, {"Linkedid", "1.41"}, {"Channel", "PJSIP/1006-0000002a"}});
  tell({{"Event", "VarSet"}, {"Linkedid", "1.41"}, {"Variable", "MIXMONITOR_FILENAME"}, {"Value", "/var/spool/a.wav"}});
  tell({{"Event", "BlindTransfer"}, {"TransfererLinkedid", "1.41"}, {"Extension", "1005"}});
  for (const char* leg : {"2.1005", "2.1006", "1.41"}) {
    tell({{"Event", "Hangup"},
          {"Uniqueid", leg},
          {"Linkedid", "1.41"},
          {"Cause", "16"},
          {"Cause-txt", "Normal Clearing"}});
  }
  std::vector<Step> steps;
  for (const CallEvent& e : heard) steps.push_back(e.step);
  EXPECT_EQ(steps, (std::vector<Step>{Step::ringing, Step::queued, Step::ringing, Step::ringing, Step::answered,
                                      Step::silent, Step::held, Step::recorded, Step::transferred, Step::silent,
                                      Step::silent, Step::ended}));
  EXPECT_EQ(heard[0].number, "13800138000");
  EXPECT_TRUE(heard[0].name.empty());
  EXPECT_EQ(heard[1].queue, "sales");
  EXPECT_EQ(heard[4].extension, "1006");
}

TEST_F(Ami, ReadsPacketsThatAreCutAnywhereAndHeadersThatNobodyKnows) {
  const std::string bytes = "Asterisk Call Manager/8.0.2\r\n" +
                            ami({{"Event", "FullyBooted"}, {"Weird", ""}, {"Variable", "a=1"}, {"Variable", "b=2"}}) +
                            "no colon here\r\n\r\nEvent: 中文: 值\n\n";
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    AmiReader reader;
    std::vector<AmiPacket> packets;
    for (std::size_t at = 0; at < bytes.size(); at += cut) ASSERT_TRUE(reader.take(bytes.substr(at, cut), packets));
    ASSERT_EQ(packets.size(), 2u) << "cut every " << cut;
    EXPECT_EQ(packets[0].at("Variable"), "a=1");
    EXPECT_EQ(packets[1].at("Event"), "中文: 值");
  }
}

TEST_F(Ami, ListsTheCallsThatAreThere) {
  log_in();
  Turn turn = take(exchange_, ami({{"Event", "CoreShowChannel"},
                                   {"Channel", "PJSIP/1005-0000002a"},
                                   {"ChannelStateDesc", "Up"},
                                   {"ConnectedLineNum", "13800138000"},
                                   {"Uniqueid", "1.42"},
                                   {"Linkedid", "1.41"}}) +
                                  ami({{"Event", "CoreShowChannel"},
                                       {"Channel", "PJSIP/trunk-00000029"},
                                       {"ChannelStateDesc", "Up"},
                                       {"CallerIDNum", "13800138000"},
                                       {"Uniqueid", "1.41"},
                                       {"Linkedid", "1.41"}}) +
                                  ami({{"Event", "CoreShowChannelsComplete"}, {"ListItems", "2"}}));
  ASSERT_TRUE(turn.listed);
  ASSERT_EQ(turn.list.size(), 2u);
  EXPECT_EQ(turn.list[0].number, "13800138000");
  EXPECT_EQ(turn.list[1].step, Step::answered);
  EXPECT_EQ(turn.list[1].extension, "1005");
}

TEST_F(Ami, TellsThatADialledPhoneDidNotAnswer) {
  log_in();
  Turn turn;
  ASSERT_TRUE(exchange_.dial({"u-1", "1005", "13800138000"}, turn));
  EXPECT_NE(turn.say.find("Channel: PJSIP/1005\r\nChannelId: u-1\r\n"), std::string::npos);
  turn =
      take(exchange_,
           ami({{"Response", "Success"}, {"ActionID", "qiao-dial-u-1"}, {"Message", "Originate successfully queued"}}));
  ASSERT_EQ(turn.dialled.size(), 1u);
  EXPECT_TRUE(turn.dialled[0].second);
  turn = take(exchange_, ami({{"Event", "OriginateResponse"}, {"Response", "Failure"}, {"ActionID", "qiao-dial-u-1"}}));
  ASSERT_EQ(turn.heard.size(), 1u);
  EXPECT_EQ(turn.heard[0].step, Step::ended);
}

/// What a server sends as one frame.
std::string frame(char first, const std::string& payload) {
  std::string out{first};
  if (payload.size() < 126) {
    out += static_cast<char>(payload.size());
  } else {
    out += {'\x7E', static_cast<char>(payload.size() >> 8), static_cast<char>(payload.size() & 0xFF)};
  }
  return out + payload;
}
std::string text_frame(const std::string& payload) { return frame('\x81', payload); }

/// The server's agreement to a WebSocket that was asked for with `request`.
std::string agreed(const std::string& request) {
  const std::string name = "Sec-WebSocket-Key: ";
  const std::size_t at = request.find(name) + name.size();
  const std::string key = request.substr(at, request.find("\r\n", at) - at);
  return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nsec-websocket-accept:  " +
         channel::base64(channel::sha1(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) + "\r\n\r\n";
}

class WebSocket : public testing::Test {
 protected:
  std::string ask() { return reader_.open("pbx:8088", "/ari/events?app=qiao", {{"Authorization", "Basic eDp5"}}); }
  Result<void> take(const std::string& bytes) { return reader_.take(bytes, messages_, say_); }
  WebSocketReader reader_;
  std::vector<std::string> messages_;
  std::string say_;
};

TEST_F(WebSocket, OpensAndReadsMessagesThatAreCutAnywhere) {
  const std::string request = ask();
  EXPECT_TRUE(request.starts_with("GET /ari/events?app=qiao HTTP/1.1\r\nHost: pbx:8088\r\n")) << request;
  EXPECT_NE(request.find("\r\nAuthorization: Basic eDp5\r\n\r\n"), std::string::npos) << request;
  const std::string bytes = agreed(request) + text_frame("one") + frame('\x01', "tw") + frame('\x8A', "") +
                            frame('\x80', "o") + text_frame(std::string(400, 'x')) + text_frame("");
  for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
    WebSocketReader reader = reader_;
    std::vector<std::string> messages;
    for (std::size_t at = 0; at < bytes.size(); at += cut) {
      ASSERT_TRUE(reader.take(bytes.substr(at, cut), messages, say_)) << "cut every " << cut;
    }
    EXPECT_EQ(messages, (std::vector<std::string>{"one", "two", std::string(400, 'x'), ""})) << "cut every " << cut;
  }
  EXPECT_TRUE(say_.empty());
}

TEST_F(WebSocket, AnswersAPingWithWhatItSaid) {
  ASSERT_TRUE(take(agreed(ask()) + frame('\x89', "alive?")));
  ASSERT_EQ(say_.size(), 12u);
  EXPECT_EQ(say_.substr(0, 2), "\x8A\x86");
  for (std::size_t i = 6; i < say_.size(); ++i) say_[i] = static_cast<char>(say_[i] ^ say_[2 + (i - 6) % 4]);
  EXPECT_EQ(say_.substr(6), "alive?");
}

TEST_F(WebSocket, TellsWhyThereIsNone) {
  const auto refused = [&](const std::string& bytes) {
    ask();
    const auto taken = take(bytes);
    return taken ? std::string() : taken.error().id;
  };
  EXPECT_EQ(refused("HTTP/1.1 401 Unauthorized\r\n\r\n"), "voice.credentials");
  EXPECT_EQ(refused("HTTP/1.1 404 Not Found\r\n\r\n"), "voice.refused");
  // Somebody between who agrees to everything has not read the key.
  EXPECT_EQ(refused("HTTP/1.1 101 Fine\r\nSec-WebSocket-Accept: AAAA\r\n\r\n"), "voice.refused");
  EXPECT_EQ(refused("Asterisk Call Manager/8.0.2\r\n\r\n"), "voice.protocol");
  EXPECT_EQ(refused(std::string(20'000, 'x')), "voice.protocol");
}

TEST_F(WebSocket, EndsWithFramesThatNoServerMaySend) {
  const std::string masked(
      "\x81\x81"
      "abcd"
      "x",
      7);
  const std::string huge("\x81\x7F\x00\x00\x00\x00\x40\x00\x00\x00", 10);
  const std::string longer_ping = frame('\x89', std::string(126, 'x'));
  for (const std::string& bytes :
       {masked, huge, longer_ping, frame('\xC1', "x"), frame('\x83', "x"), frame('\x09', "")}) {
    const auto taken = take(agreed(ask()) + bytes);
    ASSERT_FALSE(taken) << testing::PrintToString(bytes);
    EXPECT_EQ(taken.error().id, "voice.protocol");
  }
  EXPECT_EQ(take(agreed(ask()) + frame('\x88', "")).error().id, "voice.closed");
}

AriSettings there() {
  AriSettings settings;
  settings.base = "http://pbx:8088/ari";
  return settings;
}

class Ari : public testing::Test {
 protected:
  Ari() {
    Turn turn;
    exchange_.begin(turn);
    turn = take(exchange_, agreed(turn.say));
    EXPECT_TRUE(turn.accepted);
    EXPECT_TRUE(turn.listed);
  }
  std::vector<CallEvent> tell(const std::string& json) { return take(exchange_, text_frame(json)).heard; }
  testkit::ManualClock clock_;
  AriExchange exchange_{there(), agents_phone, clock_, [](const OutboundRequest&) -> Result<OutboundResponse> {
                          return OutboundResponse{.status = 200, .headers = {}, .body = "[]"};
                        }};
};

TEST_F(Ari, FollowsACall) {
  const std::string trunk =
      R"("id":"1.41","name":"PJSIP/trunk-00000029","state":"Ring","caller":{"name":"张三","number":"13800138000"},"connected":{"name":"","number":""},"dialplan":{"context":"from-trunk","exten":"4008","priority":1})";
  const std::string phone =
      R"("id":"1.42","name":"PJSIP/1005-0000002a","state":"Down","caller":{"name":"","number":"1005"},"dialplan":{"context":"from-internal","exten":"s","priority":1})";
  auto heard = tell(R"({"type":"ChannelCreated","channel":{)" + trunk + "}}");
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].name, "张三");
  EXPECT_TRUE(tell(R"({"type":"StasisStart","args":["in"],"channel":{)" + trunk + "}}").empty());
  EXPECT_TRUE(tell(R"({"type":"ChannelCreated","channel":{)" + phone + "}}").empty());
  heard = tell(R"({"type":"Dial","dialstatus":"","caller":{)" + trunk + R"(},"peer":{)" + phone + "}}");
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].call, "1.41");
  EXPECT_EQ(heard[0].extension, "1005");
  heard = tell(R"({"type":"Dial","dialstatus":"ANSWER","caller":{)" + trunk + R"(},"peer":{)" + phone + "}}");
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].step, Step::answered);
  heard = tell(R"({"type":"ChannelHold","channel":{)" + phone + "}}");
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].call, "1.41");
  heard =
      tell(R"({"type":"RecordingFinished","recording":{"name":"call-7","format":"wav","target_uri":"channel:1.41"}})");
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].recording, "call-7.wav");
  tell(R"({"type":"ChannelDestroyed","channel":{)" + phone + "}}");
  heard = tell(R"({"type":"ChannelDestroyed","cause":16,"cause_txt":"Normal Clearing","channel":{)" + trunk + "}}");
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].step, Step::ended);
}

TEST_F(Ari, GivesUpTheLineThatAnotherProgramTookOver) {
  Turn turn;
  const auto taken = exchange_.take(text_frame(R"({"type":"ApplicationReplaced","application":"qiao"})"), turn);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().id, "voice.replaced");
  EXPECT_FALSE(exchange_.take(text_frame("{half"), turn));
}

TEST(Webhook, SignsLikeTheVectorsOfTwilio) {
  const Form fields{{"CallSid", "CAhub0000000000001"}, {"Caller", "+8613800138000"}, {"Digits", "1234"},
                    {"From", "+8613800138000"},        {"To", "+864008000000"},      {"CallStatus", "ringing"}};
  const std::string url = "https://hub.example.test/voice/in?tenant=7";
  EXPECT_EQ(twilio_signature("hubTwilioToken01", url, fields), "PPHYZULKEup5W5GrE3IEaRJ28gE=");
  const std::string body =
      "CallSid=CAhub0000000000001&Caller=%2B8613800138000&Digits=1234&From=%2B8613800138000&To=%2B864008000000&"
      "CallStatus="
      "ringing";
  const std::string form = "application/x-www-form-urlencoded";
  EXPECT_TRUE(twilio_signed("hubTwilioToken01", url, form, body, "PPHYZULKEup5W5GrE3IEaRJ28gE="));
  EXPECT_TRUE(twilio_signed("hubTwilioToken01", "https://hub.example.test:443/voice/in?tenant=7", form, body,
                            "PPHYZULKEup5W5GrE3IEaRJ28gE="));
  EXPECT_FALSE(twilio_signed("hubTwilioToken01", url, form, body + "1", "PPHYZULKEup5W5GrE3IEaRJ28gE="));

  const std::string json_url =
      "https://hub.example.test/voice/json?bodySHA256=c6740c8a06ef3f17726921ff95bac94aa7c26253fc8bd445e6d3cf53c7e9dee7";
  const std::string json = R"({"CallSid":"CA1","CallStatus":"answered"})";
  EXPECT_TRUE(twilio_signed("hubTwilioToken01", json_url, "application/json", json, "tjDlOvT+DVr5NUzFAx5Kf54OL+U="));
  EXPECT_FALSE(
      twilio_signed("hubTwilioToken01", json_url, "application/json", json + " ", "tjDlOvT+DVr5NUzFAx5Kf54OL+U="));
}

TEST(Webhook, ReadsTheHubsOwnForm) {
  const auto event = read_cti_event(
      R"({"event":"ringing","call_id":"c-1","seq":3,"at":"2024-11-22T06:03:20.123Z","direction":"in","from":"+8613800138000","to":"4008","agent":"1005","queue":"sales"})");
  ASSERT_TRUE(event);
  EXPECT_EQ(event->number, "+8613800138000");
  EXPECT_EQ(event->extension, "1005");
  EXPECT_EQ(event->seq, 3);
  for (const char* wrong :
       {"", "[]", R"({"event":"ringing"})", R"({"event":"sings","call_id":"c","at":"2024-11-22T06:03:20Z"})",
        R"({"event":"ringing","call_id":"c","at":"yesterday"})",
        R"({"event":"recorded","call_id":"c","at":"2024-11-22T06:03:20Z","recording_url":"javascript:alert"})"}) {
    EXPECT_FALSE(read_cti_event(wrong)) << wrong;
  }
}

TEST(Webhook, TakesNoOldRequest) {
  const Time now = from_micros(1'732'253'000'000'000);
  EXPECT_TRUE(cti_fresh("1732252701", now, std::chrono::seconds(300)));
  EXPECT_TRUE(cti_fresh("1732253299", now, std::chrono::seconds(300)));
  EXPECT_FALSE(cti_fresh("1732252699", now, std::chrono::seconds(300)));
  EXPECT_FALSE(cti_fresh("", now, std::chrono::seconds(300)));
  EXPECT_FALSE(cti_fresh("1732253000x", now, std::chrono::seconds(300)));
}

TEST(Webhook, ReadsTwiliosStates) {
  auto event = read_twilio_event(
      read_form("CallSid=CA1&From=%2B8613800138000&To=%2B864008&Direction=inbound&CallStatus=ringing"));
  ASSERT_TRUE(event);
  EXPECT_EQ(event->step, Step::ringing);
  EXPECT_EQ(event->number, "+8613800138000");
  event = read_twilio_event(
      read_form("CallSid=CA2&ParentCallSid=CA1&From=x&To=1005&Direction=outbound-dial&CallStatus=in-progress"));
  ASSERT_TRUE(event);
  EXPECT_EQ(event->call, "CA1");
  EXPECT_EQ(event->step, Step::answered);
  EXPECT_EQ(event->extension, "1005");
  event = read_twilio_event(
      read_form("CallSid=CA1&RecordingUrl=https%3A%2F%2Fapi.example%2Frec&RecordingStatus=completed"));
  ASSERT_TRUE(event);
  EXPECT_EQ(event->recording, "https://api.example/rec");
  EXPECT_FALSE(read_twilio_event(read_form("CallStatus=ringing")));
}

TEST(Number, MakesOneNumberOfAllSpellings) {
  for (const char* shown : {"13800138000", "+86 138-0013-8000", "008613800138000", "8613800138000", "013800138000"}) {
    EXPECT_EQ(to_e164(shown, "86"), "+8613800138000") << shown;
  }
  EXPECT_EQ(to_e164("02160001000", "86"), "+862160001000");
  EXPECT_EQ(to_e164("+442071234567", "86"), "+442071234567");
  EXPECT_EQ(to_e164("10086", "86"), "10086");
  for (const char* withheld : {"", "anonymous", "<unknown>", "unknown", "Restricted", "1"}) {
    EXPECT_EQ(to_e164(withheld, "86"), "") << withheld;
  }
}

TEST(Number, DialsAsOneDoesAtHome) {
  EXPECT_EQ(to_dial("+8613800138000", "86", ""), "13800138000");
  EXPECT_EQ(to_dial("+862160001000", "86", "9"), "902160001000");
  EXPECT_EQ(to_dial("+442071234567", "86", ""), "00442071234567");
  EXPECT_EQ(to_dial("10086", "86", ""), "10086");
  EXPECT_EQ(contract::masked_phone("+8613800138000"), "138****8000");
}

TEST(Words, MakesALinkThatCannotLeaveItsPlace) {
  EXPECT_EQ(recording_link("https://pbx.example/rec/{file}", "/var/rec/2026/音 1.wav", "c"),
            "https://pbx.example/rec/%E9%9F%B3%201.wav");
  EXPECT_EQ(recording_link("https://pbx.example/{path}?c={call}", "2026/a?b.wav", "1.4&x"),
            "https://pbx.example/2026/a%3Fb.wav?c=1.4%26x");
  EXPECT_EQ(recording_link("", "/var/rec/a.wav", "c"), "");
  EXPECT_EQ(recording_link("", "https://api.example/rec", "c"), "https://api.example/rec");
}

}  // namespace
}  // namespace qiao::voice
