#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/gateway/front.hpp"
#include "core/gateway/stream.hpp"
#include "core/gateway/ws_frame.hpp"

namespace qiao::core {

/// An open WebSocket. `send` and `close` from any thread, everything else on its I/O thread.
class WsSession final : public Connection, public Socket, private FrameReader::Sink {
 public:
  WsSession(Front& front, std::shared_ptr<IoThread> io, HttpRequest upgrade, std::shared_ptr<Endpoint> endpoint);
  ~WsSession() override;

  /// Takes over the connection: sends `handshake`, then what has been queued, then reads, beginning with `received`.
  void open(std::unique_ptr<Stream> stream, std::unique_ptr<ConnectionSlot> slot,
            std::shared_ptr<SocketHandler> handler, std::string handshake, std::string received);

  bool send(std::shared_ptr<const std::string> text) override;
  using Socket::send;
  void close(int code, std::string_view reason) override;
  [[nodiscard]] const HttpRequest& upgrade() const noexcept override { return upgrade_; }

  void on_readable() override;
  void on_writable() override;
  void on_deadline() override;
  void on_ready() override;
  void on_shutdown() override;
  void on_revoked(const void* owner) override;
  void abort() noexcept override;

 private:
  struct Outgoing {
    std::shared_ptr<const std::string> data;
    Opcode opcode;
    bool raw = false;  ///< the handshake: no frame around it
  };

  bool on_text(std::string_view text) override;
  bool on_ping(std::string_view payload) override;
  bool on_pong() override;
  bool on_close(int code) override;

  void consume(char* data, std::size_t size);
  bool within_rate();
  void queue_control(Opcode opcode, std::string payload);
  void fail(int code, std::string_view reason, Refused why);
  void tell_closed(int code) noexcept;
  void vanish();
  void flush();
  [[nodiscard]] int gather(iovec* parts, std::array<char, 10>* headers, std::size_t& frames) const;
  void advance(std::size_t sent);
  void after_flush();

  static constexpr std::size_t kBatch = 32;

  Front& front_;
  HttpRequest upgrade_;
  std::shared_ptr<Endpoint> endpoint_;
  std::shared_ptr<SocketHandler> handler_;
  std::unique_ptr<Stream> stream_;
  std::unique_ptr<ConnectionSlot> slot_;
  FrameReader reader_;
  std::string partial_;  ///< the beginning of a frame whose rest has not come yet
  TokenBucket rate_;
  std::chrono::steady_clock::time_point last_heard_;
  bool pinged_ = false;
  bool deaf_ = false;  ///< we gave up on the other side: only wait for it to go
  bool peer_closed_ = false;
  bool close_begun_ = false;
  bool write_blocked_ = false;
  bool read_wants_write_ = false;
  std::vector<Outgoing> sending_;
  std::size_t next_ = 0;    ///< in sending_
  std::size_t offset_ = 0;  ///< bytes of sending_[next_], header included, that are out

  std::mutex mutex_;  // guards what follows; the I/O thread's own mutex is never taken under it
  std::vector<Outgoing> queue_;
  std::size_t queued_ = 0;  ///< bytes in queue_ and sending_
  bool accepting_ = true;
  bool closing_ = false;
  bool overflow_ = false;
  bool scheduled_ = false;
};

}  // namespace qiao::core
