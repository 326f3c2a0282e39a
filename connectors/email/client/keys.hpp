#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace qiao::email {

/// Signs what comes back to us: our Message-IDs and reply addresses. Nobody without the secret can make one that leads
/// into somebody's conversation. All of it is lower case: mail servers change local parts.
class Keys {
 public:
  /// `address`: our own, "support@example.com".
  Keys(std::string secret, std::string address);

  struct Place {
    std::string thread;
    std::string part;  ///< the key of what was sent; "" in addresses
  };
  /// A new id for a thread: 12 characters.
  static std::string new_thread();
  /// "part.thread.signature@example.com"; the same each time that the same part is sent.
  [[nodiscard]] std::string message_id(const std::string& thread, const std::string& part) const;
  [[nodiscard]] std::optional<Place> read_message_id(std::string_view id) const;
  /// "support+thread.signature@example.com"
  [[nodiscard]] std::string reply_address(const std::string& thread) const;
  [[nodiscard]] std::optional<Place> read_address(std::string_view address) const;

 private:
  [[nodiscard]] std::string sign(std::string_view what) const;
  const std::string secret_;
  std::string local_;
  std::string domain_;
};

}  // namespace qiao::email
