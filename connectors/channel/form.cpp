#include "connectors/channel/form.hpp"

#include <fmt/format.h>

#include "connectors/channel/signing.hpp"

namespace qiao::channel {
namespace {

/// Between quotes in a header: what could end it is written as RFC 7578 says.
std::string in_quotes(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"') {
      out += "%22";
    } else if (c == '\r' || c == '\n') {
      out += ' ';
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::pair<std::string, std::string> multipart(const std::vector<std::pair<std::string, std::string>>& fields,
                                              const FormFile& file) {
  const std::string boundary = "qiao" + random_token(28);
  std::string body;
  for (const auto& [name, value] : fields) {
    body += fmt::format("--{}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{}\r\n", boundary, in_quotes(name),
                        value);
  }
  body +=
      fmt::format("--{}\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
                  boundary, in_quotes(file.field), in_quotes(file.name),
                  in_quotes(file.media_type.empty() ? "application/octet-stream" : file.media_type));
  body += file.bytes;
  body += fmt::format("\r\n--{}--\r\n", boundary);
  return {"multipart/form-data; boundary=" + boundary, std::move(body)};
}

}  // namespace qiao::channel
