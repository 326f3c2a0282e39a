#pragma once

#include <map>
#include <utility>
#include <vector>

#include "connectors/voice/client/call_event.hpp"

namespace qiao::voice {

/// hex hmac-sha256(secret, timestamp + "." + raw body): of the hub's own form of webhook, both ways.
std::string cti_signature(std::string_view secret, std::string_view timestamp, std::string_view body);
/// Whether `timestamp` (seconds since 1970) is no further than `tolerance` from now.
bool cti_fresh(std::string_view timestamp, Time now, std::chrono::seconds tolerance);

/// One event of the hub's own form. Errors: `voice.bad_event` (bad_value) with what is wrong.
Result<CallEvent> read_cti_event(std::string_view body);

using Form = std::vector<std::pair<std::string, std::string>>;
/// application/x-www-form-urlencoded.
Form read_form(std::string_view body);
/// base64 hmac-sha1(token, url + key + value … sorted by key).
std::string twilio_signature(std::string_view token, const std::string& url, Form fields);
/// Twilio's requests: of a form, or of JSON with bodySHA256 in the address. Addresses are also tried with and without
/// the usual port.
bool twilio_signed(std::string_view token, const std::string& url, std::string_view content_type, std::string_view body,
                   std::string_view signature);
/// A status or recording callback; Step::queued with an empty queue when it says nothing about the call's state.
Result<CallEvent> read_twilio_event(const Form& form);

}  // namespace qiao::voice
