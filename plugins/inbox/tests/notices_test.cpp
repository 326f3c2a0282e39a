#include "plugins/inbox/tests/inbox_hub.hpp"
#include "qiao/contract/contacts.hpp"

namespace qiao::inbox::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

/// A caller, whose channel takes no notices, and what else is known of them.
class InboxNotices : public testing::Test {
 protected:
  InboxNotices() : inbox(options()) {
    inbox.start();
    channel("phone", "takes_notices: false\nopen: false\n");
    call = write_on("phone", "+8613500000001", "请帮我查快递");
    contact = inbox.view(call).contact;
  }
  static testkit::HubOptions options() {
    testkit::HubOptions options;
    options.plugin_dirs = {QIAO_PLUGIN_DIR, QIAO_INBOX_TEST_PLUGINS};
    return options;
  }
  void channel(const std::string& name, const std::string& config = {}) {
    inbox.hub.start_plugin("inbox-test-channel", config, name);
  }
  Id write_on(const std::string& channel, const std::string& user, const std::string& text) {
    AcceptMessage m = InboxHub::message(user, "m" + std::to_string(++messages), text);
    m.channel = channel;
    auto accepted = inbox.hub.ask(m);
    EXPECT_TRUE(accepted);
    inbox.hub.run_until_idle();
    return accepted ? accepted->conversation : Id{};
  }
  /// The same person on another channel, by something that was proven.
  Id also_on(const std::string& channel, const std::string& user) {
    const Id conversation = write_on(channel, user, "你好");
    const Id other = inbox.view(conversation).contact;
    EXPECT_TRUE(inbox.hub.publish(ContactMerged{other, contact, false, {{channel, user}}}));
    inbox.hub.run_until_idle();
    EXPECT_EQ(inbox.view(conversation).contact, contact);
    inbox.hub.advance(10ms);
    return conversation;
  }
  WriteMessage notice() const {
    WriteMessage m;
    m.conversation = call;
    m.author = Author::system;
    m.author_id = Id{7};
    m.content.text = "您的工单 #12 已处理：快件已找到";
    m.content.notice = "ticket.resolved";
    m.content.values = {{"number", "12"}};
    m.client_id = "ticket:12:resolved";
    return m;
  }
  void resolve() {
    ASSERT_TRUE(inbox.hub.ask(notice()));
    settle();
  }
  /// Until every notice has come to its end.
  void settle() {
    EXPECT_TRUE(inbox.hub.wait_until([&] {
      return inbox.count("SELECT COUNT(*) FROM inbox_message WHERE author = 3 AND note = 0 AND delivery = 1") +
                 inbox.count("SELECT COUNT(*) FROM inbox_untold WHERE state IN (0, 1)") ==
             0;
    }));
    inbox.hub.run_until_idle();
  }
  MessageView written() {
    for (const MessageView& m : inbox.transcript(call)) {
      if (m.content.notice == "ticket.resolved") return m;
    }
    return {};
  }
  std::vector<MessageView> notices_in(Id conversation) {
    std::vector<MessageView> found;
    for (const MessageView& m : inbox.transcript(conversation)) {
      if (!m.content.notice.empty()) found.push_back(m);
    }
    return found;
  }
  std::vector<MessageView> notes() {
    std::vector<MessageView> found;
    for (const MessageView& m : inbox.transcript(call)) {
      if (m.note) found.push_back(m);
    }
    return found;
  }
  int messages = 0;
  InboxHub inbox;
  Id call;
  Id contact;
};

TEST_F(InboxNotices, GoThroughTheChannelThatTheCustomerUsedLast) {
  channel("mail");
  channel("chat");
  const Id mail = also_on("mail", "wang@example.com");
  const Id chat = also_on("chat", "wang");
  auto changes = inbox.hub.probe<DeliveryChanged>();
  resolve();
  EXPECT_THAT(notices_in(mail), IsEmpty());
  ASSERT_THAT(notices_in(chat), SizeIs(1));
  EXPECT_EQ(notices_in(chat)[0].content.text, "您的工单 #12 已处理：快件已找到");
  EXPECT_EQ(notices_in(chat)[0].content.values.at("number"), "12");
  EXPECT_EQ(notices_in(chat)[0].delivery, Delivery::sent);
  EXPECT_EQ(written().delivery, Delivery::sent);
  EXPECT_THAT(written().delivery_detail, HasSubstr("chat"));
  EXPECT_THAT(notes(), IsEmpty());
  for (const DeliveryChanged& change : changes.events()) EXPECT_NE(change.state, Delivery::failed);
}

TEST_F(InboxNotices, AreNeverPublicAndNeedAnOpenWindowOrATemplate) {
  channel("comments", "everybody_reads: true\n");
  channel("closed", "open: false\n");
  channel("template", "open: false\nnotices: [ticket.resolved]\n");
  channel("mail", "limited: false\n");
  const Id mail = also_on("mail", "wang@example.com");
  const Id by_template = also_on("template", "w1");
  const Id closed = also_on("closed", "w2");
  const Id comments = also_on("comments", "w3");
  resolve();
  EXPECT_THAT(notices_in(comments), IsEmpty());
  EXPECT_THAT(notices_in(closed), IsEmpty());
  EXPECT_THAT(notices_in(by_template), SizeIs(1));
  EXPECT_THAT(notices_in(mail), IsEmpty());
}

TEST_F(InboxNotices, GoToNobodyElseWithTheSameName) {
  channel("chat");
  AcceptMessage same_name = InboxHub::message("other", "x1", "你好");
  same_name.channel = "chat";
  same_name.user_name = inbox.view(call).contact_name;
  auto other = inbox.hub.ask(same_name);
  ASSERT_TRUE(other);
  inbox.hub.run_until_idle();
  resolve();
  EXPECT_THAT(notices_in(other->conversation), IsEmpty());
  EXPECT_EQ(written().delivery, Delivery::failed);
}

TEST_F(InboxNotices, AreTheTaskOfWhoeverAnswersForThemWhenNoChannelTakesThem) {
  auto changes = inbox.hub.probe<DeliveryChanged>();
  inbox.questions.clear();
  inbox.routing = [](const DecideRoute&) { return InboxHub::gives(Id{7}, "李婷"); };
  const std::size_t before = inbox.transcript(call, false).size();
  resolve();
  EXPECT_EQ(written().delivery, Delivery::failed);
  EXPECT_EQ(written().delivery_detail, "phone takes no notices");
  ASSERT_THAT(notes(), SizeIs(1));
  EXPECT_THAT(notes()[0].content.text, HasSubstr("工单 #12 已处理"));
  const ConversationView task = inbox.view(call);
  EXPECT_EQ(task.state, ConversationState::assigned);
  EXPECT_EQ(task.agent, Id{7});
  EXPECT_EQ(task.handoff_reason, "not_told");
  ASSERT_THAT(inbox.questions, SizeIs(1));
  EXPECT_EQ(inbox.questions[0].previous_agent, Id{7}) << "who opened the ticket is asked first";
  EXPECT_THAT(inbox.transcript(call, false), SizeIs(before + 1)) << "the customer, who did not ask, hears of nobody";
  EXPECT_EQ(changes.last().state, Delivery::failed);

  auto again = notice();
  again.client_id = "ticket:13:resolved";
  ASSERT_TRUE(inbox.hub.ask(again));
  settle();
  EXPECT_THAT(notes(), SizeIs(2));
  EXPECT_EQ(inbox.view(call).agent, Id{7});
}

TEST_F(InboxNotices, OpenAConversationAgainForThatTask) {
  ASSERT_TRUE(inbox.hub.ask(Resolve{call, Id{7}, "李婷"}));
  inbox.hub.run_until_idle();
  resolve();
  EXPECT_EQ(inbox.view(call).state, ConversationState::queued);
  EXPECT_EQ(inbox.view(call).handoff_reason, "not_told");
  EXPECT_THAT(notes(), SizeIs(1));
  write_on("phone", "+8613500000001", "我又来了");
  EXPECT_EQ(inbox.view(call).handoff_reason, "") << "they can be told now";
}

TEST_F(InboxNotices, TryTheNextChannelWhenTheFirstOneFailsToo) {
  channel("mail");
  channel("chat", "takes_notices: false\n");
  const Id mail = also_on("mail", "wang@example.com");
  const Id chat = also_on("chat", "wang");
  resolve();
  ASSERT_THAT(notices_in(chat), SizeIs(1));
  EXPECT_EQ(notices_in(chat)[0].delivery, Delivery::failed);
  ASSERT_THAT(notices_in(mail), SizeIs(1));
  EXPECT_EQ(written().delivery, Delivery::sent);
  EXPECT_THAT(written().delivery_detail, HasSubstr("mail"));
  EXPECT_THAT(notes(), IsEmpty());
}

TEST_F(InboxNotices, AskAPersonWhenEveryChannelFailed) {
  channel("mail", "takes_notices: false\n");
  channel("chat", "takes_notices: false\n");
  also_on("mail", "wang@example.com");
  also_on("chat", "wang");
  resolve();
  EXPECT_EQ(written().delivery, Delivery::failed);
  EXPECT_EQ(written().delivery_detail, "mail takes no notices") << "the last one that was tried";
  EXPECT_THAT(notes(), SizeIs(1));
}

TEST_F(InboxNotices, ThatFailAfterTheyWereSentGoElsewhereOnce) {
  channel("chat");
  const Id chat = also_on("chat", "wang");
  inbox.hub.stop_plugin("phone");
  channel("phone", "open: false\n");
  resolve();
  ASSERT_EQ(written().delivery, Delivery::sent);
  for (int times = 0; times < 2; ++times) {
    ASSERT_TRUE(inbox.hub.ask(ReportDelivery{call, written().seq, Delivery::failed, "the number does not exist"}));
    settle();
  }
  EXPECT_THAT(notices_in(chat), SizeIs(1));
  EXPECT_EQ(written().delivery, Delivery::sent);
  EXPECT_THAT(written().delivery_detail, HasSubstr("chat"));
}

TEST_F(InboxNotices, OfABlockedContactAreNobodysTask) {
  channel("chat");
  const Id chat = also_on("chat", "wang");
  ASSERT_TRUE(inbox.hub.publish(ContactChanged{contact, "", "", true}));
  inbox.hub.run_until_idle();
  resolve();
  EXPECT_THAT(notices_in(chat), IsEmpty());
  EXPECT_EQ(written().delivery, Delivery::failed);
  EXPECT_THAT(notes(), IsEmpty());
  EXPECT_EQ(inbox.view(call).state, ConversationState::resolved);
}

TEST_F(InboxNotices, AreToldOnceWhereverTheHubIsKilled) {
  channel("chat");
  const Id chat = also_on("chat", "wang");
  inbox.hub.stop_plugin("phone");
  ASSERT_TRUE(inbox.hub.ask(notice()));
  inbox.hub.run_until_idle();
  const std::string row = fmt::format("VALUES ({}, {}, 0, '')", call.value, written().seq);
  // Before a place was chosen; before it was noted that the notice stands there.
  for (const std::string& left : {"INSERT INTO inbox_untold (conversation, seq, state, tried) " + row,
                                  std::string("UPDATE inbox_untold SET state = 1")}) {
    ASSERT_TRUE(inbox.hub.store().write_and_wait([&](Session& session) -> Result<void> {
      auto done = session.run(left);
      if (!done) return done.error();
      return {};
    }));
    inbox.hub.restart();
    inbox.hub.advance(1s);
    settle();
    EXPECT_THAT(notices_in(chat), SizeIs(1));
    EXPECT_EQ(written().delivery, Delivery::sent);
    EXPECT_THAT(notes(), IsEmpty());
  }
}

TEST_F(InboxNotices, AreForgottenWithTheirPerson) {
  resolve();
  ASSERT_EQ(inbox.count("SELECT COUNT(*) FROM inbox_untold"), 1);
  ErasePerson erase;
  erase.person.contacts = {contact};
  ASSERT_TRUE(inbox.hub.ask(erase));
  EXPECT_EQ(inbox.count("SELECT COUNT(*) FROM inbox_untold"), 0);
}

}  // namespace
}  // namespace qiao::inbox::test
