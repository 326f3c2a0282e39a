#pragma once

#include <string>
#include <vector>

#include "connectors/voice/calls.hpp"
#include "qiao/contract/conversation.hpp"

/// \file
/// What the dialogue says about calls, for agents. `english`: else Chinese.

namespace qiao::voice {

/// "1 分 5 秒", "1 min 5 s".
std::string duration_text(std::int32_t seconds, bool english);
/// That it rings or waits: the first note of a call.
std::string began_text(const CallNews& news, const std::string& number, bool english);
/// That it is over, answered or missed. `agent`: who talked last.
std::string ended_text(const Call& call, const std::string& number, const std::string& agent, bool english);
std::string transferred_text(const std::string& to, bool english);
std::string ticket_subject(const std::string& number, bool english);
/// The link to what was recorded, as a card.
contract::Card recording_card(const std::string& url, std::int32_t talk_s, bool english);
/// `pattern` with {file}, {path} and {call}, each URL-encoded; what is a link already stays. Empty without a pattern.
std::string recording_link(const std::string& pattern, const std::string& recording, const std::string& call);

}  // namespace qiao::voice
