#include "plugins/contacts/claims.hpp"

#include <gtest/gtest.h>

#include "plugins/contacts/contact_view.hpp"

namespace qiao::contacts {
namespace {

namespace kind = contract::identity_kind;

TEST(Claims, WriteEveryFormOfAPhoneNumberTheSameWay) {
  for (const char* form : {"13800138000", "138 0013 8000", "138-0013-8000", "+8613800138000", "+86 138 0013 8000",
                           "008613800138000", "8613800138000", " 13800138000 "}) {
    EXPECT_EQ(normal_phone(form, "86"), "+8613800138000") << form;
  }
  EXPECT_EQ(normal_phone("010-6552 9988", "86"), "+861065529988");
  EXPECT_EQ(normal_phone("(030) 901820", "49"), "+4930901820");
  EXPECT_EQ(normal_phone("+49 30 901820", "86"), "+4930901820");
}

TEST(Claims, RefuseWhatIsNoPhoneNumber) {
  for (const char* form : {"", "abc", "12", "+1", "138001380001380013800", "138x0013800", "++8613800138000"}) {
    EXPECT_EQ(normal_phone(form, "86"), "") << form;
  }
}

TEST(Claims, WriteAddressesInLowerCase) {
  EXPECT_EQ(normal_email(" Lin@Example.ORG "), "lin@example.org");
  for (const char* form : {"", "lin", "@example.org", "lin@", "lin@host", "a b@example.org", "<lin@example.org>"}) {
    EXPECT_EQ(normal_email(form), "") << form;
  }
}

TEST(Claims, NameWhatIsWrong) {
  auto phone = normalised({kind::kPhone, "hello", false}, "86");
  ASSERT_FALSE(phone);
  EXPECT_EQ(phone.error().id, "claim.bad_value");
  EXPECT_FALSE(normalised({"name", "Lin", true}, "86"));
  EXPECT_FALSE(normalised({kind::kCrm, "42", true}, "86"));
  EXPECT_TRUE(normalised({kind::kCrm, "tryton:42", true}, "86"));
  EXPECT_FALSE(normalised({kind::kAppUser, std::string("\xff"), true}, "86"));
}

TEST(Claims, AreShownInPart) {
  EXPECT_EQ(shown_phone_masked("+8613800138000", "86"), "138****8000");
  EXPECT_EQ(masked(kind::kPhone, "+4930901820"), "+49****1820");
  EXPECT_EQ(masked(kind::kEmail, "wang@example.com"), "w***@example.com");
  EXPECT_EQ(masked(kind::kEmail, "王芳@example.com"), "王***@example.com");
  EXPECT_EQ(masked(kind::kAppUser, "u123456789"), "u1****");
  EXPECT_EQ(masked(kind::kAppUser, "u1"), "u****");
  EXPECT_EQ(masked(kind::kPhone, ""), "");
}

TEST(Claims, NeverShowMoreThanTwoThirdsOfAPhoneNumber) {
  std::string number = "+";
  for (int digits = 1; digits <= 15; ++digits) {
    number += static_cast<char>('0' + digits % 10);
    const std::string text = masked(kind::kPhone, number);
    const auto shown_digits = std::count_if(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
    EXPECT_LE(shown_digits, std::max<std::ptrdiff_t>(2, digits * 2 / 3)) << number;
    EXPECT_NE(text, number);
  }
}

TEST(Claims, KnowCleanText) {
  EXPECT_TRUE(clean_text("王芳 🙂"));
  EXPECT_FALSE(clean_text(std::string("a\0b", 3)));
  EXPECT_FALSE(clean_text("\xed\xa0\x80"));
  EXPECT_FALSE(clean_text("\xe7\x8e"));
}

TEST(ContactSight, LeavesAWorkerWhatTheTicketNeeds) {
  contract::ContactView full;
  full.name = "王芳";
  full.phone = "+8613800138000";
  full.email = "wang@example.com";
  full.note = "对花生过敏";
  full.attributes["shoe"] = "38";
  full.identities = {{"web", "v1"}};
  full.claims = {{kind::kPhone, full.phone, true}};
  const contract::ContactView agent = shown(full, Sight::masked, "86");
  EXPECT_TRUE(agent.masked);
  EXPECT_EQ(agent.phone, "138****8000");
  EXPECT_EQ(agent.claims[0].value, "138****8000");
  EXPECT_EQ(agent.note, "对花生过敏");
  const contract::ContactView worker = shown(full, Sight::brief, "86");
  EXPECT_EQ(worker.name, "王芳");
  EXPECT_EQ(worker.phone, "138****8000");
  EXPECT_TRUE(worker.note.empty());
  EXPECT_TRUE(worker.attributes.empty());
  EXPECT_TRUE(worker.identities.empty());
  const contract::ContactView revealed = shown(full, Sight::full, "86");
  EXPECT_EQ(revealed.phone, "+8613800138000");
  EXPECT_FALSE(revealed.masked);
}

}  // namespace
}  // namespace qiao::contacts
