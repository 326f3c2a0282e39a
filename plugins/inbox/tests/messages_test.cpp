#include <thread>

#include "plugins/inbox/tests/inbox_hub.hpp"

namespace qiao::inbox::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(InboxMessages, StoresWhatACustomerWroteOnce) {
  InboxHub inbox;
  auto stored = inbox.hub.probe<MessageStored>();
  inbox.start();
  const Accepted first = inbox.accept("v1", "m1", "退货流程");
  EXPECT_EQ(first.seq, 1);
  EXPECT_FALSE(first.duplicate);
  const Accepted again = inbox.accept("v1", "m1", "退货流程");
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(again.seq, 1);
  EXPECT_EQ(again.message, first.message);
  EXPECT_EQ(again.conversation, first.conversation);
  EXPECT_EQ(inbox.count("SELECT COUNT(*) FROM inbox_message WHERE author = 0"), 1);
  ASSERT_EQ(stored.count(), 2u);  // and the bot's answer
  EXPECT_EQ(stored.events()[0].message.content.text, "退货流程");
  EXPECT_EQ(stored.events()[0].message.client_id, "m1");
  EXPECT_EQ(stored.events()[0].conversation.last_seq, 1);
}

TEST(InboxMessages, KeepsOneOfManyConcurrentRepetitions) {
  InboxHub inbox({.threads = true});
  inbox.hub.start_plugin("inbox");
  constexpr int kThreads = 8;
  std::atomic<int> fresh{0}, same{0}, answered{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 25; ++i) {
        inbox.hub.bus().request(InboxHub::message("v1", fmt::format("m{}", i), "在吗"), 20s, [&](Result<Accepted> a) {
          if (a) (a->duplicate ? same : fresh)++;
          answered++;
        });
      }
    });
  }
  for (auto& thread : threads) thread.join();
  ASSERT_TRUE(inbox.hub.wait_until([&] { return answered == kThreads * 25; }));
  EXPECT_EQ(fresh, 25);
  EXPECT_EQ(same, (kThreads - 1) * 25);
  EXPECT_EQ(inbox.count("SELECT COUNT(*) FROM inbox_contact"), 1);
  EXPECT_EQ(inbox.count("SELECT COUNT(*) FROM inbox_conversation"), 1);
  EXPECT_EQ(inbox.count("SELECT COUNT(*) FROM inbox_message WHERE author = 0"), 25);
}

TEST(InboxMessages, CountWithoutGapsWhenManyWriteAtOnce) {
  InboxHub inbox({.threads = true});
  inbox.hub.start_plugin("inbox");
  auto opened = inbox.hub.ask(InboxHub::message("v0", "first", "人工"));
  ASSERT_TRUE(opened);
  ASSERT_TRUE(inbox.hub.ask(Handoff{opened->conversation, "", "asked"}));
  std::atomic<int> answered{0}, failed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 250; ++i) {
        const auto done = [&](const Result<Accepted>& a) {
          if (!a) failed++;
          answered++;
        };
        if (i % 2 == 0) {
          inbox.hub.bus().request(InboxHub::message("v0", fmt::format("{}-{}", t, i), "在吗"), 20s, done);
        } else {
          WriteMessage reply;
          reply.conversation = opened->conversation;
          reply.author_id = Id{7};
          reply.content.text = "在的";
          reply.client_id = fmt::format("{}-{}", t, i);
          inbox.hub.bus().request(reply, 20s, done);
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  ASSERT_TRUE(inbox.hub.wait_until([&] { return answered == 1000; }));
  EXPECT_EQ(failed, 0);
  const auto total = inbox.count("SELECT COUNT(*) FROM inbox_message");
  EXPECT_GE(total, 1001);
  EXPECT_EQ(inbox.count("SELECT MAX(seq) FROM inbox_message"), total);
  EXPECT_EQ(inbox.count("SELECT MIN(seq) FROM inbox_message"), 1);
}

TEST(InboxMessages, NeverShowNotesToTheCustomer) {
  InboxHub inbox;
  inbox.start();
  const Accepted first = inbox.accept("v1", "m1", "你好");
  ASSERT_TRUE(inbox.write(first.conversation, Author::agent, "老客户，注意", true));
  EXPECT_THAT(inbox.transcript(first.conversation, true), SizeIs(3));
  const auto seen = inbox.transcript(first.conversation, false);
  ASSERT_THAT(seen, SizeIs(2));
  EXPECT_EQ(seen[0].seq, 1);
  EXPECT_EQ(seen[1].seq, 2);
  EXPECT_EQ(inbox.view(first.conversation).preview, "好的");
  EXPECT_EQ(inbox.count("SELECT delivery FROM inbox_message WHERE note = 1"), 0);
}

TEST(InboxMessages, AreWrittenOnceForEachClientId) {
  InboxHub inbox;
  inbox.start();
  const Accepted first = inbox.accept("v1", "m1", "你好");
  const auto one = inbox.write(first.conversation, Author::agent, "在的", false, "a1");
  const auto two = inbox.write(first.conversation, Author::agent, "在的", false, "a1");
  ASSERT_TRUE(one && two);
  EXPECT_EQ(one->seq, two->seq);
  EXPECT_TRUE(two->duplicate);
}

TEST(InboxMessages, AreRefusedWhenTheyAreWrong) {
  InboxHub inbox;
  inbox.start();
  const auto refusal = [&](AcceptMessage m) {
    auto accepted = inbox.hub.ask(std::move(m));
    return accepted ? Errc::internal : accepted.error().code;
  };
  AcceptMessage m = InboxHub::message("v1", "m1", "x");
  m.content.text = std::string(8193, 'x');
  EXPECT_EQ(refusal(m), Errc::too_large);
  m.content.text = "\xFF";
  EXPECT_EQ(refusal(m), Errc::bad_value);
  m.content.text = "";
  EXPECT_EQ(refusal(m), Errc::bad_value);
  m = InboxHub::message("", "m1", "x");
  EXPECT_EQ(refusal(m), Errc::bad_value);
  m = InboxHub::message("v1", "", "x");
  EXPECT_EQ(refusal(m), Errc::bad_value);
  m = InboxHub::message("v1", std::string(129, 'a'), "x");
  EXPECT_EQ(refusal(m), Errc::bad_value);
  EXPECT_EQ(inbox.count("SELECT COUNT(*) FROM inbox_conversation"), 0);
  const auto nowhere = inbox.write(Id{42}, Author::agent, "hallo");
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, Errc::not_found);
}

TEST(InboxMessages, CarryAttachmentsAndButtonsThroughTheTable) {
  InboxHub inbox;
  inbox.start();
  AcceptMessage m = InboxHub::message("v1", "m1", "");
  m.content.attachments.push_back({Id{9}, "收据.png", "image/png", 1234});
  auto accepted = inbox.hub.ask(m);
  ASSERT_TRUE(accepted);
  WriteMessage w;
  w.conversation = accepted->conversation;
  w.author = Author::system;
  w.content.text = "请选择";
  w.content.buttons.push_back({"转人工", "人工", ""});
  ASSERT_TRUE(inbox.hub.ask(w));
  const auto all = inbox.transcript(accepted->conversation);
  ASSERT_GE(all.size(), 2u);
  ASSERT_THAT(all[0].content.attachments, SizeIs(1));
  EXPECT_EQ(all[0].content.attachments[0].name, "收据.png");
  EXPECT_EQ(all.back().content.buttons.at(0).value, "人工");
}

TEST(InboxMessages, PageForwardsAndBackwards) {
  InboxHub inbox;
  inbox.start();
  Id conversation;
  for (int i = 1; i <= 5; ++i) conversation = inbox.accept("v1", fmt::format("m{}", i), "嗯").conversation;
  auto forwards = inbox.hub.ask(GetTranscript{conversation, 2, 0, 3, false});
  ASSERT_TRUE(forwards);
  ASSERT_THAT(forwards->messages, SizeIs(3));
  EXPECT_EQ(forwards->messages.front().seq, 3);
  EXPECT_TRUE(forwards->more);
  auto backwards = inbox.hub.ask(GetTranscript{conversation, 0, 10, 4, false});
  ASSERT_TRUE(backwards);
  ASSERT_THAT(backwards->messages, SizeIs(4));
  EXPECT_EQ(backwards->messages.back().seq, 9);
  EXPECT_TRUE(backwards->more);
  EXPECT_EQ(inbox.hub.ask(GetTranscript{Id{1}, 0, 0, 4, false}).error().code, Errc::not_found);
}

TEST(InboxMessages, GoToTheirChannelUntilItReports) {
  InboxHub inbox;
  auto outgoing = inbox.hub.probe<MessageOutgoing>();
  auto changed = inbox.hub.probe<DeliveryChanged>();
  inbox.start();
  const Accepted first = inbox.accept("v1", "m1", "你好");
  ASSERT_EQ(outgoing.count(), 1u);
  EXPECT_EQ(outgoing.last().channel, "web");
  EXPECT_EQ(outgoing.last().user, "v1");
  EXPECT_EQ(outgoing.last().message.content.text, "好的");
  EXPECT_EQ(outgoing.last().message.delivery, Delivery::pending);
  inbox.hub.advance(90s);
  EXPECT_GE(outgoing.count(), 2u);
  ASSERT_TRUE(inbox.hub.ask(ReportDelivery{first.conversation, 2, Delivery::delivered, ""}));
  ASSERT_TRUE(inbox.hub.ask(ReportDelivery{first.conversation, 2, Delivery::sent, ""}));
  ASSERT_TRUE(inbox.hub.ask(ReportDelivery{first.conversation, 2, Delivery::failed, "blocked"}));
  EXPECT_EQ(changed.count(), 1u);
  EXPECT_EQ(inbox.transcript(first.conversation)[1].delivery, Delivery::delivered);
  outgoing.clear();
  inbox.hub.advance(90s);
  EXPECT_EQ(outgoing.count(), 0u);
  EXPECT_EQ(inbox.hub.ask(ReportDelivery{first.conversation, 99, Delivery::sent, ""}).error().code, Errc::not_found);
  EXPECT_EQ(inbox.hub.ask(ReportDelivery{first.conversation, 2, Delivery::pending, ""}).error().code, Errc::bad_value);
}

TEST(InboxMessages, RememberHowFarEachSideHasRead) {
  InboxHub inbox;
  auto changed = inbox.hub.probe<ConversationChanged>();
  inbox.start();
  const Accepted first = inbox.accept("v1", "m1", "你好");
  changed.clear();
  ASSERT_TRUE(inbox.hub.ask(MarkRead{first.conversation, Author::customer, 99}));
  ASSERT_TRUE(inbox.hub.ask(MarkRead{first.conversation, Author::customer, 1}));
  ASSERT_TRUE(inbox.hub.ask(MarkRead{first.conversation, Author::agent, 1}));
  inbox.hub.run_until_idle();
  EXPECT_EQ(changed.count(), 2u);
  EXPECT_EQ(changed.last().what, "read");
  EXPECT_EQ(inbox.view(first.conversation).read_by_customer, 2);
  EXPECT_EQ(inbox.view(first.conversation).read_by_agent, 1);
  inbox.hub.advance(5s);
  EXPECT_EQ(inbox.count("SELECT read_customer FROM inbox_conversation"), 2);
}

RecordEvent event(const std::string& user, const std::string& id, const std::string& text, bool reopen = false) {
  RecordEvent e;
  e.channel = "web";
  e.user = user;
  e.external_id = id;
  e.content.text = text;
  e.reopen = reopen;
  return e;
}

TEST(InboxEvents, AreNotesOfTheHubWithoutATurnOfTheBot) {
  InboxHub inbox;
  inbox.start();
  auto first = inbox.hub.ask(event("v1", "e1", "关注了公众号"));
  ASSERT_TRUE(first) << first.error().message;
  inbox.hub.run_until_idle();
  EXPECT_THAT(inbox.asked, IsEmpty());
  const auto messages = inbox.transcript(first->conversation);
  ASSERT_THAT(messages, SizeIs(1));
  EXPECT_TRUE(messages[0].note);
  EXPECT_EQ(messages[0].author, Author::system);
  EXPECT_EQ(messages[0].delivery, Delivery::none);
  EXPECT_EQ(inbox.view(first->conversation).state, ConversationState::bot);
  auto again = inbox.hub.ask(event("v1", "e1", "关注了公众号"));
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->duplicate);
  const Accepted wrote = inbox.accept("v1", "m1", "在吗");
  EXPECT_EQ(wrote.conversation, first->conversation) << "the customer goes on where the event was noted";
  EXPECT_THAT(inbox.asked, SizeIs(1));
}

TEST(InboxEvents, OpenAnEndedConversationOnlyWhenTheyAreMeantTo) {
  InboxHub inbox;
  inbox.start();
  const Accepted wrote = inbox.accept("v1", "m1", "在吗");
  ASSERT_TRUE(inbox.hub.ask(Resolve{wrote.conversation, Id{7}, "李婷"}));
  inbox.hub.run_until_idle();
  ASSERT_TRUE(inbox.hub.ask(event("v1", "e1", "取消关注")));
  inbox.hub.run_until_idle();
  EXPECT_EQ(inbox.view(wrote.conversation).state, ConversationState::resolved);
  auto call = inbox.hub.ask(event("v1", "e2", "来电", true));
  ASSERT_TRUE(call);
  inbox.hub.run_until_idle();
  EXPECT_EQ(call->conversation, wrote.conversation);
  EXPECT_EQ(inbox.view(wrote.conversation).state, ConversationState::bot);
}

TEST(InboxMessages, KeepCardsAndNoticesAcrossARestart) {
  InboxHub inbox;
  inbox.start();
  AcceptMessage m = InboxHub::message("v1", "m1", "");
  Card place{"location", "西湖", "杭州", "", "", {{"latitude", "30.25"}, {"longitude", "120.15"}}};
  m.content.cards.push_back(place);
  auto accepted = inbox.hub.ask(m);
  ASSERT_TRUE(accepted) << accepted.error().message;
  WriteMessage notice;
  notice.conversation = accepted->conversation;
  notice.author = Author::system;
  notice.content.text = "工单 #1 已解决";
  notice.content.notice = "ticket.resolved";
  notice.content.values = {{"number", "1"}};
  ASSERT_TRUE(inbox.hub.ask(notice));
  inbox.hub.run_until_idle();
  auto outgoing = inbox.hub.probe<MessageOutgoing>();
  inbox.hub.restart();
  inbox.hub.advance(1s);
  const auto messages = inbox.transcript(accepted->conversation);
  ASSERT_FALSE(messages.empty());
  ASSERT_THAT(messages[0].content.cards, SizeIs(1));
  EXPECT_EQ(messages[0].content.cards[0].data.at("latitude"), "30.25");
  bool found = false;
  for (const MessageOutgoing& out : outgoing.events()) {
    found =
        found || (out.message.content.notice == "ticket.resolved" && out.message.content.values.at("number") == "1");
  }
  EXPECT_TRUE(found) << "what is given to the channel again is whole";
}

}  // namespace
}  // namespace qiao::inbox::test
