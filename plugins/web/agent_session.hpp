#pragma once

#include <atomic>
#include <memory>

#include "plugins/web/services.hpp"
#include "qiao/contract/access.hpp"
#include "qiao/http.hpp"

namespace qiao::web {

/// An agent's socket. What it sends about a conversation is checked against the conversation as the inbox has it now.
class AgentSession final : public SocketHandler, public std::enable_shared_from_this<AgentSession> {
 public:
  AgentSession(std::shared_ptr<Services> services, std::shared_ptr<Socket> socket);

  void on_text(std::string_view text) override;
  void on_close(int code) override;

  /// Set once, before the session joins the audience.
  [[nodiscard]] const Principal& principal() const noexcept { return principal_; }
  void send(const std::shared_ptr<const std::string>& frame) { socket_->send(frame); }
  /// The conversation has become this agent's: sends its last messages, so that nothing said before is missing.
  void catch_up(const contract::ConversationView& conversation);
  void close(int code, std::string_view reason) { socket_->close(code, reason); }

 private:
  void hello(ClientFrame frame);
  void greeted(const Result<contract::SessionView>& session, const std::map<std::string, std::int64_t>& resume);
  void resume(Id conversation, std::int64_t after);
  void fetch(Id conversation, std::int64_t after);
  void message(ClientFrame frame);
  void write(ClientFrame frame, std::vector<contract::Attachment> attachments);
  /// Runs `then` with the conversation when this agent may see it; otherwise refuses with `not_found`.
  template <class F>
  void with_conversation(Id conversation, const std::string& client_id, F then);
  void set_presence(contract::Presence presence);
  void refuse(const std::string& client_id, const Error& error) { socket_->send(error_frame(client_id, error)); }

  const std::shared_ptr<Services> services_;
  const std::shared_ptr<Socket> socket_;
  const Id screen_ = new_id();
  Principal principal_;
  bool asked_ = false;              // I/O thread only: hello is under way or done
  std::atomic<bool> ready_{false};  // welcome has been sent
  std::atomic<bool> closed_{false};
};

}  // namespace qiao::web
