#include "plugins/inbox/state_machine.hpp"

#include <gmock/gmock.h>

namespace qiao::inbox {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const House kHouse{"after-sales"};
const Time kNow = from_micros(1'700'000'000'000'000);

/// Runs steps as the ledger does: the messages follow in the status after the step.
class Walk {
 public:
  Facts facts{Id{1}, "web", "v1", "", "zh-CN", kNow};
  Status status;

  template <class F>
  Draft step(F f) {
    Draft draft{status, false, {}, {}};
    f(draft);
    status = draft.status;
    for (const NewMessage& m : draft.messages) {
      follow(status, m.author, m.note, m.content.text, !m.content.attachments.empty(), kNow);
    }
    return draft;
  }
  Draft customer(const char* text) {
    return step([&](Draft& d) {
      NewMessage m;
      m.author = Author::customer;
      m.content.text = text;
      customer_wrote(d, facts, m, false, kNow);
    });
  }
  Draft agent(Id id, const char* text, bool note = false) {
    return step([&](Draft& d) {
      NewMessage m;
      m.author = Author::agent;
      m.author_id = id;
      m.author_name = "李婷";
      m.note = note;
      m.content.text = text;
      agent_wrote(d, kHouse, m, kNow);
    });
  }
  Draft handoff(const char* group = "", const char* reason = "asked") {
    return step([&](Draft& d) { hand_off(d, group, reason, kNow); });
  }
  Draft placed(Placement p) {
    return step([&](Draft& d) { place(d, kHouse, facts, p); });
  }
  Draft resolved() {
    return step([&](Draft& d) { resolve(d, facts, kNow); });
  }
  Draft handed(Handover h) {
    return step([&](Draft& d) { EXPECT_TRUE(transfer(d, kHouse, facts, h, kNow)); });
  }
  void assign_to(Id agent, const char* group = "after-sales") { placed({group, "售后组", agent, "李婷", 0, 0}); }
};

TEST(StateMachine, LeadsFromTheBotToAPersonAndBackToTheCustomer) {
  Walk c;
  c.customer("退货流程");
  EXPECT_EQ(c.status.state, ConversationState::bot);
  EXPECT_THAT(c.handoff("", "declined").told, ElementsAre("handoff"));
  EXPECT_EQ(c.status.state, ConversationState::queued);
  EXPECT_EQ(c.status.handoff_reason, "declined");
  EXPECT_EQ(c.status.queued_at, kNow);
  const Draft placed = c.placed({"after-sales", "售后组", Id{}, "", 0, 2});
  EXPECT_THAT(placed.told, ElementsAre("queued"));
  ASSERT_THAT(placed.messages, SizeIs(1));
  EXPECT_THAT(placed.messages[0].content.text, HasSubstr("前面还有 2 位"));
  const Draft assigned = c.placed({"after-sales", "售后组", Id{7}, "李婷", 0, 0});
  EXPECT_THAT(assigned.told, ElementsAre("assigned"));
  EXPECT_THAT(assigned.messages[0].content.text, HasSubstr("李婷"));
  EXPECT_EQ(c.status.state, ConversationState::assigned);
  EXPECT_THAT(c.agent(Id{7}, "您好").told, ElementsAre("state"));
  EXPECT_EQ(c.status.state, ConversationState::waiting);
  EXPECT_THAT(c.agent(Id{7}, "还在吗").told, IsEmpty());
  EXPECT_THAT(c.customer("在").told, ElementsAre("state"));
  EXPECT_EQ(c.status.state, ConversationState::assigned);
  EXPECT_THAT(c.customer("好的").told, IsEmpty());
  EXPECT_THAT(c.resolved().told, ElementsAre("resolved"));
  EXPECT_EQ(c.status.state, ConversationState::resolved);
  EXPECT_EQ(c.status.last_seq, 8);
}

TEST(StateMachine, WritesOnlyTheMessageInTheSteadyState) {
  Walk c;
  c.handoff();
  c.assign_to(Id{7});
  EXPECT_FALSE(c.agent(Id{7}, "您好").keep);
  EXPECT_FALSE(c.customer("在").keep);
}

TEST(StateMachine, TellsTheQueueOnce) {
  Walk c;
  c.handoff("sales");
  EXPECT_EQ(c.status.group, "sales");
  EXPECT_THAT(c.placed({"sales", "销售组", Id{}, "", 0, 2}).messages, SizeIs(1));
  EXPECT_THAT(c.placed({"sales", "销售组", Id{}, "", 0, 1}).told, IsEmpty());
  const Draft moved = c.placed({"logistics", "物流组", Id{}, "", 0, 1});
  EXPECT_THAT(moved.messages, IsEmpty());
  EXPECT_THAT(moved.told, ElementsAre("queued"));
  EXPECT_EQ(c.status.group, "logistics");
}

TEST(StateMachine, FallsBackToTheDefaultGroup) {
  Walk c;
  c.handoff();
  EXPECT_EQ(c.status.group, "");
  c.placed({"", "售后组", Id{}, "", 0, 0});
  EXPECT_EQ(c.status.group, "after-sales");
}

TEST(StateMachine, HandsOffOnlyFromTheBot) {
  Walk c;
  c.handoff();
  c.assign_to(Id{7});
  EXPECT_THAT(c.handoff("sales").told, IsEmpty());
  EXPECT_EQ(c.status.group, "after-sales");
  EXPECT_EQ(c.status.state, ConversationState::assigned);
}

TEST(StateMachine, GivesAConversationToTheAgentWhoAnswersFirst) {
  Walk c;
  c.customer("你好");
  EXPECT_THAT(c.agent(Id{9}, "我来帮您").told, ElementsAre("assigned"));
  EXPECT_EQ(c.status.agent, Id{9});
  EXPECT_EQ(c.status.group, "after-sales");
  EXPECT_EQ(c.status.state, ConversationState::waiting);
}

TEST(StateMachine, LeavesTheStateAloneForNotes) {
  Walk c;
  c.customer("你好");
  EXPECT_THAT(c.agent(Id{9}, "老客户", true).told, IsEmpty());
  EXPECT_EQ(c.status.state, ConversationState::bot);
  EXPECT_EQ(c.status.preview, "你好");
  EXPECT_EQ(c.status.last_seq, 2);
}

TEST(StateMachine, SilencesTheBotOnceAPersonHasIt) {
  Walk c;
  c.handoff();
  Draft draft{c.status, false, {}, {}};
  const auto refused = bot_wrote(draft, {}, "");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().id, "conversation.not_with_bot");
  EXPECT_THAT(draft.messages, IsEmpty());
}

TEST(StateMachine, AsksWhoeverHasACustomerToTellThem) {
  const auto untold = [](Walk& c) {
    return c.step([](Draft& d) {
      NewMessage note;
      note.author = Author::system;
      note.note = true;
      note.content.text = "请联系客户告知";
      not_told(d, note, Id{9}, kNow);
    });
  };
  Walk served;
  served.customer("快递丢了");
  served.agent(Id{7}, "马上查");
  ASSERT_EQ(served.status.state, ConversationState::waiting);
  EXPECT_THAT(untold(served).told, ElementsAre("state"));
  EXPECT_EQ(served.status.state, ConversationState::assigned);
  EXPECT_EQ(served.status.agent, Id{7});
  EXPECT_EQ(served.status.handoff_reason, "not_told");

  Walk queued;
  queued.customer("人工");
  queued.step([](Draft& d) { hand_off(d, "logistics", "asked", kNow); });
  untold(queued);
  EXPECT_EQ(queued.status.state, ConversationState::queued);
  EXPECT_EQ(queued.status.handoff_reason, "asked") << "they wait for an answer, and are told who comes";

  Walk ended = served;
  ended.status.handoff_reason.clear();
  ended.step([&](Draft& d) { resolve(d, ended.facts, kNow); });
  EXPECT_THAT(untold(ended).told, ElementsAre("reopened", "handoff"));
  EXPECT_EQ(ended.status.state, ConversationState::queued);
  EXPECT_EQ(ended.status.previous_agent, Id{9});
  const Draft placed = ended.step([&](Draft& d) {
    place(d, kHouse, ended.facts, {"after-sales", "售后组", Id{9}, "王强", 0, 0});
  });
  EXPECT_EQ(ended.status.agent, Id{9});
  EXPECT_THAT(placed.messages, IsEmpty()) << "the customer asked for nobody";
}

TEST(StateMachine, OpensAgainAtTheBotWhenNoPersonHadIt) {
  Walk c;
  c.customer("你好");
  c.resolved();
  EXPECT_THAT(c.customer("还有一个问题").told, ElementsAre("reopened"));
  EXPECT_EQ(c.status.state, ConversationState::bot);
}

TEST(StateMachine, OpensAgainInTheQueueOfThePersonWhoHadIt) {
  Walk c;
  c.handoff();
  c.assign_to(Id{7}, "logistics");
  c.resolved();
  const Draft again = c.customer("还没到");
  EXPECT_THAT(again.told, ElementsAre("reopened"));
  EXPECT_TRUE(again.keep);
  ASSERT_THAT(again.messages, SizeIs(2));
  EXPECT_EQ(again.messages[0].author, Author::customer);
  EXPECT_EQ(c.status.state, ConversationState::queued);
  EXPECT_EQ(c.status.group, "logistics");
  EXPECT_EQ(c.status.previous_agent, Id{7});
  EXPECT_EQ(c.status.agent, Id{});
  EXPECT_FALSE(c.status.notice_sent);
}

TEST(StateMachine, TransfersWithANoteThatIsPrivate) {
  Walk c;
  c.handoff();
  c.assign_to(Id{7});
  const Draft moved = c.handed({Id{8}, "王强", "", "要赔偿", Id{7}, "李婷"});
  EXPECT_THAT(moved.told, ElementsAre("transferred"));
  ASSERT_THAT(moved.messages, SizeIs(2));
  EXPECT_TRUE(moved.messages[0].note);
  EXPECT_EQ(moved.messages[1].content.text, "王强 为您服务。");
  EXPECT_EQ(c.status.agent, Id{8});
  EXPECT_EQ(c.status.state, ConversationState::assigned);
  EXPECT_THAT(c.handed({Id{8}, "王强", "", "", Id{8}, "王强"}).told, IsEmpty());
}

TEST(StateMachine, DoesNotRouteAGroupTransferBackToTheGiver) {
  Walk c;
  c.handoff();
  c.assign_to(Id{7});
  c.handed({Id{}, "", "finance", "", Id{7}, "李婷"});
  EXPECT_EQ(c.status.state, ConversationState::queued);
  EXPECT_EQ(c.status.group, "finance");
  EXPECT_EQ(c.status.previous_agent, Id{});
}

TEST(StateMachine, RefusesATransferAfterTheEnd) {
  Walk c;
  c.resolved();
  Draft draft{c.status, false, {}, {}};
  const auto refused = transfer(draft, kHouse, c.facts, {Id{8}, "王强", "", "", Id{8}, "王强"}, kNow);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::conflict);
}

TEST(StateMachine, TakesARatingOnlyAfterAResolution) {
  Walk c;
  Draft open{c.status, false, {}, {}};
  EXPECT_FALSE(rate(open, 5, ""));
  c.resolved();
  c.step([](Draft& d) { EXPECT_TRUE(rate(d, 4, "快")); });
  c.step([](Draft& d) { EXPECT_TRUE(rate(d, 5, "")); });
  EXPECT_EQ(c.status.rating, 5);
}

TEST(Delivery, NeverGoesBackwards) {
  EXPECT_TRUE(advances(Delivery::pending, Delivery::sent));
  EXPECT_TRUE(advances(Delivery::unknown, Delivery::delivered));
  EXPECT_TRUE(advances(Delivery::sent, Delivery::failed));
  EXPECT_TRUE(advances(Delivery::failed, Delivery::delivered));
  EXPECT_FALSE(advances(Delivery::read, Delivery::delivered));
  EXPECT_FALSE(advances(Delivery::delivered, Delivery::failed));
  EXPECT_FALSE(advances(Delivery::sent, Delivery::sent));
  EXPECT_FALSE(advances(Delivery::none, Delivery::sent));
}

}  // namespace
}  // namespace qiao::inbox
