#include "connectors/email/client/mime.hpp"

#include <algorithm>

#include "connectors/email/client/charset.hpp"

namespace qiao::email {
namespace {

constexpr int kMostDepth = 20;
constexpr std::size_t kMostParts = 500;

/// Where the next line that begins with --boundary starts; npos when there is none. `last`: it is the closing one.
std::size_t find_boundary(std::string_view body, const std::string& delimiter, std::size_t from, std::size_t& after,
                          bool& last) {
  for (std::size_t at = body.find(delimiter, from); at != std::string_view::npos; at = body.find(delimiter, at + 1)) {
    if (at > 0 && body[at - 1] != '\n') continue;
    std::size_t end = std::min(body.find('\n', at), body.size());
    std::string_view rest = body.substr(at + delimiter.size(), end - at - delimiter.size());
    last = rest.starts_with("--");
    if (last) rest.remove_prefix(2);
    if (!trim(rest).empty()) continue;  // another boundary that begins like this one
    after = std::min(end + 1, body.size());
    return at;
  }
  return std::string_view::npos;
}

std::string_view without_last_break(std::string_view body) {
  if (body.ends_with('\n')) body.remove_suffix(1);
  if (body.ends_with('\r')) body.remove_suffix(1);
  return body;
}

MimePart read_part(std::string_view bytes, int depth, std::size_t& count, bool digest) {
  MimePart part;
  std::size_t at = 0;
  part.header = Header::read(bytes, at);
  part.body = bytes.substr(at);
  part.content_type = read_parameters(part.header.raw("content-type"));
  part.type = part.content_type.value;
  if (part.type.find('/') == std::string::npos) part.type = digest ? "message/rfc822" : "text/plain";
  const std::string boundary = part.content_type.get("boundary");
  if (!part.type.starts_with("multipart/")) return part;
  if (boundary.empty() || depth >= kMostDepth) {
    part.type = boundary.empty() ? "text/plain" : "application/octet-stream";
    return part;
  }
  const std::string delimiter = "--" + boundary;
  std::size_t start = 0;
  bool last = false;
  if (find_boundary(part.body, delimiter, 0, start, last) == std::string_view::npos || last) {
    part.type = "text/plain";  // it says that it has parts and has none
    return part;
  }
  while (count < kMostParts) {
    std::size_t after = part.body.size();
    std::size_t end = find_boundary(part.body, delimiter, start, after, last);
    const bool open = end == std::string_view::npos;
    if (open) end = part.body.size();
    ++count;
    part.parts.push_back(read_part(without_last_break(part.body.substr(start, end - start)), depth + 1, count,
                                   part.type == "multipart/digest"));
    if (open || last) break;
    start = after;
  }
  return part;
}

}  // namespace

MimePart read_mime(std::string_view mail) {
  // A line that some stores put in front of a mail.
  if (mail.starts_with("From ")) mail.remove_prefix(std::min(mail.find('\n'), mail.size() - 1) + 1);
  std::size_t count = 0;
  return read_part(mail, 0, count, false);
}

std::string MimePart::bytes() const {
  const std::string encoding = lower(trim(header.raw("content-transfer-encoding")));
  if (encoding == "base64") return decode_base64(body);
  if (encoding == "quoted-printable") return decode_quoted(body);
  return std::string(body);
}

std::string MimePart::text() const {
  std::string out = to_utf8(bytes(), content_type.get("charset"));
  std::erase(out, '\r');
  return out;
}

std::string MimePart::file_name() const {
  std::string name = read_parameters(header.raw("content-disposition")).get("filename");
  if (name.empty()) name = content_type.get("name");
  return clean_file_name(name);
}

bool MimePart::attached() const { return read_parameters(header.raw("content-disposition")).value == "attachment"; }

std::string clean_file_name(std::string_view name) {
  if (const auto slash = name.find_last_of("/\\"); slash != std::string_view::npos) name.remove_prefix(slash + 1);
  std::string out;
  for (const char c : name) {
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F && c != '"' && c != '<' && c != '>' && c != ':') out += c;
  }
  out = trim(out);
  out.erase(0, std::min(out.find_first_not_of('.'), out.size()));
  constexpr std::size_t kMost = 150;
  if (out.size() > kMost) {
    const auto dot = out.rfind('.');
    const std::string ending = dot != std::string::npos && out.size() - dot <= 12 ? out.substr(dot) : std::string{};
    out = std::string(utf8_head(out, kMost - ending.size())) + ending;
  }
  return out;
}

}  // namespace qiao::email
