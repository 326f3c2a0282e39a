#include "plugins/inbox/tests/inbox_hub.hpp"
#include "qiao/contract/contacts.hpp"

namespace qiao::inbox::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kThirtyDays = "retention: {resolved_conversations: 30d}";

class InboxRetention : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    setenv("TZ", "UTC", 1);
    tzset();
  }
  void start(const std::string& config) {
    inbox.hub.serve<ErasePerson>([this](const ErasePerson& q, const Headers&) -> Result<ErasedCount> {
      if (refuse) return Error{Errc::unavailable, "test.refused", "not now"};
      files.insert(files.end(), q.person.files.begin(), q.person.files.end());
      return ErasedCount{};
    });
    inbox.start(config);
  }
  Id resolved(const std::string& user, const std::string& text, Id file = {}) {
    AcceptMessage m = InboxHub::message(user, user + "-1", text);
    if (file) {
      Attachment picture;
      picture.id = file;
      picture.name = "strawberries.jpg";
      m.content.attachments.push_back(picture);
    }
    auto accepted = inbox.hub.ask(m);
    EXPECT_TRUE(accepted);
    inbox.hub.run_until_idle();
    EXPECT_TRUE(inbox.hub.ask(Resolve{accepted->conversation, Id{7}, "李婷"}));
    inbox.hub.run_until_idle();
    return accepted->conversation;
  }
  /// Goes to two in the morning, so many days later.
  void days(int count) {
    const auto today = std::chrono::floor<std::chrono::days>(inbox.hub.clock().now());
    inbox.hub.clock().set(today + std::chrono::days(count) + 2h);
    inbox.hub.advance(21min);
  }
  std::int64_t conversations() { return inbox.count("SELECT COUNT(*) FROM inbox_conversation"); }
  std::int64_t messages() { return inbox.count("SELECT COUNT(*) FROM inbox_message"); }

  InboxHub inbox;
  std::vector<Id> files;
  bool refuse = false;
};

TEST_F(InboxRetention, RemovesWhatWasResolvedLongAgoWithItsFiles) {
  start(kThirtyDays);
  resolved("v1", "要退货", Id{4711});
  days(29);
  EXPECT_EQ(conversations(), 1);
  const Id young = resolved("v2", "牛奶过期了", Id{4712});
  days(3);
  EXPECT_EQ(conversations(), 1);
  EXPECT_THAT(files, ElementsAre(Id{4711}));
  EXPECT_EQ(inbox.count(fmt::format("SELECT COUNT(*) FROM inbox_message WHERE conversation <> {}", young.value)), 0);
}

TEST_F(InboxRetention, KeepsEverythingUnlessItIsToldOtherwise) {
  start("");
  resolved("v1", "要退货");
  days(400);
  EXPECT_EQ(conversations(), 1);
}

TEST_F(InboxRetention, NeverTouchesWhatIsStillOpen) {
  inbox.bot = [](const AskBot&) { return InboxHub::declines(); };
  start(kThirtyDays);
  inbox.accept("v1", "1", "还没有人回答我");
  days(60);
  EXPECT_EQ(conversations(), 1);
}

TEST_F(InboxRetention, RemovesManyInOneNight) {
  start(kThirtyDays);
  for (int i = 0; i < 50; ++i) resolved(fmt::format("v{}", i), "要退货");
  days(32);
  EXPECT_EQ(conversations(), 0);
  EXPECT_EQ(messages(), 0);
}

TEST_F(InboxRetention, LeavesTheConversationUntilItsFilesAreGone) {
  refuse = true;
  start(kThirtyDays);
  resolved("v1", "要退货", Id{4711});
  days(33);
  EXPECT_EQ(conversations(), 1);
  refuse = false;
  days(1);
  EXPECT_EQ(conversations(), 0);
  EXPECT_THAT(files, ElementsAre(Id{4711}));
}

TEST_F(InboxRetention, WhoWritesAgainAfterwardsIsKnownAndBeginsAnew) {
  start(kThirtyDays);
  const Id old = resolved("v1", "要退货");
  const Id contact = inbox.view(old).contact;
  days(32);
  ASSERT_EQ(conversations(), 0);
  const Id fresh = inbox.accept("v1", "v1-9", "又来了").conversation;
  EXPECT_NE(fresh, old);
  EXPECT_EQ(inbox.view(fresh).contact, contact);
}

}  // namespace
}  // namespace qiao::inbox::test
