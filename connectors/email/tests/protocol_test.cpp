// IMAP and SMTP against servers that follow a script: what real ones do only on bad days, and what some providers want.
#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "connectors/email/client/counts.hpp"
#include "connectors/email/client/imap.hpp"
#include "connectors/email/client/oauth.hpp"
#include "connectors/email/client/smtp.hpp"
#include "qiao/testkit/manual_clock.hpp"

using namespace qiao;
using namespace qiao::email;
using namespace std::chrono_literals;
using testing::HasSubstr;

namespace {

/// Sends its greeting, then answers each line that it gets with the next of its answers; "$" in one becomes the tag.
class Scripted {
 public:
  Scripted(std::string greeting, std::vector<std::string> answers) {
    listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    socklen_t size = sizeof address;
    ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    ::listen(listener_, 1);
    port_ = ntohs(address.sin_port);
    thread_ =
        std::thread([this, greeting = std::move(greeting), answers = std::move(answers)] { run(greeting, answers); });
  }
  ~Scripted() {
    ::shutdown(listener_, SHUT_RDWR);
    if (thread_.joinable()) thread_.join();
    ::close(listener_);
  }
  [[nodiscard]] Server server(Server::Security security = Server::Security::none) const {
    Server s;
    s.host = "127.0.0.1";
    s.port = port_;
    s.security = security;
    s.timeout = 5s;
    s.user = "lin";
    s.secret = [] { return Result<std::string>("pass\"word"); };
    return s;
  }
  /// What it was told; waits until the client has gone.
  std::vector<std::string> heard() {
    if (thread_.joinable()) thread_.join();
    return heard_;
  }

 private:
  void run(const std::string& greeting, const std::vector<std::string>& answers) {
    const int fd = ::accept(listener_, nullptr, nullptr);
    if (fd < 0) return;
    const auto say = [fd](const std::string& text) { return ::send(fd, text.data(), text.size(), MSG_NOSIGNAL) >= 0; };
    say(greeting);
    std::size_t next = 0;
    std::string line;
    for (char c = 0; ::recv(fd, &c, 1, 0) == 1;) {
      line += c;
      if (c != '\n') continue;
      line.resize(line.size() - 2);
      heard_.push_back(line);
      if (next < answers.size()) {
        std::string answer = answers[next++];
        const std::string tag = line.substr(0, line.find(' '));
        for (auto at = answer.find('$'); at != std::string::npos; at = answer.find('$')) answer.replace(at, 1, tag);
        if (answer == "-") break;
        say(answer);
      }
      line.clear();
    }
    ::close(fd);
  }
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::thread thread_;
  std::vector<std::string> heard_;
};

}  // namespace

TEST(Imap, SaysWhoItIsBeforeAMailboxIsOpened) {  // as 163 and 126 want it
  Scripted server("* OK ready\r\n", {"* CAPABILITY IMAP4rev1 ID\r\n$ OK\r\n", "$ OK in\r\n",
                                     "* CAPABILITY IMAP4rev1 ID\r\n$ OK\r\n", "* ID NIL\r\n$ OK\r\n",
                                     "* 3 EXISTS\r\n* OK [UIDVALIDITY 7] ok\r\n* OK [UIDNEXT 12] ok\r\n$ OK\r\n"});
  std::vector<std::string> heard;
  {
    ImapClient imap(server.server());
    ASSERT_TRUE(imap.open());
    const auto selected = imap.select("投诉");
    ASSERT_TRUE(selected);
    EXPECT_EQ(selected->validity, 7U);
    EXPECT_EQ(selected->next, 12U);
    EXPECT_FALSE(imap.can_idle());
  }
  heard = server.heard();
  ASSERT_EQ(heard.size(), 5U);
  EXPECT_EQ(heard[1], "q2 LOGIN \"lin\" \"pass\\\"word\"");
  EXPECT_THAT(heard[3], HasSubstr("ID (\"name\" \"Qiao\""));
  EXPECT_EQ(heard[4], "q5 SELECT \"&YpWLyQ-\"");
}

TEST(Imap, TellsARefusedLoginFromABusyServer) {
  for (const auto& [answer, id] : std::vector<std::pair<std::string, std::string>>{
           {"$ NO [AUTHENTICATIONFAILED] wrong\r\n", "email.login"}, {"$ NO [UNAVAILABLE] later\r\n", "email.busy"}}) {
    Scripted server("* OK ready\r\n", {"* CAPABILITY IMAP4rev1\r\n$ OK\r\n", answer});
    ImapClient imap(server.server());
    const auto opened = imap.open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().id, id);
    EXPECT_THAT(opened.error().message, testing::Not(HasSubstr("pass\"word"))) << "no secret in a sentence";
  }
}

TEST(Imap, SendsNoPasswordWhenItCannotBeEncrypted) {
  Scripted server("* OK ready\r\n", {"* CAPABILITY IMAP4rev1\r\n$ OK\r\n"});
  {
    ImapClient imap(server.server(Server::Security::starttls));
    const auto opened = imap.open();
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().id, "email.no_tls");
  }
  EXPECT_EQ(server.heard().size(), 1U);
}

TEST(Imap, TrustsNothingThatCameBeforeTheEncryption) {
  Scripted server("* OK ready\r\n",
                  {"* CAPABILITY IMAP4rev1 STARTTLS\r\n$ OK\r\n", "$ OK go\r\n* OK [ALERT] from anybody\r\n"});
  ImapClient imap(server.server(Server::Security::starttls));
  const auto opened = imap.open();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().id, "outbound.tls");
}

TEST(Imap, LogsInByOauthWithoutAnInitialResponseWhereThereIsNone) {
  Scripted server("* OK ready\r\n", {"* CAPABILITY IMAP4rev1 AUTH=XOAUTH2\r\n$ OK\r\n", "+ \r\n", "q2 OK in\r\n",
                                     "* CAPABILITY IMAP4rev1 IDLE\r\n$ OK\r\n"});
  {
    Server settings = server.server();
    settings.oauth = true;
    ImapClient imap(settings);
    ASSERT_TRUE(imap.open());
    EXPECT_TRUE(imap.can_idle());
  }
  const auto heard = server.heard();
  EXPECT_EQ(heard[1], "q2 AUTHENTICATE XOAUTH2");
  EXPECT_EQ(heard[2], xoauth2("lin", "pass\"word"));
}

TEST(Imap, DropsTheOldMailThatARangeAlwaysHolds) {
  Scripted server("* PREAUTH ready\r\n",
                  {"* CAPABILITY IMAP4rev1\r\n$ OK\r\n",
                   "* 3 FETCH (UID 9 RFC822.SIZE 100)\r\n* 4 FETCH (RFC822.SIZE 5 UID 11)\r\n$ OK\r\n",
                   "* 4 FETCH (UID 11 BODY[] {5}\r\na\r\nb))\r\n$ OK\r\n"});
  ImapClient imap(server.server());
  ASSERT_TRUE(imap.open());
  const auto list = imap.list_after(9);
  ASSERT_TRUE(list) << list.error().message;
  ASSERT_EQ(list->size(), 1U);
  EXPECT_EQ(list->at(0).uid, 11U);
  EXPECT_EQ(imap.fetch(11).value(), "a\r\nb)");
}

TEST(Imap, KeepsWhatIsToldWhileItIsAskedToIdle) {
  Scripted server("* PREAUTH ready\r\n", {"* CAPABILITY IMAP4rev1 IDLE\r\n$ OK\r\n", "* 5 EXISTS\r\n+ idling\r\n",
                                          "q2 OK\r\n", "+ idling\r\n* 6 EXISTS\r\n"});
  ImapClient imap(server.server());
  ASSERT_TRUE(imap.open());
  EXPECT_FALSE(imap.has_news());
  ASSERT_TRUE(imap.begin_idle());
  EXPECT_TRUE(imap.has_news());
  ASSERT_TRUE(imap.end_idle());
  ASSERT_TRUE(imap.begin_idle());
  EXPECT_TRUE(imap.idling());
  while (!imap.readable()) std::this_thread::yield();
}

TEST(Imap, KeepsWhatIsToldWithTheAnswerToSomethingElse) {
  Scripted server("* PREAUTH ready\r\n",
                  {"* CAPABILITY IMAP4rev1 IDLE\r\n$ OK\r\n", "$ OK none\r\n", "* 3 EXISTS\r\n$ OK stored\r\n"});
  ImapClient imap(server.server());
  ASSERT_TRUE(imap.open());
  EXPECT_TRUE(imap.list_after(2).value().empty());
  EXPECT_FALSE(imap.has_news());
  ASSERT_TRUE(imap.mark_seen(2));
  EXPECT_TRUE(imap.has_news()) << "the server does not say it a second time";
}

TEST(Imap, IsWokenByClosing) {
  Scripted server("* OK ready\r\n", {});
  auto imap = std::make_unique<ImapClient>(server.server());
  std::thread closer([&] { imap->close(); });
  const auto opened = imap->open();
  closer.join();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::cancelled);
}

TEST(Imap, ReadsLiteralsQuotesAndNesting) {
  const ImapLine line{"* 1 FETCH (FLAGS (\\Seen) UID 5 BODY[HEADER.FIELDS (DATE)] {3} X \"a\\\"b\" Y NIL)", {"a(b"}};
  const auto words = parse_imap(line);
  ASSERT_EQ(words.size(), 4U);
  const auto& items = words[3].items;
  ASSERT_EQ(items.size(), 10U);
  EXPECT_EQ(items[5].text, "a(b");
  EXPECT_EQ(items[7].text, "a\"b");
  EXPECT_EQ(items[9].kind, ImapValue::Kind::nil);
  EXPECT_EQ(read_fetch(line).uid, 5U);
  EXPECT_EQ(literal_size("x {12}"), 12);
  EXPECT_EQ(literal_size("x {12+}"), 12);
  EXPECT_EQ(literal_size("x {a}"), -1);
  (void)parse_imap({std::string(100'000, '('), {}});
  EXPECT_EQ(mailbox_name("Tom & Jerry"), "Tom &- Jerry");
}

TEST(Smtp, SendsWithTheEnvelopeAndDoublesDots) {
  Scripted server("220 mx\r\n", {"250-mx\r\n250-SIZE 1000000\r\n250 AUTH PLAIN LOGIN\r\n", "235 in\r\n", "250 ok\r\n",
                                 "250 ok\r\n", "354 go\r\n", "", "", "", "250 taken\r\n", "221 bye\r\n"});
  {
    SmtpClient smtp(server.server(), "shop.test");
    ASSERT_TRUE(smtp.open());
    EXPECT_EQ(smtp.largest(), 1'000'000U);
    const auto sent = smtp.send("a@shop.test", "b@c.test", "S: x\r\n\r\n.dot");
    ASSERT_TRUE(sent) << sent.error().message;
    smtp.quit();
  }
  const auto heard = server.heard();
  EXPECT_EQ(heard[0], "EHLO shop.test");
  EXPECT_EQ(heard[2], "MAIL FROM:<a@shop.test> SIZE=12");
  EXPECT_EQ(heard[3], "RCPT TO:<b@c.test>");
  EXPECT_EQ(heard[7], "..dot");
  EXPECT_EQ(heard[8], ".");
}

TEST(Smtp, TreatsRefusalsByTheirClass) {
  EXPECT_EQ(smtp_error({451, "451 greylisted"}).id, "email.deferred");
  EXPECT_EQ(smtp_error({550, "550 5.1.1 no such user"}).id, "email.refused");
  EXPECT_EQ(smtp_error({550, "550 5.1.1 no such user"}).code, Errc::bad_value);
  EXPECT_EQ(smtp_error({554, "554 rate exceeded"}).id, "email.deferred");
  EXPECT_EQ(smtp_error({550, "550 5.7.1 ratelimit reached"}).id, "email.deferred");
  EXPECT_EQ(smtp_error({550, "550 5.7.1 rejected by corporate policy, generated by mx1"}).id, "email.refused")
      << "else it is tried for two days before the agent learns of it";
  EXPECT_EQ(smtp_error({550, "550 Daily sending limit reached"}).id, "email.limit");
}

TEST(Smtp, WritesLinesThatCannotEndTheMailEarly) {
  EXPECT_EQ(smtp_data("a\n.\nb"), "a\r\n..\r\nb\r\n.\r\n");
  EXPECT_EQ(smtp_data("a\r.\rb\r\n"), "a\r\n..\r\nb\r\n.\r\n");
  EXPECT_EQ(smtp_data(""), ".\r\n");
}

TEST(Smtp, RefusesAddressesThatWouldBeCommands) {
  Scripted server("220 mx\r\n", {"250 mx\r\n", "235 in\r\n"});
  SmtpClient smtp(server.server(), "shop.test");
  ASSERT_TRUE(smtp.open());
  EXPECT_EQ(smtp.send("a@b", "x@y>\r\nRCPT TO:<z@w", "m").error().id, "email.refused");
}

TEST(Oauth, ReadsTokensAndSaysWhatToDoWhenAccessWasWithdrawn) {
  const auto token = read_oauth_token(200, R"({"access_token":"a","expires_in":3599,"refresh_token":"r"})");
  ASSERT_TRUE(token);
  EXPECT_EQ(token->value, "a");
  EXPECT_EQ(token->life, 3599s);
  EXPECT_EQ(token->refresh, "r");
  EXPECT_EQ(read_oauth_token(400, R"({"error":"invalid_grant"})").error().id, "email.login");
  EXPECT_EQ(read_oauth_token(503, "<html>").error().code, Errc::unavailable);
  EXPECT_EQ(read_oauth_token(503, R"({"error":"temporarily_unavailable"})").error().code, Errc::unavailable)
      << "the owner of the mailbox need not do anything";
  EXPECT_EQ(read_oauth_token(400, R"({"error":"server_error"})").error().code, Errc::unavailable);
}

TEST(Oauth, ANewRefreshTokenOfTheOperatorReplacesWhatTheProviderGaveForTheOldOne) {
  OauthConfig config;
  config.client_id = "app";
  config.refresh_token = Secret("withdrawn");
  const std::string before = oauth_token_name(config);
  EXPECT_EQ(oauth_token_name(config), before);
  config.refresh_token = Secret("granted again");
  EXPECT_NE(oauth_token_name(config), before) << "the one that is kept is the child of the withdrawn one";
}

TEST(Counts, ForgetWhatIsLongAgo) {
  testkit::ManualClock clock;
  Counts counts(clock, 1h);
  counts.count("a");
  EXPECT_FALSE(counts.full("a", 2));
  counts.count("a");
  EXPECT_TRUE(counts.full("a", 2));
  EXPECT_FALSE(counts.full("b", 2));
  clock.advance(1h);
  EXPECT_FALSE(counts.full("a", 2));
  EXPECT_TRUE(counts.full("c", 0));
}
