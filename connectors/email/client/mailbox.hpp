#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "connectors/email/client/imap.hpp"
#include "connectors/email/client/intake.hpp"

namespace qiao::email {

/// Where the reading of a mailbox stands; kept after each mail, once the inbox has it.
struct Cursor {
  std::uint32_t validity = 0;  ///< 0: it was never read
  std::uint32_t last = 0;      ///< every UID up to it is in the inbox
  Time at;                     ///< when it was moved last
};
QIAO_FIELDS(Cursor, validity, last, at)

/// Watches one mailbox. No thread waits for mail: the connection rests in IDLE, `tick` looks whether something came,
/// and the work runs on a blocking lane.
class Mailbox : public std::enable_shared_from_this<Mailbox> {
 public:
  Mailbox(Context& host, channel::Channel& channel, Intake& intake, const EmailConfig& config, Server server,
          std::string folder, std::function<void()> login_refused);

  /// Every half second, on a serial lane.
  void tick();
  /// Ends the connection and whatever waits in it, at once. Any thread.
  void close() noexcept;

 private:
  void work();
  Result<void> round();
  Result<void> open();
  Result<void> first_reading(const ImapClient::Selected& now);
  Result<void> read_new();
  Result<void> read(const ImapClient::Listed& one);
  Result<void> keep_cursor();
  void failed(const Error& error);

  Context& host_;
  channel::Channel& channel_;
  Intake& intake_;
  const EmailConfig& config_;
  const Server server_;
  const std::string folder_;
  const std::string alert_;  ///< its own: another mailbox of the account that can be read does not end it
  const std::function<void()> login_refused_;

  std::mutex mutex_;
  std::shared_ptr<ImapClient> client_;  // replaced under the mutex, used by the one who works
  bool working_ = false;
  bool closed_ = false;
  SteadyTime due_{};  // when not idling

  // Of the one who works.
  Cursor cursor_;
  int failures_ = 0;
  int refusals_ = 0;
};

}  // namespace qiao::email
