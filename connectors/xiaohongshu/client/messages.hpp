#pragma once

#include <memory>
#include <string>
#include <vector>

#include "connectors/channel/plugin.hpp"
#include "connectors/xiaohongshu/config.hpp"

namespace qiao::xiaohongshu {

/// A private message or a comment.
struct Incoming {
  std::string id;
  std::string user;
  std::string name;
  contract::Content content;
  std::string picture;  ///< address of a picture to be fetched and kept
  Time at;
  std::string place;     ///< whatever `send` needs to answer exactly this; comes back there
  bool comment = false;  ///< everybody reads along
};
QIAO_FIELDS(Incoming, id, user, name, content, picture, at, place, comment)

/// The boundary behind which Xiaohongshu's private messages and comments lie. There is no public interface for them:
/// whoever was invited writes one class like this, gives it a name in adapters.cpp and sets `messages.adapter` to it.
/// Queues, order, splitting, retries, windows, receipts and the inbox are done on the hub's side.
class MessageAccess {
 public:
  virtual ~MessageAccess() = default;
  /// Kinds, lengths, window, and whether everybody reads along; `platform` and `title` are filled in.
  [[nodiscard]] virtual contract::ChannelCapabilities capabilities() const = 0;
  /// The answer to the platform's GET when the address is set. On an I/O thread: must not wait.
  virtual Result<std::string> check(const HttpRequest& request) = 0;
  /// Checks a push over its raw bytes and reads it; `bad_value` or `unauthorized` when it is not the platform's. On an
  /// I/O thread: must not wait.
  virtual Result<std::vector<Incoming>> read(const HttpRequest& push) = 0;
  /// Sends one part under `place`, the one of the message that it answers; the platform's id of it. Failures by class
  /// (connectors/channel/platform.hpp). Blocking lanes, several at once for different customers.
  virtual Result<std::string> send(const channel::Part& part, const std::string& place) = 0;
  /// A sentence about who the hub is there.
  virtual Result<std::string> test() = 0;
};

/// The adapter that `config.adapter` names. Errors: `xiaohongshu.adapter`.
Result<std::unique_ptr<MessageAccess>> make_access(const AccessConfig& config, std::shared_ptr<OutboundClient> http);

}  // namespace qiao::xiaohongshu
