#include "plugins/contacts/tests/contacts_hub.hpp"

namespace qiao::contacts::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

const Claim kPhone{kind::kPhone, "138 0013 8000", true};

class People : public ContactsHub {};

TEST_F(People, AreKnownFromTheirFirstMessage) {
  start();
  const Accepted first = wrote("v1", "退货流程", "web", "王芳");
  const ContactView who = contact(conversation(first.conversation).contact);
  EXPECT_EQ(who.name, "王芳");
  ASSERT_THAT(who.identities, SizeIs(1));
  EXPECT_EQ(who.identities[0].user, "v1");
}

TEST_F(People, AreLearnedFromTheInboxWhenTheirFirstMessageWasMissed) {
  const Accepted first = wrote("v1", "退货流程", "web", "王芳");
  start();
  EXPECT_EQ(contact(conversation(first.conversation).contact).name, "王芳");
}

TEST_F(People, AreThereForWhoeverAsksBeforeTheInboxsWordArrived) {
  const Accepted first = wrote("v1", "退货流程", "web", "王芳");
  hub.start_plugin("contacts");
  const Id id = conversation(first.conversation).contact;
  EXPECT_EQ(ask(kChen, "GET", "/contacts/" + id.str())["name"], "王芳");
  EXPECT_EQ(call(kChen, "GET", "/contacts/77").status, 404);
}

TEST_F(People, AreFoundByEveryFormOfTheirPhoneNumber) {
  start();
  const ContactView who = identify("v1", {kPhone}, "web", "王芳");
  auto ringing = hub.ask(FindContact{{kind::kPhone, "+8613800138000", true}, {}});
  ASSERT_TRUE(ringing);
  EXPECT_EQ(ringing->id, who.id);
  EXPECT_EQ(hub.ask(FindContact{{kind::kPhone, "13900139000", true}, {}}).error().code, Errc::not_found);
  EXPECT_EQ(hub.ask(FindContact{{}, {"web", "v1"}})->id, who.id);
}

TEST_F(People, WithOneProvenPhoneNumberAreOne) {
  start();
  const Accepted web = wrote("v1", "退货流程");
  const Accepted app = wrote("u9", "我的订单", "app", "王芳");
  const Id older = conversation(web.conversation).contact;
  ASSERT_NE(older, conversation(app.conversation).contact);
  identify("v1", {kPhone});
  const ContactView one = identify("u9", {kPhone}, "app");
  EXPECT_EQ(one.id, older);
  EXPECT_EQ(one.name, "王芳");
  EXPECT_THAT(one.identities, SizeIs(2));
  EXPECT_EQ(conversation(app.conversation).contact, older);
  EXPECT_EQ(conversation(app.conversation).contact_name, "王芳");
  EXPECT_EQ(conversation(web.conversation).contact_name, "王芳");
}

TEST_F(People, AreNotJoinedByWhatNobodyHasProvenNorByTheirName) {
  start();
  identify("v1", {{kind::kPhone, "13800138000", false}}, "web", "王芳");
  identify("v2", {{kind::kPhone, "13800138000", true}}, "web", "王芳");
  const ContactView third = identify("v3", {{kind::kPhone, "13800138000", false}}, "web", "王芳");
  EXPECT_EQ(count("SELECT COUNT(*) FROM contacts_contact WHERE root = id"), 3);
  const json merges = ask(kAdmin, "GET", "/contacts/" + third.id.str() + "/merges");
  EXPECT_THAT(merges["suggestions"], SizeIs(2));
  EXPECT_THAT(merges["merges"], IsEmpty());
}

TEST_F(People, AreJoinedOnlyByWhatTheRulesName) {
  start("merge: {phone: off, unionid: false}\n");
  identify("v1", {kPhone, {kind::kUnionId, "o1", true}, {kind::kAppUser, "u1", true}});
  identify("v2", {kPhone, {kind::kUnionId, "o1", true}});
  EXPECT_EQ(count("SELECT COUNT(*) FROM contacts_contact WHERE root = id"), 2);
  identify("v3", {{kind::kAppUser, "u1", true}});
  EXPECT_EQ(count("SELECT COUNT(*) FROM contacts_contact WHERE root = id"), 2);
}

TEST_F(People, WhoAreIdentifiedBeforeTheyWriteAreTheSameAfterwards) {
  start();
  const ContactView before = identify("v1", {kPhone}, "web", "王芳");
  const Accepted first = wrote("v1", "退货流程");
  hub.run_until_idle();
  EXPECT_EQ(conversation(first.conversation).contact, before.id);
  EXPECT_EQ(conversation(first.conversation).contact_name, "王芳");
  EXPECT_EQ(count("SELECT COUNT(*) FROM contacts_contact WHERE root = id"), 1);
  auto erased = hub.ask(EraseContact{before.id.str(), {}, {}, {}}, RequestOptions{60s});
  ASSERT_TRUE(erased) << erased.error().message;
  EXPECT_EQ(count("SELECT COUNT(*) FROM inbox_contact"), 0);
}

TEST_F(People, TakenApartHaveExactlyWhatEachHadBefore) {
  start();
  const Accepted web = wrote("v1", "退货流程", "web", "王芳");
  const Accepted app = wrote("u9", "我的订单", "app", "小王");
  const Id a = conversation(web.conversation).contact;
  const Id b = conversation(app.conversation).contact;
  ask(kChen, "PATCH", "/contacts/" + a.str(),
      R"({"note":"左","phone":"13800138000","attributes":{"size":"38"},"tags":["vip"]})");
  ask(kChen, "PATCH", "/contacts/" + b.str(),
      R"({"note":"右","email":"w@example.com","attributes":{"size":"40","skin":"dry"}})");
  const ContactView first = contact(a);
  const ContactView second = contact(b);

  const json merged = ask(kChen, "POST", "/contacts/" + a.str() + "/merge", "{\"other\":\"" + b.str() + "\"}");
  const ContactView both = contact(b);
  EXPECT_EQ(both.id, a);
  EXPECT_EQ(both.note, "左\n右");
  EXPECT_EQ(both.email, "w@example.com");
  EXPECT_EQ(both.attributes.at("size"), "38");
  EXPECT_EQ(both.attributes.at("skin"), "dry");
  EXPECT_THAT(both.merged, ElementsAre(b));
  EXPECT_EQ(conversation(app.conversation).contact, a);

  const std::string merge = merged["merge"];
  ask(kChen, "POST", "/contacts/merges/" + merge + "/undo");
  EXPECT_EQ(to_json(contact(a)), to_json(first));
  EXPECT_EQ(to_json(contact(b)), to_json(second));
  EXPECT_EQ(conversation(app.conversation).contact, b);
  EXPECT_EQ(conversation(app.conversation).contact_name, "小王");
  EXPECT_EQ(conversation(web.conversation).contact, a);
  EXPECT_EQ(call(kChen, "POST", "/contacts/merges/" + merge + "/undo").status, 409);
}

TEST_F(People, JoinedInAChainBelongToTheLastAndComeApartInAnyOrder) {
  start();
  std::vector<Id> ids;
  std::vector<Accepted> talks;
  for (const char* user : {"v1", "v2", "v3"}) {
    talks.push_back(wrote(user, "你好"));
    ids.push_back(conversation(talks.back().conversation).contact);
  }
  const auto join = [&](Id into, Id other) -> std::string {
    return ask(kChen, "POST", "/contacts/" + into.str() + "/merge", "{\"other\":\"" + other.str() + "\"}")["merge"];
  };
  const std::string one = join(ids[1], ids[0]);
  const std::string two = join(ids[2], ids[1]);
  for (const Id id : ids) EXPECT_EQ(contact(id).id, ids[2]);
  for (const Accepted& talk : talks) EXPECT_EQ(conversation(talk.conversation).contact, ids[2]);
  EXPECT_EQ(call(kChen, "POST", "/contacts/" + ids[0].str() + "/merge", "{\"other\":\"" + ids[2].str() + "\"}").status,
            409);
  ask(kChen, "POST", "/contacts/merges/" + one + "/undo");
  EXPECT_EQ(contact(ids[0]).id, ids[0]);
  EXPECT_EQ(contact(ids[1]).id, ids[2]);
  EXPECT_EQ(conversation(talks[0].conversation).contact, ids[0]);
  EXPECT_EQ(conversation(talks[1].conversation).contact, ids[2]);
  ask(kChen, "POST", "/contacts/merges/" + two + "/undo");
  for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(conversation(talks[i].conversation).contact, ids[i]);
}

TEST_F(People, TakenApartByHandAreNotJoinedAgainByARule) {
  start();
  identify("v1", {kPhone});
  const ContactView one = identify("v2", {kPhone});
  ASSERT_THAT(one.merged, SizeIs(1));
  const std::string merge = ask(kAdmin, "GET", "/contacts/" + one.id.str() + "/merges")["merges"][0]["id"];
  ask(kAdmin, "POST", "/contacts/merges/" + merge + "/undo");
  EXPECT_THAT(identify("v2", {kPhone}).merged, IsEmpty());
}

TEST_F(People, AreShownMaskedAndRevealedOnTheRecord) {
  start();
  const Accepted first = wrote("v1", "退货流程", "web", "王芳");
  const std::string path = "/contacts/" + conversation(first.conversation).contact.str();
  const json changed = ask(kLi, "PATCH", path, R"({"phone":"138 0013 8000","email":"Wang@Example.com"})");
  EXPECT_EQ(changed["phone"], "138****8000");
  EXPECT_EQ(changed["masked"], true);
  const json shown = ask(kLi, "GET", path);
  EXPECT_EQ(shown["email"], "w***@example.com");
  EXPECT_EQ(shown["conversations"], 1);
  EXPECT_EQ(shown["claims"][0]["value"], "138****8000");
  const json revealed = ask(kLi, "POST", path + "/reveal");
  EXPECT_EQ(revealed["phone"], "+8613800138000");
  EXPECT_EQ(revealed["email"], "wang@example.com");
  // What a form sends back as it was shown changes nothing.
  ask(kLi, "PATCH", path, R"({"phone":"138****8000","email":"w***@example.com","note":"好"})");
  EXPECT_EQ(ask(kLi, "POST", path + "/reveal")["phone"], "+8613800138000");
  ask(kLi, "PATCH", path, R"({"phone":""})");
  EXPECT_EQ(ask(kLi, "GET", path)["phone"], "");
  EXPECT_EQ(call(kLi, "PATCH", path, R"({"phone":"hello"})").status, 400);
  EXPECT_EQ(call(kLi, "PATCH", path, R"({"name":""})").status, 400);
}

TEST_F(People, DoNotExistForWhoMayNotSeeThem) {
  start();
  const Accepted first = wrote("v1", "快递丢了", "web", "王芳");
  ASSERT_TRUE(hub.ask(Handoff{first.conversation, "after-sales", "asked"}));
  hub.run_until_idle();
  const Id id = conversation(first.conversation).contact;
  const std::string path = "/contacts/" + id.str();
  EXPECT_EQ(call(kLi, "GET", path).status, 200);
  EXPECT_EQ(call(kStranger, "GET", path).status, 404);
  EXPECT_EQ(call(kStranger, "POST", path + "/reveal").status, 404);
  EXPECT_EQ(call(kStranger, "PATCH", path, R"({"note":"x"})").status, 404);
  EXPECT_EQ(call(kStranger, "GET", path + "/conversations").status, 404);
  EXPECT_EQ(call(kWorker, "GET", path).status, 404);
  EXPECT_EQ(hub.http("GET", "/api/v1" + path).status, 401);
  EXPECT_EQ(call(kLi, "POST", path + "/block").status, 403);
  TicketView ticket;
  ticket.contact = id;
  ticket.department = "logistics";
  tickets.push_back(ticket);
  const json brief = ask(kWorker, "GET", path);
  EXPECT_EQ(brief["name"], "王芳");
  EXPECT_THAT(brief["identities"], IsEmpty());
  EXPECT_EQ(call(kWorker, "GET", path + "/conversations").status, 403);
  EXPECT_EQ(call(kWorker, "POST", path + "/reveal").status, 403);
}

TEST_F(People, AreRenamedEverywhere) {
  start();
  const Accepted first = wrote("v1", "退货流程");
  const std::string path = "/contacts/" + conversation(first.conversation).contact.str();
  ask(kLi, "PATCH", path, R"({"name":"王芳"})");
  EXPECT_EQ(conversation(first.conversation).contact_name, "王芳");
  wrote("v1", "还在吗", "web", "Nickname");
  EXPECT_EQ(ask(kLi, "GET", path)["name"], "王芳");
}

TEST_F(People, WhoAreBlockedAreHeardByNobody) {
  start();
  const Accepted first = wrote("v1", "退货流程");
  ASSERT_TRUE(hub.ask(Handoff{first.conversation, "after-sales", "asked"}));
  const std::string path = "/contacts/" + conversation(first.conversation).contact.str();
  EXPECT_EQ(ask(kChen, "POST", path + "/block")["blocked"], true);
  wrote("v1", "广告");
  EXPECT_EQ(conversation(first.conversation).state, ConversationState::resolved);
  EXPECT_EQ(ask(kChen, "POST", path + "/unblock")["blocked"], false);
  wrote("v1", "对不起");
  EXPECT_EQ(conversation(first.conversation).state, ConversationState::queued);
}

}  // namespace
}  // namespace qiao::contacts::test
