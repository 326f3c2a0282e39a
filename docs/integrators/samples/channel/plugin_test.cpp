#include "qiao/contract/conversation.hpp"
#include "qiao/testkit/conformance.hpp"
#include "qiao/testkit/fake_peer.hpp"

using namespace qiao::contract;
using qiao::Headers;
using qiao::Result;
using qiao::testkit::FakePeer;
using qiao::testkit::TestHub;

namespace {

constexpr const char* kBody = R"({"id":"7","user":"lin","name":"Lin","text":"hello"})";
// printf '%s' "$body" | openssl dgst -sha256 -hmac s3cret
constexpr const char* kSignature = "ccdb92dac853b387c61b9c793ce3037e7b7319a6a8338bb281f6db024bb85471";

std::string config(const FakePeer& platform) { return "secret: s3cret\nendpoint: " + platform.url() + "/in\n"; }

/// Stands in for the inbox; remembers what is reported to it.
struct Inbox {
  std::shared_ptr<std::vector<ReportDelivery>> reports = std::make_shared<std::vector<ReportDelivery>>();
  void operator()(TestHub& hub) const {
    hub.serve<AcceptMessage>([](const AcceptMessage& m, const Headers&) -> Result<Accepted> {
      Accepted accepted;
      accepted.conversation = qiao::Id{m.external_id == "7" && m.channel == "sample-channel" ? 70 : 1};
      accepted.seq = 1;
      return accepted;
    });
    hub.serve<ReportDelivery>([reports = reports](const ReportDelivery& r, const Headers&) -> Result<Done> {
      reports->push_back(r);
      return Done{};
    });
  }
};

MessageOutgoing answer(TestHub& hub) {
  MessageOutgoing out;
  out.channel = "sample-channel";
  out.user = "lin";
  out.message.id = qiao::Id{5};
  out.message.conversation = qiao::Id{70};
  out.message.seq = 2;
  out.message.content.text = "hello Lin";
  out.message.at = hub.clock().now();
  return out;
}

}  // namespace

TEST(SampleChannel, AcknowledgesASignedMessageOnceItIsStored) {
  const FakePeer platform = FakePeer::http();
  TestHub hub({.http = true});
  Inbox{}(hub);
  hub.start_plugin("sample-channel", config(platform));
  const auto stored = hub.http("POST", "/hooks/sample-channel", kBody, {{"X-Signature", kSignature}});
  EXPECT_EQ(stored.status, 200) << stored.body;
  EXPECT_NE(stored.body.find(R"("conversation":"70")"), std::string::npos) << stored.body;
}

TEST(SampleChannel, TakesNothingWithoutTheSignature) {
  const FakePeer platform = FakePeer::http();
  TestHub hub({.http = true});
  Inbox{}(hub);
  hub.start_plugin("sample-channel", config(platform));
  EXPECT_EQ(hub.http("POST", "/hooks/sample-channel", kBody).status, 401);
  EXPECT_EQ(hub.http("POST", "/hooks/sample-channel", "{}", {{"X-Signature", kSignature}}).status, 401);
}

TEST(SampleChannel, PostsAnAnswerAndReportsItSent) {
  const FakePeer platform = FakePeer::http().on("POST", "/in", 202, "");
  TestHub hub;
  const Inbox inbox;
  inbox(hub);
  hub.start_plugin("sample-channel", config(platform));
  ASSERT_TRUE(hub.publish(answer(hub)));
  ASSERT_EQ(platform.requests().size(), 1u);
  EXPECT_EQ(platform.requests()[0].body, R"({"id":"5","user":"lin","text":"hello Lin"})");
  EXPECT_EQ(platform.requests()[0].header("x-signature").size(), 64u);
  ASSERT_EQ(inbox.reports->size(), 1u);
  EXPECT_EQ(inbox.reports->front().state, Delivery::sent);
}

TEST(SampleChannel, LeavesAMessagePendingWhileThePlatformIsDownAndGivesUpAfterAnHour) {
  const FakePeer platform = FakePeer::http().answers(503, "");
  TestHub hub;
  const Inbox inbox;
  inbox(hub);
  hub.start_plugin("sample-channel", config(platform));
  const MessageOutgoing out = answer(hub);
  ASSERT_TRUE(hub.publish(out));
  EXPECT_TRUE(inbox.reports->empty());
  hub.advance(std::chrono::hours(1));
  ASSERT_TRUE(hub.publish(out));
  ASSERT_EQ(inbox.reports->size(), 1u);
  EXPECT_EQ(inbox.reports->front().state, Delivery::failed);
}

TEST(SampleChannel, ReportsARefusedMessageAsFailedAtOnce) {
  const FakePeer platform = FakePeer::http().answers(422, "");
  TestHub hub;
  const Inbox inbox;
  inbox(hub);
  hub.start_plugin("sample-channel", config(platform));
  ASSERT_TRUE(hub.publish(answer(hub)));
  ASSERT_EQ(inbox.reports->size(), 1u);
  EXPECT_EQ(inbox.reports->front().state, Delivery::failed);
  EXPECT_EQ(inbox.reports->front().detail, "the platform answered 422");
}

QIAO_CONFORMANCE("sample-channel", "secret: s3cret\nendpoint: http://127.0.0.1:1/\n", Inbox{})
