#include "connectors/voice/client/websocket.hpp"

#include <fmt/format.h>
#include <strings.h>

#include "connectors/channel/signing.hpp"

namespace qiao::voice {
namespace {

constexpr std::size_t kMostHead = 16 * 1024;
constexpr std::uint64_t kMostMessage = 4 << 20;
constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

enum Opcode : std::uint8_t { kContinued = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };

Error protocol(const std::string& what) {
  return {Errc::unavailable, "voice.protocol", "the exchange's WebSocket: " + what};
}

/// Of control frames only, which are short.
std::string frame(Opcode opcode, std::string_view payload) {
  std::string out{static_cast<char>(0x80 | opcode), static_cast<char>(0x80 | payload.size())};
  const std::string mask = channel::random_bytes(4);
  out += mask;
  for (std::size_t i = 0; i < payload.size(); ++i) out += static_cast<char>(payload[i] ^ mask[i % 4]);
  return out;
}

std::string_view header(std::string_view head, std::string_view name) {
  while (!head.empty()) {
    const std::string_view line = head.substr(0, head.find("\r\n"));
    head.remove_prefix(std::min(line.size() + 2, head.size()));
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    if (::strncasecmp(line.data(), name.data(), name.size()) != 0) continue;
    std::string_view value = line.substr(name.size() + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    while (value.ends_with(' ')) value.remove_suffix(1);
    return value;
  }
  return {};
}

}  // namespace

std::string WebSocketReader::open(std::string_view host, std::string_view path,
                                  const std::vector<std::pair<std::string, std::string>>& headers) {
  *this = {};
  const std::string key = channel::base64(channel::random_bytes(16));
  accept_ = channel::base64(channel::sha1(key + std::string(kGuid)));
  std::string request = fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
      "Sec-WebSocket-Key: {}\r\n",
      path, host, key);
  for (const auto& [name, value] : headers) request += fmt::format("{}: {}\r\n", name, value);
  return request + "\r\n";
}

Result<void> WebSocketReader::take(std::string_view bytes, std::vector<std::string>& messages, std::string& say) {
  buffer_ += bytes;
  if (!open_) {
    if (auto answered = take_answer(); !answered || !open_) return answered;
  }
  for (;;) {
    auto more = take_frame(messages, say);
    if (!more) return more.error();
    if (!*more) return {};
  }
}

Result<void> WebSocketReader::take_answer() {
  const std::size_t end = buffer_.find("\r\n\r\n");
  if (end == std::string::npos) {
    return buffer_.size() > kMostHead ? protocol("an answer without an end; is this port the right one?")
                                      : Result<void>();
  }
  const std::string head = buffer_.substr(0, end + 2);
  const std::string first = head.substr(0, std::min<std::size_t>(head.find("\r\n"), 100));
  if (!first.starts_with("HTTP/1.1 ")) return protocol("no HTTP; is this port the right one?");
  const std::string status = first.substr(9, 3);
  if (status == "401" || status == "403") {
    return Error{Errc::unauthorized, "voice.credentials", "the exchange refused the WebSocket's user: " + first};
  }
  if (status != "101" || header(head, "sec-websocket-accept") != accept_) {
    return Error{Errc::unavailable, "voice.refused", "the exchange opened no WebSocket there: " + first};
  }
  buffer_.erase(0, end + 4);
  open_ = true;
  return {};
}

/// False when no whole frame is there yet.
Result<bool> WebSocketReader::take_frame(std::vector<std::string>& messages, std::string& say) {
  const auto byte = [&](std::size_t at) { return static_cast<std::uint8_t>(buffer_[at]); };
  if (buffer_.size() < 2) return false;
  const bool last = (byte(0) & 0x80) != 0;
  const auto opcode = static_cast<std::uint8_t>(byte(0) & 0x0F);
  if ((byte(0) & 0x70) != 0 || (byte(1) & 0x80) != 0) return protocol("a frame that no server may send");
  std::uint64_t size = byte(1) & 0x7F;
  const std::size_t wide = size == 127 ? 8 : size == 126 ? 2 : 0;
  if (buffer_.size() < 2 + wide) return false;
  if (wide > 0) size = 0;
  for (std::size_t i = 0; i < wide; ++i) size = size << 8 | byte(2 + i);
  const bool control = opcode >= kClose;
  if (control && (!last || size > 125)) return protocol("a control frame that is too long");
  if (size > kMostMessage || message_.size() + size > kMostMessage) return protocol("a message of more than 4 MiB");
  if (buffer_.size() < 2 + wide + size) return false;
  const std::string payload = buffer_.substr(2 + wide, size);
  buffer_.erase(0, 2 + wide + size);
  switch (opcode) {
    case kPing:
      say += frame(kPong, payload);
      return true;
    case kPong:
      return true;
    case kClose:
      return Error{Errc::unavailable, "voice.closed", "the exchange closed the WebSocket"};
    case kContinued:
    case kText:
    case kBinary:
      message_ += payload;
      if (last) messages.push_back(std::exchange(message_, {}));
      return true;
    default:
      return protocol("a frame of an unknown kind");
  }
}

std::string websocket_ping() { return frame(kPing, {}); }

}  // namespace qiao::voice
