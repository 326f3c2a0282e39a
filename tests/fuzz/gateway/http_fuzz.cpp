#include <cstdlib>

#include "core/gateway/head_check.hpp"
#include "core/gateway/request_parser.hpp"
#include "core/gateway/static_files.hpp"
#include "core/gateway/url.hpp"

namespace {

struct Read {
  int status = 0;  ///< of a refusal; 0: none
  bool done = false;
  std::string what;  ///< method, target and body
};

/// Reads one request as a connection does, from pieces of `step` bytes.
Read read(std::string_view bytes, std::size_t step) {
  Read out;
  qiao::core::HeadScanner scanner;
  std::size_t end = 0;
  while (end < bytes.size()) {
    end = std::min(bytes.size(), end + step);
    if (scanner.scan(bytes.substr(0, end), 16 * 1024)) break;
    if (scanner.refusal()) {
      out.status = scanner.refusal()->status;
      return out;
    }
  }
  if (scanner.size() == 0) return out;
  const std::string_view head = bytes.substr(0, scanner.size());
  if (const auto refused = qiao::core::check_head(head, 100)) {
    out.status = refused->status;
    return out;
  }
  qiao::core::RequestParser parser;
  if (const auto refused = parser.head(head)) {
    out.status = refused->status;
    return out;
  }
  // What the check promises must be so.
  if (parser.chunked() && parser.content_length() > 0) std::abort();
  if (const auto target = qiao::core::parse_target(parser.target)) {
    for (const std::string& segment : target->segments) {
      if (segment == ".." || segment.find('\0') != std::string::npos) std::abort();
    }
  }
  bool unsatisfiable = false;
  for (const auto& [name, value] : parser.headers) {
    if (name == "range") static_cast<void>(qiao::core::parse_range(value, 1000, unsatisfiable));
    if (value.find_first_of("\r\n") != std::string::npos) std::abort();
  }
  parser.limit_body(64 * 1024);
  std::string rest;
  for (std::size_t at = scanner.size(); at < bytes.size() && !parser.done() && !parser.refusal(); at += step) {
    rest += bytes.substr(at, step);
    rest.erase(0, parser.body(rest));
  }
  if (parser.content.size() > 64 * 1024) std::abort();
  if (parser.refusal()) out.status = parser.refusal()->status;
  out.done = parser.done();
  out.what = parser.method + ' ' + std::string(parser.target) + '\n' + (out.done ? parser.content : std::string());
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Read whole = read(bytes, bytes.size() + 1);
  // How the network cuts the bytes must not change what is understood.
  const Read pieces = read(bytes, 7);
  if (whole.done != pieces.done || (whole.done && whole.what != pieces.what)) std::abort();
  if ((whole.status != 0) != (pieces.status != 0)) std::abort();
  return 0;
}
