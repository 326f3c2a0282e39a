#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connectors/email/client/header.hpp"

namespace qiao::email {

/// A part of a mail as it came. Views point into the mail.
struct MimePart {
  Header header;
  std::string type;  ///< "text/plain", lower case
  Parameters content_type;
  std::string_view body;  ///< still encoded
  std::vector<MimePart> parts;
  [[nodiscard]] std::string bytes() const;      ///< decoded
  [[nodiscard]] std::string text() const;       ///< decoded, in UTF-8, with LF
  [[nodiscard]] std::string file_name() const;  ///< cleaned of folders and control characters; may be empty
  [[nodiscard]] bool attached() const;          ///< it says that it is an attachment
};

/// Reads any bytes: missing boundaries, bare LF, nesting and counts beyond all reason (20 levels, 500 parts) end in a
/// tree that holds what there is.
MimePart read_mime(std::string_view mail);

/// A name for a file from a stranger: the last piece of a path, without control characters and dots in front, at most
/// 150 bytes with its ending.
std::string clean_file_name(std::string_view name);

}  // namespace qiao::email
