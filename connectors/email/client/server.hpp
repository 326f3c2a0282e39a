#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "qiao/outbound_stream.hpp"
#include "qiao/result.hpp"

namespace qiao::email {

/// How a mail server is reached and who we are there.
struct Server {
  enum class Security { tls, starttls, none };
  std::string host;
  std::uint16_t port = 0;
  Security security = Security::tls;
  std::string ca_file;
  std::chrono::milliseconds timeout{30000};  ///< for one command
  std::string user;                          ///< "" (SMTP): without a login
  /// The password, or with `oauth` an access token that is fresh enough.
  std::function<Result<std::string>()> secret;
  bool oauth = false;

  [[nodiscard]] StreamSettings stream() const {
    return {host, port, security == Security::tls, std::min(timeout, std::chrono::milliseconds(10000)), ca_file};
  }
};

/// The error of a refused login, `email.login`: `says` is the server's sentence, without what we sent.
Error login_refused(const Server& server, const std::string& protocol, const std::string& says);

/// What SASL XOAUTH2 sends, base64.
std::string xoauth2(const std::string& user, const std::string& token);
/// What SASL PLAIN sends, base64.
std::string sasl_plain(const std::string& user, const std::string& password);

}  // namespace qiao::email
