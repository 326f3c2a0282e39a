#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "plugins/web/services.hpp"
#include "qiao/http.hpp"

namespace qiao::web {

/// A customer's socket. Frames come on its I/O thread, answers and events on any: a mutex guards the state, and sends
/// under it only queue. The customer gets each message once and in order: what arrives while older messages are being
/// fetched waits behind them.
class VisitorSession final : public SocketHandler, public std::enable_shared_from_this<VisitorSession> {
 public:
  VisitorSession(std::shared_ptr<Services> services, std::shared_ptr<Socket> socket);

  void on_text(std::string_view text) override;
  void on_close(int code) override;

  /// From the audience: a message of this visitor's conversation. Returns the conversation it had been following when
  /// the message begins another one.
  std::optional<Id> deliver(const contract::MessageView& message);
  void send(const std::shared_ptr<const std::string>& frame) { socket_->send(frame); }
  void close(int code, std::string_view reason) { socket_->close(code, reason); }

 private:
  void hello(ClientFrame frame);
  void found(std::int64_t last_seq, const Result<contract::ConversationView>& conversation);
  void fetched(const Result<contract::Transcript>& transcript);
  void message(ClientFrame frame);
  void accept(ClientFrame frame, std::vector<contract::Attachment> attachments);
  void rate(const ClientFrame& frame);
  void got(std::int64_t seq);
  void deliver_locked(const contract::MessageView& message);
  void refuse(const std::string& client_id, const Error& error) { socket_->send(error_frame(client_id, error)); }

  const std::shared_ptr<Services> services_;
  const std::shared_ptr<Socket> socket_;

  // I/O thread only
  VisitorPass pass_;
  std::string language_;
  bool greeted_ = false;

  std::mutex mutex_;
  bool closed_ = false;
  bool live_ = false;  ///< everything older has been sent
  Id conversation_;
  std::int64_t last_sent_ = 0;
  std::vector<contract::MessageView> waiting_;  ///< arrived before `live_`
  bool receipts_ = false;                       ///< the client says what it has got
  std::vector<std::int64_t> unconfirmed_;       ///< sent to a client that says so, and not yet confirmed
  std::vector<std::string> in_flight_;          ///< ids of our own messages, answered by `ack` instead of `msg`
};

}  // namespace qiao::web
