#include <gtest/gtest.h>

#include "connectors/hubspot/client/hubspot_client.hpp"

using namespace qiao;

namespace {

Error refusal(const char* body) {
  hubspot::HubspotConfig config;
  config.token = Secret("t");
  hubspot::Client client(
      config,
      [&](const OutboundRequest&) -> Result<OutboundResponse> {
        return OutboundResponse{429, {}, body};
      },
      system_clock());
  return client.test().error();
}

}  // namespace

TEST(HubspotClient, TellsALimitOfSecondsFromThatOfTheDay) {
  const Error seconds = refusal(R"({"status":"error","message":"limit","policyName":"TEN_SECONDLY_ROLLING"})");
  EXPECT_EQ(seconds.id, "hubspot.busy");
  EXPECT_EQ(seconds.code, Errc::rate_limited);
  EXPECT_EQ(seconds.retry_after, std::chrono::seconds(10));
  const Error day = refusal(R"({"status":"error","message":"limit","policyName":"DAILY"})");
  EXPECT_EQ(day.id, "hubspot.daily_limit");
  EXPECT_EQ(day.retry_after, std::chrono::hours(1));
}

TEST(HubspotClient, OnlyIdsGoIntoPaths) {
  int calls = 0;
  hubspot::HubspotConfig config;
  hubspot::Client client(
      config,
      [&](const OutboundRequest&) -> Result<OutboundResponse> {
        ++calls;
        return OutboundResponse{200, {}, "{}"};
      },
      system_clock());
  contract::LookupCustomer q;
  q.crm_id = "../../owners/9";
  const auto nobody = client.customers(q);
  EXPECT_TRUE(nobody && nobody->empty());
  EXPECT_FALSE(client.record("1/../2", {}));
  EXPECT_EQ(calls, 0);
}
