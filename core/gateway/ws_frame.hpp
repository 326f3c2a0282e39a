#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace qiao::core {

/// RFC 6455 frames, as a server sees them: text only, no extensions. Own code rather than beast::websocket because an
/// idle socket must cost under 4 KB and a message under 10 µs; what is left of a message stays in the reader's shared
/// buffer.

enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

namespace close_code {
inline constexpr int kNormal = 1000;
inline constexpr int kGoingAway = 1001;
inline constexpr int kProtocolError = 1002;
inline constexpr int kUnsupported = 1003;
inline constexpr int kNoStatus = 1005;
inline constexpr int kVanished = 1006;
inline constexpr int kBadText = 1007;
inline constexpr int kPolicy = 1008;
inline constexpr int kTooBig = 1009;
inline constexpr int kInternal = 1011;
inline constexpr int kRestart = 1012;
inline constexpr int kTryLater = 1013;
inline constexpr int kIdle = 4408;
inline constexpr int kTooFast = 4429;
}  // namespace close_code

[[nodiscard]] bool valid_utf8(std::string_view text) noexcept;
/// Whether a close frame may carry `code`.
[[nodiscard]] bool valid_close_code(int code) noexcept;
/// XORs with the mask, `key` being its four bytes in memory order.
void unmask(char* data, std::size_t size, std::uint32_t key) noexcept;

/// The header of an unmasked, final frame; returns its size.
std::size_t frame_header(std::array<char, 10>& out, Opcode opcode, std::size_t size) noexcept;
/// The payload of a close frame; `reason` is cut at 123 bytes, between characters.
std::string close_payload(int code, std::string_view reason);
/// Sec-WebSocket-Accept for a key, empty when the key is not 16 bytes of base64.
std::string accept_key(std::string_view key);

/// Turns received bytes into messages.
class FrameReader {
 public:
  /// What was found; called while `feed` runs. False stops: the bytes after this frame stay unread.
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual bool on_text(std::string_view text) = 0;
    virtual bool on_ping(std::string_view payload) = 0;
    virtual bool on_pong() = 0;
    virtual bool on_close(int code) = 0;
  };

  explicit FrameReader(std::size_t max_message) : max_(max_message) {}
  /// Reads whole frames, unmasking in place, and returns how many bytes they took; the rest must come again with more.
  std::size_t feed(char* data, std::size_t size, Sink& sink);
  /// 0, or the code to close with; nothing more is read then.
  [[nodiscard]] int error() const noexcept { return error_; }

 private:
  bool frame(Opcode opcode, bool fin, std::string_view payload, Sink& sink);
  bool control(Opcode opcode, std::string_view payload, Sink& sink);
  bool fail(int code) noexcept {
    error_ = code;
    return false;
  }

  std::size_t max_;
  std::string message_;  ///< fragments of an unfinished message
  bool fragmented_ = false;
  int error_ = 0;
};

}  // namespace qiao::core
