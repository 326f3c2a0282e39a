#include "connectors/email/client/imap.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ctime>

#include "connectors/channel/signing.hpp"
#include "connectors/email/client/charset.hpp"

namespace qiao::email {
namespace {

constexpr std::size_t kMostLiteral = 128u << 20;
constexpr std::size_t kMostUntagged = 200'000;
constexpr auto kIdleAnswer = std::chrono::seconds(15);

Error broken(const std::string& says) { return {Errc::unavailable, "email.protocol", "IMAP: " + says}; }

/// "1:5,8" of ascending numbers.
std::string set_of(const std::vector<std::uint32_t>& uids) {
  std::string out;
  for (std::size_t i = 0; i < uids.size();) {
    std::size_t last = i;
    while (last + 1 < uids.size() && uids[last + 1] == uids[last] + 1) ++last;
    out += fmt::format("{}{}", out.empty() ? "" : ",", uids[i]);
    if (last > i) out += fmt::format(":{}", uids[last]);
    i = last + 1;
  }
  return out;
}

}  // namespace

Error login_refused(const Server& server, const std::string& protocol, const std::string& says) {
  return {Errc::unauthorized, "email.login",
          fmt::format("{} {} refused the login: {}. Check user and password; many providers want an app password "
                      "(授权码) and IMAP/SMTP switched on in their settings",
                      protocol, server.host, says)};
}

std::string xoauth2(const std::string& user, const std::string& token) {
  return channel::base64("user=" + user +
                         "\x01"
                         "auth=Bearer " +
                         token + "\x01\x01");
}

std::string sasl_plain(const std::string& user, const std::string& password) {
  return channel::base64(std::string(1, '\0') + user + std::string(1, '\0') + password);
}

ImapClient::ImapClient(Server server)
    : server_(std::move(server)), stream_(std::make_unique<OutboundStream>(server_.stream())) {}

bool ImapClient::has(std::string_view capability) const {
  return std::any_of(capabilities_.begin(), capabilities_.end(),
                     [&](const std::string& one) { return same_word(one, capability); });
}

Result<ImapLine> ImapClient::read_line() {
  ImapLine line;
  for (;;) {
    auto text = stream_->read_line(1 << 20);
    if (!text) return text.error();
    line.text += *text;
    const std::int64_t size = literal_size(*text);
    if (size < 0) return line;
    if (static_cast<std::uint64_t>(size) > kMostLiteral || line.literals.size() > 1000) {
      return broken("a literal is larger than any mail that is taken");
    }
    auto bytes = stream_->read(static_cast<std::size_t>(size));
    if (!bytes) return bytes.error();
    line.literals.push_back(std::move(*bytes));
  }
}

void ImapClient::note(const ImapLine& line) {
  std::uint32_t number = 0;
  const std::string_view text = line.text;
  if (!text.starts_with("* ")) return;
  const auto [end, error] = std::from_chars(text.data() + 2, text.data() + text.size(), number);
  if (error != std::errc{}) return;
  const std::string_view what = trim(text.substr(static_cast<std::size_t>(end - text.data())));
  if (same_word(what, "EXISTS")) {
    news_ = news_ || number > count_;
    count_ = number;
  } else if (same_word(what, "EXPUNGE") && count_ > 0) {
    --count_;
  }
}

Result<std::string> ImapClient::command(const std::string& text, std::vector<std::string> continuations) {
  const std::string tag = fmt::format("q{}", ++tag_);
  stream_->within(server_.timeout);
  untagged_.clear();
  if (auto sent = stream_->write(tag + " " + text + "\r\n"); !sent) return sent.error();
  std::size_t answered = 0;
  for (;;) {
    auto line = read_line();
    if (!line) return line.error();
    if (line->text.starts_with("+")) {
      // A further "+" of a refused SASL exchange is answered with an empty line, which ends it.
      const std::string reply = answered < continuations.size() ? continuations[answered] : std::string{};
      ++answered;
      if (auto sent = stream_->write(reply + "\r\n"); !sent) return sent.error();
      if (answered > continuations.size() + 3) return broken("the server asks on and on");
    } else if (line->text.starts_with("* ")) {
      if (find_word(line->text, "* bye") == 0 && text != "LOGOUT") {
        return Error{Errc::unavailable, "email.bye",
                     "the IMAP server ended the session: " + std::string(utf8_head(line->text, 200))};
      }
      note(*line);
      if (untagged_.size() >= kMostUntagged) return broken("too many answers to one question");
      untagged_.push_back(std::move(*line));
    } else if (line->text.starts_with(tag + " ")) {
      std::string rest = line->text.substr(tag.size() + 1);
      if (find_word(rest, "ok") == 0) return rest;
      return Error{Errc::conflict, "email.imap", std::string(utf8_head(rest, 300))};
    } else {
      return broken("an answer that is none: " + std::string(utf8_head(to_utf8(line->text, ""), 60)));
    }
  }
}

Result<void> ImapClient::learn_capabilities(std::string_view line) {
  auto at = find_word(line, "capability ");
  if (at == std::string_view::npos) return {};
  capabilities_.clear();
  line.remove_prefix(at + 11);
  line = line.substr(0, line.find(']'));
  while (!line.empty()) {
    const auto end = std::min(line.find(' '), line.size());
    if (end > 0) capabilities_.emplace_back(line.substr(0, end));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return {};
}

Result<void> ImapClient::ask_capabilities() {
  auto done = command("CAPABILITY");
  if (!done) return done.error();
  for (const ImapLine& line : untagged_) {
    if (find_word(line.text, "* capability ") == 0) return learn_capabilities(line.text);
  }
  return broken("no CAPABILITY");
}

Result<void> ImapClient::open() {
  if (auto connected = stream_->connect(); !connected) return connected;
  stream_->within(server_.timeout);
  auto greeting = read_line();
  if (!greeting) return greeting.error();
  const bool known = find_word(greeting->text, "* preauth") == 0;
  if (!known && find_word(greeting->text, "* ok") != 0) {
    return Error{Errc::unavailable, "email.bye",
                 "the IMAP server takes no session: " + std::string(utf8_head(to_utf8(greeting->text, ""), 200))};
  }
  if (server_.security == Server::Security::starttls) {
    if (known) return broken("it is logged in before the encryption; nothing is sent over such a connection");
    if (auto asked = ask_capabilities(); !asked) return asked;
    if (!has("STARTTLS")) {
      return Error{Errc::unavailable, "email.no_tls",
                   server_.host + " offers no STARTTLS; use security: tls and port 993"};
    }
    if (auto started = command("STARTTLS"); !started) return started.error();
    if (auto secured = stream_->start_tls(); !secured) return secured;
  }
  if (auto asked = ask_capabilities(); !asked) return asked;
  if (!known) {
    if (auto in = log_in(); !in) return in;
    // What is offered may differ now.
    if (auto asked = ask_capabilities(); !asked) return asked;
  }
  if (has("ID")) {
    if (auto told = command(R"(ID ("name" "Qiao" "version" "0.1" "vendor" "Qiao"))");
        !told && told.error().id != "email.imap") {
      return told.error();
    }
  }
  return {};
}

Result<void> ImapClient::log_in() {
  auto secret = server_.secret();
  if (!secret) return secret.error();
  Result<std::string> done = std::string{};
  if (server_.oauth) {
    const std::string initial = xoauth2(server_.user, *secret);
    done = has("SASL-IR") ? command("AUTHENTICATE XOAUTH2 " + initial) : command("AUTHENTICATE XOAUTH2", {initial});
  } else if (!has("LOGINDISABLED")) {
    // Plain LOGIN first: there are servers that offer SASL and then refuse it.
    const bool plain = std::all_of(secret->begin(), secret->end(), [](char c) { return c >= 0x20 && c < 0x7F; });
    done = plain ? command(fmt::format("LOGIN {} {}", imap_quoted(server_.user), imap_quoted(*secret)))
                 : command(fmt::format("LOGIN {} {{{}}}", imap_quoted(server_.user), secret->size()), {*secret});
  } else {
    done = command("AUTHENTICATE PLAIN", {sasl_plain(server_.user, *secret)});
  }
  if (done) return {};
  if (done.error().id != "email.imap") return done.error();
  const std::string& says = done.error().message;
  for (const char* passing : {"[unavailable]", "[inuse]", "[limit]", "too many", "try again", "system busy"}) {
    if (find_word(says, passing) != std::string_view::npos)
      return Error{Errc::unavailable, "email.busy", "IMAP: " + says};
  }
  return login_refused(server_, "IMAP", says);
}

Result<ImapClient::Selected> ImapClient::select(const std::string& mailbox) {
  auto done = command("SELECT " + imap_quoted(mailbox_name(mailbox)));
  if (!done) {
    if (done.error().id != "email.imap") return done.error();
    return Error{Errc::not_found, "email.mailbox",
                 fmt::format("mailbox \"{}\" cannot be opened: {}", mailbox, done.error().message)};
  }
  Selected selected;
  for (const ImapLine& line : untagged_) {
    if (const auto value = response_code(line.text, "UIDVALIDITY"); value > 0) selected.validity = value;
    if (const auto value = response_code(line.text, "UIDNEXT"); value > 0) selected.next = value;
    const auto words = parse_imap(line);
    if (words.size() == 3 && same_word(words[2].text, "EXISTS"))
      selected.count = static_cast<std::uint32_t>(std::strtoul(words[1].text.c_str(), nullptr, 10));
  }
  if (selected.next == 0 && selected.count > 0) {
    auto newest = sizes_of("*");
    if (!newest) return newest.error();
    for (const Listed& one : *newest) selected.next = std::max(selected.next, one.uid + 1);
  }
  if (selected.next == 0) selected.next = 1;
  return selected;
}

Result<std::vector<ImapClient::Listed>> ImapClient::sizes_of(const std::string& set) {
  auto done = command(fmt::format("UID FETCH {} (UID RFC822.SIZE)", set));
  if (!done) return done.error();
  std::vector<Listed> list;
  for (const ImapLine& line : untagged_) {
    const Fetched fetched = read_fetch(line);
    if (fetched.uid > 0) list.push_back({fetched.uid, fetched.size});
  }
  std::sort(list.begin(), list.end(), [](const Listed& a, const Listed& b) { return a.uid < b.uid; });
  list.erase(std::unique(list.begin(), list.end(), [](const Listed& a, const Listed& b) { return a.uid == b.uid; }),
             list.end());
  return list;
}

Result<std::vector<ImapClient::Listed>> ImapClient::list_after(std::uint32_t last) {
  news_ = false;
  auto list = sizes_of(fmt::format("{}:*", static_cast<std::uint64_t>(last) + 1));
  // The range always holds the newest mail, even when it is an old one.
  if (list) std::erase_if(*list, [&](const Listed& one) { return one.uid <= last; });
  return list;
}

Result<std::vector<ImapClient::Listed>> ImapClient::list_since(std::chrono::system_clock::time_point day, bool unseen) {
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = std::chrono::system_clock::to_time_t(day);
  std::tm t{};
  ::gmtime_r(&seconds, &t);
  auto done = command(fmt::format("UID SEARCH {}SINCE {}-{}-{:04}", unseen ? "UNSEEN " : "", t.tm_mday,
                                  kMonths[t.tm_mon], t.tm_year + 1900));
  if (!done) return done.error();
  std::vector<std::uint32_t> uids;
  for (const ImapLine& line : untagged_) {
    const auto words = parse_imap(line);
    if (words.size() < 2 || !same_word(words[1].text, "SEARCH")) continue;
    for (std::size_t i = 2; i < words.size(); ++i) {
      if (const auto uid = std::strtoul(words[i].text.c_str(), nullptr, 10); uid > 0)
        uids.push_back(static_cast<std::uint32_t>(uid));
    }
  }
  std::sort(uids.begin(), uids.end());
  std::vector<Listed> list;
  constexpr std::size_t kAtOnce = 500;
  for (std::size_t at = 0; at < uids.size(); at += kAtOnce) {
    const auto first = uids.begin() + static_cast<std::ptrdiff_t>(at);
    auto some = sizes_of(set_of({first, first + static_cast<std::ptrdiff_t>(std::min(kAtOnce, uids.size() - at))}));
    if (!some) return some;
    list.insert(list.end(), some->begin(), some->end());
  }
  return list;
}

Result<std::string> ImapClient::fetch(std::uint32_t uid, bool header_only) {
  auto done = command(fmt::format("UID FETCH {} (UID BODY.PEEK[{}])", uid, header_only ? "HEADER" : ""));
  if (!done) return done.error();
  for (const ImapLine& line : untagged_) {
    Fetched fetched = read_fetch(line);
    if (fetched.uid == uid && fetched.has_body) return std::move(fetched.body);
  }
  return std::string{};
}

Result<void> ImapClient::mark_seen(std::uint32_t uid) {
  auto done = command(fmt::format("UID STORE {} +FLAGS.SILENT (\\Seen)", uid));
  return done ? Result<void>{} : done.error();
}

Result<void> ImapClient::move(std::uint32_t uid, const std::string& mailbox) {
  const std::string name = imap_quoted(mailbox_name(mailbox));
  if (has("MOVE")) {
    auto done = command(fmt::format("UID MOVE {} {}", uid, name));
    return done ? Result<void>{} : done.error();
  }
  if (auto copied = command(fmt::format("UID COPY {} {}", uid, name)); !copied) return copied.error();
  if (auto marked = command(fmt::format("UID STORE {} +FLAGS.SILENT (\\Deleted)", uid)); !marked) return marked.error();
  // A plain EXPUNGE would remove what others marked as well.
  if (!has("UIDPLUS")) return {};
  auto done = command(fmt::format("UID EXPUNGE {}", uid));
  return done ? Result<void>{} : done.error();
}

Result<void> ImapClient::begin_idle() {
  idle_tag_ = fmt::format("q{}", ++tag_);
  stream_->within(kIdleAnswer);
  if (auto sent = stream_->write(idle_tag_ + " IDLE\r\n"); !sent) return sent;
  for (;;) {
    auto line = read_line();
    if (!line) return line.error();
    if (line->text.starts_with("+")) {
      idling_ = true;
      return {};
    }
    if (line->text.starts_with(idle_tag_)) return Error{Errc::conflict, "email.imap", line->text};
    note(*line);
  }
}

Result<void> ImapClient::end_idle() {
  idling_ = false;
  stream_->within(kIdleAnswer);
  if (auto sent = stream_->write("DONE\r\n"); !sent) return sent;
  for (;;) {
    auto line = read_line();
    if (!line) return line.error();
    if (line->text.starts_with(idle_tag_ + " ")) return {};
    note(*line);
  }
}

Result<void> ImapClient::noop() {
  auto done = command("NOOP");
  return done ? Result<void>{} : done.error();
}

void ImapClient::logout() {
  if (idling_ && !end_idle()) return;
  (void)command("LOGOUT");
}

}  // namespace qiao::email
