#include "plugins/web/call_frame.hpp"

#include "qiao/contract/access.hpp"
#include "qiao/json.hpp"

namespace qiao::web {

using contract::CallChanged;
using contract::CallState;

namespace {

struct CallFrame {
  std::string t = "call";
  std::string call;
  std::string channel;
  CallState state = CallState::ringing;
  bool outbound = false;
  bool mine = false;
  std::string phone;
  std::string extension;
  std::string agent_name;
  std::string queue;
  Id conversation;
  Id contact;
  std::string name;
  std::int32_t talk_s = 0;
  std::string recording;
  Time at;
};
QIAO_FIELDS(CallFrame, t, call, channel, state, outbound, mine, phone, extension, agent_name, queue, conversation,
            contact, name, talk_s, recording, at)

}  // namespace

std::string call_frame(const CallChanged& call, bool mine, const Principal& reader) {
  CallFrame frame;
  frame.call = call.call;
  frame.channel = call.channel;
  frame.state = call.state;
  frame.outbound = call.outbound;
  frame.mine = mine;
  frame.phone = reader.may(contract::permission::kContactsManage) ? call.phone : contract::masked_phone(call.phone);
  frame.extension = call.extension;
  frame.agent_name = call.agent_name;
  frame.queue = call.queue;
  frame.conversation = call.conversation;
  frame.contact = call.contact;
  frame.name = call.contact_name;
  frame.talk_s = call.talk_s;
  frame.recording = call.recording;
  frame.at = call.at;
  return to_json(frame);
}

}  // namespace qiao::web
