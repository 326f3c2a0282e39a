#include "plugins/contacts/tests/contacts_hub.hpp"
#include "qiao/contract/bot.hpp"
#include "qiao/contract/crm.hpp"
#include "qiao/contract/intents.hpp"

namespace qiao::contacts::test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class Profile : public ContactsHub {
 protected:
  Profile() {
    hub.serve<LookupCustomer>([this](const LookupCustomer& q, const Headers&) -> Result<CustomerCard> {
      lookups.push_back(q);
      if (silent) return Error{Errc::timeout, "nobody answered in time"};
      return crm;
    });
    hub.serve<RecordActivity>([this](const RecordActivity& a, const Headers&) -> Result<Done> {
      activities.push_back(a);
      if (refuse) return Error{Errc::unavailable, "crm.unavailable", "the CRM is away"};
      return Done{};
    });
    hub.serve<TagCustomer>([this](const TagCustomer& t, const Headers&) {
      tags.push_back(t);
      return Done{};
    });
    hub.serve<AskProfileCards>([](const AskProfileCards& q, const Headers&) {
      return ProfileCards{{{"积分", {{"points", q.language}}, {}, {}, false}}};
    });
    crm.crm_id = "42";
    crm.name = "王芳";
    crm.tier = "gold";
    crm.last_purchase = "2026-11-02 口红 豆沙色";
    Order order;
    order.number = "SO-7";
    order.status = "shipped";
    order.placed_at = hub.clock().now() - 24h;
    order.lines = {{"A-100", "口红", 1, "129.00"}};
    crm.orders = {order};
  }
  Id talker() {
    const Accepted first = wrote("v1", "退货流程", "web", "王芳");
    EXPECT_TRUE(hub.ask(Handoff{first.conversation, "after-sales", "asked"}));
    hub.run_until_idle();
    talk = first.conversation;
    return conversation(first.conversation).contact;
  }

  CustomerCard crm;
  bool silent = false;
  bool refuse = false;
  Id talk;
  std::vector<LookupCustomer> lookups;
  std::vector<RecordActivity> activities;
  std::vector<TagCustomer> tags;
};

TEST_F(Profile, ShowsWhatTheCrmSaysAndKeepsIt) {
  start();
  const std::string path = "/contacts/" + talker().str();
  ask(kLi, "PATCH", path, R"({"phone":"13800138000","attributes":{"preferences":"只用哑光"}})");
  const json cards = ask(kLi, "GET", path + "/cards?language=zh-CN");
  ASSERT_THAT(lookups, SizeIs(1));
  EXPECT_EQ(lookups[0].phone, "+8613800138000");
  EXPECT_EQ(cards["summary"]["last_purchase"], "2026-11-02 口红 豆沙色");
  EXPECT_EQ(cards["summary"]["preferences"], "只用哑光");
  EXPECT_THAT(std::string(cards["summary"]["asked_before"]), HasSubstr("1 次会话"));
  ASSERT_THAT(cards["cards"], SizeIs(2));
  EXPECT_EQ(cards["cards"][0]["stale"], false);
  EXPECT_EQ(cards["cards"][0]["rows"][0]["label"], "姓名");
  EXPECT_EQ(cards["cards"][1]["title"], "积分");
  EXPECT_EQ(count("SELECT COUNT(*) FROM contacts_card"), 1);
  EXPECT_EQ(ask(kLi, "GET", path)["tier"], "gold");
  ask(kLi, "GET", path + "/cards?language=en");
  EXPECT_EQ(lookups.back().crm_id, "42");
}

TEST_F(Profile, SaysWhatWasAskedInWordsAndNeverByItsKey) {
  std::string intent = "order_status";
  hub.serve<AskBot>([&](const AskBot&, const Headers&) {
    BotAnswer answer;
    answer.outcome = BotOutcome::answer;
    answer.content.text = "已发货";
    answer.entry = answer.intent = intent;
    return answer;
  });
  hub.serve<NameIntents>([](const NameIntents& q, const Headers&) {
    EXPECT_THAT(q.intents, SizeIs(1));
    IntentNames known;
    if (q.intents.front() == "order_status")
      known.names["order_status"] = q.language == "en" ? "Where is my order?" : "我的订单到哪了？";
    return known;
  });
  start();
  const auto said = [&](const std::string& language) {
    const Id talker = conversation(talk).contact;
    return std::string(
        ask(kLi, "GET", "/contacts/" + talker.str() + "/cards?language=" + language)["summary"]["asked_before"]);
  };
  talk = wrote("v1", "东西呢", "web", "王芳").conversation;
  hub.run_until_idle();
  EXPECT_TRUE(hub.ask(Handoff{talk, "after-sales", "asked"}));
  hub.run_until_idle();
  EXPECT_THAT(said("zh-CN"), HasSubstr("最近：我的订单到哪了？ ("));
  EXPECT_THAT(said("en"), HasSubstr("last: Where is my order? ("));

  // An entry that was removed since.
  intent = "gone_entry";
  talk = wrote("v2", "还有货吗", "web", "李静").conversation;
  hub.run_until_idle();
  EXPECT_TRUE(hub.ask(Handoff{talk, "after-sales", "asked"}));
  hub.run_until_idle();
  EXPECT_THAT(said("zh-CN"), Not(HasSubstr("gone_entry")));
}

TEST_F(Profile, ShowsWhatTheCrmSaidBeforeWhenItIsSilent) {
  start();
  const std::string path = "/contacts/" + talker().str();
  ask(kLi, "GET", path + "/cards");
  silent = true;
  const json cards = ask(kLi, "GET", path + "/cards");
  ASSERT_THAT(cards["cards"], SizeIs(2));
  EXPECT_EQ(cards["cards"][0]["stale"], true);
  EXPECT_EQ(cards["summary"]["last_purchase"], "2026-11-02 口红 豆沙色");
  const json orders = ask(kLi, "GET", path + "/orders");
  EXPECT_EQ(orders["orders"][0]["number"], "SO-7");
  EXPECT_EQ(orders["sources"][0]["stale"], true);
}

TEST_F(Profile, SaysSoWhenTheCrmIsSilentAndNeverSaidAnything) {
  silent = true;
  start();
  const std::string path = "/contacts/" + talker().str();
  const json cards = ask(kLi, "GET", path + "/cards?language=en");
  ASSERT_THAT(cards["cards"], SizeIs(2));
  EXPECT_EQ(cards["cards"][0]["rows"][0]["value"], "does not answer right now");
  EXPECT_EQ(cards["summary"]["last_purchase"], "");
}

TEST_F(Profile, TellsEverythingThatHappenedNewestFirst) {
  start();
  const Id id = talker();
  hub.advance(1min);
  wrote("u9", "我的订单", "app");
  const std::string path = "/contacts/" + id.str();
  ask(kLi, "GET", path + "/cards");
  TicketView ticket;
  ticket.id = Id{99};
  ticket.number = 12;
  ticket.contact = id;
  ticket.department = "after-sales";
  ticket.subject = "退款";
  hub.advance(1min);
  ticket.created_at = hub.clock().now();
  tickets.push_back(ticket);
  hub.advance(1min);
  const json app = hub.ask(FindContact{{}, {"app", "u9"}})->id.str();
  ask(kAdmin, "POST", path + "/merge", "{\"other\":\"" + std::string(app) + "\"}");
  const json items = ask(kAdmin, "GET", path + "/timeline")["items"];
  std::vector<std::string> kinds;
  for (const json& one : items) kinds.push_back(one["kind"]);
  EXPECT_THAT(kinds, testing::ElementsAre("merge", "ticket", "conversation", "conversation", "order"));
  EXPECT_EQ(items[2]["channel"], "app");
  EXPECT_EQ(items[3]["channel"], "web");
  const std::string before = items[2]["at"];
  const json older = ask(kAdmin, "GET", path + "/timeline?limit=1&before=" + before);
  ASSERT_THAT(older["items"], SizeIs(1));
  EXPECT_EQ(older["items"][0]["channel"], "web");
  EXPECT_EQ(older["more"], true);
}

TEST_F(Profile, NotesInTheCrmWhatIsOver) {
  start("write_back: [conversation]\nsync_tags: true\n");
  const std::string path = "/contacts/" + talker().str();
  refuse = true;
  ASSERT_TRUE(hub.ask(Resolve{talk, Id{7}, "李婷"}));
  hub.run_until_idle();
  ASSERT_THAT(activities, SizeIs(1));
  EXPECT_EQ(activities[0].kind, "conversation");
  refuse = false;
  hub.advance(60s);
  ASSERT_THAT(activities, SizeIs(2));
  EXPECT_EQ(activities[1].external_id, activities[0].external_id);
  EXPECT_LE(activities[0].external_id.size(), 64u);
  EXPECT_EQ(count("SELECT COUNT(*) FROM contacts_write_back"), 0);
  hub.advance(10min);
  EXPECT_THAT(activities, SizeIs(2));
  ask(kLi, "PATCH", path, R"({"tags":["vip"]})");
  ask(kLi, "PATCH", path, R"({"tags":[]})");
  ASSERT_THAT(tags, SizeIs(2));
  EXPECT_THAT(tags[0].add, testing::ElementsAre("vip"));
  EXPECT_THAT(tags[1].remove, testing::ElementsAre("vip"));
}

TEST_F(Profile, WritesNothingBackUnlessToldTo) {
  start();
  talker();
  ASSERT_TRUE(hub.ask(Resolve{talk, Id{7}, "李婷"}));
  hub.advance(60s);
  EXPECT_THAT(activities, IsEmpty());
}

}  // namespace
}  // namespace qiao::contacts::test
