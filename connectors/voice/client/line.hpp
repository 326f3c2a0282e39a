#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "qiao/result.hpp"

namespace qiao::voice {

/// Wakes whoever waits for a line: because there is something to say (`ring`), or for good (`end`). Any thread.
class Bell {
 public:
  Bell();
  ~Bell();
  Bell(const Bell&) = delete;
  Bell& operator=(const Bell&) = delete;

  void ring() noexcept;
  /// Also breaks the connection that is held.
  void end() noexcept;
  [[nodiscard]] bool ended() const;

  /// Readable after `ring` and `end`; `hush` makes it silent again.
  [[nodiscard]] int fd() const noexcept { return fd_; }
  void hush() noexcept;
  /// The socket that `end` shall break; -1: none any more. Before it is closed.
  void hold(int socket);

 private:
  const int fd_;
  mutable std::mutex mutex_;
  bool ended_ = false;
  int socket_ = -1;
};

struct LineAddress {
  std::string host;
  std::uint16_t port = 0;
  bool tls = false;
  std::string ca_file;
  std::chrono::milliseconds timeout{5000};  ///< for connecting, and for one write
};

/// A connection to an exchange, which may be silent for minutes and be spoken to meanwhile; OutboundStream (sdk) gives
/// a connection up on which nothing came in time. One thread at a time.
class Line {
 public:
  virtual ~Line() = default;
  /// What came, or "" when nothing did for `patience` or the bell rang. `unavailable`: the line is gone.
  virtual Result<std::string> read(std::chrono::milliseconds patience) = 0;
  virtual Result<void> write(std::string_view bytes) = 0;
  /// A sign of life of the line itself; nothing for those that have none.
  virtual Result<void> beat() { return {}; }
};

/// Errors: `voice.unreachable`, `voice.tls`, `cancelled` when the bell ended it.
Result<std::unique_ptr<Line>> open_line(const LineAddress& address, const std::shared_ptr<Bell>& bell);

/// A WebSocket; each `read` is one message. `path` with its query. Errors as above, and `voice.refused` with what the
/// server answered instead.
Result<std::unique_ptr<Line>> open_websocket(const LineAddress& address, const std::string& path,
                                             const std::vector<std::pair<std::string, std::string>>& headers,
                                             const std::shared_ptr<Bell>& bell);

}  // namespace qiao::voice
