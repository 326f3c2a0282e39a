#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "connectors/channel/memory.hpp"
#include "connectors/channel/platform.hpp"
#include "connectors/channel/settings.hpp"
#include "qiao/contract/contacts.hpp"
#include "qiao/contract/files.hpp"
#include "qiao/plugin.hpp"

namespace qiao::channel {

/// The hub's side of one channel instance: what every channel does the same way.
///
/// Outwards it follows MessageOutgoing of its instance: one customer's messages in order, different customers beside
/// each other; a message becomes parts (parts.hpp), sent parts are remembered across tries and restarts, failures are
/// treated by class (platform.hpp), the result is reported to the inbox. Inwards it hands over messages, events, files,
/// claims and receipts. It serves DescribeChannel, GetChannelWindow (when the platform has a window) and TestConnector.
class Channel {
 public:
  /// `plugin`: the plugin's name, prefix of its tables.
  Channel(Context& host, std::string plugin, const ChannelSettings& settings, std::shared_ptr<Platform> platform);
  ~Channel();
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;

  /// The messages that it deals in; in the plugin's describe. `window`: the platform has one.
  static void declare(Manifest& m, bool window);
  /// Opens its tables, registers. In `start`.
  Result<void> start();
  /// Takes nothing new and waits for calls under way, until the deadline. In `drain`, after Platform::close.
  void drain(Deadline deadline);

  // ---- inwards. `channel`, and `site` and `language` where empty, are filled in.

  using Stored = std::function<void(Result<contract::Accepted>)>;
  /// For webhooks: `done` runs after the commit; acknowledge the platform then, and only then. Any thread; waits for
  /// nothing. Tried for up to `within` while the hub is overloaded.
  void accept(contract::AcceptMessage message, Stored done, std::chrono::milliseconds within = std::chrono::seconds(4));
  void record(contract::RecordEvent event, Stored done, std::chrono::milliseconds within = std::chrono::seconds(4));
  /// For pollers: the same, waiting, and tried until the hub stops. Blocking lanes.
  Result<contract::Accepted> accept_and_wait(contract::AcceptMessage message);
  Result<contract::Accepted> record_and_wait(contract::RecordEvent event);
  /// The customer did something that is no message and lets the hub write to them (followed, pressed a menu). Blocking
  /// lanes.
  void opens_window(const std::string& user, Time at);
  /// The same for platforms that allow only so many messages within a moment after it. Any thread.
  void opens_window_briefly(const std::string& user, std::chrono::seconds lasts, std::int32_t messages);
  /// Keeps what a customer sent, for Content::attachments. Blocking lanes.
  Result<contract::Attachment> keep_file(const std::string& user, std::string name, std::string bytes);
  /// What the platform knows about who the customer is. Proven claims may join contacts; names never do. Any thread.
  void identify(const std::string& user, const std::string& name, std::vector<contract::Claim> claims,
                std::map<std::string, std::string> attributes = {});
  /// A receipt for what `send` returned as the platform's id; unknown ids are ignored. Any thread.
  void receipt(const std::string& platform_id, contract::Delivery state, const std::string& detail = {});
  /// The customer has read everything that was sent up to now.
  void read_all(const std::string& user);
  /// The customer is typing. Any thread.
  void customer_types(const std::string& user, bool on);
  /// Text of the channel itself into the customer's conversation, e.g. a welcome; once for each client_id. Any thread.
  void write(contract::WriteMessage message);

  // ---- for the platform's client

  /// Bytes of an attachment that is to be sent. Blocking lanes.
  Result<contract::StoredFile> read_file(Id file);
  /// A public link to an attachment; empty when the operator has set no public address. Blocking lanes.
  std::string file_link(Id file);
  /// Raises an alert (health, log, supervisors' screens) until `alert_over`; repeated calls with one id are one alert.
  void alert(const std::string& id, const std::string& says);
  void alert_over(const std::string& id);
  [[nodiscard]] Memory& memory();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace qiao::channel
