#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "connectors/email/client/imap_parse.hpp"
#include "connectors/email/client/server.hpp"

namespace qiao::email {

/// One connection to an IMAP server with one selected mailbox. Blocking; one thread at a time, except `close`. After an
/// error other than `email.imap` (the server said NO or BAD to one command) the connection is of no more use.
class ImapClient {
 public:
  explicit ImapClient(Server server);

  /// Connects, encrypts, logs in, says who we are (ID): some servers let nobody see a mailbox before.
  Result<void> open();
  struct Selected {
    std::uint32_t validity = 0;
    std::uint32_t next = 0;  ///< the UID that the next mail gets
    std::uint32_t count = 0;
  };
  Result<Selected> select(const std::string& mailbox);
  struct Listed {
    std::uint32_t uid = 0;
    std::uint64_t size = 0;
  };
  /// UIDs above `last`, ascending.
  Result<std::vector<Listed>> list_after(std::uint32_t last);
  /// UIDs that came since a day, those not seen only when asked to, ascending.
  Result<std::vector<Listed>> list_since(std::chrono::system_clock::time_point day, bool unseen);
  /// The whole mail, or its header only; "" when it is gone.
  Result<std::string> fetch(std::uint32_t uid, bool header_only = false);
  Result<void> mark_seen(std::uint32_t uid);
  /// Into another mailbox of the account.
  Result<void> move(std::uint32_t uid, const std::string& mailbox);

  /// The server spoke of new mails after `list_after` was asked: with whatever answer, and only once.
  [[nodiscard]] bool has_news() const noexcept { return news_; }

  [[nodiscard]] bool can_idle() const { return has("IDLE"); }
  /// The server tells from now on, by making the connection readable. Nothing else may be asked until `end_idle`.
  Result<void> begin_idle();
  Result<void> end_idle();
  [[nodiscard]] bool idling() const noexcept { return idling_; }
  /// Something came, or the connection ended. Does not wait.
  [[nodiscard]] bool readable() { return stream_->readable(); }
  Result<void> noop();
  void logout();
  /// Wakes whoever waits. Any thread.
  void close() noexcept { stream_->close(); }

 private:
  [[nodiscard]] bool has(std::string_view capability) const;
  Result<ImapLine> read_line();
  void note(const ImapLine& line);
  /// Sends a command and reads until its end; untagged lines go into `untagged_`. `continuations` answer the server's
  /// "+", one each.
  Result<std::string> command(const std::string& text, std::vector<std::string> continuations = {});
  Result<void> learn_capabilities(std::string_view line);
  Result<void> ask_capabilities();
  Result<void> log_in();
  Result<std::vector<Listed>> sizes_of(const std::string& set);

  const Server server_;
  std::unique_ptr<OutboundStream> stream_;
  std::vector<std::string> capabilities_;
  std::vector<ImapLine> untagged_;
  int tag_ = 0;
  std::string idle_tag_;
  bool idling_ = false;
  bool news_ = false;
  std::uint32_t count_ = 0;  // of mails, as the server told last
};

}  // namespace qiao::email
