#include "qiao/multipart.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace qiao {
namespace {

Error bad(std::string text) { return {Errc::bad_value, "form.bad_value", std::move(text)}; }
Error too_large(std::string text) { return {Errc::too_large, "form.too_large", std::move(text)}; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool same(std::string_view a, std::string_view b) {
  return a.size() == b.size() &&
         std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// The next `; name=value` of a header value; false at its end or when it is malformed.
bool next_parameter(std::string_view& rest, std::string& name, std::string& value) {
  rest = trim(rest);
  if (rest.empty() || rest.front() != ';') return false;
  rest = trim(rest.substr(1));
  const std::size_t equals = rest.find('=');
  if (equals == std::string_view::npos) return false;
  name = trim(rest.substr(0, equals));
  rest = trim(rest.substr(equals + 1));
  value.clear();
  if (rest.empty() || rest.front() != '"') {
    const std::size_t end = std::min(rest.find(';'), rest.size());
    value = trim(rest.substr(0, end));
    rest.remove_prefix(end);
    return true;
  }
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == '"') {
      rest.remove_prefix(i + 1);
      return true;
    }
    // Browsers escape only the quote, as %22 or \"; a backslash before anything else belongs to the name.
    if (rest[i] == '\\' && i + 1 < rest.size() && rest[i + 1] == '"') ++i;
    value += rest[i];
  }
  return false;
}

bool is_boundary(std::string_view text) {
  return !text.empty() && text.size() <= 70 && text.back() != ' ' && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           std::string_view("'()+_,-./:=? ").find(c) != std::string_view::npos;
  });
}

Result<std::string> boundary_of(std::string_view content_type) {
  const std::size_t end = std::min(content_type.find(';'), content_type.size());
  if (!same(trim(content_type.substr(0, end)), "multipart/form-data")) {
    return bad("the body must be sent as Content-Type: multipart/form-data");
  }
  std::string_view rest = content_type.substr(end);
  std::string boundary;
  std::string name;
  std::string value;
  while (next_parameter(rest, name, value)) {
    if (!same(name, "boundary")) continue;
    if (!boundary.empty()) return bad("the Content-Type has two boundaries");
    boundary = value;
  }
  if (!trim(rest).empty() || !is_boundary(boundary)) return bad("the Content-Type has no usable boundary");
  return boundary;
}

std::string without_folders(const std::string& filename) {
  const std::size_t slash = filename.find_last_of("/\\");
  return slash == std::string::npos ? filename : filename.substr(slash + 1);
}

Result<void> read_header(std::string_view line, FormPart& part) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0) return bad("a part has a header line without a name");
  if (std::any_of(line.begin(), line.end(),
                  [](char c) { return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f; })) {
    return bad("a part's header has control characters");
  }
  const std::string_view value = trim(line.substr(colon + 1));
  if (same(line.substr(0, colon), "content-type")) {
    part.content_type = value;
    return {};
  }
  if (!same(line.substr(0, colon), "content-disposition")) return {};
  const std::size_t end = std::min(value.find(';'), value.size());
  if (!same(trim(value.substr(0, end)), "form-data") || !part.name.empty()) return bad("a part is not form-data");
  std::string_view rest = value.substr(end);
  std::string key;
  std::string text;
  while (next_parameter(rest, key, text)) {
    if (same(key, "name")) part.name = text;
    if (same(key, "filename")) part.filename = without_folders(text);
  }
  if (!trim(rest).empty() || part.name.empty()) return bad("a part's Content-Disposition has no name");
  return {};
}

/// Reads the headers of a part; `rest` then begins with its content.
Result<FormPart> read_headers(std::string_view& rest, std::size_t limit) {
  FormPart part;
  std::size_t used = 0;
  for (;;) {
    const std::size_t end = rest.find("\r\n");
    if (end == std::string_view::npos) return bad("a part's headers do not end");
    used += end + 2;
    if (used > limit) return too_large("a part's headers are too long");
    const std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 2);
    if (line.empty()) break;
    if (auto done = read_header(line, part); !done) return done.error();
  }
  if (part.name.empty()) return bad("a part has no Content-Disposition");
  return part;
}

}  // namespace

Result<std::vector<FormPart>> parse_form(std::string_view content_type, std::string_view body,
                                         const FormLimits& limits) {
  const auto boundary = boundary_of(content_type);
  if (!boundary) return boundary.error();
  const std::string opening = "--" + *boundary;
  const std::string between = "\r\n" + opening;
  if (!body.starts_with(opening)) return bad("the form does not begin with its boundary");
  std::string_view rest = body.substr(opening.size());
  std::vector<FormPart> parts;
  while (!rest.starts_with("--")) {
    if (!rest.starts_with("\r\n")) return bad("a boundary is followed by something else than a line end");
    rest.remove_prefix(2);
    if (parts.size() == limits.parts) return too_large(fmt::format("the form has more than {} parts", limits.parts));
    auto part = read_headers(rest, limits.header_bytes);
    if (!part) return part.error();
    const std::size_t end = rest.find(between);
    if (end == std::string_view::npos) return bad("the form ends before its last boundary");
    if (end > limits.part_bytes) {
      return too_large(fmt::format("the part \"{}\" is larger than {} bytes", part->name, limits.part_bytes));
    }
    part->content = rest.substr(0, end);
    rest.remove_prefix(end + between.size());
    parts.push_back(std::move(*part));
  }
  rest.remove_prefix(2);
  if (rest.find_first_not_of(" \t\r\n") != std::string_view::npos) return bad("something follows the end of the form");
  return parts;
}

}  // namespace qiao
