#pragma once

#include <Poco/Net/StreamSocketImpl.h>
#include <openssl/ssl.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "qiao/result.hpp"

namespace qiao::detail {

using SteadyClock = std::chrono::steady_clock;

/// Why a socket does no more.
enum class Ended {
  no,
  by_peer,    ///< it closed, or reset the connection
  timeout,    ///< the deadline of the exchange
  cancelled,  ///< the client was closed
  too_much,   ///< it sent more than it was allowed
  tls,        ///< broken or untrusted encryption
};

/// A connected socket under Poco's HTTP session that keeps a deadline for the whole exchange, not for each read, counts
/// what comes in, wakes when the client is closed, and speaks TLS when asked to. One thread at a time.
class GuardedSocket final : public Poco::Net::StreamSocketImpl {
 public:
  /// `wake` becomes readable when the client is closed.
  GuardedSocket(int fd, int wake);

  /// Before each exchange: until when, and how many bytes may come.
  void begin(SteadyClock::time_point deadline, std::size_t may_receive);
  /// While set, waiting for input ends at `until`, or when `bell` becomes readable, without ending the socket.
  struct Patience {
    SteadyClock::time_point until;
    int bell;
  };
  void be_patient(std::optional<Patience> patience) { patience_ = patience; }
  /// The handshake: the certificate must be trusted and speak of `host`.
  Result<void> secure(SSL_CTX* context, const std::string& host, bool literal);

  [[nodiscard]] Ended ended() const noexcept { return ended_; }
  [[nodiscard]] std::size_t received() const noexcept { return received_; }  ///< since `begin`
  [[nodiscard]] std::size_t sent() const noexcept { return sent_; }
  /// True when it is of no use for another request: closed, or something came unasked.
  [[nodiscard]] bool stale();
  /// TLS: bytes have come that nobody has read yet.
  [[nodiscard]] bool holds_input() const;

  int sendBytes(const void* buffer, int length, int flags) override;
  int receiveBytes(void* buffer, int length, int flags) override;

 protected:
  ~GuardedSocket() override = default;

 private:
  struct FreeSsl {
    void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
  };
  bool wait(short events);
  int raw_send(const char* data, std::size_t size);
  int raw_receive(char* data, std::size_t size);
  bool flush_tls();
  template <class F>
  int through_tls(F call);

  const int fd_;
  const int wake_;
  SteadyClock::time_point deadline_{};
  std::optional<Patience> patience_;
  std::size_t may_receive_ = 0;
  std::size_t received_ = 0;
  std::size_t sent_ = 0;
  Ended ended_ = Ended::no;
  bool closed_well_ = false;  // TLS: the peer said that it ends
  std::unique_ptr<SSL, FreeSsl> ssl_;
};

/// A non-blocking socket connected to exactly this address, or -1 with `ended` saying why.
int connect_to(const sockaddr* address, socklen_t size, SteadyClock::time_point deadline, int wake, Ended& ended);

/// The context that all connections of a client share: TLS 1.2 or newer, the system's authorities and `ca_file`.
Result<std::shared_ptr<SSL_CTX>> outbound_tls(const std::string& ca_file);

}  // namespace qiao::detail
