#include "connectors/email/client/email_client.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "connectors/email/client/charset.hpp"
#include "connectors/email/client/compose.hpp"
#include "connectors/email/client/oauth.hpp"

namespace qiao::email {
namespace {

using namespace std::chrono_literals;

Server server_of(const ServerConfig& config, const EmailConfig& all, std::uint16_t tls_port, std::uint16_t plain_port) {
  Server server;
  server.host = config.host;
  server.security = config.security == Security::tls        ? Server::Security::tls
                    : config.security == Security::starttls ? Server::Security::starttls
                                                            : Server::Security::none;
  server.port = config.port != 0 ? config.port : config.security == Security::tls ? tls_port : plain_port;
  server.ca_file = all.ca_file;
  server.timeout = std::max(all.timeout, std::chrono::milliseconds(all.timeout) * 3);
  server.user = config.user.empty() ? all.address : config.user;
  return server;
}

std::string domain_of(const std::string& address) { return address.substr(address.rfind('@') + 1); }

}  // namespace

Client::Client(const EmailConfig& config, std::shared_ptr<channel::Services> services)
    : config_(config), services_(std::move(services)) {}

Server Client::imap_server() const {
  Server server = server_of(config_.imap, config_, 993, 143);
  server.oauth = token_ != nullptr;
  server.secret = [this]() -> Result<std::string> {
    if (token_) return token_->get();
    return config_.imap.password.reveal();
  };
  return server;
}

Server Client::smtp_server() const {
  Server server = server_of(config_.smtp, config_, 465, 587);
  server.oauth = token_ != nullptr;
  const Secret& own = config_.smtp.password;
  // A relay on this machine that asks for no login is one without a user and a password of its own.
  if (config_.smtp.security == Security::none && config_.smtp.user.empty() && own.empty()) server.user.clear();
  server.secret = [this, &own]() -> Result<std::string> {
    if (token_) return token_->get();
    return own.empty() ? config_.imap.password.reveal() : own.reveal();
  };
  return server;
}

Result<channel::FreshToken> Client::fetch_token(const std::string& refresh) const {
  return fetch_oauth_token(*services_->http, config_.oauth, refresh);
}

Result<void> Client::start(Context& host) {
  channel::Channel& channel = *services_->channel;
  if (!config_.oauth.token_url.empty()) {
    token_ =
        std::make_unique<channel::TokenKeeper>(channel.memory(), host.clock(), oauth_token_name(config_.oauth),
                                               [this](const std::string& refresh) { return fetch_token(refresh); });
  }
  known_ = std::make_unique<Correspondences>(channel.memory(), config_.address);
  intake_ = std::make_unique<Intake>(host, channel, *known_, config_);
  automatic_ = std::make_unique<Counts>(host.clock(), 24h);
  for (const std::string& folder : config_.folders) {
    auto mailbox = std::make_shared<Mailbox>(host, channel, *intake_, config_, imap_server(), folder,
                                             [this] { renew_credentials(); });
    host.bus().every(500ms, Lane{.name = "watch"}, [mailbox] { mailbox->tick(); });
    mailboxes_.push_back(std::move(mailbox));
  }
  return {};
}

contract::ChannelCapabilities Client::capabilities() const {
  contract::ChannelCapabilities can;
  can.platform = "email";
  can.title = config_.title;
  can.kinds = {"image", "voice", "video", "file"};
  can.max_file = 20 << 20;
  can.delivered = true;
  can.read = true;
  return can;
}

Result<std::string> Client::letter(const channel::Part& part, const Correspondence& to, const Keys& keys) {
  Draft draft;
  draft.from = {config_.name, config_.address};
  draft.to = {to.name, to.address};
  if (config_.plus_address) draft.reply_to = keys.reply_address(to.thread);
  draft.subject = reply_subject(to.subject);
  if (draft.subject.empty()) draft.subject = config_.subject;
  draft.id = keys.message_id(to.thread, part.key);
  ThreadHeaders headers = answer_to(to.parent, to.references, {});
  draft.in_reply_to = std::move(headers.in_reply_to);
  draft.references = std::move(headers.references);
  draft.at = services_->host.clock().now();
  draft.text = part.text;
  draft.signature = config_.signature;
  constexpr std::string_view kAgent = "{agent}";
  for (auto at = draft.signature.find(kAgent); at != std::string::npos;
       at = draft.signature.find(kAgent, at + part.author_name.size())) {
    draft.signature.replace(at, kAgent.size(), part.author_name);
  }
  draft.automatic = part.author == contract::Author::bot || part.author == contract::Author::system;
  for (const contract::Attachment& file : part.files) {
    auto stored = services_->channel->read_file(file.id);
    if (!stored && stored.error().code == Errc::not_found) {
      return Error{Errc::bad_value, "email.no_file", fmt::format("the attachment {} is not there any more", file.name)};
    }
    if (!stored) return stored.error();
    draft.files.push_back({stored->about.name, stored->about.media_type, std::move(stored->bytes)});
  }
  return compose(draft);
}

Result<std::string> Client::send(const channel::Part& part) {
  auto keys = known_->keys();
  if (!keys) return keys.error();
  auto found = known_->of(part.user);
  if (!found) return found.error();
  Correspondence to = found->value_or(Correspondence{});
  if (!*found) {
    if (part.user.find('@') == std::string::npos) {
      return Error{Errc::bad_value, "email.no_address", "the hub does not know an address of this customer"};
    }
    to.thread = Keys::new_thread();
    to.address = part.user;
    if (auto kept = known_->keep(part.user, to); !kept) return kept.error();
  }
  const bool automatic = part.author == contract::Author::bot || part.author == contract::Author::system;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return Error{Errc::cancelled, "the connector is being stopped"};
    if (automatic && automatic_->full(part.user, static_cast<std::size_t>(config_.automatic_limit))) {
      return Error{Errc::bad_value, "email.loop",
                   fmt::format("not sent: {} automatic mails to one customer within a day are the limit "
                               "(automatic_limit), so that no two programs answer each other for ever",
                               config_.automatic_limit)};
    }
  }
  auto mail = letter(part, to, **keys);
  if (!mail) return mail.error();
  const bool null_sender = automatic && config_.null_sender;
  const Result<void> done = hand_in(null_sender ? std::string{} : config_.address, to.address, *mail);
  if (!done) return failure_of(done.error(), part.key);
  if (automatic) automatic_->count(part.user);
  const std::lock_guard lock(mutex_);
  deferred_.erase(part.key);
  return (*keys)->message_id(to.thread, part.key);
}

Result<void> Client::hand_in(const std::string& sender, const std::string& recipient, const std::string& mail) {
  SmtpClient smtp(smtp_server(), domain_of(config_.address));
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return Error{Errc::cancelled, "the connector is being stopped"};
    sending_.push_back(&smtp);
  }
  Result<void> done = smtp.open();
  if (done && smtp.largest() > 0 && mail.size() > smtp.largest()) {
    done =
        Error{Errc::bad_value, "email.refused",
              fmt::format("the mail has {} KB, the mail server takes {} KB", mail.size() >> 10, smtp.largest() >> 10)};
  }
  if (done && !recipient.empty()) done = smtp.send(sender, recipient, mail);
  if (done) smtp.quit();
  const std::lock_guard lock(mutex_);
  std::erase(sending_, &smtp);
  return done;
}

Error Client::failure_of(const Error& error, const std::string& key) {
  if (error.id == "email.login") return channel::failure::token(error.message);
  if (error.id == "email.limit") return channel::failure::quota(error.message, 1h);
  if (error.id != "email.deferred") return error;
  const std::lock_guard lock(mutex_);
  constexpr std::size_t kMost = 10'000;
  if (deferred_.size() >= kMost) deferred_.clear();
  static constexpr std::chrono::minutes kPauses[] = {1min, 5min, 15min, 60min};
  const int tries = deferred_[key]++;
  return channel::failure::user_rate(error.message, kPauses[std::min(tries, 3)]);
}

Result<contract::ConnectorTested> Client::test() {
  ImapClient imap(imap_server());
  if (auto opened = imap.open(); !opened) return opened.error();
  std::string counts;
  for (const std::string& folder : config_.folders) {
    auto selected = imap.select(folder);
    if (!selected) return selected.error();
    counts += fmt::format("{}{}: {}", counts.empty() ? "" : ", ", folder, selected->count);
  }
  const bool idle = imap.can_idle();
  imap.logout();
  if (auto done = hand_in({}, {}, {}); !done) return done.error();
  return contract::ConnectorTested{fmt::format(
      "{}: mails in {}; new ones are {}; {} takes our mails", config_.address, counts,
      idle ? "told at once (IDLE)" : fmt::format("asked for every {} s", config_.poll.count()), config_.smtp.host)};
}

void Client::renew_credentials() {
  if (token_) token_->reject();
}

Result<std::int64_t> Client::forget(const std::string& user) { return known_->forget(user); }

void Client::close() noexcept {
  for (const auto& mailbox : mailboxes_) mailbox->close();
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (SmtpClient* smtp : sending_) smtp->close();
}

}  // namespace qiao::email
