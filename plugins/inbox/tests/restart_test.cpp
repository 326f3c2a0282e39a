#include "plugins/inbox/tests/inbox_hub.hpp"

namespace qiao::inbox::test {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

TEST(InboxRestart, AsksTheBotAgainForWhatWasNotAnswered) {
  InboxHub inbox;
  inbox.bot = nullptr;
  inbox.start();
  const Accepted first = inbox.accept("v1", "m1", "退货流程");
  ASSERT_THAT(inbox.kept, SizeIs(1));
  inbox.bot = [](const AskBot&) { return InboxHub::says("步骤如下"); };
  inbox.hub.restart();
  inbox.hub.advance(1s);
  EXPECT_THAT(inbox.texts(first.conversation), ElementsAre("退货流程", "步骤如下"));
  inbox.hub.restart();
  inbox.hub.advance(40s);
  EXPECT_THAT(inbox.transcript(first.conversation), SizeIs(2));
}

TEST(InboxRestart, GivesUndeliveredMessagesToTheirChannelAgain) {
  InboxHub inbox;
  auto outgoing = inbox.hub.probe<MessageOutgoing>();
  inbox.start();
  const Accepted first = inbox.accept("v1", "m1", "退货流程");
  ASSERT_EQ(outgoing.count(), 1u);
  outgoing.clear();
  inbox.hub.restart();
  inbox.hub.advance(1s);
  ASSERT_EQ(outgoing.count(), 1u);
  EXPECT_EQ(outgoing.last().message.conversation, first.conversation);
  EXPECT_EQ(outgoing.last().message.seq, 2);
  EXPECT_EQ(outgoing.last().user, "v1");
}

TEST(InboxRestart, KnowsWhoWaitsAndWhoServesWhom) {
  InboxHub inbox;
  inbox.bot = [](const AskBot&) { return InboxHub::declines("logistics"); };
  inbox.start();
  inbox.routing = [](const DecideRoute&) { return InboxHub::gives(Id{7}, "李婷", "logistics"); };
  inbox.accept("v0", "m0", "快递呢");
  inbox.routing = nullptr;
  const Accepted one = inbox.accept("v1", "m1", "快递呢");
  inbox.hub.advance(1s);
  const Accepted two = inbox.accept("v2", "m2", "快递呢");
  inbox.hub.restart();
  inbox.hub.advance(2s);
  EXPECT_EQ(inbox.view(one.conversation).queue_place, 1);
  EXPECT_EQ(inbox.view(two.conversation).queue_place, 2);
  inbox.questions.clear();
  inbox.routing = [](const DecideRoute&) { return InboxHub::gives(Id{7}, "李婷", "logistics"); };
  inbox.online(Id{7});
  inbox.hub.run_until_idle();
  ASSERT_THAT(inbox.questions, SizeIs(2));
  EXPECT_EQ(inbox.questions[0].conversation.id, one.conversation);
  ASSERT_THAT(inbox.questions[0].loads, SizeIs(1));
  EXPECT_EQ(inbox.questions[0].loads[0].open, 1);
  EXPECT_EQ(inbox.questions[1].loads[0].open, 2);
  EXPECT_EQ(inbox.view(two.conversation).state, ConversationState::assigned);
  // The notice of the queue was not repeated: what they wrote, the notice, the assignment.
  EXPECT_THAT(inbox.transcript(two.conversation), SizeIs(3));
}

TEST(InboxRestart, CountsOnWhereTheMessagesEnd) {
  InboxHub inbox;
  inbox.start();
  const Accepted first = inbox.accept("v1", "m1", "一");
  inbox.accept("v1", "m2", "二");
  const ConversationView before = inbox.view(first.conversation);
  inbox.hub.restart();
  EXPECT_EQ(inbox.view(first.conversation).last_seq, 4);
  EXPECT_EQ(inbox.view(first.conversation).preview, before.preview);
  EXPECT_EQ(inbox.accept("v1", "m3", "三").seq, 5);
  EXPECT_TRUE(inbox.accept("v1", "m2", "二").duplicate);
}

TEST(InboxRestart, RepairsRowsThatAreOlderThanTheirMessages) {
  InboxHub inbox;
  inbox.routing = [](const DecideRoute&) { return InboxHub::gives(Id{7}, "李婷"); };
  inbox.start();
  const Accepted first = inbox.accept("v1", "m1", "一");
  ASSERT_TRUE(inbox.handoff(first.conversation));
  inbox.hub.advance(5s);
  ASSERT_TRUE(inbox.write(first.conversation, Author::agent, "您好"));
  EXPECT_EQ(inbox.view(first.conversation).state, ConversationState::waiting);
  inbox.hub.stop_plugin("inbox");
  // As a kill leaves it: the row knows nothing of the last message.
  ASSERT_TRUE(inbox.hub.store().write_and_wait([](Session& session) -> Result<void> {
    auto done = session.run("UPDATE inbox_conversation SET last_seq = 3, state = 2, preview = 'old'");
    if (!done) return done.error();
    return {};
  }));
  inbox.hub.start_plugin("inbox");
  EXPECT_EQ(inbox.view(first.conversation).state, ConversationState::waiting);
  EXPECT_EQ(inbox.view(first.conversation).preview, "您好");
  inbox.hub.advance(5s);
  EXPECT_EQ(inbox.count("SELECT last_seq FROM inbox_conversation"), 4);
}

TEST(InboxRestart, NeedsNoneForNewSettings) {
  InboxHub inbox;
  inbox.start();
  inbox.accept("v1", "m1", "一");
  ASSERT_TRUE(inbox.hub.reconfigure("inbox", "bot_name: 小河"));
  const Accepted next = inbox.accept("v1", "m2", "二");
  EXPECT_EQ(inbox.transcript(next.conversation).back().author_name, "小河");
}

TEST(InboxRestart, LosesNothingWhenTheCodeIsReplaced) {
  InboxHub inbox({.threads = true});
  inbox.hub.start_plugin("inbox");
  std::atomic<int> answered{0}, stored{0};
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 100; ++i) {
      inbox.hub.bus().request(InboxHub::message("v1", fmt::format("{}-{}", round, i), "在吗"), 20s,
                              [&](const Result<Accepted>& a) {
                                if (a) stored++;
                                answered++;
                              });
    }
    ASSERT_TRUE(inbox.hub.reload_plugin("inbox"));
  }
  ASSERT_TRUE(inbox.hub.wait_until([&] { return answered == 300; }));
  EXPECT_EQ(stored, 300);
  EXPECT_EQ(inbox.count("SELECT COUNT(*) FROM inbox_message WHERE author = 0"), 300);
  EXPECT_EQ(inbox.count("SELECT MAX(seq) - COUNT(*) FROM inbox_message"), 0);
}

/// What a generation that is still finishing its work writes while its successor serves already.
class InboxPredecessor : public testing::Test {
 protected:
  void write(std::string_view sql) {
    ASSERT_TRUE(inbox.hub.store().write_and_wait([&](Session& session) -> Result<void> {
      auto done = session.run(sql);
      if (!done) return done.error();
      return {};
    }));
  }
  InboxHub inbox;
};

TEST_F(InboxPredecessor, IsNoticedWhenItHasStoredAMessage) {
  inbox.bot = nullptr;
  inbox.start();
  const Accepted first = inbox.accept("v1", "m1", "一");
  write(fmt::format(
      "INSERT INTO inbox_message (id, conversation, seq, author, author_name, note, body, delivery, dedupe, "
      "written_at) VALUES (5, {}, 2, 0, '', 0, '二', 0, 'web:m2', 1)",
      first.conversation.value));
  const Accepted repeated = inbox.accept("v1", "m2", "二");
  EXPECT_TRUE(repeated.duplicate);
  EXPECT_EQ(repeated.seq, 2);
  EXPECT_EQ(inbox.accept("v1", "m3", "三").seq, 3);
  EXPECT_THAT(inbox.texts(first.conversation), ElementsAre("一", "二", "三"));
}

TEST_F(InboxPredecessor, IsNoticedWhenItHasGivenAConversationAway) {
  inbox.start();
  const Accepted first = inbox.accept("v1", "m1", "你好");
  write("UPDATE inbox_conversation SET state = 2, agent = 9, agent_name = '陈静', version = version + 1");
  auto view = inbox.handoff(first.conversation);
  ASSERT_TRUE(view);
  ASSERT_TRUE(inbox.hub.ask(Resolve{first.conversation, Id{9}, "陈静"}));
  EXPECT_EQ(inbox.view(first.conversation).agent, Id{9});
  EXPECT_EQ(inbox.view(first.conversation).state, ConversationState::resolved);
}

TEST_F(InboxPredecessor, IsFollowedOnceItIsGone) {
  inbox.start();
  const Accepted one = inbox.accept("v1", "m1", "你好");
  const Accepted two = inbox.accept("v2", "m2", "你好");
  write(fmt::format("UPDATE inbox_conversation SET state = 2, agent = 7, version = version + 1 WHERE id = {}",
                    one.conversation.value));
  write(fmt::format("UPDATE inbox_conversation SET state = 1, queued_at = 1, version = version + 1 WHERE id = {}",
                    two.conversation.value));
  inbox.hub.advance(12s);
  EXPECT_EQ(inbox.view(one.conversation).state, ConversationState::assigned);
  EXPECT_EQ(inbox.view(two.conversation).state, ConversationState::queued);
  ASSERT_FALSE(inbox.questions.empty());
  ASSERT_THAT(inbox.questions.back().loads, SizeIs(1));
  EXPECT_EQ(inbox.questions.back().loads[0].agent, Id{7});
}

}  // namespace
}  // namespace qiao::inbox::test
