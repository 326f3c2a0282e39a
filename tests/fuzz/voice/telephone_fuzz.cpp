// What telephone exchanges send, cut anywhere: whatever comes, it ends with calls or an error, and the book of calls
// stays in order. The first byte chooses the language, the second how the rest is cut.
#include <cstdlib>

#include "connectors/channel/signing.hpp"
#include "connectors/platform/json_answer.hpp"
#include "connectors/voice/calls.hpp"
#include "connectors/voice/client/ami.hpp"
#include "connectors/voice/client/ari.hpp"
#include "connectors/voice/client/esl.hpp"
#include "connectors/voice/client/number.hpp"
#include "connectors/voice/client/webhook.hpp"
#include "qiao/time.hpp"

using namespace qiao;
using namespace qiao::voice;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

bool agents_phone(const std::string& number) { return number == "1005"; }

void note(CallBook& book, const std::vector<CallEvent>& events) {
  for (const CallEvent& event : events) {
    for (const CallNews& news : book.take(event)) check(!news.call.id.empty());
  }
}

template <class E>
void listen(E& exchange, std::string_view bytes, std::size_t cut) {
  CallBook book;
  for (std::size_t at = 0; at < bytes.size(); at += cut) {
    Turn turn;
    const bool good = exchange.take(bytes.substr(at, cut), turn).ok();
    note(book, turn.heard);
    if (turn.listed) (void)book.compare(turn.list, from_micros(1));
    if (!good) return;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t cut = 1 + data[1] % 64;
  const Clock& clock = system_clock();
  switch (data[0] % 6) {
    case 0: {
      EslExchange exchange(EslSettings{}, agents_phone, clock);
      listen(exchange, bytes, cut);
      break;
    }
    case 1: {
      AmiExchange exchange(AmiSettings{}, agents_phone, clock);
      listen(exchange, "Asterisk Call Manager/8.0.2\r\n" + std::string(bytes), cut);
      break;
    }
    case 2: {
      AriExchange exchange(AriSettings{}, agents_phone, clock, [](const OutboundRequest&) -> Result<OutboundResponse> {
        return Error{Errc::unavailable, "nobody"};
      });
      const auto json = platform::read_json(bytes, "asterisk");
      if (!json) break;
      CallBook book;
      std::vector<CallEvent> heard;
      exchange.event(*json, heard);
      note(book, heard);
      break;
    }
    case 3: {
      WebSocketReader reader;
      const std::string request = reader.open("pbx", "/", {});
      const std::string name = "Sec-WebSocket-Key: ";
      const std::size_t at = request.find(name) + name.size();
      const std::string key = request.substr(at, request.find('\r', at) - at);
      const std::string agreed = "HTTP/1.1 101 x\r\nSec-WebSocket-Accept: " +
                                 channel::base64(channel::sha1(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) +
                                 "\r\n\r\n";
      std::vector<std::string> messages;
      std::string say;
      check(reader.take(agreed, messages, say).ok() && reader.is_open());
      for (std::size_t at_frame = 0; at_frame < bytes.size(); at_frame += cut) {
        if (!reader.take(bytes.substr(at_frame, cut), messages, say)) break;
      }
      for (const std::string& message : messages) check(message.size() <= bytes.size());
      check(say.size() <= 3 * bytes.size());
      break;
    }
    case 4: {
      (void)read_cti_event(bytes);
      (void)read_twilio_event(read_form(bytes));
      (void)twilio_signed("token", std::string(bytes.substr(0, 40)), "application/json", bytes, "x");
      break;
    }
    default: {
      const std::string number = to_e164(bytes, "86");
      for (const char c : number) check((c >= '0' && c <= '9') || c == '+');
      const std::string action = ami_action({{"Exten", std::string(bytes)}});
      check(action.find('\n') == action.size() - 3);  // one header, and the blank line
      break;
    }
  }
  return 0;
}

extern "C" void qiao_fuzz_seeds(void (*add)(const char* data, std::size_t size)) {
  const auto seed = [&](char kind, const std::string& text) {
    const std::string input = std::string{kind, '\x20'} + text;
    add(input.data(), input.size());
  };
  const std::string event =
      "Event-Name: CHANNEL_CREATE\nUnique-ID: a\nCall-Direction: inbound\nCaller-Caller-ID-Number: "
      "%2B8613800138000\n\n";
  const std::string phone =
      "Event-Name: CHANNEL_CREATE\nUnique-ID: b\nOther-Leg-Unique-ID: a\nCall-Direction: "
      "outbound\nvariable_dialed_user: 1005\n\n";
  const auto framed = [](const std::string& block) {
    return "Content-Length: " + std::to_string(block.size()) + "\nContent-Type: text/event-plain\n\n" + block;
  };
  seed('\0', "Content-Type: auth/request\n\nContent-Type: command/reply\nReply-Text: +OK accepted\n\n" + framed(event) +
                 framed(phone));
  const std::string list =
      R"({"row_count":1,"rows":[{"uuid":"a","direction":"inbound","cid_num":"1","callstate":"ACTIVE"}]})";
  seed('\0',
       "Content-Type: auth/request\n\nContent-Type: command/reply\nReply-Text: +OK\n\nContent-Type: command/reply\n\n"
       "Content-Type: api/response\nContent-Length: " +
           std::to_string(list.size()) + "\n\n" + list);
  seed('\1',
       "Event: Newchannel\r\nChannel: PJSIP/trunk-00000029\r\nCallerIDNum: 13800138000\r\nUniqueid: 1.41\r\nLinkedid: "
       "1.41\r\n\r\n"
       "Event: DialBegin\r\nLinkedid: 1.41\r\nDestChannel: PJSIP/1005-0000002a\r\nDestUniqueid: 1.42\r\n\r\n"
       "Event: DialEnd\r\nLinkedid: 1.41\r\nDestChannel: PJSIP/1005-0000002a\r\nDialStatus: ANSWER\r\n\r\n"
       "Event: Hangup\r\nUniqueid: 1.41\r\nLinkedid: 1.41\r\n\r\n");
  seed('\1',
       "Response: Success\r\nActionID: qiao-challenge\r\nChallenge: 501938274\r\n\r\nEvent: "
       "CoreShowChannel\r\nLinkedid: 1.41\r\n"
       "Uniqueid: 1.41\r\nChannel: PJSIP/1005-0000002a\r\n\r\nEvent: CoreShowChannelsComplete\r\n\r\n");
  seed(
      '\2',
      R"({"type":"ChannelCreated","channel":{"id":"1.41","name":"PJSIP/trunk-00000029","caller":{"number":"13800138000"},"dialplan":{"exten":"4008"}}})");
  seed(
      '\2',
      R"({"type":"Dial","dialstatus":"ANSWER","caller":{"id":"1.41","name":"PJSIP/trunk-1","caller":{"number":"1"}},"peer":{"id":"1.42","name":"PJSIP/1005-2"}})");
  seed('\3', std::string("\x81\x03one\x01\x02tw\x89\x01?\x80\x01o\x81\x7E\x00\x02ok\x88\x00", 23));
  seed(
      '\4',
      R"({"event":"ringing","call_id":"c-1","seq":3,"at":"2024-11-22T06:03:20.123Z","direction":"in","from":"+8613800138000","agent":"1005"})");
  seed('\4', "CallSid=CA1&From=%2B8613800138000&CallStatus=ringing&Direction=inbound");
  seed('\5', "+86 138-0013-8000");
}
