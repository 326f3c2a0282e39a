#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connectors/email/client/mime.hpp"

namespace qiao::email {

/// The header that every mail of a hub carries: "automatic" or "person".
inline constexpr const char* kHubHeader = "x-qiao-hub";

struct Nature {
  bool automatic = false;       ///< written by a program: nothing may be answered by itself
  bool send_auto_reply = true;  ///< the opposite, as the facts put it
  bool own = false;             ///< from one of our own addresses
};

/// RFC 3834 and what mail programs do beside it. `own`: addresses of the hub, lower case.
Nature classify(const Header& header, const std::vector<std::string>& own = {});

/// What another mail server or reader says about a mail that we sent.
struct Report {
  enum class Kind { failed, delayed, delivered, read, complaint };
  Kind kind = Kind::failed;
  bool prose = false;              ///< it says so in words only
  std::string says;                ///< status and diagnostic text, e.g. "5.1.1 550 no such user"
  std::vector<std::string> about;  ///< Message-IDs that stand in it, without brackets
};

/// RFC 3464, 3798 and 5965; prose by a mailer-daemon counts as failed. Empty when the mail is no report.
std::optional<Report> read_report(const MimePart& mail);

/// A server that we trust says that the From address is right: DMARC passed, or a DKIM signature of its domain did.
/// Only the topmost Authentication-Results counts, and only when `server` wrote it.
bool proves_sender(const Header& header, const std::string& server);

}  // namespace qiao::email
