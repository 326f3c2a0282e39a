// The plugin against Dovecot and Exim, with Maildirs that the tests fill and read.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <fstream>
#include <iterator>

#include "connectors/channel/tests/desk.hpp"
#include "connectors/email/client/mail.hpp"
#include "qiao/contract/connector.hpp"
#include "qiao/testkit/conformance.hpp"
#include "tests/simulators/simulator.hpp"

using namespace qiao;
using namespace qiao::email;
using namespace std::chrono_literals;
using channel::Desk;
using contract::Delivery;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
namespace fs = std::filesystem;

namespace {

constexpr const char* kLin = "lin@customer.test";

/// Runs until it holds; the servers of the test are processes, nothing here can be told by them.
bool eventually(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + 20s;
  while (std::chrono::steady_clock::now() < end) {
    if (holds()) return true;
    ::usleep(20'000);
  }
  return holds();
}

class Email : public testing::Test {
 protected:
  [[nodiscard]] std::string port(const std::string& name) const {
    const auto at = servers.line().find(" " + name + "=") + name.size() + 2;
    return servers.line().substr(at, servers.line().find(' ', at) - at);
  }
  [[nodiscard]] std::string config(const std::string& more = {}) const {
    return "address: support@shop.test\nname: 桥梁小店\nca_file: " + servers.url() + "/cert.pem\n" +
           "imap: {host: 127.0.0.1, port: " + port("imaps") + ", password: mail-test-1}\n" +
           "smtp: {host: 127.0.0.1, port: " + port("smtps") + "}\nsends_per_second: 100\n" + more;
  }
  void start(const std::string& more = {}) { hub.start_plugin("email", config(more)); }

  [[nodiscard]] fs::path maildir(const std::string& address) const {
    return fs::path(servers.url()) / "mail" / address / "Maildir";
  }
  /// Puts a mail into a mailbox as a delivering server does.
  void deliver(const std::string& mail, const std::string& address = "support@shop.test",
               const std::string& folder = {}) const {
    static std::atomic<int> number{0};
    const std::string name = std::to_string(1'700'000'000 + ++number) + ".q." + "test";
    const fs::path home = folder.empty() ? maildir(address) : maildir(address) / folder;
    // The server makes a folder when somebody first logs in, its parts one after the other.
    ASSERT_TRUE(eventually([&] { return fs::exists(home / "tmp") && fs::exists(home / "new"); }));
    std::ofstream(home / "tmp" / name, std::ios::binary) << mail;
    fs::permissions(home / "tmp" / name, fs::perms::all);
    fs::rename(home / "tmp" / name, home / "new" / name);
  }
  [[nodiscard]] std::string letter(const std::string& id, const std::string& text, const std::string& more = {}) const {
    return "From: =?utf-8?B?5p6X5bCP5aeQ?= <Lin@customer.test>\r\nTo: support@shop.test\r\nSubject: "
           "=?gb18030?B?zcu79cnqx+s=?=\r\n"
           "Message-ID: <" +
           id + "@customer.test>\r\n" + more + "Content-Type: text/plain; charset=utf-8\r\n\r\n" + text + "\r\n";
  }
  /// The mails in a mailbox, waiting for the first `count`.
  [[nodiscard]] std::vector<Mail> mails(const std::string& address, std::size_t count) const {
    std::vector<Mail> list;
    eventually([&] {
      list.clear();
      for (const char* part : {"new", "cur"}) {
        std::vector<fs::path> files;
        if (fs::exists(maildir(address) / part)) {
          for (const auto& entry : fs::directory_iterator(maildir(address) / part)) files.push_back(entry.path());
        }
        std::sort(files.begin(), files.end());
        for (const fs::path& file : files) {
          std::ifstream in(file, std::ios::binary);
          list.push_back(read_mail(std::string{std::istreambuf_iterator<char>(in), {}}));
        }
      }
      return list.size() >= count;
    });
    return list;
  }
  std::int64_t answer(const std::string& text, const std::string& user = kLin) {
    contract::Content content;
    content.text = text;
    return desk.write("email", user, content);
  }
  [[nodiscard]] bool tried_again() const {
    const std::string all = hub.metrics();
    const auto at = all.find("\nqiao_channel_tries_again_total{");
    const auto value = all.find("} ", at);
    return at != std::string::npos && all.substr(value + 2, 1) != "0";
  }
  [[nodiscard]] std::size_t seen() const {
    std::size_t count = 0;
    for (const auto& entry : fs::directory_iterator(maildir("support@shop.test") / "cur")) {
      const std::string name = entry.path().filename();
      count += name.substr(name.rfind(':') + 1).find('S') != std::string::npos ? 1U : 0U;
    }
    return count;
  }

  simulators::Simulator servers{"tests/support/mail/mail.mjs", {}};
  testkit::TestHub hub{{.threads = true}};
  Desk desk{hub};
};

}  // namespace

TEST_F(Email, AMailArrivesAndItsAnswerStandsInTheSameThread) {
  start("signature: \"{agent}\\n桥梁小店\"\n");
  deliver(letter("first", "我要退货\r\n\r\n在 2026年11月20日，桥梁小店 写道：\r\n> 您的订单已发出",
                 "References: <root@customer.test>\r\n"));
  ASSERT_TRUE(desk.wait_for(1));
  const auto arrived = desk.arrived()[0];
  EXPECT_EQ(arrived.user, kLin);
  EXPECT_EQ(arrived.name, "林小姐");
  EXPECT_EQ(arrived.content.text, "主题：退货申请\n\n我要退货");
  ASSERT_EQ(arrived.content.attachments.size(), 1U) << "the original, since something was cut";
  EXPECT_EQ(arrived.content.attachments[0].name, "退货申请.eml");
  EXPECT_TRUE(eventually([&] { return seen() == 1; }));

  EXPECT_EQ(desk.report(answer("您好，请把包裹寄回。")).first, Delivery::sent);
  const auto list = mails(kLin, 1);
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0].subject, "Re: 退货申请");
  EXPECT_EQ(list[0].text, "您好，请把包裹寄回。");
  EXPECT_THAT(list[0].whole, HasSubstr("王强\n桥梁小店"));
  EXPECT_EQ(list[0].from.name, "桥梁小店");
  EXPECT_THAT(list[0].header.ids("in-reply-to"), ElementsAre("first@customer.test"));
  EXPECT_THAT(list[0].header.ids("references"), ElementsAre("root@customer.test", "first@customer.test"));
  EXPECT_FALSE(list[0].nature.automatic);

  ASSERT_TRUE(desk.wait_identified(1));
  EXPECT_EQ(desk.identified()[0].claims.at(0).value, kLin);
  EXPECT_FALSE(desk.identified()[0].claims.at(0).verified) << "anybody can write a From";
}

TEST_F(Email, FilesGoBothWaysInOneMail) {
  start();
  deliver(
      "From: lin@customer.test\nSubject: photo\nMessage-ID: <p@c>\nContent-Type: multipart/mixed; "
      "boundary=b\n\n--b\n\nlook\n--b\n"
      "Content-Type: image/png; name=a.png\nContent-Disposition: attachment\nContent-Transfer-Encoding: base64\n\n"
      "iVBORw0KGgoAAAANSUhEUg==\n--b--\n");
  ASSERT_TRUE(desk.wait_for(1));
  ASSERT_EQ(desk.arrived()[0].content.attachments.size(), 1U);
  EXPECT_EQ(desk.arrived()[0].content.attachments[0].media_type, "image/png");

  contract::Content content;
  content.text = "here you are";
  content.attachments = {desk.file("label.pdf", "application/pdf", "%PDF-1.4 label"),
                         desk.file("图.png", "image/png", "\x89PNG")};
  content.buttons = {{"Yes", "yes", ""}, {"No", "no", ""}};
  EXPECT_EQ(desk.report(desk.write("email", kLin, content)).first, Delivery::sent);
  const auto list = mails(kLin, 1);
  ASSERT_EQ(list.size(), 1U) << "one mail with everything";
  EXPECT_EQ(list[0].text, "here you are\n1. Yes\n2. No");
  ASSERT_EQ(list[0].files.size(), 2U);
  EXPECT_EQ(list[0].files[0].bytes, "%PDF-1.4 label");
  EXPECT_EQ(list[0].files[1].name, "图.png");
}

TEST_F(Email, SeveralMailboxesAreWatchedAndNothingIsLostOrDoubledOverARestart) {
  start("folders: [INBOX, 投诉]\n");
  deliver(letter("one", "1"));
  ASSERT_TRUE(desk.wait_for(1));
  deliver(letter("two", "2"), "support@shop.test", ".&YpWLyQ-");
  ASSERT_TRUE(desk.wait_for(2));
  deliver(letter("two", "2"));  // the same mail by another way
  hub.stop_plugin("email");
  deliver(letter("three", "3"));
  start("folders: [INBOX, 投诉]\n");
  ASSERT_TRUE(desk.wait_for(3));
  EXPECT_EQ(desk.arrived()[2].content.text, "3") << "the subject is told once";
  EXPECT_TRUE(eventually([&] { return seen() == 3; }));
  EXPECT_EQ(desk.arrived().size(), 3U);
}

TEST_F(Email, AMailStaysUnseenUntilTheInboxHasIt) {
  start();
  deliver(letter("calm", "0"));
  ASSERT_TRUE(desk.wait_for(1));
  EXPECT_TRUE(eventually([&] { return seen() == 1; }));
  desk.refuse(1'000'000);
  deliver(letter("storm", "1"));
  EXPECT_TRUE(eventually([&] { return desk.handed_over() >= 3; }));
  EXPECT_EQ(seen(), 1U);
  hub.stop_plugin("email");
  desk.refuse(0);
  start();
  ASSERT_TRUE(desk.wait_for(2));
  EXPECT_TRUE(eventually([&] { return seen() == 2; }));
}

TEST_F(Email, AMailboxThatWasMadeAnewIsReadAgainWithoutDoubling) {
  start();
  deliver(letter("one", "1"));
  ASSERT_TRUE(desk.wait_for(1));
  // Whoever reads a second letter has ended the first look at the mailbox, and remembers it.
  deliver(letter("after", "1b"));
  ASSERT_TRUE(desk.wait_for(2));
  EXPECT_TRUE(eventually([&] { return seen() == 2; }));
  hub.stop_plugin("email");
  servers.tell("stop imap");
  servers.tell("renew support@shop.test");
  deliver(letter("two", "2"));
  servers.tell("start imap");
  start();
  ASSERT_TRUE(desk.wait_for(3));
  EXPECT_EQ(desk.arrived()[2].content.text, "2");
  EXPECT_THAT(hub.log(), HasSubstr("made anew"));
  EXPECT_EQ(desk.arrived().size(), 3U);
}

TEST_F(Email, TheServersMayGoAndComeBack) {
  start();
  deliver(letter("one", "1"));
  ASSERT_TRUE(desk.wait_for(1));
  servers.tell("stop imap");
  servers.tell("stop smtp");
  deliver(letter("two", "2"));
  const std::int64_t seq = answer("wait for it");
  EXPECT_TRUE(eventually([&] { return tried_again(); }));
  servers.tell("start imap");
  servers.tell("start smtp");
  ASSERT_TRUE(desk.wait_for(2));
  EXPECT_EQ(desk.report(seq).first, Delivery::sent);
  EXPECT_EQ(mails(kLin, 1).size(), 1U);
}

TEST_F(Email, StarttlsWorksForBothAndAReplyAddressIsSigned) {
  hub.start_plugin("email", "address: support@shop.test\nplus_address: true\nca_file: " + servers.url() +
                                "/cert.pem\nimap: {host: localhost, port: " + port("imap") +
                                ", security: starttls, password: mail-test-1}\n" +
                                "smtp: {host: localhost, port: " + port("smtp") + ", security: starttls}\n");
  deliver(letter("one", "1"));
  ASSERT_TRUE(desk.wait_for(1));
  EXPECT_EQ(desk.report(answer("a")).first, Delivery::sent);
  const auto list = mails(kLin, 1);
  ASSERT_EQ(list.size(), 1U);
  ASSERT_TRUE(list[0].reply_to);
  const std::string key = list[0].reply_to->address;
  EXPECT_THAT(key, testing::StartsWith("support+"));

  // Somebody whom the mail was forwarded to answers it: it belongs there, and is told apart.
  deliver("From: friend@other.test\nTo: " + key + "\nSubject: Re: x\nMessage-ID: <f@o>\n\nhello from a friend\n");
  ASSERT_TRUE(desk.wait_for(2));
  EXPECT_EQ(desk.arrived()[1].user, kLin);
  EXPECT_THAT(desk.arrived()[1].content.text, HasSubstr("friend@other.test"));
  // Without the signature it does not.
  std::string forged = key;
  forged[forged.find('@') - 1] = forged[forged.find('@') - 1] == 'a' ? 'b' : 'a';
  deliver("From: friend@other.test\nTo: " + forged + "\nSubject: Re: x\nMessage-ID: <g@o>\n\nagain\n");
  ASSERT_TRUE(desk.wait_for(3));
  EXPECT_EQ(desk.arrived()[2].user, "friend@other.test");
  // Nor does one that only quotes our id, though agents learn of it.
  deliver("From: third@other.test\nTo: support@shop.test\nIn-Reply-To: <" + list[0].id +
          ">\nSubject: Re: x\nMessage-ID: <h@o>\n\nhello\n");
  ASSERT_TRUE(desk.wait_for(4));
  EXPECT_EQ(desk.arrived()[3].user, "third@other.test");
  EXPECT_THAT(desk.arrived()[3].content.text, HasSubstr("another customer"));
}

TEST_F(Email, ABounceFailsTheMessageItBelongsTo) {
  start();
  deliver("From: full@customer.test\nMessage-ID: <x@c>\nSubject: q\n\nhello\n");
  ASSERT_TRUE(desk.wait_for(1));
  const std::int64_t seq = answer("an answer", "full@customer.test");
  const auto [state, says] = desk.report(seq, 2);
  EXPECT_EQ(state, Delivery::failed);
  EXPECT_THAT(says, HasSubstr("5.0.0 552 5.2.2 mailbox is full"));
  EXPECT_EQ(desk.arrived().size(), 1U) << "the report itself is no message";

  deliver("From: nobody@customer.test\nMessage-ID: <y@c>\nSubject: q\n\nhello\n");
  ASSERT_TRUE(desk.wait_for(2));
  const auto refused = desk.report(answer("an answer", "nobody@customer.test"));
  EXPECT_EQ(refused.first, Delivery::failed);
  EXPECT_THAT(refused.second, HasSubstr("no such user"));
}

TEST_F(Email, AGreylistedMailWaitsWhileOthersGo) {
  start();
  deliver("From: grey@customer.test\nMessage-ID: <x@c>\nSubject: q\n\nhello\n");
  deliver(letter("one", "1"));
  ASSERT_TRUE(desk.wait_for(2));
  answer("later", "grey@customer.test");
  EXPECT_TRUE(eventually([&] { return tried_again(); }));
  EXPECT_EQ(desk.report(answer("now")).first, Delivery::sent);
  EXPECT_THAT(hub.log(), Not(HasSubstr("customer.test"))) << "no address in the log";
}

TEST_F(Email, ProgramsAreNeverAnsweredAndOwnMailsNeverTaken) {
  start("sender_limit: 2\nautomatic_limit: 1\n");
  deliver(letter("ooo", "我在休假", "Auto-Submitted: auto-replied\r\n"));
  ASSERT_TRUE(desk.wait_for(1));
  EXPECT_TRUE(desk.arrived()[0].event) << "a note, without a turn for the bot";
  EXPECT_EQ(desk.arrived()[0].content.text, "自动邮件：退货申请\n\n我在休假");
  deliver("From: support@shop.test\nTo: support@shop.test\nMessage-ID: <own@s>\n\nours\n");
  for (const char* id : {"1", "2", "3"}) deliver(letter(id, id));
  ASSERT_TRUE(desk.wait_for(4));
  const auto arrived = desk.arrived();
  EXPECT_EQ(std::count_if(arrived.begin(), arrived.end(), [](const auto& a) { return a.event; }), 3)
      << "the notice, and what came beyond the sender's limit";

  contract::MessageOutgoing out;
  out.channel = "email";
  out.user = kLin;
  out.message.conversation = desk.conversation("email", kLin);
  out.message.author = contract::Author::bot;
  out.message.at = std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
  for (const std::int64_t seq : {1001, 1002}) {
    out.message.id = new_id();
    out.message.seq = seq;
    out.message.content.text = "by a program";
    ASSERT_TRUE(hub.publish(out));
  }
  EXPECT_EQ(desk.report(1001).first, Delivery::sent);
  EXPECT_EQ(desk.report(1002).first, Delivery::failed);
  EXPECT_THAT(desk.report(1002).second, HasSubstr("automatic_limit"));
  const auto list = mails(kLin, 1);
  ASSERT_EQ(list.size(), 1U);
  EXPECT_TRUE(list[0].nature.automatic);
}

TEST_F(Email, AProvenSenderIsAVerifiedClaimAndAReadReceiptArrives) {
  start("trusted_server: mx.shop.test\nmove_to: Done\n");
  deliver("Authentication-Results: mx.shop.test; dkim=pass header.d=customer.test\n" + letter("one", "1"));
  ASSERT_TRUE(desk.wait_identified(1));
  EXPECT_TRUE(desk.identified()[0].claims.at(0).verified);
  const fs::path done = maildir("support@shop.test") / ".Done" / "cur";
  EXPECT_TRUE(eventually([&] { return fs::exists(done) && !fs::is_empty(done); }));
  const std::int64_t seq = answer("a");
  EXPECT_EQ(desk.report(seq).first, Delivery::sent);
  deliver(
      "From: lin@customer.test\nMessage-ID: <mdn@c>\nContent-Type: multipart/report; "
      "report-type=disposition-notification; boundary=b\n\n"
      "--b\n\nread\n--b\nContent-Type: message/disposition-notification\n\nOriginal-Message-ID: <" +
      mails(kLin, 1)[0].id + ">\nDisposition: manual-action/MDN-sent-manually; displayed\n--b--\n");
  EXPECT_EQ(desk.report(seq, 2).first, Delivery::read);
}

TEST_F(Email, AMailThatIsTooLargeIsToldAndWhatTheFormWroteIsTheCustomers) {
  start("max_mail: 64KB\nform_senders: [form@shop.test]\n");
  deliver("From: lin@customer.test\nSubject: big\nMessage-ID: <b@c>\n\n" + std::string(100'000, 'x') + "\n");
  ASSERT_TRUE(desk.wait_for(1));
  EXPECT_THAT(desk.arrived()[0].content.text, HasSubstr("(The mail has 0.1 MB"));
  deliver("From: form@shop.test\nReply-To: Wu <wu@customer.test>\nSubject: form\nMessage-ID: <f@s>\n\nplease call\n");
  ASSERT_TRUE(desk.wait_for(2));
  EXPECT_EQ(desk.arrived()[1].user, "wu@customer.test");
  EXPECT_EQ(desk.arrived()[1].name, "Wu");
}

TEST_F(Email, WhatAFormWritesIsAMessageThoughItComesFromNoReplyOrFromUs) {
  start("form_senders: [noreply@shop.test, support@shop.test]\nautomatic: ignore\n");
  deliver(
      "From: noreply@shop.test\nReply-To: wu@customer.test\nAuto-Submitted: auto-generated\nSubject: form\n"
      "Message-ID: <f1@s>\n\nplease call\n");
  deliver("From: support@shop.test\nReply-To: he@customer.test\nSubject: form\nMessage-ID: <f2@s>\n\nme too\n");
  ASSERT_TRUE(desk.wait_for(2));
  for (const auto& message : desk.arrived()) EXPECT_FALSE(message.event) << "the bot may answer it";
  EXPECT_EQ(desk.arrived()[0].user, "wu@customer.test");
  EXPECT_EQ(desk.arrived()[1].user, "he@customer.test");
  // Without a customer to answer it is still a mail of our own.
  deliver("From: support@shop.test\nReply-To: support@shop.test\nMessage-ID: <f3@s>\n\nours\n");
  deliver(letter("one", "1"));
  ASSERT_TRUE(desk.wait_for(3));
  EXPECT_EQ(desk.arrived()[2].user, kLin);
}

TEST_F(Email, WhatDoesNotBelongInTheInboxStaysUnseenForWhoeverElseReadsTheMailbox) {
  start("automatic: ignore\nmove_to: Done\n");
  deliver("From: support@shop.test\nTo: support@shop.test\nMessage-ID: <own@s>\n\nours\n");
  deliver(letter("ooo", "away", "Auto-Submitted: auto-replied\r\n"));
  deliver(
      "From: mailer-daemon@mx.test\nMessage-ID: <dsn@mx>\nContent-Type: multipart/report; "
      "report-type=delivery-status; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\n"
      "Reporting-MTA: dns; mx.test\n\nFinal-Recipient: rfc822; a@b.test\nAction: failed\nStatus: 5.1.1\n--b--\n");
  deliver(letter("one", "1"));
  ASSERT_TRUE(desk.wait_for(1));
  const fs::path done = maildir("support@shop.test") / ".Done" / "cur";
  EXPECT_TRUE(eventually([&] { return fs::exists(done) && !fs::is_empty(done); }));
  EXPECT_EQ(std::distance(fs::directory_iterator(done), {}), 1);
  EXPECT_TRUE(eventually([&] { return seen() == 0; })) << "the one that was taken has left";
}

TEST_F(Email, AMailboxThatIsReadDoesNotEndTheAlertOfAnother) {
  const auto alerts = hub.probe<contract::ConnectorAlert>();
  start("folders: [INBOX, Nowhere]\n");
  ASSERT_TRUE(alerts.wait_for(1));
  EXPECT_EQ(alerts.last().id, "email.mailbox.Nowhere");
  EXPECT_THAT(alerts.last().says, HasSubstr("Nowhere"));
  deliver(letter("one", "1"));
  ASSERT_TRUE(desk.wait_for(1));
  deliver(letter("two", "2"));
  ASSERT_TRUE(desk.wait_for(2)) << "the round of the first mail has ended";
  EXPECT_FALSE(alerts.last().over);
}

TEST_F(Email, TheTestSaysWhatIsThereOrWhatIsWrong) {
  start();
  RequestOptions options(20s);
  options.to = "email";
  const auto tested = hub.ask(contract::TestConnector{}, options);
  ASSERT_TRUE(tested) << tested.error().message;
  EXPECT_THAT(tested->says, HasSubstr("IDLE"));
  hub.stop_plugin("email");

  const auto alerts = hub.probe<contract::ConnectorAlert>();
  hub.start_plugin("email", "address: support@shop.test\nca_file: " + servers.url() +
                                "/cert.pem\nimap: {host: 127.0.0.1, port: " + port("imaps") +
                                ", password: wrong}\nsmtp: {host: 127.0.0.1, port: " + port("smtps") + "}\n");
  const auto refused = hub.ask(contract::TestConnector{}, options);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "email.login");
  ASSERT_TRUE(alerts.wait_for(1)) << "after three refusals it is left alone, so that the account is not locked";
  EXPECT_EQ(alerts.last().id, "email.login");
  EXPECT_THAT(alerts.last().says, HasSubstr("app password"));
}

TEST(EmailConfig, SendsNoPasswordsUnencryptedOverANetwork) {
  testkit::TestHub hub;
  EXPECT_THROW(hub.configure_only(
                   "email", "address: a@b.test\nimap: {host: mail.b.test, security: none}\nsmtp: {host: 127.0.0.1}\n"),
               std::runtime_error);
  EXPECT_NO_THROW(hub.configure_only(
      "email", "address: a@b.test\nimap: {host: 127.0.0.1, security: none}\nsmtp: {host: 127.0.0.1}\n"));
}

QIAO_CONFORMANCE("email", "address: a@b.test\nimap: {host: 127.0.0.1, port: 1}\nsmtp: {host: 127.0.0.1, port: 1}\n",
                 [](testkit::TestHub& hub) { Desk desk(hub); })
