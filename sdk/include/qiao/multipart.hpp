#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "qiao/export.hpp"
#include "qiao/result.hpp"

namespace qiao {

/// One part of a multipart/form-data body. `content` points into the body that was parsed.
struct FormPart {
  std::string name;
  std::string filename;      ///< as the client claims, without folders; empty when it is no file
  std::string content_type;  ///< as the client claims; decide by content
  std::string_view content;
};

struct FormLimits {
  std::size_t parts = 32;
  std::size_t header_bytes = 4096;  ///< of one part
  std::size_t part_bytes = 25u << 20;
};

/// Takes a form apart (RFC 7578). Strict: CR LF line ends, one name a part, no nested forms, nothing after the end but
/// white space. Errors: `form.bad_value` (400), `form.too_large` (413). Reads nothing beyond `body`, copies no content.
QIAO_API Result<std::vector<FormPart>> parse_form(std::string_view content_type, std::string_view body,
                                                  const FormLimits& limits = {});

}  // namespace qiao
