#include "plugins/routing/opening_hours.hpp"

#include <gtest/gtest.h>

#include "plugins/routing/router.hpp"

namespace qiao::routing {
namespace {

Time at(const char* iso) { return *from_iso8601(iso); }

HoursConfig week() {
  HoursConfig c;
  for (const char* day : {"mon", "tue", "wed", "thu", "fri"}) c.week[day] = {"09:00-12:00", "13:00-18:00"};
  c.holidays = {"2026-11-24"};
  return c;
}

// 2026-11-23 is a Monday; Shanghai is eight hours ahead of UTC.
TEST(OpeningHours, KnowWhenPeopleAnswer) {
  const OpeningHours hours(week());
  EXPECT_TRUE(hours.open(at("2026-11-23T01:00:00Z")));
  EXPECT_FALSE(hours.open(at("2026-11-23T04:30:00Z"))) << "noon";
  EXPECT_FALSE(hours.open(at("2026-11-23T15:00:00Z"))) << "23:00";
  EXPECT_FALSE(hours.open(at("2026-11-24T02:00:00Z"))) << "a holiday";
  EXPECT_FALSE(hours.open(at("2026-11-22T02:00:00Z"))) << "a Sunday";
  EXPECT_TRUE(OpeningHours(HoursConfig{}).open(at("2026-11-22T02:00:00Z"))) << "nothing said: always";
}

TEST(OpeningHours, TellWhenTheyOpenAgain) {
  const OpeningHours hours(week());
  EXPECT_EQ(to_iso8601(*hours.next_opening(at("2026-11-23T04:30:00Z"))), "2026-11-23T05:00:00.000Z");
  EXPECT_EQ(to_iso8601(*hours.next_opening(at("2026-11-23T15:00:10Z"))), "2026-11-25T01:00:00.000Z");
  EXPECT_NE(hours.promise(at("2026-11-23T04:30:00Z"), true).find("今天 13:00"), std::string::npos);
  EXPECT_NE(hours.promise(at("2026-11-25T15:00:00Z"), true).find("明天 09:00"), std::string::npos);
  EXPECT_NE(hours.promise(at("2026-11-23T15:00:00Z"), true).find("周三 09:00"), std::string::npos);
  EXPECT_NE(hours.promise(at("2026-11-25T15:00:00Z"), false).find("tomorrow at 09:00"), std::string::npos);
  EXPECT_NE(hours.promise(at("2026-11-27T15:00:00Z"), false).find("on Monday at 09:00"), std::string::npos);
}

TEST(OpeningHours, FollowAClockThatIsPutBack) {
  HoursConfig c;
  c.timezone = "Europe/Berlin";
  for (const char* day : {"sat", "sun", "mon"}) c.week[day] = {"08:00-12:00"};
  // Summer time ends in the night to 2026-10-25.
  EXPECT_EQ(to_iso8601(*OpeningHours(c).next_opening(at("2026-10-24T12:00:00Z"))), "2026-10-25T07:00:00.000Z");
}

/// Whether the clocks of a zone show this minute.
bool shows(const char* zone, const char* iso, const std::string& minute_and_next) {
  HoursConfig c;
  c.timezone = zone;
  for (const char* day : {"mon", "tue", "wed", "thu", "fri", "sat", "sun"}) c.week[day] = {minute_and_next};
  return OpeningHours(c).open(at(iso));
}

TEST(OpeningHours, FollowTheClocksOfTheirZoneToTheSecond) {
  EXPECT_TRUE(shows("Asia/Shanghai", "2026-11-22T00:00:00Z", "08:00-08:01"));
  EXPECT_TRUE(shows("Asia/Kolkata", "2026-11-22T00:00:00Z", "05:30-05:31"));
  EXPECT_TRUE(shows("America/New_York", "2026-11-22T00:00:00Z", "19:00-19:01"));
  EXPECT_TRUE(shows("Etc/UTC", "2026-11-22T00:00:00Z", "00:00-00:01"));
  EXPECT_TRUE(shows("Europe/Berlin", "2026-10-25T00:59:59Z", "02:59-03:00"));
  EXPECT_TRUE(shows("Europe/Berlin", "2026-10-25T01:00:00Z", "02:00-02:01"));
  EXPECT_TRUE(shows("Europe/Berlin", "2027-03-28T00:59:59Z", "01:59-02:00"));
  EXPECT_TRUE(shows("Europe/Berlin", "2027-03-28T01:00:00Z", "03:00-03:01"));
  EXPECT_TRUE(shows("Australia/Sydney", "2026-12-24T00:00:00Z", "11:00-11:01")) << "summer at the turn of the year";
  EXPECT_TRUE(shows("America/Mexico_City", "2026-07-01T00:00:00Z", "18:00-18:01")) << "no summer time since 2022";
}

TEST(OpeningHours, AZoneThatTheSystemDoesNotHaveIsAMistake) {
  const auto problems = [](const char* zone) {
    ConfigNode name;
    name.kind = ConfigNode::Kind::scalar;
    name.quoted = true;
    name.text = zone;
    auto hours = std::make_shared<ConfigNode>();
    hours->kind = ConfigNode::Kind::map;
    hours->entries.push_back({"timezone", name});
    std::vector<ConfigProblem> found;
    static_cast<void>(Section(hours, "hours").bind<HoursConfig>(found));
    return found;
  };
  for (const char* zone :
       {"", "Asia", "Asia/Nowhere", "../../etc/passwd", "/etc/passwd", "tzdata.zi", "Asia/Shang hai"}) {
    const auto found = problems(zone);
    ASSERT_EQ(found.size(), 1U) << zone;
    EXPECT_NE(found.front().message.find("unknown time zone"), std::string::npos) << zone;
  }
  for (const char* zone : {"Asia/Kolkata", "Europe/Berlin", "Etc/UTC"}) EXPECT_TRUE(problems(zone).empty()) << zone;
}

TEST(OpeningHours, StoryS05AtNightThereIsAPromiseAndInTheMorningTheFirstPlace) {
  RoutingConfig config;
  config.hours = week();
  const Router router(config);
  contract::DecideRoute q;
  q.conversation.language = "zh-CN";
  q.conversation.state = contract::ConversationState::queued;
  q.conversation.queued_at = at("2026-11-25T15:00:00Z");
  const auto night = router.decide(q, {}, std::chrono::seconds(180), at("2026-11-25T15:00:00Z"));
  EXPECT_NE(night.notice.find("明天 09:00"), std::string::npos) << night.notice;
  EXPECT_EQ(night.estimate_s, 0);

  contract::DecideRoute in_app;
  in_app.in_app = true;
  in_app.conversation.state = contract::ConversationState::queued;
  in_app.conversation.queued_at = at("2026-11-26T01:00:05Z");
  const Time morning = at("2026-11-26T01:01:00Z");
  const auto first = router.decide(q, {}, std::chrono::seconds(180), morning);
  const auto later = router.decide(in_app, {}, std::chrono::seconds(180), morning);
  EXPECT_LT(first.rank, later.rank);
  EXPECT_TRUE(first.notice.empty()) << "they are open now";
}

TEST(OpeningHours, WhoIsThereAnywayTakesIt) {
  RoutingConfig config;
  config.hours = week();
  contract::AgentList people;
  contract::AgentView agent;
  agent.id = Id{2};
  agent.groups = {"after-sales"};
  agent.presence = contract::Presence::online;
  agent.capacity = 1;
  people.agents = {agent};
  const auto taken = Router(config).decide({}, people, std::chrono::seconds(180), at("2026-11-25T15:00:00Z"));
  EXPECT_EQ(taken.agent, Id{2});
  EXPECT_TRUE(taken.notice.empty());
}

}  // namespace
}  // namespace qiao::routing
