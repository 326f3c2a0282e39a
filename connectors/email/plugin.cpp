#include "connectors/channel/plugin.hpp"
#include "connectors/email/client/email_client.hpp"
#include "connectors/email/config.hpp"

namespace qiao::email {

class EmailPlugin final : public channel::ChannelPlugin<EmailConfig, Client> {
 public:
  static void describe(Manifest& m) {
    m.summary("E-mail: IMAP and SMTP, one account an instance; threads, attachments, bounces, no loops");
    declare(m);
  }
};

}  // namespace qiao::email

using qiao::email::EmailPlugin;
QIAO_PLUGIN(EmailPlugin, "email", "channel", "0.1.0")
