#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace qiao::test {

/// A client made of plain blocking sockets, sharing no code with the server under test.
class RawClient {
 public:
  struct Response {
    int status = 0;
    std::vector<std::pair<std::string, std::string>> headers;  ///< names in lower case
    std::string body;
    [[nodiscard]] std::string header(std::string_view name) const;
  };

  explicit RawClient(std::uint16_t port);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  void send(std::string_view bytes);
  void finish_sending();
  /// Reads one answer; nothing when the server closed or sent something that is none. `head_only` for HEAD.
  std::optional<Response> read_response(bool head_only = false);
  /// Sends and reads one answer.
  std::optional<Response> ask(std::string_view bytes, bool head_only = false);
  /// Reads until the other side closes; true when it did so in order or by reset within the time limit.
  bool closed_by_server();
  [[nodiscard]] std::string read_some();  ///< what is there next, empty at the end
  std::string read_exactly(std::size_t size);
  [[nodiscard]] int fd() const { return fd_; }

  // WebSocket
  struct Frame {
    int opcode = -1;  ///< -1: closed
    bool fin = true;
    std::string payload;
    [[nodiscard]] int close_code() const;
  };
  std::optional<Response> upgrade(std::string_view path, std::string_view extra_headers = {});
  static std::string frame(int opcode, std::string_view payload, bool fin = true, bool masked = true, int reserved = 0);
  void text(std::string_view payload) { send(frame(1, payload)); }
  Frame read_frame();
  /// Skips other frames up to the close frame and gives its code; -1 when the connection ends without one.
  int read_close();

 private:
  bool fill();
  int fd_ = -1;
  std::string in_;
};

std::string get(std::string_view path, std::string_view extra_headers = {});
std::string post(std::string_view path, std::string_view body,
                 std::string_view extra_headers = "Content-Type: application/json\r\n");

}  // namespace qiao::test
