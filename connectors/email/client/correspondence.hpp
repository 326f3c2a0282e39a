#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "connectors/channel/memory.hpp"
#include "connectors/email/client/keys.hpp"

namespace qiao::email {

/// What the hub must know to answer a customer's last mail so that it stands below it in their mail program.
struct Correspondence {
  std::string thread;   ///< the key in our ids and reply addresses
  std::string address;  ///< where answers go
  std::string name;
  std::string subject;
  std::string parent;  ///< Message-ID of the last mail
  std::vector<std::string> references;
  bool proven = false;  ///< the address was proven and told to contacts
};
QIAO_FIELDS(Correspondence, thread, address, name, subject, parent, references, proven)

/// Keeps it for each customer. Blocking lanes.
class Correspondences {
 public:
  /// `address`: our own.
  Correspondences(channel::Memory& memory, std::string address);

  /// The signer of ids and addresses; its secret is made once and shared between nodes.
  Result<std::shared_ptr<const Keys>> keys();
  Result<std::optional<Correspondence>> of(const std::string& user);
  Result<void> keep(const std::string& user, const Correspondence& what);
  /// Whose thread it is; "" when nobody's any more.
  Result<std::string> user_of(const std::string& thread);
  /// Marks a mail as taken; and whether it was. Names are hashes.
  Result<bool> taken(const std::string& external_id);
  Result<void> take(const std::string& external_id);
  Result<std::int64_t> forget(const std::string& user);

  /// The id of a customer: their address, or its hash when that is too long.
  static std::string user_for(const std::string& address);

 private:
  channel::Memory& memory_;
  const std::string address_;
  std::mutex mutex_;
  std::shared_ptr<const Keys> keys_;
};

}  // namespace qiao::email
