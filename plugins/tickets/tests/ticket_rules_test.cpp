#include "plugins/tickets/ticket_rules.hpp"

#include <gtest/gtest.h>

namespace qiao::tickets {
namespace {

using contract::CreateTicket;
using contract::GroupView;
using contract::TicketView;

const Time kNow = from_micros(1'800'000'000'000'000);
const std::vector<GroupView> kGroups = {{"logistics", "物流组", "Logistics", true},
                                        {"sales", "销售组", "Sales", false},
                                        {"tech", "技术支持组", "Tech", true}};

CreateTicket parcel() {
  CreateTicket t;
  t.conversation = Id{1};
  t.department = "logistics";
  t.subject = "快递丢失，要求赔偿";
  t.fields = {{"order_number", "QX20261122-008"}, {"lost_at", "2026-11-20"}, {"wish", "全额赔偿"}};
  return t;
}

Principal agent(std::int64_t id, std::vector<std::string> permissions) {
  Principal who;
  who.type = Principal::Type::agent;
  who.id = Id{id};
  who.permissions = std::move(permissions);
  return who;
}

TEST(TicketRules, AGoodTicketPasses) { EXPECT_TRUE(check_new(parcel(), kGroups, kNow)); }

TEST(TicketRules, OnlyDepartmentsTakeTickets) {
  CreateTicket t = parcel();
  t.department = "sales";
  auto refused = check_new(t, kGroups, kNow);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().message, "department: \"sales\" takes no tickets; these do: logistics, tech");
  EXPECT_TRUE(check_new(t, {}, kNow));
}

TEST(TicketRules, MistakesNameTheField) {
  CreateTicket t = parcel();
  t.subject.clear();
  EXPECT_TRUE(check_new(t, kGroups, kNow).error().message.starts_with("subject:"));
  t = parcel();
  t.description.assign(9000, 'x');
  EXPECT_TRUE(check_new(t, kGroups, kNow).error().message.starts_with("description:"));
  t = parcel();
  t.deadline = kNow - 1h;
  EXPECT_TRUE(check_new(t, kGroups, kNow).error().message.starts_with("deadline:"));
  t = parcel();
  t.fields["x"] = std::string(2000, 'y');
  EXPECT_TRUE(check_new(t, kGroups, kNow).error().message.starts_with("fields:"));
}

TEST(TicketRules, EachDepartmentHasItsDeadline) {
  TicketsConfig config;
  config.deadlines = {{"tech", 8h}};
  config.default_deadline = 48h;
  EXPECT_EQ(deadline_for(config, "tech", kNow), kNow + 8h);
  EXPECT_EQ(deadline_for(config, "logistics", kNow), kNow + 48h);
}

TEST(TicketRules, CreatorAndDepartmentSeeATicketOthersDoNot) {
  TicketView t;
  t.department = "logistics";
  t.created_by = Id{1};
  EXPECT_TRUE(may_see(agent(1, {"tickets", "group:after-sales"}), t));
  EXPECT_TRUE(may_see(agent(2, {"tickets", "group:logistics"}), t));
  EXPECT_FALSE(may_see(agent(3, {"tickets", "group:tech"}), t));
  EXPECT_FALSE(may_see(agent(2, {"group:logistics"}), t));
  EXPECT_TRUE(may_see(agent(4, {"*"}), t));
}

TEST(TicketRules, OnlyTheDepartmentResolves) {
  TicketView t;
  t.department = "logistics";
  t.created_by = Id{1};
  EXPECT_FALSE(may_work_on(agent(1, {"tickets", "group:after-sales"}), t));
  EXPECT_TRUE(may_work_on(agent(2, {"tickets", "group:logistics"}), t));
  EXPECT_TRUE(may_work_on(agent(4, {"*"}), t));
}

TEST(TicketRules, TheCustomerReadsTheirLanguage) {
  TicketView t;
  t.number = 12;
  t.resolution = "已全额退款";
  EXPECT_EQ(resolved_text(t, "zh-CN"), "您的工单 #12 已处理：已全额退款");
  EXPECT_EQ(resolved_text(t, ""), "您的工单 #12 已处理：已全额退款");
  t.resolution = "refunded";
  EXPECT_EQ(resolved_text(t, "en"), "Your request #12 is resolved: refunded");
}

TEST(TicketRules, TheNoteNamesTheDepartment) {
  TicketView t;
  t.number = 12;
  t.subject = "快递丢失";
  EXPECT_EQ(created_note(t, "物流组"), "工单 #12 → 物流组：快递丢失");
}

}  // namespace
}  // namespace qiao::tickets
