#include "connectors/voice/client/esl.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "connectors/platform/json_answer.hpp"

namespace qiao::voice {
namespace {

constexpr std::size_t kMostHeaders = 64 * 1024;
constexpr std::size_t kMostBody = 8u << 20;
constexpr std::string_view kEvents =
    "event plain CHANNEL_CREATE CHANNEL_PROGRESS CHANNEL_ANSWER CHANNEL_BRIDGE CHANNEL_HOLD CHANNEL_UNHOLD "
    "CHANNEL_HANGUP_COMPLETE RECORD_STOP BACKGROUND_JOB CUSTOM callcenter::info";

Error protocol(std::string says) {
  return {Errc::unavailable, "voice.protocol", "FreeSWITCH's event socket: " + std::move(says)};
}

std::string get(const EslHeaders& headers, std::string_view name) {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string() : found->second;
}

std::string url_decoded(std::string_view text) {
  const auto hex = [](char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  };
  std::string plain;
  plain.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size() && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0) {
      plain += static_cast<char>(hex(text[i + 1]) * 16 + hex(text[i + 2]));
      i += 2;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

/// The place behind the blank line that ends a block of headers; npos when it is not there yet.
std::size_t end_of_headers(std::string_view text) {
  const std::size_t plain = text.find("\n\n");
  const std::size_t windows = text.find("\n\r\n");
  if (plain == std::string_view::npos && windows == std::string_view::npos) return std::string_view::npos;
  return plain < windows ? plain + 2 : windows + 3;
}

std::string before_at(const std::string& text) { return text.substr(0, text.find('@')); }

/// "sofia/internal/1005@192.0.2.1:5060" → "1005".
std::string user_of_channel(const std::string& name) {
  const std::size_t slash = name.rfind('/');
  return before_at(slash == std::string::npos ? name : name.substr(slash + 1));
}

}  // namespace

EslHeaders read_esl_headers(std::string_view block, bool encoded) {
  EslHeaders headers;
  while (!block.empty()) {
    const std::size_t end = block.find('\n');
    std::string_view line = block.substr(0, end);
    block.remove_prefix(end == std::string_view::npos ? block.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) break;
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::string_view value = line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    headers.emplace(line.substr(0, colon), encoded ? url_decoded(value) : std::string(value));
  }
  return headers;
}

Result<void> EslReader::take(std::string_view bytes, std::vector<EslMessage>& messages) {
  buffer_ += bytes;
  std::size_t used = 0;
  const auto rest = [&] { return std::string_view(buffer_).substr(used); };
  for (;;) {
    if (in_body_) {
      if (rest().size() < body_) break;
      open_.body = std::string(rest().substr(0, body_));
      used += body_;
      in_body_ = false;
      messages.push_back(std::exchange(open_, {}));
      continue;
    }
    while (used < buffer_.size() && (buffer_[used] == '\n' || buffer_[used] == '\r')) ++used;
    const std::size_t end = end_of_headers(rest());
    if (end == std::string_view::npos) {
      if (rest().size() > kMostHeaders) return protocol("headers without an end; is this port the right one?");
      break;
    }
    open_.headers = read_esl_headers(rest().substr(0, end), false);
    used += end;
    const auto length = open_.headers.find("Content-Length");
    if (length == open_.headers.end()) {
      messages.push_back(std::exchange(open_, {}));
      continue;
    }
    const std::string& digits = length->second;
    const auto [stop, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), body_);
    if (problem != std::errc{} || stop != digits.data() + digits.size() || body_ > kMostBody) {
      return protocol("a Content-Length that cannot be: \"" + digits.substr(0, 20) + "\"");
    }
    in_body_ = true;
  }
  buffer_.erase(0, used);
  return {};
}

EslHeaders read_esl_event(const EslMessage& message) {
  const std::string type = get(message.headers, "Content-Type");
  if (type == "text/event-plain") return read_esl_headers(message.body, true);
  EslHeaders headers;
  if (type != "text/event-json") return headers;
  auto json = platform::read_json(message.body, "freeswitch");
  if (!json || !json->is_object()) return headers;
  for (const auto& [name, value] : json->items()) headers.emplace(name, platform::text(value));
  return headers;
}

void EslExchange::begin(Turn&) {  // FreeSWITCH speaks first
  reader_ = {};
  questions_.clear();
  legs_.clear();
  ordered_.clear();
}

void EslExchange::ask(Asked what, std::string_view line, Turn& turn, std::string call) {
  turn.say += line;
  turn.say += "\n\n";
  questions_.push_back({what, std::move(call)});
}

Result<void> EslExchange::take(std::string_view bytes, Turn& turn) {
  std::vector<EslMessage> messages;
  auto cut = reader_.take(bytes, messages);
  for (const EslMessage& m : messages) {
    if (auto ok = message(m, turn); !ok) return ok;
  }
  return cut;
}

Result<void> EslExchange::message(const EslMessage& m, Turn& turn) {
  const std::string type = get(m.headers, "Content-Type");
  if (type == "auth/request") {
    ask(Asked::log_in, "auth " + settings_.password, turn);
  } else if (type == "text/rude-rejection") {
    return Error{Errc::forbidden, "voice.address_refused",
                 "FreeSWITCH lets this machine's address not in: add it to the ACL of mod_event_socket "
                 "(apply-inbound-acl in event_socket.conf.xml)"};
  } else if (type == "text/disconnect-notice") {
    return Error{Errc::unavailable, "voice.closed", "FreeSWITCH ended the event socket"};
  } else if (type == "command/reply" || type == "api/response") {
    if (questions_.empty()) return {};
    const Question question = questions_.front();
    questions_.pop_front();
    return answer(question, type == "api/response" ? m.body : get(m.headers, "Reply-Text"), turn);
  } else {
    const EslHeaders about = read_esl_event(m);
    if (get(about, "Event-Name") == "BACKGROUND_JOB") {
      const std::string job = get(about, "Job-UUID");
      const std::size_t blank = end_of_headers(m.body);
      const std::string said = blank == std::string_view::npos ? std::string() : m.body.substr(blank);
      // The job's id is the call's: see `dial`.
      if (said.starts_with("-ERR")) {
        turn.dialled.emplace_back(job,
                                  Error{Errc::unavailable, "voice.dial_failed",
                                        "FreeSWITCH could not place the call: " +
                                            said.substr(0, std::min<std::size_t>(said.find_first_of("\r\n"), 100))});
        turn.heard.push_back(dial_failed(job, clock_.now()));
      }
      ordered_.erase(job);
    } else if (!about.empty()) {
      event(about, turn.heard);
    }
  }
  return {};
}

Result<void> EslExchange::answer(const Question& question, const std::string& text, Turn& turn) {
  switch (question.asked) {
    case Asked::log_in:
      if (!text.starts_with("+OK")) {
        return Error{Errc::unauthorized, "voice.credentials",
                     "FreeSWITCH refused the password of the event socket: check `secret` against "
                     "event_socket.conf.xml"};
      }
      turn.accepted = true;
      ask(Asked::events, kEvents, turn);
      ask(Asked::list, "api show channels as json", turn);
      break;
    case Asked::events:
      if (text.starts_with("-ERR")) return protocol("no events: " + text.substr(0, 100));
      break;
    case Asked::list:
      list(text, turn);
      break;
    case Asked::life:
      break;
    case Asked::dial:
      turn.dialled.emplace_back(question.call, text.starts_with("+OK")
                                                   ? Result<void>()
                                                   : Error{Errc::unavailable, "voice.dial_failed",
                                                           "FreeSWITCH refused to dial: " + text.substr(0, 100)});
      break;
  }
  return {};
}

void EslExchange::beat(Turn& turn) { ask(Asked::life, "api uptime", turn); }

Result<void> EslExchange::dial(const DialOrder& order, Turn& turn) {
  const auto fill = [&](std::string pattern) {
    for (const auto& [name, value] : {std::pair<std::string, std::string>{"{extension}", order.extension},
                                      std::pair<std::string, std::string>{"{number}", order.number}}) {
      for (std::size_t at = pattern.find(name); at != std::string::npos; at = pattern.find(name, at + value.size())) {
        pattern.replace(at, name.size(), value);
      }
    }
    return pattern;
  };
  ordered_[order.call] = order;
  ask(Asked::dial,
      fmt::format("bgapi originate {{origination_uuid={},ignore_early_media=true}}{} {}\nJob-UUID: {}", order.call,
                  fill(settings_.dial_endpoint), fill(settings_.dial_action), order.call),
      turn, order.call);
  return {};
}

std::string EslExchange::call_of(const EslHeaders& event, const std::string& leg) const {
  if (const Legs::Leg* known = legs_.find(leg)) return known->call;
  for (const std::string_view name : {"variable_cc_member_session_uuid", "Other-Leg-Unique-ID"}) {
    const std::string other = get(event, name);
    if (other.empty()) continue;
    if (const Legs::Leg* known = legs_.find(other)) return known->call;
    if (name.starts_with("variable")) return other;
  }
  const std::string call = get(event, "Channel-Call-UUID");
  return call.empty() ? leg : call;
}

void EslExchange::created(const EslHeaders& event, const std::string& leg, CallEvent about,
                          std::vector<CallEvent>& heard) {
  about.step = Step::ringing;
  if (get(event, "Call-Direction") == "inbound") {
    const std::string from = get(event, "Caller-Caller-ID-Number");
    about.outbound = is_extension_(from);
    about.number = about.outbound ? get(event, "Caller-Destination-Number") : from;
    about.name = about.outbound ? std::string() : get(event, "Caller-Caller-ID-Name");
    about.extension = about.outbound ? from : std::string();
    legs_.put(leg, {about.call, about.extension, about.outbound});
    heard.push_back(std::move(about));
    return;
  }
  std::string phone;
  for (const std::string& candidate :
       {get(event, "variable_dialed_user"), get(event, "Caller-Callee-ID-Number"),
        get(event, "Caller-Destination-Number"), user_of_channel(get(event, "Channel-Name"))}) {
    if (!candidate.empty() && is_extension_(before_at(candidate))) {
      phone = before_at(candidate);
      break;
    }
  }
  if (const auto order = ordered_.find(leg); order != ordered_.end()) {
    about.outbound = true;
    about.number = order->second.number;
    about.extension = order->second.extension;
    legs_.put(leg, {leg, about.extension, true});
    heard.push_back(std::move(about));
    return;
  }
  const bool known = legs_.knows_call(about.call);
  about.outbound = legs_.outbound(about.call);
  legs_.put(leg, {about.call, phone, about.outbound});
  if (phone.empty() || about.outbound) return;  // the customer's side of a call that goes out
  about.extension = phone;
  // Without the first leg, as after a reconnection, this one tells who calls.
  if (!known) {
    about.number = get(event, "Caller-Caller-ID-Number");
    about.name = get(event, "Caller-Caller-ID-Name");
  }
  heard.push_back(std::move(about));
}

void EslExchange::event(const EslHeaders& e, std::vector<CallEvent>& heard) {
  const std::string name = get(e, "Event-Name");
  const std::string leg = get(e, "Unique-ID");
  CallEvent about;
  about.at = clock_.now();
  std::int64_t micros = 0;
  const std::string stamp = get(e, "Event-Date-Timestamp");
  const auto read = std::from_chars(stamp.data(), stamp.data() + stamp.size(), micros);
  if (read.ec == std::errc{} && micros > 0) about.at = from_micros(micros);

  if (name == "CUSTOM") {
    if (get(e, "Event-Subclass") != "callcenter::info") return;
    about.call = get(e, "CC-Member-Session-UUID");
    about.queue = before_at(get(e, "CC-Queue"));
    about.step = Step::queued;
    if (!about.call.empty() && !about.queue.empty()) heard.push_back(std::move(about));
    return;
  }
  if (leg.empty()) return;
  about.call = call_of(e, leg);
  if (name == "CHANNEL_CREATE" || (name == "CHANNEL_PROGRESS" && legs_.find(leg) == nullptr)) {
    created(e, leg, std::move(about), heard);
  } else if (name == "CHANNEL_ANSWER") {
    const Legs::Leg* known = legs_.find(leg);
    if (known == nullptr) return;
    // The customer's leg of an incoming call is "answered" by a voice menu or a queue, the agent's of an ordered one
    // before the customer's phone rings.
    const bool agents = !known->extension.empty();
    if (agents == known->outbound) return;
    if (!agents && get(e, "Call-Direction") == "inbound") return;
    about.step = Step::answered;
    about.outbound = known->outbound;
    about.extension = agents ? known->extension : legs_.extension_in(known->call);
    heard.push_back(std::move(about));
  } else if (name == "CHANNEL_BRIDGE") {
    about.step = Step::answered;
    const Legs::Leg* here = legs_.find(leg);
    const Legs::Leg* there = legs_.find(get(e, "Other-Leg-Unique-ID"));
    if (there != nullptr && !there->extension.empty()) about.extension = there->extension;
    if (about.extension.empty() && here != nullptr) about.extension = here->extension;
    if (!about.extension.empty()) heard.push_back(std::move(about));
  } else if (name == "CHANNEL_HOLD" || name == "CHANNEL_UNHOLD") {
    about.step = name == "CHANNEL_HOLD" ? Step::held : Step::resumed;
    heard.push_back(std::move(about));
  } else if (name == "CHANNEL_HANGUP_COMPLETE") {
    std::string phone;
    if (const Legs::Leg* known = legs_.find(leg)) phone = known->extension;
    about.cause = get(e, "Hangup-Cause");
    const bool last = legs_.remove(leg) || !legs_.knows_call(about.call);
    about.step = last ? Step::ended : Step::silent;
    about.extension = phone;
    if (last || !phone.empty()) heard.push_back(std::move(about));
  } else if (name == "RECORD_STOP") {
    about.step = Step::recorded;
    about.recording = get(e, "Record-File-Path");
    if (!about.recording.empty()) heard.push_back(std::move(about));
  }
}

void EslExchange::list(const std::string& json, Turn& turn) {
  auto answer = platform::read_json(json, "freeswitch");
  if (!answer) return;  // without a list nothing is known about what was missed: the calls stay as they are
  turn.listed = true;
  std::vector<const platform::Json*> rows;
  for (const platform::Json& row : platform::items(platform::at(*answer, "rows"))) rows.push_back(&row);
  const auto text = [](const platform::Json& row, std::string_view key) {
    return platform::text(platform::at(row, key));
  };
  // The leg that a call began with comes before those that it led to.
  std::stable_sort(rows.begin(), rows.end(), [&](const auto* a, const auto* b) {
    return text(*a, "direction") == "inbound" && text(*b, "direction") != "inbound";
  });
  for (const platform::Json* row : rows) {
    const std::string leg = text(*row, "uuid");
    if (leg.empty()) continue;
    CallEvent about;
    about.at = clock_.now();
    about.call = text(*row, "call_uuid");
    if (about.call.empty()) about.call = leg;
    EslHeaders as_event{{"Call-Direction", text(*row, "direction")},
                        {"Caller-Caller-ID-Number", text(*row, "cid_num")},
                        {"Caller-Caller-ID-Name", text(*row, "cid_name")},
                        {"Caller-Destination-Number", text(*row, "dest")},
                        {"Channel-Name", text(*row, "name")}};
    const CallEvent plain = about;
    created(as_event, leg, std::move(about), turn.list);
    const Legs::Leg* known = legs_.find(leg);
    const std::string state = text(*row, "callstate");
    if ((state != "ACTIVE" && state != "HELD") || known == nullptr || known->extension.empty() || known->outbound) {
      continue;
    }
    CallEvent now = plain;
    now.call = known->call;
    now.extension = known->extension;
    now.step = Step::answered;
    turn.list.push_back(now);
    if (state == "HELD") {
      now.step = Step::held;
      turn.list.push_back(now);
    }
  }
}

}  // namespace qiao::voice
