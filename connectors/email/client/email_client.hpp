#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "connectors/channel/plugin.hpp"
#include "connectors/channel/token_keeper.hpp"
#include "connectors/email/client/mailbox.hpp"
#include "connectors/email/client/smtp.hpp"

namespace qiao::email {

/// One mail account as a channel.
class Client final : public channel::Platform {
 public:
  static constexpr const char* kName = "email";
  static constexpr bool kWindow = false;
  Client(const EmailConfig& config, std::shared_ptr<channel::Services> services);

  Result<void> start(Context& host);
  [[nodiscard]] contract::ChannelCapabilities capabilities() const override;
  [[nodiscard]] bool whole_messages() const override { return true; }
  Result<std::string> send(const channel::Part& part) override;
  Result<contract::ConnectorTested> test() override;
  void renew_credentials() override;
  Result<std::int64_t> forget(const std::string& user) override;
  void close() noexcept override;

 private:
  [[nodiscard]] Server imap_server() const;
  [[nodiscard]] Server smtp_server() const;
  Result<channel::FreshToken> fetch_token(const std::string& refresh) const;
  Result<std::string> letter(const channel::Part& part, const Correspondence& to, const Keys& keys);
  Result<void> hand_in(const std::string& sender, const std::string& recipient, const std::string& mail);
  Error failure_of(const Error& error, const std::string& key);

  const EmailConfig config_;
  const std::shared_ptr<channel::Services> services_;
  std::unique_ptr<channel::TokenKeeper> token_;
  std::unique_ptr<Correspondences> known_;
  std::unique_ptr<Intake> intake_;
  std::unique_ptr<Counts> automatic_;
  std::vector<std::shared_ptr<Mailbox>> mailboxes_;

  std::mutex mutex_;
  bool closed_ = false;
  std::vector<SmtpClient*> sending_;
  std::unordered_map<std::string, int> deferred_;  // tries of mails that a server wants to have later
};

}  // namespace qiao::email
