#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "qiao/export.hpp"
#include "qiao/result.hpp"

namespace qiao {

struct StreamSettings {
  std::string host;  ///< a name or a numeric address, as the operator wrote it
  std::uint16_t port = 0;
  bool tls = false;  ///< from the first byte; otherwise `start_tls`, or none
  std::chrono::milliseconds connect_timeout{5000};
  std::string ca_file;  ///< more trusted certificates, PEM; empty: the system's
};

/// A connection to a server that speaks in lines (IMAP, SMTP, AMI …), with deadlines and verified TLS, for addresses
/// that the operator named. Blocking: for blocking lanes; one thread at a time, except `close`.
///
/// Errors are those of OutboundClient: `outbound.unresolved`, `outbound.unreachable`, `outbound.tls`,
/// `outbound.timeout`, `outbound.broken` (it ended), `outbound.too_large`, and the code `cancelled` after `close`.
/// After any of them the connection is of no more use.
class QIAO_API OutboundStream {
 public:
  explicit OutboundStream(StreamSettings settings);
  ~OutboundStream();
  OutboundStream(const OutboundStream&) = delete;
  OutboundStream& operator=(const OutboundStream&) = delete;

  /// Once. Within the connect timeout, and as long again for the TLS handshake.
  Result<void> connect();
  /// Encrypts from here on. What came unasked before the handshake is an error (`outbound.tls`): it may be anybody's.
  Result<void> start_tls();
  [[nodiscard]] bool encrypted() const noexcept;

  /// How much time the calls that follow have, together.
  void within(std::chrono::milliseconds time);
  Result<void> write(std::string_view bytes);
  /// Without its line break, LF or CRLF.
  Result<std::string> read_line(std::size_t most = 64 * 1024);
  /// Exactly so many bytes.
  Result<std::string> read(std::size_t count);
  /// What has come, at least a byte.
  Result<std::string> read_some();
  /// Whether there is something to read, or the other side ended. Does not wait.
  [[nodiscard]] bool readable();
  /// Waits for something to read, so long at most and whatever `within` says: for peers that may be silent for minutes.
  /// False when nothing came or `wake` was called; unlike after a deadline the connection lives on.
  Result<bool> wait(std::chrono::milliseconds patience);
  /// Ends the `wait` that goes on, or else the next one: there is something to say. Any thread.
  void wake() noexcept;
  /// Wakes whoever waits; later calls fail. Any thread.
  void close() noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace qiao
