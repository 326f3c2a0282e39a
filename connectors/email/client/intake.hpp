#pragma once

#include <string>

#include "connectors/channel/channel.hpp"
#include "connectors/email/client/correspondence.hpp"
#include "connectors/email/client/counts.hpp"
#include "connectors/email/client/mail.hpp"
#include "connectors/email/client/wording.hpp"
#include "connectors/email/config.hpp"
#include "qiao/plugin.hpp"

namespace qiao::email {

/// Takes mails into the inbox: finds out whose they are, keeps their files, tells delivery reports from letters.
/// Blocking lanes; several at once.
class Intake {
 public:
  Intake(Context& host, channel::Channel& channel, Correspondences& known, const EmailConfig& config);

  /// `place` tells mails without an id apart. `size` > 0: only the header is here, of a mail of so many bytes. When it
  /// returns, the mail is in the inbox (true) or does not belong there (false); on an error it must be offered again.
  Result<bool> take(std::string_view bytes, const std::string& place, std::uint64_t size = 0);

 private:
  struct Sender {
    std::string user;     ///< whose conversation it goes into
    std::string address;  ///< who wrote
    std::string name;
    bool participant = false;    ///< writes into somebody else's, with a signed address
    bool others_thread = false;  ///< answers a mail that went to somebody else
  };
  /// A contact form of the operator wrote it for the customer in Reply-To.
  [[nodiscard]] bool from_form(const Mail& mail) const;
  Result<Sender> sender_of(const Mail& mail, const Keys& keys);
  enum class Reported { no, ours, others };  ///< no report; about a mail of ours, done with; about somebody else's
  Result<Reported> take_report(const Mail& mail, const Keys& keys);
  /// Makes the answers go below this mail.
  Result<bool> remember(const Mail& mail, const Sender& sender);
  Result<void> keep_files(const Mail& mail, const Sender& sender, std::string_view bytes, const Wording& words,
                          contract::Content& content, std::string& notes);
  Result<void> note(const std::string& user, const std::string& name, const std::string& key, std::string text,
                    Time at);

  Context& host_;
  channel::Channel& channel_;
  Correspondences& known_;
  const EmailConfig& config_;
  std::vector<std::string> own_;
  Counts per_sender_;
  Counter& taken_count_;
  Counter& ignored_count_;
};

}  // namespace qiao::email
