#pragma once

#include "connectors/channel/settings.hpp"

namespace qiao::email {

using namespace std::chrono_literals;

enum class Security { tls, starttls, none };
QIAO_ENUM(Security, tls, starttls, none)
enum class Automatic { note, ignore };
QIAO_ENUM(Automatic, note, ignore)
enum class Original { changed, always, never };
QIAO_ENUM(Original, changed, always, never)

struct ServerConfig {
  std::string host;
  std::uint16_t port = 0;
  Security security = Security::tls;
  std::string user;
  Secret password;
};

inline void describe(Schema<ServerConfig>& s) {
  s.required("host", &ServerConfig::host).max_length(253).doc("Name of the server, e.g. imap.example.com");
  s.optional("port", &ServerConfig::port).doc("0: the usual one (993 and 465 with tls, 143 and 587 otherwise)");
  s.optional("security", &ServerConfig::security)
      .doc("tls from the first byte, starttls, or none (only for a server on this machine)");
  s.optional("user", &ServerConfig::user).doc("Login name; empty: the address");
  s.optional("password", &ServerConfig::password)
      .doc("Password; with many providers an app password (授权码). Empty with smtp: that of imap");
  s.rule("security", [](const ServerConfig& c) {
    const bool here = c.host == "localhost" || c.host == "127.0.0.1" || c.host == "::1";
    return c.security == Security::none && !here
               ? std::string("passwords are not sent unencrypted over a network: use tls or starttls")
               : std::string{};
  });
}

/// For providers that take no passwords any more (Gmail, Microsoft 365).
struct OauthConfig {
  std::string token_url;
  std::string client_id;
  Secret client_secret;
  Secret refresh_token;
  std::string scope;
};

inline void describe(Schema<OauthConfig>& s) {
  s.optional("token_url", &OauthConfig::token_url)
      .doc("Where access tokens are fetched, e.g. https://oauth2.googleapis.com/token; empty: passwords are used");
  s.optional("client_id", &OauthConfig::client_id).doc("Id of the application that you registered with the provider");
  s.optional("client_secret", &OauthConfig::client_secret).doc("Its secret");
  s.optional("refresh_token", &OauthConfig::refresh_token)
      .doc("Token of the mailbox's owner that new tokens are fetched with");
  s.optional("scope", &OauthConfig::scope)
      .doc("Scope to ask for, e.g. https://outlook.office.com/.default; Google needs none");
}

struct EmailConfig : channel::ChannelSettings {
  std::string address;
  std::string name;
  ServerConfig imap;
  ServerConfig smtp;
  OauthConfig oauth;
  std::vector<std::string> folders{"INBOX"};
  std::vector<std::string> own_addresses;
  std::vector<std::string> form_senders;
  std::chrono::seconds poll = 60s;
  std::chrono::hours backlog = 72h;
  bool mark_seen = true;
  std::string move_to;
  bool plus_address = false;
  bool null_sender = false;
  std::string signature;
  std::string subject = "您的咨询 / Your message";
  std::string trusted_server;
  Automatic automatic = Automatic::note;
  Original keep_original = Original::changed;
  Bytes max_mail{30u << 20};
  std::int32_t sender_limit = 30;
  std::int32_t automatic_limit = 30;

  [[nodiscard]] std::vector<std::string> addresses() const {
    return oauth.token_url.empty() ? std::vector<std::string>{} : std::vector<std::string>{oauth.token_url};
  }
};

inline void describe(Schema<EmailConfig>& s) {
  constexpr const char* kAddress = "[^@\\s<>\"]+@[^@\\s<>\"]+";
  s.required("address", &EmailConfig::address)
      .pattern(kAddress, "an e-mail address")
      .max_length(200)
      .doc("The address that customers write to and get answers from");
  s.optional("name", &EmailConfig::name).doc("Shown beside the address, e.g. the shop's name");
  s.section("imap", &EmailConfig::imap).doc("Where mails are read");
  s.section("smtp", &EmailConfig::smtp).doc("Where mails are handed in");
  s.section("oauth", &EmailConfig::oauth).doc("Login with OAuth 2 instead of passwords");
  s.optional("folders", &EmailConfig::folders)
      .max_items(8)
      .doc("Mailboxes that are watched; the server keeps one connection for each");
  s.optional("own_addresses", &EmailConfig::own_addresses)
      .pattern(kAddress, "an e-mail address")
      .doc("Further addresses of yours, aliases for instance: mails from them are never taken as a customer's");
  s.optional("form_senders", &EmailConfig::form_senders)
      .pattern(kAddress, "an e-mail address")
      .doc("Addresses of your own contact forms: the customer is the one in Reply-To");
  s.optional("poll", &EmailConfig::poll)
      .range(5s, 3600s)
      .doc("How often a server is asked that cannot tell by itself (no IDLE)");
  s.optional("backlog", &EmailConfig::backlog)
      .range(0h, 24h * 90)
      .doc("At the very first start unseen mails that are not older are taken; 0: only what comes from then on");
  s.optional("mark_seen", &EmailConfig::mark_seen).doc("Mails are marked as seen once they are in the inbox");
  s.optional("move_to", &EmailConfig::move_to)
      .doc("Mailbox that mails are moved to once they are in the inbox; empty: they stay");
  s.optional("plus_address", &EmailConfig::plus_address)
      .doc(
          "Answers name support+KEY@… as the address for replies, with a signed key that finds the conversation again. "
          "Only when your provider delivers plus addresses");
  s.optional("null_sender", &EmailConfig::null_sender)
      .doc("Automatic answers go out with an empty envelope sender, as RFC 3834 advises; many relays refuse that");
  s.optional("signature", &EmailConfig::signature)
      .max_length(2000)
      .doc("Below each answer; {agent} is the agent's name");
  s.optional("subject", &EmailConfig::subject).max_length(200).doc("Subject when there is none to answer");
  s.optional("trusted_server", &EmailConfig::trusted_server)
      .doc(
          "Name by which your own mail server signs Authentication-Results; when it says that DMARC or DKIM passed, "
          "the "
          "sender's address counts as proven. Empty: it never does");
  s.optional("automatic", &EmailConfig::automatic)
      .doc(
          "Absence notices, newsletters and their like: a private note for agents, or ignored. They never wake the "
          "bot");
  s.optional("keep_original", &EmailConfig::keep_original)
      .doc("Whether the whole mail is kept as an attachment: when something was cut or converted, always, or never");
  s.optional("max_mail", &EmailConfig::max_mail)
      .range(Bytes{64u << 10}, Bytes{100u << 20})
      .doc("Of a larger mail only the header is read; agents are told");
  s.optional("sender_limit", &EmailConfig::sender_limit)
      .range(1, 10000)
      .doc("More mails of one sender within an hour become notes, which the bot does not answer");
  s.optional("automatic_limit", &EmailConfig::automatic_limit)
      .range(0, 10000)
      .doc("Answers of the bot or the hub itself to one customer within a day, at most");
  s.rule("oauth", [](const EmailConfig& c) {
    const bool all = !c.oauth.client_id.empty() && !c.oauth.refresh_token.empty();
    return !c.oauth.token_url.empty() && !all ? std::string("client_id and refresh_token belong to a token_url")
                                              : std::string{};
  });
  channel::describe_common(s, 2, std::chrono::minutes(48 * 60));
}

}  // namespace qiao::email
