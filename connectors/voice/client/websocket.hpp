#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "qiao/result.hpp"

namespace qiao::voice {

/// The client's end of a WebSocket (RFC 6455): bytes in, messages out.
class WebSocketReader {
 public:
  /// Begins anew; the request with which it opens. `path` with its query.
  std::string open(std::string_view host, std::string_view path,
                   const std::vector<std::pair<std::string, std::string>>& headers);
  /// More of what the server sent, cut anywhere. What it has to be answered at once is added to `say`. An error ends
  /// it: `voice.credentials` and `voice.refused` (no WebSocket there), `voice.protocol`, `voice.closed`.
  Result<void> take(std::string_view bytes, std::vector<std::string>& messages, std::string& say);
  /// The server agreed.
  [[nodiscard]] bool is_open() const noexcept { return open_; }

 private:
  Result<void> take_answer();
  Result<bool> take_frame(std::vector<std::string>& messages, std::string& say);

  bool open_ = false;
  std::string accept_;  // what the server has to prove
  std::string buffer_;
  std::string message_;  // the frames of it that came so far
};

/// Asks the server for a sign of life.
std::string websocket_ping();

}  // namespace qiao::voice
