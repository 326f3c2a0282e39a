#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <thread>

#include "qiao/fields.hpp"
#include "qiao/result.hpp"

namespace qiao::core {

/// One line of JSON from a command to the running hub, and the one that answers it. Local to this version of the
/// binary.
struct ControlRequest {
  std::string command;
  std::string argument;
};
QIAO_FIELDS(ControlRequest, command, argument)

struct ControlReply {
  bool ok = false;
  std::string error;  ///< the id of what went wrong
  std::string text;   ///< for the operator, ready to be printed
};
QIAO_FIELDS(ControlReply, ok, error, text)

/// Listens on a Unix socket that only this user can open, and answers one request at a time on a thread of its own.
class ControlServer {
 public:
  using Handler = std::function<ControlReply(const ControlRequest&)>;

  /// Fails when the socket cannot be made. A socket that a dead hub left behind is replaced.
  static Result<std::unique_ptr<ControlServer>> listen(const std::filesystem::path& socket, Handler handler);
  ~ControlServer();
  ControlServer(const ControlServer&) = delete;
  ControlServer& operator=(const ControlServer&) = delete;

 private:
  ControlServer(std::filesystem::path socket, int listener, int wake, Handler handler);
  void serve();
  void answer(int connection);

  std::filesystem::path socket_;
  int listener_;
  int wake_;
  Handler handler_;
  std::thread thread_;
};

/// Asks the hub that works in a data folder. Errors: `control.no_hub` when none does, `control.broken`.
Result<ControlReply> ask_hub(const std::filesystem::path& data_dir, const ControlRequest& request);

/// Where the socket of a data folder is.
std::filesystem::path control_socket(const std::filesystem::path& data_dir);

}  // namespace qiao::core
