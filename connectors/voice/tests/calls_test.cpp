#include "connectors/voice/calls.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace qiao::voice {
namespace {

using contract::CallState;

CallEvent event(Step step, const std::string& extension = {}, std::int64_t second = 0) {
  CallEvent e;
  e.call = "c";
  e.step = step;
  e.number = "13800138000";
  e.extension = extension;
  e.at = from_micros((1'732'253'000 + second) * 1'000'000);
  return e;
}

TEST(CallBook, TellsACallOnceHoweverOftenItIsTold) {
  CallBook book;
  EXPECT_EQ(book.take(event(Step::ringing)).size(), 1u);
  EXPECT_TRUE(book.take(event(Step::ringing)).empty());
  EXPECT_EQ(book.take(event(Step::ringing, "1005")).size(), 1u);
  EXPECT_TRUE(book.take(event(Step::ringing, "1005")).empty());
  EXPECT_EQ(book.take(event(Step::answered, "1005")).size(), 1u);
  EXPECT_TRUE(book.take(event(Step::answered, "1005")).empty());
  EXPECT_TRUE(book.take(event(Step::ringing, "1005")).empty());  // late
}

TEST(CallBook, CountsAnUnansweredCallAsMissedAndAnAnsweredOneAsTalked) {
  CallBook book;
  book.take(event(Step::ringing, "1005"));
  auto news = book.take(event(Step::ended, "", 20));
  ASSERT_EQ(news.size(), 1u);
  EXPECT_EQ(news[0].state, CallState::missed);
  EXPECT_EQ(news[0].extension, "1005");

  CallBook other;
  other.take(event(Step::ringing, "1005"));
  other.take(event(Step::answered, "1005", 5));
  news = other.take(event(Step::ended, "", 65));
  ASSERT_EQ(news.size(), 1u);
  EXPECT_EQ(news[0].state, CallState::ended);
  EXPECT_EQ(news[0].call.talk_s(), 60);
}

TEST(CallBook, StopsRingingAtOnePhoneWhileTheCallGoesOn) {
  CallBook book;
  book.take(event(Step::ringing, "1005"));
  book.take(event(Step::ringing, "1006"));
  auto news = book.take(event(Step::silent, "1005"));
  ASSERT_EQ(news.size(), 1u);
  EXPECT_TRUE(news[0].phone_only);
  EXPECT_EQ(news[0].extension, "1005");
  EXPECT_TRUE(book.take(event(Step::silent, "1005")).empty());
  EXPECT_EQ(book.open(), 1u);
}

TEST(CallBook, SeesATransferWhenAnotherPhoneTakesOver) {
  CallBook book;
  book.take(event(Step::ringing, "1005"));
  book.take(event(Step::answered, "1005", 2));
  book.take(event(Step::held));
  book.take(event(Step::ringing, "1006"));
  const auto news = book.take(event(Step::answered, "1006", 9));
  ASSERT_EQ(news.size(), 1u);
  EXPECT_EQ(news[0].state, CallState::transferred);
  EXPECT_EQ(news[0].extension, "1006");
  EXPECT_EQ(book.take(event(Step::ended, "", 62))[0].call.talk_s(), 60);
}

TEST(CallBook, HoldsOnlyWhoTalks) {
  CallBook book;
  book.take(event(Step::ringing, "1005"));
  EXPECT_TRUE(book.take(event(Step::held)).empty());
  book.take(event(Step::answered, "1005"));
  EXPECT_EQ(book.take(event(Step::held))[0].state, CallState::held);
  EXPECT_TRUE(book.take(event(Step::held)).empty());
  EXPECT_EQ(book.take(event(Step::resumed))[0].state, CallState::answered);
}

TEST(CallBook, NeverOpensACallAgainThatHasEnded) {
  CallBook book;
  book.take(event(Step::ringing, "1005"));
  book.take(event(Step::ended));
  for (const Step step : {Step::ringing, Step::answered, Step::held, Step::ended, Step::transferred}) {
    EXPECT_TRUE(book.take(event(step, "1006")).empty());
  }
  EXPECT_EQ(book.open(), 0u);
}

TEST(CallBook, TakesARecordingThatComesAfterTheEndOnce) {
  CallBook book;
  book.take(event(Step::ringing, "1005"));
  book.take(event(Step::answered, "1005"));
  book.take(event(Step::ended));
  CallEvent recorded = event(Step::recorded);
  recorded.recording = "a.wav";
  const auto news = book.take(recorded);
  ASSERT_EQ(news.size(), 1u);
  EXPECT_TRUE(news[0].recording_only);
  EXPECT_TRUE(book.take(recorded).empty());
}

TEST(CallBook, TakesEachNumberedEventOnce) {
  CallBook book;
  CallEvent first = event(Step::ringing, "1005");
  first.seq = 1;
  EXPECT_EQ(book.take(first).size(), 1u);
  CallEvent again = event(Step::answered, "1005");
  again.seq = 1;
  EXPECT_TRUE(book.take(again).empty());
  again.seq = 2;
  EXPECT_EQ(book.take(again).size(), 1u);
}

TEST(CallBook, ACallWhoseEndIsToldBeforeItsBeginningDoesNotRingForEver) {
  CallBook book;
  EXPECT_TRUE(book.take(event(Step::ended, "", 1)).empty());
  const auto news = book.take(event(Step::ringing, "1005"));
  ASSERT_EQ(news.size(), 2u);
  EXPECT_EQ(news[0].state, CallState::ringing);
  EXPECT_EQ(news[1].state, CallState::missed);
  EXPECT_EQ(book.open(), 0u);
  EXPECT_TRUE(book.take(event(Step::ringing, "1005")).empty());
  // The list of calls knows better: only a leg had ended.
  CallEvent leg = event(Step::ended);
  leg.call = "d";
  book.take(leg);
  CallEvent there = event(Step::ringing, "1005");
  there.call = "d";
  EXPECT_EQ(book.compare({there}, from_micros(1'732'253'060'000'000)).size(), 1u);
  EXPECT_EQ(book.open(), 1u);
}

TEST(CallBook, CountsWhatVanishedWhileTheLineWasDownAsMissedOrEnded) {
  CallBook book;
  book.take(event(Step::ringing, "1005"));
  CallEvent talking = event(Step::ringing, "1006");
  talking.call = "d";
  book.take(talking);
  talking.step = Step::answered;
  book.take(talking);
  CallEvent fresh = event(Step::ringing, "1005");
  fresh.call = "e";
  const auto news = book.compare({fresh}, from_micros(1'732'253'060'000'000));
  ASSERT_EQ(news.size(), 3u);
  EXPECT_EQ(news[0].state, CallState::missed);
  EXPECT_EQ(news[1].state, CallState::ended);
  EXPECT_EQ(news[2].call.id, "e");
  EXPECT_EQ(book.open(), 1u);
  EXPECT_TRUE(book.compare({fresh}, from_micros(1'732'253'070'000'000)).empty());
}

TEST(CallBook, EndsOnceInWhateverOrderTheEventsCome) {
  std::vector<CallEvent> events{
      event(Step::ringing),     event(Step::ringing, "1005", 1), event(Step::answered, "1005", 4),
      event(Step::held, "", 5), event(Step::resumed, "", 6),     event(Step::ended, "", 9)};
  std::mt19937 random(7);
  for (int round = 0; round < 500; ++round) {
    std::vector<CallEvent> shuffled = events;
    shuffled.insert(shuffled.end(), events.begin(), events.end());
    std::shuffle(shuffled.begin(), shuffled.end(), random);
    CallBook book;
    int ends = 0;
    bool over = false;
    for (const CallEvent& e : shuffled) {
      for (const CallNews& news : book.take(e)) {
        EXPECT_FALSE(over) << "something was told after the end";
        if (news.state == CallState::ended || news.state == CallState::missed) {
          ++ends;
          over = !news.phone_only;
        }
      }
    }
    EXPECT_LE(ends, 1);
  }
}

}  // namespace
}  // namespace qiao::voice
