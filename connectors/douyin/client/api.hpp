#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/channel/plugin.hpp"
#include "connectors/channel/token_keeper.hpp"
#include "connectors/douyin/config.hpp"
#include "connectors/platform/json_answer.hpp"

namespace qiao::douyin {

/// The account's authorisation: access tokens from a refresh token that is itself renewed before it ends. Blocks; any
/// thread.
class Account {
 public:
  Account(const DouyinConfig& config, std::shared_ptr<OutboundClient> http, channel::Memory& memory, const Clock& clock,
          std::string instance);
  Result<std::string> token();
  void reject(const std::string& token);
  /// The page on which the account's owner authorises the hub; empty without `public_url`.
  [[nodiscard]] std::string link() const;
  /// What that page brought back.
  Result<void> authorised(const std::string& code, const std::string& state);

 private:
  struct Grant {
    std::string refresh;
    Time until;
    int renewals = 0;
    std::string from;  ///< digest of the configured token that it began with
  };
  Result<channel::FreshToken> fetch();
  Result<Grant> grant();
  Result<void> keep(const Grant& grant);
  void prolong(Grant& grant);
  Result<platform::Json> oauth(const std::string& path, const std::vector<std::pair<std::string, std::string>>& form);
  [[nodiscard]] std::string state() const;
  [[nodiscard]] std::string redirect() const;

  const DouyinConfig& config_;
  std::shared_ptr<OutboundClient> http_;
  channel::Memory& memory_;
  const Clock& clock_;
  const std::string instance_;
  channel::TokenKeeper keeper_;
};

/// Calls of the platform with the account's token, renewed once when it is refused. Blocks; any thread.
class Api {
 public:
  /// Gets the token that was refused ("" at first).
  using Token = std::function<Result<std::string>(const std::string& refused)>;
  Api(const DouyinConfig& config, std::shared_ptr<OutboundClient> http, Token token);

  /// `query`: names and values, each encoded once. `body` empty: GET. The answer without an error, as JSON and as text.
  Result<std::pair<platform::Json, std::string>> call(const std::string& path,
                                                      const std::vector<std::pair<std::string, std::string>>& query,
                                                      const std::string& body,
                                                      const std::string& content_type = "application/json");
  Result<std::string> upload_image(const std::string& name, const std::string& type, const std::string& bytes);
  void renew();

 private:
  const DouyinConfig& config_;
  std::shared_ptr<OutboundClient> http_;
  const Token token_;
  std::mutex mutex_;
  std::string refused_;
};

/// The first error_code of an answer that is not 0, and what it says.
std::pair<std::int64_t, std::string> error_in(const platform::Json& answer);

}  // namespace qiao::douyin
