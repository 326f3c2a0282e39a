#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugins/llm/config.hpp"
#include "qiao/outbound.hpp"
#include "qiao/result.hpp"

/// \file
/// What goes over the wire: plain functions over bytes that come from outside.

namespace qiao::llm {

struct ChatTurn {
  std::string role;  ///< system, user, assistant
  std::string text;
};

struct ChatReply {
  std::string text;
  std::string finish;  ///< stop, length, content_filter, …
  std::int64_t tokens = 0;
};

/// Body of a question; for hunyuan in Tencent's spelling.
[[nodiscard]] std::string chat_body(const LlmConfig& config, const std::vector<ChatTurn>& turns);
/// The whole answer, as one JSON object or as a stream of events, whichever it is. Errors: `llm.broken_stream` (it
/// ended before its end), `llm.bad_answer`, `llm.refused` (the server's own error, also inside a stream),
/// `llm.filtered`.
Result<ChatReply> read_chat(std::string_view body);

[[nodiscard]] std::string embeddings_body(const LlmConfig& config, const std::vector<std::string>& texts);
/// One vector of length 1 for each text, in the order of the texts.
Result<std::vector<std::vector<float>>> read_embeddings(std::string_view body, std::size_t count);

/// The error of a status that is not 2xx. `retry`: it may pass.
struct Refusal {
  Error error;
  bool retry = false;
  std::chrono::milliseconds after{0};  ///< what the server asked to wait; 0: it did not
};
[[nodiscard]] Refusal refusal(const OutboundResponse& response);

/// The data of each event of a stream (Server-Sent Events): line ends LF, CRLF or CR, several data lines joined.
[[nodiscard]] std::vector<std::string> events_in(std::string_view stream);

}  // namespace qiao::llm
