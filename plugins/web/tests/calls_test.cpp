#include "plugins/web/call_frame.hpp"

#include <gtest/gtest.h>

#include "qiao/contract/access.hpp"

namespace qiao::web {
namespace {

contract::CallChanged ringing() {
  contract::CallChanged call;
  call.channel = "voice";
  call.call = "c1";
  call.phone = "+8613800138000";
  call.agent = Id{11};
  call.contact = Id{7};
  call.contact_name = "林晓雯";
  return call;
}

TEST(CallFrame, ShowsTheWholeNumberOnlyToSupervisors) {
  Principal agent;
  agent.permissions = {contract::permission::kConversations, contract::permission::kContactsReveal};
  const std::string shown = call_frame(ringing(), true, agent);
  EXPECT_NE(shown.find(R"("phone":"138****8000")"), std::string::npos) << shown;
  EXPECT_EQ(shown.find("13800138000"), std::string::npos);
  EXPECT_NE(shown.find(R"("t":"call")"), std::string::npos);
  EXPECT_NE(shown.find(R"("name":"林晓雯")"), std::string::npos);
  EXPECT_NE(shown.find(R"("mine":true)"), std::string::npos);

  Principal supervisor;
  supervisor.permissions = {contract::permission::kConversations, contract::permission::kContactsManage};
  EXPECT_NE(call_frame(ringing(), false, supervisor).find(R"("phone":"+8613800138000")"), std::string::npos);
}

}  // namespace
}  // namespace qiao::web
