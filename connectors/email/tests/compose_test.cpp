// What goes out, read again by the reader, and the signatures in ids and addresses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connectors/email/client/compose.hpp"
#include "connectors/email/client/keys.hpp"

using namespace qiao;
using namespace qiao::email;
using namespace std::string_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

namespace {

Draft draft() {
  Draft d;
  d.from = {"桥梁小店", "support@shop.test"};
  d.to = {"林, 王", "lin@customer.test"};
  d.subject = "Re: 退货申请：订单㐀𠀀，很长的主题需要折行，这样才能看出每一行都不会太长";
  d.id = "1-0.abc.sig@shop.test";
  d.in_reply_to = "p@c.test";
  d.references = {"a@c.test", "p@c.test"};
  d.at = from_micros(1'790'000'000'000'000);
  d.text = "您好，林女士：\n\n. 一个点开头的行\n请看 https://shop.test/a?b=1&c=2。谢谢 <b>";
  d.signature = "李婷\n桥梁小店";
  return d;
}

}  // namespace

TEST(Compose, IsReadAgainAsItWasMeant) {
  Draft d = draft();
  d.files = {{"发票 7月.pdf", "application/pdf", "%PDF-1.4\n"s + std::string(300, '\0')},
             {"a.txt", "text/plain", "hello"}};
  const std::string bytes = compose(d);
  const Mail mail = read_mail(bytes);
  EXPECT_EQ(mail.subject, d.subject);
  EXPECT_EQ(mail.from.name, "桥梁小店");
  EXPECT_EQ(mail.header.addresses("to").at(0).name, "林, 王");
  EXPECT_EQ(mail.id, d.id);
  EXPECT_THAT(mail.header.ids("references"), ElementsAre("a@c.test", "p@c.test"));
  EXPECT_EQ(mail.at, d.at);
  EXPECT_EQ(mail.text, d.text) << "without the signature";
  ASSERT_EQ(mail.files.size(), 2U);
  EXPECT_EQ(mail.files[0].name, "发票 7月.pdf");
  EXPECT_EQ(mail.files[0].bytes, d.files[0].bytes);
  EXPECT_FALSE(mail.nature.automatic);
  for (std::size_t at = 0; at < bytes.size();) {
    const auto end = bytes.find("\r\n", at);
    ASSERT_NE(end, std::string::npos);
    EXPECT_LE(end - at, 200U);
    EXPECT_EQ(bytes.substr(at, end - at).find('\n'), std::string::npos);
    at = end + 2;
  }
}

TEST(Compose, WritesASimpleHtmlFormThatCannotBeBrokenOutOf) {
  const std::string html = html_of("您好 <script>\n\nhttps://shop.test/a?b=1&c=2。下一句 \"x\"", "李婷");
  EXPECT_THAT(html, HasSubstr("您好 &lt;script&gt;"));
  EXPECT_THAT(html, HasSubstr("<a href=\"https://shop.test/a?b=1&amp;c=2\">"));
  EXPECT_THAT(html, HasSubstr("李婷"));
  EXPECT_THAT(html, Not(HasSubstr("<script>")));
}

TEST(Compose, MarksWhatNobodyMayAnswerByItself) {
  Draft d = draft();
  d.automatic = true;
  const Mail mail = read_mail(compose(d));
  EXPECT_EQ(mail.header.raw("auto-submitted"), "auto-replied");
  EXPECT_EQ(mail.header.raw("x-auto-response-suppress"), "All");
  EXPECT_TRUE(mail.nature.automatic);
}

TEST(Compose, LetsNoHeaderBeSmuggledIn) {
  Draft d = draft();
  d.subject = "x\r\nBcc: victim@c.test";
  d.to.name = "a\r\nBcc: victim@c.test";
  d.files = {{"a\r\nX: y.pdf", "text/plain\r\nX: y", "x"}};
  EXPECT_FALSE(read_mail(compose(d)).header.has("bcc"));
  EXPECT_THAT(compose(d), Not(HasSubstr("\r\nX: y")));
}

TEST(Thread, AnswersAsTheVectorSays) {  // email-thread-refs
  const ThreadHeaders headers = answer_to("m3@shop.test", {"m1@hub.test", "m2@shop.test"}, {"m2@shop.test"});
  EXPECT_EQ(headers.in_reply_to, "m3@shop.test");
  EXPECT_THAT(headers.references, ElementsAre("m1@hub.test", "m2@shop.test", "m3@shop.test"));
  EXPECT_THAT(answer_to("c", {}, {"b"}).references, ElementsAre("b", "c"));
  EXPECT_THAT(answer_to("c", {}, {"a", "b"}).references, ElementsAre("c"));
}

TEST(Thread, KeepsTheFirstAndTheLastTenOfLongReferences) {
  std::vector<std::string> many;
  for (int i = 0; i < 40; ++i) many.push_back(std::to_string(i));
  const auto references = answer_to("last", many, {}).references;
  ASSERT_EQ(references.size(), 11U);
  EXPECT_EQ(references.front(), "0");
  EXPECT_EQ(references[1], "31");
  EXPECT_EQ(references.back(), "last");
}

TEST(Thread, KeepsTheSubject) {
  EXPECT_EQ(reply_subject("订单 7"), "Re: 订单 7");
  EXPECT_EQ(reply_subject("回复：Re: 订单 7"), "Re: 订单 7");
  EXPECT_EQ(reply_subject(""), "");
}

TEST(Keys, AreReadBackAndCannotBeForged) {
  const Keys keys("secret", "Support@shop.test");
  const std::string thread = Keys::new_thread();
  EXPECT_EQ(thread.size(), 12U);
  const std::string id = keys.message_id(thread, "7234567890123456789-0");
  const auto place = keys.read_message_id(id);
  ASSERT_TRUE(place);
  EXPECT_EQ(place->thread, thread);
  EXPECT_EQ(place->part, "7234567890123456789-0");
  const std::string address = keys.reply_address(thread);
  EXPECT_LE(address.substr(0, address.find('@')).size(), 64U) << "the longest local part that there may be";
  std::string upper = address;
  for (char& c : upper) c = static_cast<char>(std::toupper(c));
  ASSERT_TRUE(keys.read_address(upper));
  EXPECT_EQ(keys.read_address(upper)->thread, thread);

  std::string forged = id;
  forged[0] = forged[0] == '1' ? '2' : '1';
  EXPECT_FALSE(keys.read_message_id(forged));
  EXPECT_FALSE(Keys("other", "support@shop.test").read_message_id(id));
  EXPECT_FALSE(keys.read_address("support+" + thread + ".aaaaaaaaaaaaaaaa@shop.test"));
  for (const char* odd : {"", "@", ".", "a.b.c@d", "support+@x", "support+a@x", "support+.@x", "...@"}) {
    EXPECT_FALSE(keys.read_message_id(odd)) << odd;
    EXPECT_FALSE(keys.read_address(odd)) << odd;
  }
}
