#include "connectors/voice/client/ami.hpp"

#include <algorithm>

#include "connectors/channel/signing.hpp"

namespace qiao::voice {
namespace {

constexpr std::size_t kMostPacket = 64 * 1024;
constexpr std::string_view kGreeting = "Asterisk Call Manager";
constexpr std::string_view kLogin = "qiao-login";
constexpr std::string_view kChallenge = "qiao-challenge";
constexpr std::string_view kList = "qiao-list";
constexpr std::string_view kDial = "qiao-dial-";

Error protocol(std::string says) {
  return {Errc::unavailable, "voice.protocol", "Asterisk's manager interface: " + std::move(says)};
}

std::string get(const AmiPacket& packet, std::string_view name) {
  const auto found = packet.find(name);
  return found == packet.end() ? std::string() : found->second;
}

std::string known_number(std::string number) { return number == "<unknown>" ? std::string() : number; }

}  // namespace

std::string ami_key(std::string_view challenge, std::string_view secret) {
  return channel::hex(channel::md5(std::string(challenge) + std::string(secret)));
}

std::string ami_action(const std::vector<std::pair<std::string_view, std::string>>& headers) {
  std::string text;
  for (const auto& [name, value] : headers) {
    text += name;
    text += ": ";
    text += value.substr(0, value.find_first_of(std::string_view("\r\n\0", 3)));
    text += "\r\n";
  }
  return text + "\r\n";
}

std::string device_of_channel(std::string_view channel) {
  const std::size_t slash = channel.find('/');
  if (slash == std::string_view::npos) return {};
  std::string_view device = channel.substr(slash + 1);
  const std::size_t at = device.find('@');
  if (at != std::string_view::npos) return std::string(device.substr(0, at));
  return std::string(device.substr(0, device.rfind('-')));
}

Result<void> AmiReader::take(std::string_view bytes, std::vector<AmiPacket>& packets) {
  buffer_ += bytes;
  std::size_t used = 0;
  for (std::size_t end; (end = buffer_.find('\n', used)) != std::string::npos; used = end + 1) {
    std::string_view line = std::string_view(buffer_).substr(used, end - used);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (greeting_.empty()) {
      if (!line.starts_with(kGreeting)) return protocol("no greeting of Asterisk; is this port the right one?");
      greeting_ = line.substr(0, 200);
      continue;
    }
    if (line.empty()) {
      if (!open_.empty()) packets.push_back(std::exchange(open_, {}));
      size_ = 0;
      continue;
    }
    size_ += line.size();
    if (size_ > kMostPacket) return protocol("a packet without an end");
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::string_view value = line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    open_.emplace(line.substr(0, colon), value);
  }
  buffer_.erase(0, used);
  if (buffer_.size() > kMostPacket) return protocol("a line without an end; is this port the right one?");
  return {};
}

void AmiExchange::begin(Turn&) {  // Asterisk greets first
  reader_ = {};
  greeted_ = in_ = false;
  legs_.clear();
  ordered_.clear();
  list_.clear();
}

Result<void> AmiExchange::take(std::string_view bytes, Turn& turn) {
  std::vector<AmiPacket> packets;
  auto cut = reader_.take(bytes, packets);
  if (!greeted_ && !reader_.greeting().empty()) {
    greeted_ = true;
    // The secret itself never crosses the line.
    turn.say += ami_action({{"Action", "Challenge"}, {"ActionID", std::string(kChallenge)}, {"AuthType", "MD5"}});
  }
  for (const AmiPacket& p : packets) {
    if (auto ok = packet(p, turn); !ok) return ok;
  }
  return cut;
}

Result<void> AmiExchange::packet(const AmiPacket& p, Turn& turn) {
  const std::string name = get(p, "Event");
  if (name.empty()) return response(p, turn);
  if (name == "CoreShowChannel") {
    listed(p);
  } else if (name == "CoreShowChannelsComplete") {
    list_complete(turn);
  } else if (name == "OriginateResponse") {
    const std::string id = get(p, "ActionID");
    if (!id.starts_with(kDial)) return {};
    const std::string call = id.substr(kDial.size());
    ordered_.erase(call);
    if (get(p, "Response") == "Success") return {};
    turn.heard.push_back(dial_failed(call, clock_.now()));
  } else if (name == "Shutdown") {
    return Error{Errc::unavailable, "voice.closed", "Asterisk is shutting down"};
  } else {
    event(p, turn.heard);
  }
  return {};
}

Result<void> AmiExchange::response(const AmiPacket& p, Turn& turn) {
  const std::string id = get(p, "ActionID");
  const bool good = get(p, "Response") == "Success";
  if (id == kChallenge) {
    if (!good) return protocol("it offers no MD5 challenge: " + get(p, "Message").substr(0, 100));
    turn.say += ami_action({{"Action", "Login"},
                            {"ActionID", std::string(kLogin)},
                            {"AuthType", "MD5"},
                            {"Username", settings_.user},
                            {"Key", ami_key(get(p, "Challenge"), settings_.secret)},
                            {"Events", "call,agent,dialplan"}});
  } else if (id == kLogin) {
    if (!good) {
      return Error{Errc::unauthorized, "voice.credentials",
                   "Asterisk refused the log-in: check `user` and `secret` against manager.conf, and its permit lines"};
    }
    in_ = turn.accepted = true;
    list_.clear();
    turn.say += ami_action({{"Action", "CoreShowChannels"}, {"ActionID", std::string(kList)}});
  } else if (id.starts_with(kDial)) {
    turn.dialled.emplace_back(id.substr(kDial.size()),
                              good ? Result<void>()
                                   : Error{Errc::unavailable, "voice.dial_failed",
                                           "Asterisk refused to dial: " + get(p, "Message").substr(0, 100) +
                                               " (the manager user needs `write = originate`)"});
  }
  return {};
}

void AmiExchange::beat(Turn& turn) { turn.say += ami_action({{"Action", "Ping"}, {"ActionID", "qiao-ping"}}); }

Result<void> AmiExchange::dial(const DialOrder& order, Turn& turn) {
  if (!in_) return Error{Errc::unavailable, "voice.offline", "the telephone exchange is not connected"};
  std::string device = settings_.technology;
  if (const std::size_t at = device.find("{extension}"); at != std::string::npos) {
    device.replace(at, std::string_view("{extension}").size(), order.extension);
  }
  ordered_[order.call] = order;
  turn.say += ami_action({{"Action", "Originate"},
                          {"ActionID", std::string(kDial) + order.call},
                          {"Channel", device},
                          {"ChannelId", order.call},
                          {"Context", settings_.context},
                          {"Exten", order.number},
                          {"Priority", "1"},
                          {"CallerID", order.number},
                          {"Timeout", std::to_string(settings_.ring.count())},
                          {"Variable", "QIAO_CALL=" + order.call},
                          {"Async", "true"}});
  return {};
}

void AmiExchange::arrived(const AmiPacket& e, CallEvent about, std::vector<CallEvent>& heard) {
  const std::string leg = get(e, "Uniqueid");
  const std::string device = device_of_channel(get(e, "Channel"));
  const std::string phone = is_extension_(device) ? device : std::string();
  if (const auto order = ordered_.find(leg); order != ordered_.end()) {
    about.outbound = true;
    about.number = order->second.number;
    about.extension = order->second.extension;
    legs_.put(leg, {about.call, about.extension, true});
    heard.push_back(std::move(about));
    return;
  }
  if (leg != about.call) {  // rings because of another one: DialBegin tells
    legs_.put(leg, {about.call, phone, legs_.outbound(about.call)});
    return;
  }
  about.outbound = !phone.empty();
  about.extension = phone;
  about.number = known_number(about.outbound ? get(e, "Exten") : get(e, "CallerIDNum"));
  if (!about.outbound) about.name = known_number(get(e, "CallerIDName"));
  legs_.put(leg, {about.call, phone, about.outbound});
  heard.push_back(std::move(about));
}

void AmiExchange::event(const AmiPacket& e, std::vector<CallEvent>& heard) {
  const std::string name = get(e, "Event");
  CallEvent about;
  about.at = clock_.now();
  about.call = get(e, "Linkedid");
  if (name == "AttendedTransfer") {
    about.call = get(e, "OrigTransfererLinkedid");
  } else if (name == "BlindTransfer") {
    about.call = get(e, "TransfererLinkedid");
  } else if (name == "DialBegin" || name == "DialEnd") {
    if (about.call.empty()) about.call = get(e, "DestLinkedid");
  }
  if (about.call.empty()) return;
  const std::string to = device_of_channel(get(e, "DestChannel"));
  const std::string rung = is_extension_(to) ? to : std::string();

  if (name == "Newchannel") {
    arrived(e, std::move(about), heard);
  } else if (name == "DialBegin") {
    if (const std::string leg = get(e, "DestUniqueid"); !leg.empty() && legs_.find(leg) == nullptr) {
      legs_.put(leg, {about.call, rung, legs_.outbound(about.call)});
    }
    if (rung.empty() || legs_.outbound(about.call)) return;
    about.extension = rung;
    about.number = known_number(get(e, "CallerIDNum"));
    about.name = known_number(get(e, "CallerIDName"));
    heard.push_back(std::move(about));
  } else if (name == "DialEnd") {
    const bool answered = get(e, "DialStatus") == "ANSWER";
    const bool outbound = legs_.outbound(about.call);
    about.outbound = outbound;
    about.cause = get(e, "DialStatus");
    about.step = answered ? Step::answered : Step::silent;
    about.extension = outbound ? legs_.extension_in(about.call) : rung;
    // The agent's own phone, rung by a click, is not the customer.
    if (outbound && (!rung.empty() || !answered)) return;
    if (!about.extension.empty()) heard.push_back(std::move(about));
  } else if (name == "QueueCallerJoin") {
    about.step = Step::queued;
    about.queue = get(e, "Queue");
    heard.push_back(std::move(about));
  } else if (name == "Hold" || name == "Unhold") {
    about.step = name == "Hold" ? Step::held : Step::resumed;
    heard.push_back(std::move(about));
  } else if (name == "BlindTransfer" || name == "AttendedTransfer") {
    about.step = Step::transferred;
    about.extension =
        name == "BlindTransfer" ? get(e, "Extension") : device_of_channel(get(e, "TransferTargetChannel"));
    heard.push_back(std::move(about));
  } else if (name == "VarSet") {
    if (get(e, "Variable") != "MIXMONITOR_FILENAME") return;
    about.step = Step::recorded;
    about.recording = get(e, "Value");
    if (!about.recording.empty()) heard.push_back(std::move(about));
  } else if (name == "Hangup") {
    const std::string leg = get(e, "Uniqueid");
    if (const Legs::Leg* known = legs_.find(leg)) about.extension = known->extension;
    about.cause = get(e, "Cause-txt");
    const bool last = legs_.remove(leg) || !legs_.knows_call(about.call);
    about.step = last ? Step::ended : Step::silent;
    if (last || !about.extension.empty()) heard.push_back(std::move(about));
  }
}

void AmiExchange::listed(const AmiPacket& e) {
  const std::string call = get(e, "Linkedid");
  if (!call.empty()) list_[call].push_back(e);
}

void AmiExchange::list_complete(Turn& turn) {
  turn.listed = true;
  legs_.clear();
  for (auto& [call, channels] : list_) {
    std::stable_sort(channels.begin(), channels.end(), [&](const AmiPacket& a, const AmiPacket& b) {
      return get(a, "Uniqueid") == call && get(b, "Uniqueid") != call;
    });
    for (const AmiPacket& channel : channels) {
      CallEvent about;
      about.call = call;
      about.at = clock_.now();
      const CallEvent plain = about;
      arrived(channel, std::move(about), turn.list);
      const Legs::Leg* leg = legs_.find(get(channel, "Uniqueid"));
      if (leg == nullptr || leg->extension.empty() || leg->outbound) continue;
      CallEvent now = plain;
      now.extension = leg->extension;
      now.step = get(channel, "ChannelStateDesc") == "Up" ? Step::answered : Step::ringing;
      // The other side, when its own channel is gone already or was never ours to see.
      now.number = known_number(get(channel, "ConnectedLineNum"));
      turn.list.push_back(std::move(now));
    }
  }
  list_.clear();
}

}  // namespace qiao::voice
