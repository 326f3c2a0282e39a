#include "plugins/web/frames.hpp"

#include <gtest/gtest.h>

#include "qiao/json.hpp"

namespace qiao::web {
namespace {

const FileLinks kLinks = [](Id file) { return "/f/" + file.str(); };

contract::MessageView message() {
  contract::MessageView m;
  m.id = Id{5};
  m.conversation = Id{9};
  m.seq = 3;
  m.author = contract::Author::bot;
  m.author_name = "小桥";
  m.content.text = "您好 \"x\"\n";
  m.at = *from_iso8601("2026-11-22T08:00:00Z");
  return m;
}

TEST(Frames, AMessageForACustomerSaysWhatCameBefore) {
  EXPECT_EQ(visitor_message(message(), 1, kLinks),
            R"({"t":"msg","conversation":"9","seq":3,"id":"5","author":"bot","name":"小桥","text":"您好 \"x\"\n",)"
            R"("at":"2026-11-22T08:00:00.000Z","after":1})");
}

TEST(Frames, ACustomersOwnMessageCarriesTheirIdWithoutTheVisitor) {
  auto m = message();
  m.author = contract::Author::customer;
  m.client_id = external_id(Id{77}, "c:1");
  EXPECT_NE(visitor_message(m, 2, kLinks).find(R"("client_id":"c:1")"), std::string::npos);
}

TEST(Frames, AttachmentsHaveLinks) {
  auto m = message();
  m.content.attachments.push_back({Id{8}, "a.png", "image/png", 12});
  EXPECT_NE(agent_message(m, kLinks).find(
                R"("attachments":[{"id":"8","name":"a.png","media_type":"image/png","size":12,"url":"/f/8"}])"),
            std::string::npos);
}

TEST(Frames, AnErrorSaysWhenToComeBack) {
  Error error{Errc::overloaded, "later"};
  error.retry_after = std::chrono::milliseconds(1500);
  EXPECT_EQ(error_frame("c1", error),
            R"({"t":"error","id":"c1","code":"overloaded","detail":"later","retry_after":2})");
}

TEST(Frames, AScreenIsToldWhichContactToAskForNow) {
  EXPECT_EQ(contact_frame(Id{7}, Id{9}), R"({"t":"contact","contact":"7","now":"9"})");
}

TEST(Frames, AClientFrameWithAnUnknownFieldIsRefused) {
  EXPECT_TRUE(from_json<ClientFrame>(R"({"t":"msg","id":"1","text":"x"})"));
  EXPECT_FALSE(from_json<ClientFrame>(R"({"t":"msg","id":"1","txt":"x"})"));
}

TEST(Frames, ResumeMapsConversationsToTheirLastSeq) {
  const auto frame = from_json<ClientFrame>(R"({"t":"hello","resume":{"730":9}})");
  ASSERT_TRUE(frame);
  EXPECT_EQ(frame->resume.at("730"), 9);
}

}  // namespace
}  // namespace qiao::web
