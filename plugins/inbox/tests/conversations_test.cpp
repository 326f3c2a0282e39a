#include "plugins/inbox/tests/inbox_hub.hpp"

namespace qiao::inbox::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

std::vector<std::string> whats(const testkit::Probe<ConversationChanged>& probe) {
  std::vector<std::string> all;
  for (const ConversationChanged& e : probe.events()) all.push_back(e.what);
  return all;
}

TEST(InboxConversations, AreFoundByTheChannelsNameOfTheCustomer) {
  InboxHub inbox;
  inbox.start();
  auto nobody = inbox.hub.ask(FindConversation{"web", "v1"});
  ASSERT_TRUE(nobody);
  EXPECT_EQ(nobody->id, Id{});
  const Accepted first = inbox.accept("v1", "m1", "退货流程");
  auto found = inbox.hub.ask(FindConversation{"web", "v1"});
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, first.conversation);
  EXPECT_EQ(found->language, "zh-CN");
  EXPECT_THAT(found->contact_name, testing::StartsWith("访客 "));
  EXPECT_EQ(found->state, ConversationState::bot);
  EXPECT_EQ(inbox.hub.ask(GetConversation{Id{5}}).error().code, Errc::not_found);
}

TEST(InboxConversations, LetTheBotAnswerEachMessageOnce) {
  InboxHub inbox;
  inbox.bot = [](const AskBot& q) { return InboxHub::says("关于" + q.text); };
  inbox.start();
  const Accepted first = inbox.accept("v1", "m1", "退货流程");
  inbox.accept("v1", "m2", "运费");
  EXPECT_THAT(inbox.texts(first.conversation), ElementsAre("退货流程", "关于退货流程", "运费", "关于运费"));
  const auto all = inbox.transcript(first.conversation);
  EXPECT_EQ(all[1].author, Author::bot);
  EXPECT_EQ(all[1].author_name, "小桥");
  EXPECT_EQ(all[1].client_id, "bot:1");
  ASSERT_THAT(inbox.asked, SizeIs(2));
  EXPECT_EQ(inbox.asked[1].text, "运费");
  ASSERT_THAT(inbox.asked[1].recent, SizeIs(2));
  EXPECT_EQ(inbox.asked[1].recent[1].author, Author::bot);
  EXPECT_EQ(inbox.view(first.conversation).intent, "return_process");
}

TEST(InboxConversations, AskTheBotOneQuestionAtATime) {
  InboxHub inbox;
  inbox.bot = nullptr;
  inbox.start();
  const Accepted first = inbox.accept("v1", "m1", "一");
  inbox.accept("v1", "m2", "二");
  ASSERT_THAT(inbox.kept, SizeIs(1));
  inbox.kept[0](InboxHub::says("答一"));
  inbox.hub.run_until_idle();
  ASSERT_THAT(inbox.kept, SizeIs(2));
  EXPECT_EQ(inbox.asked[1].text, "二");
  inbox.kept[1](InboxHub::says("答二"));
  inbox.hub.run_until_idle();
  EXPECT_THAT(inbox.texts(first.conversation), ElementsAre("一", "二", "答一", "答二"));
}

TEST(InboxConversations, GoToAPersonWhenTheBotDeclines) {
  InboxHub inbox;
  auto changed = inbox.hub.probe<ConversationChanged>();
  inbox.bot = [](const AskBot&) { return InboxHub::declines("after-sales"); };
  inbox.routing = [](const DecideRoute& q) {
    EXPECT_EQ(q.group_hint, "after-sales");
    EXPECT_EQ(q.text, "我的退货审核3天了没动静");
    return InboxHub::gives(Id{7}, "李婷");
  };
  inbox.start();
  const Accepted first = inbox.accept("v1", "m1", "我的退货审核3天了没动静");
  const ConversationView view = inbox.view(first.conversation);
  EXPECT_EQ(view.state, ConversationState::assigned);
  EXPECT_EQ(view.agent, Id{7});
  EXPECT_EQ(view.agent_name, "李婷");
  EXPECT_EQ(view.group, "after-sales");
  EXPECT_EQ(view.handoff_reason, "no_match");
  EXPECT_THAT(whats(changed), ElementsAre("opened", "handoff", "assigned"));
  EXPECT_THAT(inbox.texts(first.conversation), ElementsAre("我的退货审核3天了没动静", "李婷 为您服务。"));
}

TEST(InboxConversations, WaitInTheQueueAndTellThePlaceOnce) {
  InboxHub inbox;
  inbox.bot = [](const AskBot&) { return InboxHub::declines(); };
  inbox.routing = [](const DecideRoute& q) {
    return RouteDecision{"after-sales", {}, {}, 60 * (q.ahead + 1), 10, "nobody is free"};
  };
  inbox.start();
  const Accepted one = inbox.accept("v1", "m1", "要退货");
  const Accepted two = inbox.accept("v2", "m2", "要退货");
  const Accepted three = inbox.accept("v3", "m3", "我也要退货");
  EXPECT_THAT(inbox.texts(three.conversation).back(), HasSubstr("正在为您转接售后组，前面还有 2 位"));
  auto changed = inbox.hub.probe<ConversationChanged>();
  inbox.hub.advance(3s);
  EXPECT_EQ(inbox.view(three.conversation).queue_place, 3);
  EXPECT_EQ(inbox.view(three.conversation).queue_estimate_s, 180);
  changed.clear();
  inbox.routing = [](const DecideRoute&) { return InboxHub::gives(Id{7}, "李婷"); };
  bool first = true;
  inbox.routing = [&](const DecideRoute& q) {
    if (!std::exchange(first, false)) return RouteDecision{"after-sales", {}, {}, 60 * (q.ahead + 1), 10, "full"};
    return InboxHub::gives(Id{7}, "李婷");
  };
  inbox.online(Id{7});
  inbox.hub.advance(3s);
  EXPECT_EQ(inbox.view(one.conversation).state, ConversationState::assigned);
  EXPECT_EQ(inbox.view(two.conversation).queue_place, 1);
  EXPECT_EQ(inbox.view(three.conversation).queue_place, 2);
  EXPECT_THAT(whats(changed), Contains("place").Times(2));
  EXPECT_THAT(inbox.transcript(three.conversation), SizeIs(2));
}

TEST(InboxConversations, GiveTheNextInLineToWhoBecomesFree) {
  InboxHub inbox;
  inbox.bot = [](const AskBot&) { return InboxHub::declines(); };
  inbox.routing = [](const DecideRoute& q) {
    std::int32_t open = 0;
    for (const AgentLoad& load : q.loads) open += load.agent == Id{7} ? load.open : 0;
    return open < 1 ? InboxHub::gives(Id{7}, "李婷") : RouteDecision{"after-sales", {}, {}, 0, 0, "full"};
  };
  inbox.start();
  const Accepted one = inbox.accept("v1", "m1", "要退货");
  const Accepted two = inbox.accept("v2", "m2", "要退货");
  EXPECT_EQ(inbox.view(one.conversation).state, ConversationState::assigned);
  EXPECT_EQ(inbox.view(two.conversation).state, ConversationState::queued);
  ASSERT_TRUE(inbox.hub.ask(Resolve{one.conversation, Id{7}, "李婷"}));
  inbox.hub.run_until_idle();
  EXPECT_EQ(inbox.view(two.conversation).state, ConversationState::assigned);
}

TEST(InboxConversations, StayQueuedInTheDefaultGroupWithoutRouting) {
  testkit::TestHub hub;
  hub.start_plugin("inbox", "default_group: sales");
  auto accepted = hub.ask(InboxHub::message("v1", "m1", "hello"));
  ASSERT_TRUE(accepted);
  hub.run_until_idle();
  auto view = hub.ask(GetConversation{accepted->conversation});
  ASSERT_TRUE(view);
  EXPECT_EQ(view->state, ConversationState::queued);
  EXPECT_EQ(view->group, "sales");
  EXPECT_EQ(view->handoff_reason, "no_bot");
  auto transcript = hub.ask(GetTranscript{accepted->conversation, 0, 0, 10, false});
  ASSERT_TRUE(transcript);
  ASSERT_THAT(transcript->messages, SizeIs(2));
  EXPECT_EQ(transcript->messages[1].content.text, "We are connecting you with sales. You are next.");
}

TEST(InboxConversations, HandOffByButtonOnlyWhileWithTheBot) {
  InboxHub inbox;
  inbox.routing = [](const DecideRoute&) { return InboxHub::gives(Id{7}, "李婷"); };
  inbox.start();
  const Accepted first = inbox.accept("v1", "m1", "你好");
  auto view = inbox.handoff(first.conversation);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->state, ConversationState::assigned);
  EXPECT_EQ(view->handoff_reason, "asked");
  const std::int64_t before = view->last_seq;
  view = inbox.handoff(first.conversation, "logistics");
  ASSERT_TRUE(view);
  EXPECT_EQ(view->group, "after-sales");
  EXPECT_EQ(view->last_seq, before);
}

TEST(InboxConversations, AreTransferredWithANote) {
  InboxHub inbox;
  inbox.routing = [](const DecideRoute& q) {
    return q.group_hint == "logistics" ? InboxHub::gives(Id{8}, "王强", "logistics") : InboxHub::gives(Id{7}, "李婷");
  };
  inbox.start();
  const Accepted first = inbox.accept("v1", "m1", "快递丢了");
  ASSERT_TRUE(inbox.handoff(first.conversation));
  auto moved = inbox.hub.ask(Transfer{first.conversation, {}, "logistics", "要赔偿", Id{7}, "李婷"});
  ASSERT_TRUE(moved) << moved.error().message;
  EXPECT_EQ(moved->agent, Id{8});
  EXPECT_EQ(moved->group, "logistics");
  EXPECT_EQ(inbox.questions.back().previous_agent, Id{});
  EXPECT_THAT(inbox.texts(first.conversation), Contains("要赔偿"));
  for (const MessageView& m : inbox.transcript(first.conversation, false)) EXPECT_NE(m.content.text, "要赔偿");
  auto taken = inbox.hub.ask(Transfer{first.conversation, Id{9}, "", "", Id{9}, "陈静"});
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->agent_name, "陈静");
  auto unknown = inbox.hub.ask(Transfer{first.conversation, Id{99}, "", "", Id{9}, "陈静"});
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().id, "agent.not_found");
  EXPECT_EQ(inbox.hub.ask(Transfer{first.conversation, {}, "nowhere", "", Id{9}, ""}).error().code, Errc::bad_value);
}

TEST(InboxConversations, OpenAgainForTheirAgentWhenTheCustomerComesBackSoon) {
  InboxHub inbox;
  inbox.routing = [](const DecideRoute&) { return InboxHub::gives(Id{7}, "李婷"); };
  inbox.start();
  const Accepted first = inbox.accept("v1", "m1", "你好");
  ASSERT_TRUE(inbox.handoff(first.conversation));
  ASSERT_TRUE(inbox.hub.ask(Resolve{first.conversation, Id{7}, "李婷"}));
  EXPECT_EQ(inbox.view(first.conversation).state, ConversationState::resolved);
  inbox.hub.advance(23h);
  const Accepted again = inbox.accept("v1", "m2", "还有一个问题");
  EXPECT_EQ(again.conversation, first.conversation);
  EXPECT_EQ(inbox.questions.back().previous_agent, Id{7});
  EXPECT_EQ(inbox.view(first.conversation).state, ConversationState::assigned);
}

TEST(InboxConversations, BeginAnewWhenTheCustomerComesBackLate) {
  InboxHub inbox;
  inbox.routing = [](const DecideRoute&) { return InboxHub::gives(Id{7}, "李婷"); };
  inbox.start("reopen_within: 1h");
  const Accepted first = inbox.accept("v1", "m1", "你好");
  ASSERT_TRUE(inbox.handoff(first.conversation));
  ASSERT_TRUE(inbox.hub.ask(Resolve{first.conversation, Id{7}, "李婷"}));
  inbox.hub.advance(61min);
  const Accepted next = inbox.accept("v1", "m2", "你好");
  EXPECT_NE(next.conversation, first.conversation);
  EXPECT_EQ(next.seq, 1);
  EXPECT_EQ(inbox.view(next.conversation).contact, inbox.view(first.conversation).contact);
  ASSERT_TRUE(inbox.handoff(next.conversation));
  EXPECT_EQ(inbox.questions.back().previous_agent, Id{7});
  // A late repetition of an old message does not move.
  const Accepted repeated = inbox.accept("v1", "m1", "你好");
  EXPECT_TRUE(repeated.duplicate);
  EXPECT_EQ(repeated.conversation, first.conversation);
}

TEST(InboxConversations, AreRatedOnceResolved) {
  InboxHub inbox;
  inbox.start();
  const Accepted first = inbox.accept("v1", "m1", "你好");
  EXPECT_EQ(inbox.hub.ask(Rate{first.conversation, 5, ""}).error().code, Errc::conflict);
  EXPECT_EQ(inbox.hub.ask(Rate{first.conversation, 6, ""}).error().code, Errc::bad_value);
  ASSERT_TRUE(inbox.hub.ask(Resolve{first.conversation, Id{7}, "李婷"}));
  ASSERT_TRUE(inbox.hub.ask(Rate{first.conversation, 3, "慢"}));
  ASSERT_TRUE(inbox.hub.ask(Rate{first.conversation, 5, "很快"}));
  EXPECT_EQ(inbox.view(first.conversation).rating, 5);
}

TEST(InboxConversations, LearnTheNameThatAChannelTellsLater) {
  InboxHub inbox;
  inbox.start();
  const Accepted first = inbox.accept("v1", "m1", "你好");
  AcceptMessage m = InboxHub::message("v1", "m2", "我是王芳");
  m.user_name = "王芳";
  ASSERT_TRUE(inbox.hub.ask(m));
  inbox.hub.run_until_idle();
  EXPECT_EQ(inbox.view(first.conversation).contact_name, "王芳");
  EXPECT_EQ(inbox.count("SELECT COUNT(*) FROM inbox_contact WHERE invented = 0"), 1);
}

TEST(InboxConversations, AreForgottenByMemoryAndFoundAgain) {
  InboxHub inbox;
  inbox.start("cached_conversations: 100");
  std::vector<Id> all;
  for (int i = 0; i < 300; ++i)
    all.push_back(inbox.accept(fmt::format("v{}", i), fmt::format("m{}", i), "嗯").conversation);
  inbox.hub.advance(5s);
  for (int i = 0; i < 300; ++i) {
    const Accepted next = inbox.accept(fmt::format("v{}", i), fmt::format("n{}", i), "嗯");
    EXPECT_EQ(next.conversation, all[static_cast<std::size_t>(i)]);
    EXPECT_EQ(next.seq, 3);
  }
}

}  // namespace
}  // namespace qiao::inbox::test
