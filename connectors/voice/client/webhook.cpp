#include "connectors/voice/client/webhook.hpp"

#include <algorithm>
#include <charconv>

#include "connectors/channel/signing.hpp"
#include "connectors/platform/json_answer.hpp"

namespace qiao::voice {
namespace {

constexpr std::size_t kMostId = 100;
constexpr std::size_t kMostText = 1000;

Error bad(std::string says) { return {Errc::bad_value, "voice.bad_event", std::move(says)}; }

std::int64_t whole(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  return problem == std::errc{} && end == text.data() + text.size() ? value : 0;
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string form_decoded(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      plain += ' ';
    } else if (text[i] == '%' && i + 2 < text.size() && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0) {
      plain += static_cast<char>(digit(text[i + 1]) * 16 + digit(text[i + 2]));
      i += 2;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

std::string field(const Form& form, std::string_view name) {
  const auto found = std::find_if(form.begin(), form.end(), [&](const auto& f) { return f.first == name; });
  return found == form.end() ? std::string() : found->second;
}

/// The address as it is, without its port, and with the usual one.
std::vector<std::string> spellings(const std::string& url) {
  std::vector<std::string> all{url};
  const std::size_t host = url.find("://");
  if (host == std::string::npos) return all;
  const std::size_t path = std::min(url.find('/', host + 3), url.size());
  const std::size_t colon = url.find(':', host + 3);
  if (colon != std::string::npos && colon < path) {
    all.push_back(url.substr(0, colon) + url.substr(path));
  } else {
    all.push_back(url.substr(0, path) + (url.starts_with("https") ? ":443" : ":80") + url.substr(path));
  }
  return all;
}

}  // namespace

std::string cti_signature(std::string_view secret, std::string_view timestamp, std::string_view body) {
  return channel::hex(channel::hmac_sha256(secret, std::string(timestamp) + "." + std::string(body)));
}

bool cti_fresh(std::string_view timestamp, Time now, std::chrono::seconds tolerance) {
  const std::int64_t sent = whole(timestamp);
  const std::int64_t here = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
  return sent > 0 && sent <= here + tolerance.count() && sent >= here - tolerance.count();
}

Result<CallEvent> read_cti_event(std::string_view body) {
  auto json = platform::read_json(body, "voice");
  if (!json || !json->is_object()) return bad("the body is no JSON object");
  const auto get = [&](std::string_view key) { return platform::text(platform::at(*json, key)); };
  CallEvent event;
  event.call = get("call_id");
  if (event.call.empty() || event.call.size() > kMostId) return bad("call_id: expected 1 to 100 bytes");
  static const std::map<std::string, Step, std::less<>> kSteps{
      {"ringing", Step::ringing}, {"silent", Step::silent},    {"answered", Step::answered},
      {"hold", Step::held},       {"unhold", Step::resumed},   {"transferred", Step::transferred},
      {"ended", Step::ended},     {"recorded", Step::recorded}};
  const auto step = kSteps.find(get("event"));
  if (step == kSteps.end()) {
    return bad("event: expected ringing, silent, answered, hold, unhold, transferred, ended or recorded");
  }
  event.step = step->second;
  const std::string direction = get("direction");
  if (!direction.empty() && direction != "in" && direction != "out") return bad("direction: expected in or out");
  event.outbound = direction == "out";
  event.number = get(event.outbound ? "to" : "from");
  event.name = get("name");
  event.extension = get("agent");
  event.queue = get("queue");
  event.cause = get("cause");
  event.recording = get("recording_url");
  for (const std::string* text : {&event.number, &event.name, &event.extension, &event.queue, &event.cause}) {
    if (text->size() > kMostId) return bad("a text is longer than 100 bytes");
  }
  if (event.recording.size() > kMostText) return bad("recording_url: longer than 1,000 bytes");
  if (event.step == Step::recorded && !event.recording.starts_with("http")) {
    return bad("recording_url: expected an http or https address");
  }
  event.seq = platform::integer(platform::at(*json, "seq"));
  const auto at = from_iso8601(get("at"));
  if (!at) return bad("at: expected a time like 2026-11-22T06:03:20.123Z");
  event.at = *at;
  return event;
}

Form read_form(std::string_view body) {
  Form form;
  while (!body.empty()) {
    const std::size_t end = std::min(body.find('&'), body.size());
    const std::string_view pair = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    if (pair.empty()) continue;
    const std::size_t equals = std::min(pair.find('='), pair.size());
    form.emplace_back(form_decoded(pair.substr(0, equals)),
                      equals < pair.size() ? form_decoded(pair.substr(equals + 1)) : std::string());
  }
  return form;
}

std::string twilio_signature(std::string_view token, const std::string& url, Form fields) {
  std::sort(fields.begin(), fields.end());
  std::string signed_text = url;
  for (const auto& [key, value] : fields) signed_text += key + value;
  return channel::base64(channel::hmac_sha1(token, signed_text));
}

bool twilio_signed(std::string_view token, const std::string& url, std::string_view content_type, std::string_view body,
                   std::string_view signature) {
  constexpr std::string_view kDigest = "bodySHA256=";
  const bool json = content_type.starts_with("application/json");
  if (json) {
    const std::size_t at = url.find(kDigest);
    if (at == std::string::npos) return false;
    const std::size_t from = at + kDigest.size();
    const std::string said = url.substr(from, url.find('&', from) - from);
    if (!channel::same(said, channel::hex(channel::sha256(body)))) return false;
  }
  const Form fields = json ? Form{} : read_form(body);
  bool good = false;
  for (const std::string& spelling : spellings(url)) {
    good = channel::same(twilio_signature(token, spelling, fields), signature) || good;
  }
  return good;
}

Result<CallEvent> read_twilio_event(const Form& form) {
  CallEvent event;
  event.call = field(form, "ParentCallSid");
  const bool child = !event.call.empty();
  if (!child) event.call = field(form, "CallSid");
  if (event.call.empty() || event.call.size() > kMostId) return bad("CallSid is missing");
  event.outbound = field(form, "Direction") == "outbound-api";
  event.number = field(form, event.outbound ? "To" : "From");
  // The leg that rings an agent: its number is the agent's phone.
  if (child) event.extension = field(form, "To");
  event.seq = 0;
  if (const std::string recording = field(form, "RecordingUrl"); !recording.empty()) {
    event.step = Step::recorded;
    event.recording = recording.substr(0, kMostText);
    return event;
  }
  const std::string status = field(form, "CallStatus");
  event.cause = status;
  if (status == "queued" || status == "initiated") {
    event.step = Step::queued;
  } else if (status == "ringing") {
    event.step = Step::ringing;
  } else if (status == "in-progress" || status == "answered") {
    // The caller's own leg is "in progress" as soon as a menu speaks to it.
    event.step = child || event.outbound ? Step::answered : Step::queued;
  } else if (status == "completed" || status == "busy" || status == "failed" || status == "no-answer" ||
             status == "canceled") {
    event.step = child ? Step::silent : Step::ended;
  } else {
    return bad("CallStatus: unknown \"" + status.substr(0, 40) + "\"");
  }
  return event;
}

}  // namespace qiao::voice
