#include "core/gateway/ws_frame.hpp"

#include <openssl/evp.h>
#include <simdjson.h>

#include <algorithm>
#include <cstring>

#include "qiao/utf8.hpp"

namespace qiao::core {

bool valid_utf8(std::string_view text) noexcept { return simdjson::validate_utf8(text.data(), text.size()); }

bool valid_close_code(int code) noexcept {
  if (code >= 3000 && code <= 4999) return true;
  return code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006;
}

void unmask(char* data, std::size_t size, std::uint32_t key) noexcept {
  const std::uint64_t wide = (static_cast<std::uint64_t>(key) << 32) | key;
  std::size_t i = 0;
  for (; i + 8 <= size; i += 8) {
    std::uint64_t word;
    std::memcpy(&word, data + i, 8);
    word ^= wide;
    std::memcpy(data + i, &word, 8);
  }
  char bytes[4];
  std::memcpy(bytes, &key, 4);
  for (; i < size; ++i) data[i] = static_cast<char>(data[i] ^ bytes[i % 4]);
}

std::size_t frame_header(std::array<char, 10>& out, Opcode opcode, std::size_t size) noexcept {
  out[0] = static_cast<char>(0x80 | static_cast<unsigned>(opcode));
  if (size < 126) {
    out[1] = static_cast<char>(size);
    return 2;
  }
  const std::size_t bytes = size <= 0xffff ? 2 : 8;
  out[1] = static_cast<char>(bytes == 2 ? 126 : 127);
  for (std::size_t i = 0; i < bytes; ++i) out[2 + i] = static_cast<char>(size >> (8 * (bytes - 1 - i)));
  return 2 + bytes;
}

std::string close_payload(int code, std::string_view reason) {
  std::string out;
  out += static_cast<char>(code >> 8);
  out += static_cast<char>(code);
  out += utf8_head(reason, 123);
  return out;
}

std::string accept_key(std::string_view key) {
  unsigned char raw[32];
  if (key.size() != 24 || !key.ends_with("==")) return {};
  if (EVP_DecodeBlock(raw, reinterpret_cast<const unsigned char*>(key.data()), 24) != 18) return {};
  const std::string input = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  if (EVP_Digest(input.data(), input.size(), digest, &size, EVP_sha1(), nullptr) != 1) return {};
  unsigned char text[64];
  const int length = EVP_EncodeBlock(text, digest, static_cast<int>(size));
  return {reinterpret_cast<const char*>(text), static_cast<std::size_t>(length)};
}

std::size_t FrameReader::feed(char* data, std::size_t size, Sink& sink) {
  std::size_t used = 0;
  while (error_ == 0) {
    const auto* in = reinterpret_cast<const unsigned char*>(data) + used;
    const std::size_t left = size - used;
    if (left < 2) break;
    const auto opcode = static_cast<Opcode>(in[0] & 0x0f);
    const bool fin = (in[0] & 0x80) != 0;
    const bool is_control = (in[0] & 0x08) != 0;
    std::uint64_t length = in[1] & 0x7f;
    // Everything that the first two bytes can show is judged before more is awaited.
    if ((in[0] & 0x70) != 0 || (in[1] & 0x80) == 0 || (is_control && (!fin || length > 125))) {
      fail(close_code::kProtocolError);
      break;
    }
    const std::size_t extra = length == 126 ? 2 : length == 127 ? 8 : 0;
    const std::size_t head = 2 + extra + 4;
    if (left < head) break;
    if (extra != 0) {
      length = 0;
      for (std::size_t i = 0; i < extra; ++i) length = length << 8 | in[2 + i];
      if (length < (extra == 2 ? 126u : 0x10000u)) {
        fail(close_code::kProtocolError);  // not the shortest form
        break;
      }
    }
    if (!is_control && length > max_ - std::min(max_, message_.size())) {
      fail(close_code::kTooBig);
      break;
    }
    if (left - head < length) break;
    std::uint32_t key;
    std::memcpy(&key, in + 2 + extra, 4);
    char* payload = data + used + head;
    unmask(payload, static_cast<std::size_t>(length), key);
    used += head + static_cast<std::size_t>(length);
    if (!frame(opcode, fin, {payload, static_cast<std::size_t>(length)}, sink)) break;
  }
  return used;
}

bool FrameReader::frame(Opcode opcode, bool fin, std::string_view payload, Sink& sink) {
  switch (opcode) {
    case Opcode::text:
      if (fragmented_) return fail(close_code::kProtocolError);
      if (fin) return valid_utf8(payload) ? sink.on_text(payload) : fail(close_code::kBadText);
      fragmented_ = true;
      message_.assign(payload);
      return true;
    case Opcode::continuation: {
      if (!fragmented_) return fail(close_code::kProtocolError);
      message_.append(payload);
      if (!fin) return true;
      fragmented_ = false;
      const std::string whole = std::move(message_);
      message_ = {};
      return valid_utf8(whole) ? sink.on_text(whole) : fail(close_code::kBadText);
    }
    case Opcode::binary:
      return fail(close_code::kUnsupported);
    default:
      return control(opcode, payload, sink);
  }
}

bool FrameReader::control(Opcode opcode, std::string_view payload, Sink& sink) {
  if (opcode == Opcode::ping) return sink.on_ping(payload);
  if (opcode == Opcode::pong) return sink.on_pong();
  if (opcode != Opcode::close) return fail(close_code::kProtocolError);
  if (payload.empty()) return sink.on_close(close_code::kNoStatus);
  if (payload.size() == 1) return fail(close_code::kProtocolError);
  const int code = static_cast<unsigned char>(payload[0]) << 8 | static_cast<unsigned char>(payload[1]);
  if (!valid_close_code(code)) return fail(close_code::kProtocolError);
  if (!valid_utf8(payload.substr(2))) return fail(close_code::kBadText);
  return sink.on_close(code);
}

}  // namespace qiao::core
