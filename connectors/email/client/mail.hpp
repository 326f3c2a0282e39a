#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connectors/email/client/classify.hpp"

namespace qiao::email {

struct MailFile {
  std::string name;
  std::string type;  ///< as the mail says
  std::string bytes;
};

/// A mail as the hub understands it.
struct Mail {
  Header header;
  std::string id;  ///< Message-ID without brackets; "" when it has none
  std::string subject;
  Address from;
  std::optional<Address> reply_to;      ///< when it names one other than From
  std::vector<std::string> recipients;  ///< all addresses it was sent to, as far as it tells
  std::vector<std::string> references;  ///< In-Reply-To and References, newest first
  Time at;                              ///< 1970 when its date is missing or nonsense
  std::string text;                     ///< what was written now
  std::string whole;                    ///< the readable text with everything that was cut
  bool changed = false;                 ///< `text` says less than the mail: keep the original
  std::vector<MailFile> files;          ///< attachments, and the pictures that the new part shows
  Nature nature;
  std::optional<Report> report;
};

/// Never fails: what cannot be read is left out. `own`: addresses of the hub.
Mail read_mail(std::string_view bytes, const std::vector<std::string>& own = {});

}  // namespace qiao::email
