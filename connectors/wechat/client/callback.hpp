#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "connectors/channel/wechat_crypt.hpp"
#include "connectors/wechat/config.hpp"
#include "qiao/http.hpp"

namespace qiao::wechat {

/// The outer side of the message push: signatures and encryption of what the platform posts and of what is answered.
/// Immutable; any thread.
class Callback {
 public:
  static Result<Callback> make(const WechatConfig& config);

  /// The platform tries the address when it is saved: the body of the answer.
  [[nodiscard]] Result<std::string> echo(const HttpRequest& request) const;

  struct Opened {
    std::string message;
    bool sealed = false;  ///< came encrypted, so the answer has to be
  };
  /// Checks the signature over what came, then decrypts. Errors: `wechat.signature`, `wechat.old_signature`
  /// (unauthorized), `wechat.bad_message`, `wechat.not_encrypted`, and those of WechatCrypt.
  [[nodiscard]] Result<Opened> open(const HttpRequest& request, Time now) const;

  /// A passive answer as the body of the answer: text for `user` from `account`.
  [[nodiscard]] Result<std::string> answer(std::string_view text, std::string_view user, std::string_view account,
                                           bool sealed, Time now) const;

 private:
  Callback() = default;
  [[nodiscard]] Result<void> check(std::string_view signature, const HttpRequest& request) const;
  std::string token_;
  std::optional<channel::WechatCrypt> crypt_;
  Mode mode_ = Mode::safe;
  std::chrono::minutes age_{};
};

}  // namespace qiao::wechat
