#include "plugins/inbox/tests/inbox_hub.hpp"
#include "qiao/contract/contacts.hpp"

namespace qiao::inbox::test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr Id kOther{4711};

class InboxPeople : public testing::Test {
 protected:
  InboxPeople() { inbox.start(); }
  void tell(const auto& event) {
    EXPECT_TRUE(inbox.hub.publish(event));
    inbox.hub.run_until_idle();
  }
  InboxHub inbox;
};

TEST_F(InboxPeople, AnnouncesAnUnknownCustomerOnce) {
  auto seen = inbox.hub.probe<IdentitySeen>();
  const Accepted first = inbox.accept("v1", "m1", "退货流程");
  inbox.accept("v1", "m2", "还在吗");
  ASSERT_EQ(seen.count(), 1u);
  EXPECT_EQ(seen.last().contact, inbox.view(first.conversation).contact);
  EXPECT_EQ(seen.last().user, "v1");
  EXPECT_TRUE(seen.last().generated);
  EXPECT_THAT(seen.last().name, testing::StartsWith("访客 "));
}

TEST_F(InboxPeople, AnnouncesTheNameWhenItBecomesKnown) {
  inbox.accept("v1", "m1", "退货流程");
  auto seen = inbox.hub.probe<IdentitySeen>();
  AcceptMessage named = inbox.message("v1", "m2", "你好");
  named.user_name = "王芳";
  ASSERT_TRUE(inbox.hub.ask(named));
  inbox.hub.run_until_idle();
  ASSERT_EQ(seen.count(), 1u);
  EXPECT_EQ(seen.last().name, "王芳");
  EXPECT_FALSE(seen.last().generated);
}

TEST_F(InboxPeople, ListsIdentitiesInPagesThatEndBetweenContacts) {
  for (int i = 0; i < 5; ++i) inbox.accept(fmt::format("v{}", i), "m", "你好");
  std::vector<std::string> users;
  Id after;
  for (bool more = true; more;) {
    auto page = inbox.hub.ask(ListIdentities{after, 2});
    ASSERT_TRUE(page);
    ASSERT_FALSE(page->identities.empty());
    for (const IdentitySeen& one : page->identities) users.push_back(one.user);
    after = page->identities.back().contact;
    more = page->more;
  }
  EXPECT_THAT(users, ElementsAre("v0", "v1", "v2", "v3", "v4"));
}

TEST_F(InboxPeople, MovesConversationsToTheContactTheyWereJoinedInto) {
  const Accepted first = inbox.accept("v1", "m1", "退货流程");
  const Id was = inbox.view(first.conversation).contact;
  auto changed = inbox.hub.probe<ConversationChanged>();
  tell(ContactMerged{was, kOther, false, {{"web", "v1"}}});
  tell(ContactChanged{kOther, "王芳", "", false});
  EXPECT_EQ(inbox.view(first.conversation).contact, kOther);
  EXPECT_EQ(inbox.view(first.conversation).contact_name, "王芳");
  EXPECT_EQ(changed.last().what, "renamed");
  EXPECT_EQ(changed.last().conversation.contact, kOther);
  auto page = inbox.hub.ask(ConversationsOfContacts{{kOther}, {}, 10, false, {}});
  ASSERT_TRUE(page);
  ASSERT_THAT(page->conversations, SizeIs(1));
  EXPECT_EQ(page->total, 1);
  EXPECT_THAT(inbox.hub.ask(ConversationsOfContacts{{was}, {}, 10, false, {}})->conversations, IsEmpty());

  inbox.hub.restart();
  inbox.hub.advance(1s);
  EXPECT_EQ(inbox.view(first.conversation).contact, kOther);
  EXPECT_EQ(inbox.accept("v1", "m2", "还在吗").conversation, first.conversation);
}

TEST_F(InboxPeople, OpensTheNextConversationWithTheContactOfThen) {
  const Accepted first = inbox.accept("v1", "m1", "退货流程");
  const Id was = inbox.view(first.conversation).contact;
  ASSERT_TRUE(inbox.hub.ask(Resolve{first.conversation, Id{7}, "李婷"}));
  tell(ContactMerged{was, kOther, false, {{"web", "v1"}}});
  inbox.hub.advance(48h);
  const Accepted next = inbox.accept("v1", "m2", "又来了");
  EXPECT_NE(next.conversation, first.conversation);
  EXPECT_EQ(inbox.view(next.conversation).contact, kOther);
}

TEST_F(InboxPeople, GivesBackExactlyWhatAnUndoneMergeNames) {
  const Accepted one = inbox.accept("v1", "m1", "退货流程");
  const Accepted two = inbox.accept("v2", "m2", "退货流程");
  const Id first = inbox.view(one.conversation).contact;
  const Id second = inbox.view(two.conversation).contact;
  tell(ContactMerged{second, first, false, {{"web", "v2"}}});
  EXPECT_EQ(inbox.view(two.conversation).contact, first);
  tell(ContactMerged{second, first, true, {{"web", "v2"}}});
  EXPECT_EQ(inbox.view(one.conversation).contact, first);
  EXPECT_EQ(inbox.view(two.conversation).contact, second);
}

TEST_F(InboxPeople, StoresWhatABlockedContactWritesAndDoesNothingElse) {
  const Accepted first = inbox.accept("v1", "m1", "退货流程");
  ASSERT_TRUE(inbox.handoff(first.conversation));
  ASSERT_EQ(inbox.view(first.conversation).state, ConversationState::queued);
  tell(ContactChanged{inbox.view(first.conversation).contact, "", "", true});
  EXPECT_EQ(inbox.view(first.conversation).state, ConversationState::resolved);
  inbox.asked.clear();
  inbox.questions.clear();
  auto stored = inbox.hub.probe<MessageStored>();
  const Accepted ignored = inbox.accept("v1", "m2", "垃圾广告");
  EXPECT_EQ(ignored.conversation, first.conversation);
  EXPECT_EQ(inbox.view(first.conversation).state, ConversationState::resolved);
  inbox.hub.advance(48h);
  const Accepted later = inbox.accept("v1", "m3", "还是广告");
  EXPECT_EQ(inbox.view(later.conversation).state, ConversationState::resolved);
  EXPECT_THAT(inbox.texts(later.conversation), ElementsAre("还是广告"));
  inbox.hub.advance(60s);
  EXPECT_THAT(inbox.asked, IsEmpty());
  EXPECT_THAT(inbox.questions, IsEmpty());
  for (const MessageStored& one : stored.events()) EXPECT_EQ(one.message.author, Author::customer);

  tell(ContactChanged{inbox.view(first.conversation).contact, "", "", false});
  inbox.accept("v1", "m4", "退货流程");
  EXPECT_THAT(inbox.asked, SizeIs(1));
}

/// Everything in every table of the plugin, as text.
std::int64_t rows_about(InboxHub& inbox, Id conversation, Id contact) {
  return inbox.count(
      fmt::format("SELECT (SELECT COUNT(*) FROM inbox_message WHERE conversation = {0}) + (SELECT COUNT(*) "
                  "FROM inbox_conversation WHERE id = {0} OR contact = {1}) + (SELECT COUNT(*) FROM "
                  "inbox_contact WHERE id = {1}) + (SELECT COUNT(*) FROM inbox_identity WHERE contact = {1})",
                  conversation.value, contact.value));
}

TEST_F(InboxPeople, CopiesAndErasesEverythingAboutAPerson) {
  const Accepted first = inbox.accept("v1", "m1", "退货流程");
  const Accepted other = inbox.accept("v2", "m1", "别人的话");
  const Id contact = inbox.view(first.conversation).contact;
  ASSERT_TRUE(inbox.write(first.conversation, Author::agent, "私下的笔记", true));
  Person person;
  person.contacts = {contact};
  person.identities = {{"web", "v1"}};
  auto copy = inbox.hub.ask(ExportPerson{person});
  ASSERT_TRUE(copy);
  ASSERT_THAT(copy->parts, SizeIs(1));
  EXPECT_THAT(copy->parts[0].json, testing::AllOf(testing::HasSubstr("退货流程"), testing::HasSubstr("私下的笔记"),
                                                  testing::Not(testing::HasSubstr("别人的话"))));

  auto erased = inbox.hub.ask(ErasePerson{person}, RequestOptions{60s});
  ASSERT_TRUE(erased) << erased.error().message;
  EXPECT_EQ(erased->removed.at("conversations"), 1);
  EXPECT_GE(erased->removed.at("messages"), 3);
  EXPECT_EQ(rows_about(inbox, first.conversation, contact), 0);
  EXPECT_THAT(inbox.hub.ask(ExportPerson{person})->parts, IsEmpty());
  EXPECT_THAT(inbox.texts(other.conversation), SizeIs(2));
  auto again = inbox.hub.ask(ErasePerson{person});
  ASSERT_TRUE(again);
  EXPECT_THAT(again->removed, IsEmpty());
  inbox.hub.advance(60s);
  EXPECT_EQ(rows_about(inbox, first.conversation, contact), 0);
}

TEST_F(InboxPeople, TakesAnErasedPersonForSomebodyNew) {
  const Accepted first = inbox.accept("v1", "m1", "退货流程");
  ASSERT_TRUE(inbox.handoff(first.conversation));
  Person person;
  person.contacts = {inbox.view(first.conversation).contact};
  ASSERT_TRUE(inbox.hub.ask(ErasePerson{person}, RequestOptions{60s}));
  EXPECT_FALSE(inbox.write(first.conversation, Author::agent, "太晚了"));
  const Accepted next = inbox.accept("v1", "m1", "又是我");
  EXPECT_NE(next.conversation, first.conversation);
  EXPECT_NE(inbox.view(next.conversation).contact, person.contacts[0]);
  EXPECT_EQ(inbox.transcript(next.conversation).front().seq, 1);
}

}  // namespace
}  // namespace qiao::inbox::test
