#include "connectors/voice/client/ari.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "connectors/channel/signing.hpp"
#include "connectors/voice/client/ami.hpp"

namespace qiao::voice {
namespace {

using platform::at;
using platform::text;

/// Channels without a caller of their own were dialled by another one.
std::string number_of(const platform::Json& channel) { return text(at(channel, {"caller", "number"})); }

std::string channel_of_target(const std::string& uri) {
  return uri.starts_with("channel:") ? uri.substr(8) : std::string();
}

}  // namespace

std::string AriExchange::credentials() const {
  return "Basic " + channel::base64(settings_.user + ":" + settings_.secret);
}

Result<platform::Json> AriExchange::call(const std::string& method, const std::string& path) {
  auto answer = http_({.method = method, .url = settings_.base + path, .headers = {{"authorization", credentials()}}});
  if (!answer) return answer.error();
  if (answer->status == 401 || answer->status == 403) {
    return Error{Errc::unauthorized, "voice.credentials",
                 "Asterisk refused the REST interface's user: check `user` and `secret` against ari.conf"};
  }
  if (answer->status >= 300) {
    auto said = platform::read_json(answer->body, "asterisk");
    return Error{Errc::unavailable, "voice.dial_failed",
                 fmt::format("Asterisk answered {} {}", answer->status,
                             said ? text(at(*said, "message")).substr(0, 100) : std::string())};
  }
  if (answer->body.empty()) return platform::Json();
  return platform::read_json(answer->body, "asterisk");
}

void AriExchange::begin(Turn& turn) {
  legs_.clear();
  ordered_.clear();
  const std::size_t host = settings_.base.find("://") + 3;
  const std::size_t path = std::min(settings_.base.find('/', host), settings_.base.size());
  // The key stays out of the address, which proxies and servers write into their logs.
  turn.say += reader_.open(
      settings_.base.substr(host, path - host),
      fmt::format("{}/events?app={}&subscribeAll=true", settings_.base.substr(path), url_encode(settings_.app)),
      {{"Authorization", credentials()}});
}

Result<bool> AriExchange::look(Turn& turn) {
  auto channels = call("GET", "/channels");
  if (!channels) return channels.error();
  turn.accepted = turn.listed = true;
  std::vector<const platform::Json*> list;
  for (const platform::Json& channel : platform::items(*channels)) list.push_back(&channel);
  std::stable_sort(list.begin(), list.end(), [](const auto* a, const auto* b) {
    return text(at(*a, "creationtime")) < text(at(*b, "creationtime"));
  });
  // Which channel dialled which is not in the list: a phone belongs to the call whose number it is connected to.
  std::map<std::string, std::string> by_number;
  for (const platform::Json* channel : list) {
    const std::string id = text(at(*channel, "id"));
    const std::string device = device_of_channel(text(at(*channel, "name")));
    const std::string other = text(at(*channel, {"connected", "number"}));
    CallEvent about;
    about.at = clock_.now();
    about.call = id;
    const auto known = by_number.find(other);
    if (is_extension_(device) && known != by_number.end()) {
      about.call = known->second;
      about.extension = device;
      about.step = text(at(*channel, "state")) == "Up" ? Step::answered : Step::ringing;
      legs_.put(id, {about.call, device, false});
      turn.list.push_back(std::move(about));
    } else {
      if (const std::string number = number_of(*channel); !number.empty()) by_number.emplace(number, id);
      arrived(*channel, std::move(about), turn.list);
    }
  }
  return true;
}

Result<void> AriExchange::take(std::string_view bytes, Turn& turn) {
  const bool was_open = reader_.is_open();
  std::vector<std::string> messages;
  auto cut = reader_.take(bytes, messages, turn.say);
  if (reader_.is_open() && !was_open) {
    // Events wait from here on: nothing falls between them and the list.
    if (auto looked = look(turn); !looked) return looked.error();
  }
  for (const std::string& json : messages) {
    if (auto ok = message(json, turn); !ok) return ok;
  }
  return cut;
}

Result<void> AriExchange::message(const std::string& json, Turn& turn) {
  auto message = platform::read_json(json, "asterisk");
  if (!message) return Error{Errc::unavailable, "voice.protocol", "Asterisk's REST interface sent no JSON"};
  if (text(at(*message, "type")) == "ApplicationReplaced") {
    return Error{Errc::conflict, "voice.replaced",
                 fmt::format("another program took over the ARI application \"{}\": give each hub an `app` of its own",
                             settings_.app)};
  }
  event(*message, turn.heard);
  return {};
}

Result<void> AriExchange::dial(const DialOrder& order, Turn& turn) {
  std::string device = settings_.technology;
  if (const std::size_t at = device.find("{extension}"); at != std::string::npos) {
    device.replace(at, std::string_view("{extension}").size(), order.extension);
  }
  ordered_[order.call] = order;
  auto made =
      call("POST", fmt::format("/channels?endpoint={}&extension={}&context={}&priority=1&callerId={}&timeout={}"
                               "&channelId={}",
                               url_encode(device), url_encode(order.number), url_encode(settings_.context),
                               url_encode(order.number), settings_.ring.count() / 1000, url_encode(order.call)));
  if (!made) {
    ordered_.erase(order.call);
    return made.error();
  }
  turn.dialled.emplace_back(order.call, Result<void>());
  return {};
}

void AriExchange::arrived(const platform::Json& channel, CallEvent about, std::vector<CallEvent>& heard) {
  const std::string leg = text(at(channel, "id"));
  const std::string device = device_of_channel(text(at(channel, "name")));
  const std::string phone = is_extension_(device) ? device : std::string();
  about.step = Step::ringing;
  if (const auto order = ordered_.find(leg); order != ordered_.end()) {
    about.outbound = true;
    about.number = order->second.number;
    about.extension = order->second.extension;
    ordered_.erase(order);
    legs_.put(leg, {leg, about.extension, true});
    heard.push_back(std::move(about));
    return;
  }
  const std::string number = number_of(channel);
  const std::string dialled = text(at(channel, {"dialplan", "exten"}));
  if (!phone.empty()) {
    // A phone that is rung has no number that it dialled; which call it belongs to comes with Dial.
    if (dialled.empty() || dialled == "s" || is_extension_(dialled)) return;
    about.outbound = true;
    about.extension = phone;
    about.number = dialled;
  } else {
    // So has a line to the customer that an agent's call opened.
    if (number.empty() && (dialled.empty() || dialled == "s")) return;
    about.number = number;
    about.name = text(at(channel, {"caller", "name"}));
  }
  legs_.put(leg, {about.call, phone, about.outbound});
  heard.push_back(std::move(about));
}

void AriExchange::rung(const platform::Json& e, CallEvent about, std::vector<CallEvent>& heard) {
  const platform::Json& peer = at(e, "peer");
  const std::string caller = text(at(e, {"caller", "id"}));
  const std::string leg = text(at(peer, "id"));
  if (caller.empty()) {
    // The agent's own phone, rung by a click: the call began with it.
    return;
  }
  const Legs::Leg* first = legs_.find(caller);
  about.call = first != nullptr ? first->call : caller;
  const bool outbound = first != nullptr && first->outbound;
  const std::string device = device_of_channel(text(at(peer, "name")));
  const std::string phone = is_extension_(device) ? device : std::string();
  const std::string status = text(at(e, "dialstatus"));
  if (first == nullptr) legs_.put(caller, {about.call, {}, false});
  if (legs_.find(leg) == nullptr) legs_.put(leg, {about.call, phone, outbound});
  about.outbound = outbound;
  about.cause = status;
  about.extension = outbound ? legs_.extension_in(about.call) : phone;
  if (about.extension.empty()) return;
  if (status == "ANSWER") {
    about.step = Step::answered;
  } else if (status.empty() || status == "RINGING" || status == "PROGRESS") {
    if (outbound) return;
    about.step = Step::ringing;
    about.number = number_of(at(e, "caller"));
    about.name = text(at(e, {"caller", "caller", "name"}));
    if (about.number.empty()) about.number = text(at(e, {"caller", "caller", "number"}));
  } else {
    if (outbound) return;
    about.step = Step::silent;
  }
  heard.push_back(std::move(about));
}

void AriExchange::event(const platform::Json& e, std::vector<CallEvent>& heard) {
  const std::string type = text(at(e, "type"));
  const platform::Json& channel = at(e, "channel");
  const std::string leg = text(at(channel, "id"));
  CallEvent about;
  about.at = clock_.now();
  const Legs::Leg* known = legs_.find(leg);
  about.call = known != nullptr ? known->call : leg;
  if (type == "ChannelCreated" || type == "StasisStart") {
    if (known == nullptr && !leg.empty()) arrived(channel, std::move(about), heard);
  } else if (type == "Dial") {
    rung(e, std::move(about), heard);
  } else if (type == "ChannelHold" || type == "ChannelUnhold") {
    about.step = type == "ChannelHold" ? Step::held : Step::resumed;
    if (known != nullptr) heard.push_back(std::move(about));
  } else if (type == "BridgeBlindTransfer") {
    about.step = Step::transferred;
    about.extension = text(at(e, "exten"));
    if (known != nullptr) heard.push_back(std::move(about));
  } else if (type == "BridgeAttendedTransfer") {
    const Legs::Leg* from = legs_.find(text(at(e, {"transferer_first_leg", "id"})));
    if (from == nullptr) return;
    about.call = from->call;
    about.step = Step::transferred;
    about.extension = device_of_channel(text(at(e, {"transfer_target", "name"})));
    heard.push_back(std::move(about));
  } else if (type == "RecordingFinished") {
    const platform::Json& recording = at(e, "recording");
    const Legs::Leg* of = legs_.find(channel_of_target(text(at(recording, "target_uri"))));
    if (of == nullptr) return;
    about.call = of->call;
    about.step = Step::recorded;
    about.recording = text(at(recording, "name")) + "." + text(at(recording, "format"));
    heard.push_back(std::move(about));
  } else if (type == "ChannelVarset") {
    if (text(at(e, "variable")) != "MIXMONITOR_FILENAME" || known == nullptr) return;
    about.step = Step::recorded;
    about.recording = text(at(e, "value"));
    if (!about.recording.empty()) heard.push_back(std::move(about));
  } else if (type == "ChannelDestroyed") {
    if (known == nullptr) return;
    about.extension = known->extension;
    about.cause = text(at(e, "cause_txt"));
    about.step = legs_.remove(leg) ? Step::ended : Step::silent;
    if (about.step == Step::ended || !about.extension.empty()) heard.push_back(std::move(about));
  }
}

}  // namespace qiao::voice
