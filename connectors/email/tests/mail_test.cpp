// What comes in: charsets, MIME, HTML, quotations, automatic mails and reports. Vectors are marked by their id.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connectors/email/client/charset.hpp"
#include "connectors/email/client/html_text.hpp"
#include "connectors/email/client/mail.hpp"
#include "connectors/email/client/quote.hpp"

using namespace qiao;
using namespace qiao::email;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

namespace {

Header header_of(std::string_view text) {
  std::size_t at = 0;
  return Header::read(text, at);
}

Nature nature_of(std::string_view header, const std::vector<std::string>& own = {}) {
  return classify(header_of(header), own);
}

}  // namespace

// ---- charsets

TEST(Charset, ReadsTheVectorOfASubjectInGb18030) {  // email-subject-gb18030
  const Header header = header_of("Subject: =?gb18030?B?zcu79cnqx+s=?=\r\n =?gb18030?B?o7q2qbWlgTnuOZUygjY=?=\r\n\r\n");
  EXPECT_EQ(header.text("subject"), "退货申请：订单㐀𠀀");
}

TEST(Charset, ReadsTheVectorOfABodyInGb18030) {  // email-body-gb18030-b64
  const std::string mail =
      "Content-Type: text/plain; charset=gb18030\r\nContent-Transfer-Encoding: base64\r\n\r\n"
      "xPq6w6OsDQrO0rXEyta7+rrFyscgMTM4MDAxMzgwMDCjrMnMxrex4MLrIEEtlTSyNS03oaMNCg==\r\n";
  EXPECT_EQ(to_utf8(read_mime(mail).bytes(), "gb18030"), "您好，\r\n我的手机号是 13800138000，商品编码 A-𠮷-7。\r\n");
  EXPECT_EQ(read_mail(mail).text, "您好，\n我的手机号是 13800138000，商品编码 A-𠮷-7。");
}

TEST(Charset, TakesLabelsAsMailsMeanThem) {
  EXPECT_EQ(to_utf8("\x81\x39\xEE\x39", "gb2312"), "㐀");
  EXPECT_EQ(to_utf8("\xC4\xFA\xBA\xC3", "\"GBK\""), "您好");
  EXPECT_EQ(to_utf8("\x93quoted\x94", "iso-8859-1"), "“quoted”");
  EXPECT_EQ(to_utf8("\x1B$B4A;z\x1B(B", "ISO-2022-JP"), "漢字");
  EXPECT_EQ(to_utf8("\x1B$)C\x0E\x47\x51\x31\x5B\x0F", "iso-2022-kr"), "한글");
  EXPECT_EQ(to_utf8("\xC7\xD1\xB1\xDB", "ks_c_5601-1987"), "한글");
  EXPECT_EQ(to_utf8("\x8A\xBF\x8E\x9A", "Shift_JIS"), "漢字");
  EXPECT_EQ(to_utf8("\xA4\xA4\xA4\xE5", "big5"), "中文");
}

TEST(Charset, GuessesWhenTheLabelIsMissingUnknownOrWrong) {
  EXPECT_EQ(to_utf8("\xE6\x82\xA8\xE5\xA5\xBD", ""), "您好");
  EXPECT_EQ(to_utf8("\xE6\x82\xA8\xE5\xA5\xBD", "gb2312"), "您好") << "it says GB2312 and is UTF-8";
  EXPECT_EQ(to_utf8("\xC4\xFA\xBA\xC3", "utf-8"), "您好") << "it says UTF-8 and is GBK";
  EXPECT_EQ(to_utf8("\xC4\xFA\xBA\xC3", "x-no-such-charset"), "您好");
  EXPECT_EQ(to_utf8("\xC4\xFA\xBA\xC3", "us-ascii"), "您好");
  EXPECT_TRUE(is_utf8(to_utf8("caf\xE9 \xFF\xFE", "utf-8")));
  EXPECT_TRUE(is_utf8(to_utf8(std::string("a\0b\xFF", 4), "")));
}

TEST(Charset, JoinsACharacterThatTwoEncodedWordsCut) {
  // 您好 in UTF-8, the second character split over both words.
  EXPECT_EQ(decode_words("=?utf-8?B?5oKo5aU=?= =?utf-8?B?vQ==?= ok"), "您好 ok");
  EXPECT_EQ(decode_words("=?utf-8?Q?a_b?= and =?utf-8?Q?c?="), "a b and c");
  EXPECT_EQ(decode_words("a =?utf-8?Q?=C3=A9?= b"), "a é b");
  EXPECT_EQ(decode_words("=?broken"), "=?broken");
  EXPECT_EQ(decode_words("\xC4\xFA\xBA\xC3"), "您好") << "raw bytes in a header";
}

// ---- header fields

TEST(Header, ReadsAddressesAsTheyAreWritten) {
  const auto list = read_addresses(
      "\"Lin, Wang\" <Lin@Customer.TEST>, plain@a.test (Comment), =?utf-8?B?5byg5LiJ?= <z@b.test>, group: x@c.test;");
  ASSERT_EQ(list.size(), 4U);
  EXPECT_EQ(list[0].name, "Lin, Wang");
  EXPECT_EQ(list[0].address, "lin@customer.test");
  EXPECT_EQ(list[1].address, "plain@a.test");
  EXPECT_EQ(list[2].name, "张三");
  EXPECT_EQ(list[3].address, "x@c.test");
  EXPECT_TRUE(read_addresses("nobody at all").empty());
}

TEST(Header, ReadsIdsWithMissingBrackets) {
  EXPECT_THAT(read_ids("<a@x>\r\n <b@y>"), ElementsAre("a@x", "b@y"));
  EXPECT_THAT(read_ids("a@x b@y"), ElementsAre("a@x", "b@y"));
  EXPECT_THAT(read_ids("<a@x <b@y>"), ElementsAre("a@x", "b@y"));
}

TEST(Header, ReadsDatesOfAllKinds) {
  EXPECT_EQ(to_iso8601(read_date("Sun, 22 Nov 2026 14:03:05 +0800")).substr(0, 19), "2026-11-22T06:03:05");
  EXPECT_EQ(to_iso8601(read_date("22 Nov 26 14:03 EST (comment)")).substr(0, 19), "2026-11-22T19:03:00");
  EXPECT_EQ(to_iso8601(read_date("Sun 22 Nov 2026 14:03:05 GMT")).substr(0, 19), "2026-11-22T14:03:05");
  for (const char* bad : {"", "yesterday", "99 Nov 2026 14:03:05 +0800", "1 Foo 2026 1:2:3", "22 Nov 2026 aa:bb:cc"}) {
    EXPECT_EQ(read_date(bad), Time{}) << bad;
  }
  const Time at = read_date("Sun, 22 Nov 2026 06:03:05 +0000");
  EXPECT_EQ(read_date(write_date(at)), at);
}

TEST(Header, ReadsFileNamesInEverySpelling) {
  EXPECT_EQ(read_parameters("attachment; filename*=UTF-8''%E5%8F%91%E7%A5%A8.pdf").get("filename"), "发票.pdf");
  EXPECT_EQ(read_parameters("attachment; filename*0*=gb18030''%B7%A2; filename*1*=%C6%B1; filename*2=\".pdf\"")
                .get("filename"),
            "发票.pdf");
  EXPECT_EQ(read_parameters("attachment; filename=\"=?gbk?B?t6LGsS5wZGY=?=\"").get("filename"), "发票.pdf");
  EXPECT_EQ(clean_file_name("../../etc/..pass\x01wd"), "passwd");
  EXPECT_EQ(clean_file_name("C:\\temp\\a.txt"), "a.txt");
  EXPECT_LE(clean_file_name(std::string(500, 'x') + ".pdf").size(), 150U);
  EXPECT_TRUE(clean_file_name(std::string(500, 'x') + ".pdf").ends_with(".pdf"));
}

// ---- MIME

TEST(Mime, ChoosesTextAndKeepsFilesAndShownPictures) {
  const Mail mail = read_mail(
      "From: lin@c.test\nSubject: x\nMessage-ID: <1@c.test>\nContent-Type: multipart/mixed; boundary=b\n\n--b\n"
      "Content-Type: multipart/related; boundary=r\n\n--r\n"
      "Content-Type: multipart/alternative; boundary=a\n\n--a\nContent-Type: text/plain; charset=utf-8\n\n看图\n--a\n"
      "Content-Type: text/html\n\n<p>看图 <img src=\"cid:new\"></p><div class=gmail_quote><img "
      "src='cid:old'></div>\n--a--\n"
      "--r\nContent-Type: image/png\nContent-ID: <new>\nContent-Transfer-Encoding: base64\n\n" +
      std::string(400, 'A') +
      "\n--r\nContent-Type: image/png\nContent-ID: <old>\nContent-Transfer-Encoding: base64\n\n" +
      std::string(400, 'B') +
      "\n--r--\n--b\nContent-Type: application/pdf\nContent-Disposition: attachment; "
      "filename=a.pdf\n\n%PDF-1.4\n--b--\n");
  EXPECT_EQ(mail.text, "看图");
  ASSERT_EQ(mail.files.size(), 2U);
  EXPECT_EQ(mail.files[0].name, "a.pdf");
  EXPECT_EQ(mail.files[1].type, "image/png");
  EXPECT_EQ(mail.files[1].bytes[0], '\0') << "the picture of the new part";
  EXPECT_TRUE(mail.changed) << "the other one is only in the original";
}

TEST(Mime, SurvivesWhatIsBroken) {
  EXPECT_EQ(read_mail("").text, "");
  EXPECT_EQ(read_mail("no header at all").text, "");
  EXPECT_EQ(read_mail("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nfirst\n").text, "first")
      << "no last boundary";
  EXPECT_EQ(read_mail("Content-Type: multipart/mixed; boundary=none\n\nthe text").text, "the text");
  EXPECT_EQ(read_mail("Content-Type: multipart/mixed\n\nthe text").text, "the text");
  EXPECT_EQ(read_mail("Subject: a\n\nbare\nLF").text, "bare\nLF");
}

TEST(Mime, EndsWithNestingAndCountsBeyondReason) {
  std::string deep;
  for (int i = 0; i < 300; ++i)
    deep += "Content-Type: multipart/mixed; boundary=b" + std::to_string(i) + "\n\n--b" + std::to_string(i) + "\n";
  deep += "\nthe end";
  (void)read_mail(deep);
  std::string many = "Content-Type: multipart/mixed; boundary=b\n\n";
  for (int i = 0; i < 20'000; ++i) many += "--b\n\nx\n";
  EXPECT_FALSE(read_mail(many).text.empty());
  (void)read_mail("X: " + std::string(3'000'000, 'y') + "\n\ntext");
  std::string words = "Subject: ";
  for (int i = 0; i < 30'000; ++i) words += "=?a?b? ";
  (void)read_mail(words + "\n\n");
  std::string tags;
  for (int i = 0; i < 100'000; ++i) tags += "<head><div class='";
  (void)read_html(tags);
}

// ---- HTML

TEST(Html, BecomesTextAsAReaderSeesIt) {
  const HtmlText read = read_html(
      "<html><head><style>p{}</style><title>t</title></head><body><p>Hello&nbsp;<b>you</b></p><p>2 &lt; 3 &#x4F60;</p>"
      "<ul><li>one</li><li>two</li></ul><a "
      "href=\"https://evil.test/x\">https://bank.test</a><script>alert(1)</script></body>");
  EXPECT_EQ(read.text, "Hello you\n\n2 < 3 你\n\n- one\n- two\nhttps://bank.test <https://evil.test/x>");
}

TEST(Html, LeavesOutWhatMailProgramsMarkAsQuoted) {
  for (const char* quoted :
       {"<div class=\"gmail_quote\"><div>old</div></div>", "<blockquote type=\"cite\">old</blockquote>",
        "<div id=\"appendonsend\"></div><hr><div>old</div>", "<div id=divRplyFwdMsg>From: x</div><p>old</p>",
        "<div class='yahoo_quoted'>old</div>",
        "<div class='moz-cite-prefix'>Am</div><blockquote type=cite>old</blockquote>",
        "<div class=\"protonmail_quote\">old</div>", "<div id=\"isReplyContent\">old</div>",
        "<includetail>old</includetail>"}) {
    const HtmlText read = read_html(std::string("<div>new</div>") + quoted);
    EXPECT_EQ(read.text, "new") << quoted;
    EXPECT_THAT(read.whole, HasSubstr("old")) << quoted;
  }
  EXPECT_EQ(read_mail("Content-Type: text/html\n\n<div class=gmail_quote>all of it</div>").text, "all of it");
}

// ---- quotations

TEST(Quote, TakesTheNewTextOfTheVector) {  // email-quote-strip-zh
  const Reply reply = new_text(
      "好的，收到了，谢谢！\r\n\r\n张三\r\n\r\n在 2024年11月22日，14:03，客服 <cs@hub.test> 写道：\r\n> "
      "您的包裹已发出\r\n> 单号 SF1\r\n");
  EXPECT_THAT(reply.text, HasSubstr("好的，收到了"));
  EXPECT_THAT(reply.text, Not(HasSubstr("您的包裹已发出")));
  EXPECT_THAT(reply.text, Not(HasSubstr("写道：")));
  EXPECT_TRUE(reply.cut);
}

TEST(Quote, KnowsTheLinesOfManyMailPrograms) {
  for (const char* rest : {
           "On Sun, Nov 22, 2026 at 2:03 PM Shop <cs@hub.test> wrote:\n> old",
           "On Sun, Nov 22, 2026 at 2:03 PM A Shop With A Long Name\n<cs@hub.test> wrote:\n> old",
           "Shop <cs@hub.test> 于2026年11月22日周日 14:03写道：\n\n> old",
           "------------------ 原始邮件 ------------------\n发件人: \"cs\"<cs@hub.test>;\nold",
           "-----Original Message-----\nFrom: a\nold",
           "________________________________\nFrom: Shop <cs@hub.test>\nSent: Sunday\nTo: Lin\nSubject: x\n\nold",
           "发件人： Shop\n发送时间： 2026年11月22日\n收件人： Lin\n主题： x\n\nold",
           "Am 22.11.26 um 14:03 schrieb Shop:\n> old",
           "Le dim. 22 nov. 2026 à 14:03, Shop <cs@hub.test> a écrit :\n> old",
           "> old\n> older",
           "--- please reply above this line ---\nold",
       }) {
    const Reply reply = new_text(std::string("new text\n\n") + rest);
    EXPECT_EQ(reply.text, "new text") << rest;
    EXPECT_TRUE(reply.cut);
  }
}

TEST(Quote, CutsSignatures) {
  EXPECT_EQ(new_text("text\n-- \nLin Wang\n+86").text, "text");
  EXPECT_EQ(new_text("text\n\n发自我的iPhone").text, "text");
  EXPECT_EQ(new_text("text\n\nSent from my iPhone\n\nOn Sun, a@b wrote:\n> old").text, "text");
  EXPECT_EQ(new_text("-- \nonly a signature").text, "-- \nonly a signature");
}

TEST(Quote, KeepsTheWholeWhenTheAnswerStandsBelowOrInside) {
  EXPECT_THAT(new_text("On Sun, a@b wrote:\n> question?\n\nyes").text, HasSubstr("yes"));
  EXPECT_THAT(new_text("hello\nOn Sun, a@b wrote:\n> one?\nyes\n> two?\nno").text, HasSubstr("no"));
  const Reply plain = new_text("From: is a word\nand nothing else");
  EXPECT_FALSE(plain.cut);
  EXPECT_FALSE(new_text("---------- Forwarded message ---------\nFrom: x\n\ntext").cut)
      << "a forwarded mail is the news";
}

TEST(Quote, FindsTheSubjectItself) {
  EXPECT_EQ(base_subject("Re: 回复： AW: RE[2]: 订单 7"), "订单 7");
  EXPECT_EQ(base_subject("Fwd: x"), "Fwd: x");
  EXPECT_EQ(base_subject("Reason: x"), "Reason: x");
}

// ---- automatic mails, reports

TEST(Classify, FollowsTheVectors) {
  const auto oof = nature_of("Auto-Submitted: auto-replied\nFrom: a@example.test\n\n");  // email-auto-oof
  EXPECT_TRUE(oof.automatic);
  EXPECT_FALSE(oof.send_auto_reply);
  const auto person = nature_of("Auto-Submitted: no\nFrom: a@example.test\n\n");  // email-auto-no
  EXPECT_FALSE(person.automatic);
  EXPECT_TRUE(person.send_auto_reply);
  const auto list = nature_of("Precedence: bulk\nList-Id: <x.example.test>\n\n");  // email-auto-list
  EXPECT_TRUE(list.automatic);
  EXPECT_FALSE(list.send_auto_reply);
  const auto null_sender = nature_of("Return-Path: <>\n\n");  // email-auto-nullsender
  EXPECT_TRUE(null_sender.automatic);
  EXPECT_FALSE(null_sender.send_auto_reply);
}

TEST(Classify, KnowsOtherSignsOfPrograms) {
  for (const char* header : {"Auto-Submitted: auto-generated; owner-email=x", "X-Precedence: junk", "X-Autoreply: yes",
                             "X-Auto-Response-Suppress: DR, All", "List-Unsubscribe: <mailto:x>",
                             "From: MAILER-DAEMON@x.test", "From: no-reply@x.test", "From: noreply+7@x.test",
                             "Content-Type: multipart/report; report-type=delivery-status", "X-Qiao-Hub: automatic",
                             "Feedback-ID: bulk:x"}) {
    EXPECT_TRUE(nature_of(std::string(header) + "\n\n").automatic) << header;
  }
  for (const char* header : {"From: lin@x.test", "X-Auto-Response-Suppress: OOF, DR, RN", "Precedence: first-class",
                             "X-Qiao-Hub: person", "Return-Path: <lin@x.test>"}) {
    EXPECT_FALSE(nature_of(std::string(header) + "\n\n").automatic) << header;
  }
  EXPECT_TRUE(nature_of("From: Shop <support@shop.test>\n\n", {"support@shop.test"}).own);
}

TEST(Report, FindsWhatFailedAndWhy) {
  const auto report = read_report(read_mime(
      "From: MAILER-DAEMON@mx.test\nReturn-Path: <>\nSubject: failure\nContent-Type: multipart/report; "
      "report-type=delivery-status; "
      "boundary=b\n\n--b\n\nsorry\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.test\n\n"
      "Final-Recipient: rfc822; lin@c.test\nAction: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 no such\n  "
      "user\n--b\n"
      "Content-Type: text/rfc822-headers\n\nMessage-ID: <ours@shop.test>\nSubject: x\n--b--\n"));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->kind, Report::Kind::failed);
  EXPECT_EQ(report->says, "5.1.1 550 no such user");
  ASSERT_FALSE(report->about.empty());
  EXPECT_EQ(report->about[0], "ours@shop.test");
}

TEST(Report, TellsDelaysReceiptsComplaintsAndProseApart) {
  const auto of = [](const std::string& kind, const std::string& part) {
    return read_report(read_mime("From: x@mx.test\nContent-Type: multipart/report; report-type=" + kind +
                                 "; boundary=b\n\n--b\n\nx\n--b\n" + part + "\n--b--\n"));
  };
  EXPECT_EQ(of("delivery-status",
               "Content-Type: message/delivery-status\n\nReporting-MTA: dns; a\n\nAction: delayed\nStatus: 4.4.1\n")
                ->kind,
            Report::Kind::delayed);
  EXPECT_EQ(of("disposition-notification",
               "Content-Type: message/disposition-notification\n\nOriginal-Message-ID: <o@x>\nDisposition: "
               "manual-action/MDN-sent-manually; displayed\n")
                ->kind,
            Report::Kind::read);
  EXPECT_EQ(of("feedback-report", "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\n")->kind,
            Report::Kind::complaint);
  const auto prose = read_report(read_mime(
      "From: Mailer-Daemon@mx.test\nReturn-Path: <>\nSubject: returned\n\nYour mail <ours@shop.test> bounced."));
  ASSERT_TRUE(prose);
  EXPECT_THAT(prose->about, testing::Contains("ours@shop.test"));
  EXPECT_FALSE(read_report(read_mime("From: lin@c.test\n\nhello")));
}

TEST(Proof, CountsOnlyTheTrustedServersTopmostWord) {
  const std::string from = "From: Lin <lin@mail.c.test>\n\n";
  const auto proven = [&](const std::string& results) {
    return proves_sender(header_of(results + from), "mx.shop.test");
  };
  EXPECT_TRUE(proven("Authentication-Results: mx.shop.test; dkim=pass header.d=c.test\n"));
  EXPECT_TRUE(
      proven("Authentication-Results: mx.shop.test (v1); spf=pass; dmarc=pass (p=none) header.from=mail.c.test\n"));
  EXPECT_FALSE(proven("Authentication-Results: mx.evil.test; dmarc=pass header.from=mail.c.test\n"));
  EXPECT_FALSE(proven("Authentication-Results: mx.shop.test; dkim=pass header.d=evil.test\n"));
  EXPECT_FALSE(proven("Authentication-Results: mx.shop.test; dkim=fail (dkim=pass header.d=c.test)\n"));
  EXPECT_FALSE(
      proven("Authentication-Results: mx.shop.test; dkim=fail header.d=c.test\nAuthentication-Results: mx.shop.test; "
             "dkim=pass header.d=c.test\n"));
  EXPECT_FALSE(proves_sender(header_of("Authentication-Results: ; dkim=pass header.d=c.test\n" + from), ""));
}
