#include <gtest/gtest.h>

#include "core/gateway/head_check.hpp"
#include "core/gateway/limits.hpp"
#include "core/gateway/static_files.hpp"
#include "core/gateway/timer_wheel.hpp"
#include "core/gateway/url.hpp"

namespace qiao::core {
namespace {

using namespace std::chrono_literals;
using Now = TokenBucket::Clock::time_point;

TEST(TokenBucket, GrantsABurstAndThenTheRate) {
  TokenBucket bucket;
  Now now{};
  for (int i = 0; i < 10; ++i) EXPECT_EQ(bucket.take(now, 5, 10), 0ms);
  EXPECT_EQ(bucket.take(now, 5, 10), 201ms);
  now += 201ms;
  EXPECT_EQ(bucket.take(now, 5, 10), 0ms);
  EXPECT_GT(bucket.take(now, 5, 10), 0ms);
  now += 1h;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(bucket.take(now, 5, 10), 0ms);
  EXPECT_GT(bucket.take(now, 5, 10), 0ms) << "no more than the burst is saved";
  EXPECT_EQ(bucket.take(now, 0, 0), 0ms) << "no rate, no limit";
}

TEST(TokenBucket, GrantsNothingMoreWhenACallerLookedAtTheClockBeforeAnother) {
  TokenBucket bucket;
  const Now now{1h};
  for (int i = 0; i < 10; ++i) EXPECT_EQ(bucket.take(now, 5, 10), 0ms);
  EXPECT_GT(bucket.take(now - 1s, 5, 10), 0ms);
  EXPECT_GT(bucket.take(now, 5, 10), 0ms);
  EXPECT_EQ(bucket.take(now + 201ms, 5, 10), 0ms);
}

TEST(TimerWheel, FiresAtItsTickAndNotBefore) {
  TimerWheel wheel;
  std::vector<TimerWheel::Entry> entries(3);
  std::vector<std::pair<std::uint64_t, std::size_t>> fired;
  const auto fire = [&](TimerWheel::Entry& e) {
    fired.emplace_back(wheel.now(), static_cast<std::size_t>(&e - entries.data()));
  };
  wheel.schedule(entries[0], 5);
  wheel.schedule(entries[1], 5 + 512);
  wheel.schedule(entries[2], 0);
  for (std::uint64_t t = 1; t <= 600; ++t) wheel.advance(t, fire);
  EXPECT_EQ(fired, (std::vector<std::pair<std::uint64_t, std::size_t>>{{1, 2}, {5, 0}, {517, 1}}));
}

TEST(TimerWheel, CatchesUpAfterALongPauseAndForgetsCancelledEntries) {
  TimerWheel wheel;
  TimerWheel::Entry one;
  TimerWheel::Entry two;
  int fired = 0;
  wheel.schedule(one, 3);
  wheel.schedule(two, 4);
  TimerWheel::cancel(two);
  wheel.advance(100000, [&](TimerWheel::Entry&) { ++fired; });
  EXPECT_EQ(fired, 1);
  EXPECT_FALSE(one.linked());
}

TEST(TimerWheel, LetsAHandlerScheduleAndCancelOthers) {
  TimerWheel wheel;
  TimerWheel::Entry one;
  TimerWheel::Entry two;
  int fired = 0;
  wheel.schedule(one, 1);
  wheel.schedule(two, 1);
  const auto fire = [&](TimerWheel::Entry& e) {
    ++fired;
    TimerWheel::cancel(&e == &one ? two : one);
    if (fired < 3) wheel.schedule(e, wheel.now() + 1);
  };
  wheel.advance(10, fire);
  EXPECT_EQ(fired, 3);
}

TEST(Address, ReadsBothFamiliesAndGroupsIpv6ByHousehold) {
  EXPECT_EQ(Address::parse("192.0.2.7")->str(), "192.0.2.7");
  EXPECT_EQ(Address::parse("::ffff:192.0.2.7")->str(), "192.0.2.7");
  EXPECT_EQ(Address::parse("[2001:db8::1]")->str(), "2001:db8::1");
  EXPECT_EQ(Address::parse("2001:db8::1:2:3:4")->limit_key(), Address::parse("2001:db8::9")->limit_key());
  EXPECT_NE(Address::parse("192.0.2.7")->limit_key(), Address::parse("192.0.2.8")->limit_key());
  for (const char* bad : {"", "192.0.2", "192.0.2.7.8", "192.0.2.256", "localhost", "0x7f.1", "::g"})
    EXPECT_FALSE(Address::parse(bad)) << bad;
}

TEST(Networks, ContainWhatTheirBitsSay) {
  Networks networks;
  EXPECT_TRUE(networks.add("10.1.0.0/12"));
  EXPECT_TRUE(networks.add("2001:db8::/33"));
  EXPECT_TRUE(networks.add("192.0.2.7"));
  for (const char* bad : {"10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8x", "::/129", "net"})
    EXPECT_FALSE(networks.add(bad)) << bad;
  const auto has = [&](const char* text) { return networks.contains(*Address::parse(text)); };
  EXPECT_TRUE(has("10.15.255.255"));
  EXPECT_FALSE(has("10.16.0.0"));
  EXPECT_TRUE(has("2001:db8:7fff::1"));
  EXPECT_FALSE(has("2001:db8:8000::1"));
  EXPECT_TRUE(has("192.0.2.7"));
  EXPECT_FALSE(has("192.0.2.8"));
}

TEST(Limits, ForgetAddressesInsteadOfGrowing) {
  Limits limits(LimitOptions{.requests_per_second = 1}, {});
  Now now{};
  for (std::uint32_t i = 0; i < 300000; ++i) {
    Address address = *Address::parse("10.0.0.0");
    address.bytes[13] = static_cast<std::uint8_t>(i >> 16);
    address.bytes[14] = static_cast<std::uint8_t>(i >> 8);
    address.bytes[15] = static_cast<std::uint8_t>(i);
    ASSERT_TRUE(limits.connected(address, now));
    limits.disconnected(address);
  }
  const Address one = *Address::parse("192.0.2.1");
  EXPECT_EQ(limits.request(one, now), 0ms);
  EXPECT_EQ(limits.request(one, now), 0ms);
  EXPECT_GT(limits.request(one, now), 0ms);
}

TEST(ParseTarget, DecodesPathAndQuery) {
  const auto target = parse_target("/a%20b/%E6%A1%A5?x=1&y=a%26b&flag&=z&x=2+3");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, "/a b/桥");
  EXPECT_EQ(target->segments, (std::vector<std::string>{"a b", "桥"}));
  EXPECT_EQ(target->query, (std::vector<std::pair<std::string, std::string>>{
                               {"x", "1"}, {"y", "a&b"}, {"flag", ""}, {"", "z"}, {"x", "2 3"}}));
  EXPECT_EQ(parse_target("/")->segments, (std::vector<std::string>{""}));
  EXPECT_EQ(parse_target("http://host:80")->path, "/");
}

TEST(ParseTarget, RefusesWhatNoHandlerNeeds) {
  for (const char* bad : {"", "a", "*", "/..", "/a/../b", "/%2e%2e/", "/.%2e", "/.", "/%", "/%g0", "/%0a", "/%00",
                          "/%7f", "/%c0%af", "/a#b", "/?x=%00", "/?x=%", "/?%ff=1", "host:80"}) {
    EXPECT_FALSE(parse_target(bad)) << bad;
  }
}

TEST(HeadScanner, FindsTheEndWhateverTheCut) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const std::string all = head + "body\r\n\r\n";
  for (std::size_t piece = 1; piece < all.size(); ++piece) {
    HeadScanner scanner;
    std::size_t size = 0;
    for (std::size_t end = piece; size == 0; end += piece) {
      if (scanner.scan(std::string_view(all).substr(0, end), 1000)) size = scanner.size();
      ASSERT_FALSE(scanner.refusal());
    }
    EXPECT_EQ(size, head.size());
  }
}

TEST(ParseRange, UnderstandsSingleRangesOnly) {
  bool unsatisfiable = false;
  const auto range = [&](const char* text) { return parse_range(text, 100, unsatisfiable); };
  using Pair = std::pair<std::size_t, std::size_t>;
  EXPECT_EQ(range("bytes=0-9"), Pair(0, 9));
  EXPECT_EQ(range("bytes=90-"), Pair(90, 99));
  EXPECT_EQ(range("bytes=90-500"), Pair(90, 99));
  EXPECT_EQ(range("bytes=-10"), Pair(90, 99));
  EXPECT_EQ(range("bytes=-500"), Pair(0, 99));
  for (const char* ignored : {"bytes=5-4", "bytes=a-b", "bytes=-", "bytes=1-2,4-5", "lines=1-2", "bytes=1--2",
                              "bytes=99999999999999999999999-"}) {
    EXPECT_FALSE(range(ignored)) << ignored;
    EXPECT_FALSE(unsatisfiable) << ignored;
  }
  EXPECT_FALSE(range("bytes=100-"));
  EXPECT_TRUE(unsatisfiable);
  EXPECT_FALSE(range("bytes=-0"));
  EXPECT_TRUE(unsatisfiable);
}

TEST(ContentHash, IsSeenInBundledNamesOnly) {
  for (const char* name : {"index-BxYz12_3.js", "assets/app-DqS8kL0x.css", "logo-a1b2c3d4.png", "x-Ab-dEf_1.js"})
    EXPECT_TRUE(has_content_hash(name)) << name;
  for (const char* name :
       {"index.html", "workspace-overview.js", "app.js", "x-abcdefgh.js", ".hidden-A1b2c3d4", "a-b.js"})
    EXPECT_FALSE(has_content_hash(name)) << name;
}

}  // namespace
}  // namespace qiao::core
