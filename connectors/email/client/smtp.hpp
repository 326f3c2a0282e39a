#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connectors/email/client/server.hpp"

namespace qiao::email {

struct SmtpReply {
  int code = 0;
  std::string text;  ///< all lines, a blank between them, with the code
};

/// One connection to a mail server that takes our mails. Blocking; one thread at a time, except `close`.
class SmtpClient {
 public:
  /// `name`: what we call ourselves in EHLO.
  SmtpClient(Server server, std::string name);

  /// Connects, encrypts, logs in.
  Result<void> open();
  /// `sender` "" is the empty envelope sender. When it returns the server has the mail. Errors see smtp_error.
  Result<void> send(const std::string& sender, const std::string& recipient, const std::string& mail);
  void quit();
  void close() noexcept { stream_->close(); }
  /// The largest mail that the server takes; 0: it does not say.
  [[nodiscard]] std::uint64_t largest() const noexcept { return largest_; }

 private:
  Result<SmtpReply> read_reply();
  Result<SmtpReply> command(const std::string& line);
  Result<void> hello();
  Result<void> log_in();
  [[nodiscard]] bool has(std::string_view extension) const;

  const Server server_;
  const std::string name_;
  std::unique_ptr<OutboundStream> stream_;
  std::vector<std::string> extensions_;
  std::uint64_t largest_ = 0;
};

/// What a refusal means. 4xx: `email.deferred` (rate_limited: later, the others go on); 5xx that speak of a rate are
/// the same; of a daily limit: `email.limit`; all others: `email.refused` (bad_value), the sentence for the agent.
Error smtp_error(const SmtpReply& reply);

/// The mail with dots doubled where a line begins with one, CRLF only, and the final dot.
std::string smtp_data(std::string_view mail);

}  // namespace qiao::email
