#include "connectors/email/client/smtp.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "connectors/channel/signing.hpp"
#include "connectors/email/client/charset.hpp"

namespace qiao::email {
namespace {

constexpr std::size_t kMostLines = 200;

bool says(const std::string& text, std::initializer_list<std::string_view> words) {
  return std::any_of(words.begin(), words.end(),
                     [&](std::string_view word) { return find_word(text, word) != std::string_view::npos; });
}

/// "rate" as a word of its own or in "ratelimit": corporate, generated and moderated have nothing to do with it.
bool names_a_rate(std::string_view text) {
  const auto letter = [&](std::size_t i) {
    return i < text.size() && ((text[i] | 0x20) >= 'a' && (text[i] | 0x20) <= 'z');
  };
  for (std::size_t at = find_word(text, "rate"); at != std::string_view::npos; at = find_word(text, "rate", at + 1)) {
    const bool begins = at == 0 || !letter(at - 1);
    if (begins && (!letter(at + 4) || find_word(text, "limit", at + 4) == at + 4)) return true;
  }
  return false;
}

bool is_plain_address(std::string_view address) {
  return std::all_of(address.begin(), address.end(),
                     [](char c) { return c > 0x20 && c != 0x7F && c != '<' && c != '>'; });
}
bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

}  // namespace

Error smtp_error(const SmtpReply& reply) {
  const std::string text(utf8_head(to_utf8(reply.text, ""), 300));
  if (reply.code / 100 == 5 &&
      says(text, {"daily", "quota exceeded for sending", "sending limit", "发信数量", "超过发信"})) {
    return {Errc::rate_limited, "email.limit", "the mail server takes no more mails today: " + text};
  }
  if (reply.code / 100 == 4 || names_a_rate(text) || says(text, {"try again", "too many", "frequency", "频率"})) {
    return {Errc::rate_limited, "email.deferred", "the mail server wants to be asked again later: " + text};
  }
  return {Errc::bad_value, "email.refused", "the mail server refused the mail: " + text};
}

std::string smtp_data(std::string_view mail) {
  std::string out;
  out.reserve(mail.size() + mail.size() / 40 + 8);
  bool line_start = true;
  for (std::size_t i = 0; i < mail.size(); ++i) {
    const char c = mail[i];
    if (c == '\r' && i + 1 < mail.size() && mail[i + 1] == '\n') continue;
    if (c == '\n' || c == '\r') {
      out += "\r\n";
      line_start = true;
      continue;
    }
    if (line_start && c == '.') out += '.';
    line_start = false;
    out += c;
  }
  if (!line_start) out += "\r\n";
  return out + ".\r\n";
}

SmtpClient::SmtpClient(Server server, std::string name)
    : server_(std::move(server)), name_(std::move(name)), stream_(std::make_unique<OutboundStream>(server_.stream())) {}

bool SmtpClient::has(std::string_view extension) const {
  return std::any_of(extensions_.begin(), extensions_.end(), [&](const std::string& line) {
    return same_word(std::string_view(line).substr(0, line.find(' ')), extension);
  });
}

Result<SmtpReply> SmtpClient::read_reply() {
  SmtpReply reply;
  for (std::size_t count = 0; count < kMostLines; ++count) {
    auto line = stream_->read_line(4096);
    if (!line) return line.error();
    int code = 0;
    const auto [end, error] =
        std::from_chars(line->data(), line->data() + std::min<std::size_t>(3, line->size()), code);
    if (error != std::errc{} || end != line->data() + 3 || code < 200 || code > 599) break;
    reply.code = code;
    reply.text += (reply.text.empty() ? "" : " ") + *line;
    if (line->size() > 4) extensions_.push_back(line->substr(4));
    if (line->size() == 3 || (*line)[3] != '-') return reply;
  }
  return Error{Errc::unavailable, "email.protocol", fmt::format("{} does not speak SMTP", server_.host)};
}

Result<SmtpReply> SmtpClient::command(const std::string& line) {
  stream_->within(server_.timeout);
  if (auto sent = stream_->write(line + "\r\n"); !sent) return sent.error();
  return read_reply();
}

Result<void> SmtpClient::hello() {
  extensions_.clear();
  auto reply = command("EHLO " + name_);
  if (!reply) return reply.error();
  if (reply->code != 250)
    return Error{Errc::unavailable, "email.protocol",
                 "the mail server refused EHLO: " + std::string(utf8_head(reply->text, 200))};
  largest_ = 0;
  for (const std::string& line : extensions_) {
    if (find_word(line, "size ") == 0) std::from_chars(line.data() + 5, line.data() + line.size(), largest_);
  }
  return {};
}

Result<void> SmtpClient::open() {
  if (auto connected = stream_->connect(); !connected) return connected;
  stream_->within(server_.timeout);
  auto greeting = read_reply();
  if (!greeting) return greeting.error();
  if (greeting->code != 220)
    return Error{Errc::unavailable, "email.busy",
                 "the mail server takes no connection: " + std::string(utf8_head(to_utf8(greeting->text, ""), 200))};
  if (auto said = hello(); !said) return said;
  if (server_.security == Server::Security::starttls) {
    if (!has("STARTTLS")) {
      return Error{Errc::unavailable, "email.no_tls",
                   server_.host + " offers no STARTTLS; use security: tls and port 465"};
    }
    auto started = command("STARTTLS");
    if (!started) return started.error();
    if (started->code != 220) return Error{Errc::unavailable, "email.no_tls", "STARTTLS: " + started->text};
    if (auto secured = stream_->start_tls(); !secured) return secured;
    // What was offered before may have been anybody's.
    if (auto said = hello(); !said) return said;
  }
  return server_.user.empty() ? Result<void>{} : log_in();
}

Result<void> SmtpClient::log_in() {
  auto secret = server_.secret();
  if (!secret) return secret.error();
  std::string offered;
  for (const std::string& line : extensions_) {
    if (find_word(line, "auth ") == 0 || find_word(line, "auth=") == 0) offered += " " + line.substr(5);
  }
  const bool plain = find_word(offered, "plain") != std::string_view::npos;
  const bool login = find_word(offered, "login") != std::string_view::npos;
  Result<SmtpReply> reply = SmtpReply{};
  if (server_.oauth) {
    reply = command("AUTH XOAUTH2 " + xoauth2(server_.user, *secret));
    if (reply && reply->code == 334) reply = command("");
  } else if (plain || !login) {
    reply = command("AUTH PLAIN " + sasl_plain(server_.user, *secret));
  } else {
    reply = command("AUTH LOGIN");
    if (reply && reply->code == 334) reply = command(channel::base64(server_.user));
    if (reply && reply->code == 334) reply = command(channel::base64(*secret));
  }
  if (!reply) return reply.error();
  if (reply->code == 235) return {};
  const std::string text(utf8_head(to_utf8(reply->text, ""), 200));
  if (reply->code / 100 == 4) return Error{Errc::unavailable, "email.busy", "SMTP: " + text};
  return login_refused(server_, "SMTP", text);
}

Result<void> SmtpClient::send(const std::string& sender, const std::string& recipient, const std::string& mail) {
  if (!is_plain_address(sender) || !is_plain_address(recipient) || recipient.empty()) {
    return Error{Errc::bad_value, "email.refused", "the customer's address cannot be written to"};
  }
  std::string from = fmt::format("MAIL FROM:<{}>", sender);
  if (has("SIZE")) from += fmt::format(" SIZE={}", mail.size());
  if (!is_ascii(sender) || !is_ascii(recipient)) {
    if (!has("SMTPUTF8"))
      return Error{Errc::bad_value, "email.refused", "the mail server takes no addresses with such letters (SMTPUTF8)"};
    from += " SMTPUTF8";
  }
  for (const std::string& line : {from, fmt::format("RCPT TO:<{}>", recipient), std::string("DATA")}) {
    auto reply = command(line);
    if (!reply) return reply.error();
    if (reply->code == 421)
      return Error{Errc::unavailable, "email.busy", "SMTP: " + std::string(utf8_head(to_utf8(reply->text, ""), 200))};
    if (reply->code / 100 != (line == "DATA" ? 3 : 2)) return smtp_error(*reply);
  }
  // A minute for each 2 MB on slow lines.
  stream_->within(server_.timeout + std::chrono::seconds(30 * (mail.size() >> 20)));
  if (auto sent = stream_->write(smtp_data(mail)); !sent) return sent.error();
  auto reply = read_reply();
  if (!reply) return reply.error();
  return reply->code / 100 == 2 ? Result<void>{} : smtp_error(*reply);
}

void SmtpClient::quit() { (void)command("QUIT"); }

}  // namespace qiao::email
