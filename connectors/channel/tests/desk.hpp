#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "qiao/contract/channel.hpp"
#include "qiao/contract/contacts.hpp"
#include "qiao/contract/conversation.hpp"
#include "qiao/contract/files.hpp"
#include "qiao/testkit/test_hub.hpp"

namespace qiao::channel {

/// Stands in for the inbox, the contacts and the files of a hub in tests of a channel: keeps what arrives, once for
/// each id, and hands out what agents write. Made before the channel starts; waits are over as soon as it holds.
class Desk {
 public:
  struct Arrived {
    std::string id;
    std::string user;
    std::string name;
    contract::Content content;
    Time at;
    bool event = false;
  };

  explicit Desk(testkit::TestHub& hub);

  /// Waits until so many messages and events have come; false when they did not.
  bool wait_for(std::size_t count);
  bool wait_written(std::size_t count);
  bool wait_rated(std::size_t count);
  bool wait_identified(std::size_t count);
  bool wait_read();
  [[nodiscard]] std::vector<Arrived> arrived() const;
  [[nodiscard]] std::vector<contract::WriteMessage> written() const;
  [[nodiscard]] std::vector<contract::Rate> ratings() const;
  [[nodiscard]] std::vector<contract::Identify> identified() const;
  /// How often something was handed over, repetitions included.
  [[nodiscard]] std::size_t handed_over() const;
  /// From now on so many hand-overs fail as if the hub were overloaded.
  void refuse(int times);
  /// The next rating fails so; one more for each call.
  void refuse_rating(Error error);
  contract::Attachment file(const std::string& name, const std::string& type, const std::string& bytes);

  /// An agent writes; its seq, for `report`.
  std::int64_t write(const std::string& channel, const std::string& user, contract::Content content);
  /// The last that was reported about a message, and its detail; waits for the first (or `count`th) report.
  std::pair<contract::Delivery, std::string> report(std::int64_t seq, std::size_t count = 1);
  Id conversation(const std::string& channel, const std::string& user);

 private:
  struct State;

  testkit::TestHub& hub_;
  std::shared_ptr<State> state_;
};

}  // namespace qiao::channel
