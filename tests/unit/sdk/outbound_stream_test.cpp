#include "qiao/outbound_stream.hpp"

#include <gtest/gtest.h>

#include <future>

#include "fault_server.hpp"

namespace qiao::test {
namespace {

using namespace std::chrono_literals;
using Peer = FaultServer::Peer;

StreamSettings to(const FaultServer& server) {
  StreamSettings settings;
  settings.host = "127.0.0.1";
  settings.port = static_cast<std::uint16_t>(server.port());
  return settings;
}

TEST(OutboundStream, ReadsLinesOfBothKindsAndExactCounts) {
  const FaultServer server([](Peer& peer) {
    peer.send("one\r\ntwo\n12345rest\r\n");
    peer.hang();
  });
  OutboundStream stream(to(server));
  ASSERT_TRUE(stream.connect());
  stream.within(10s);
  EXPECT_EQ(stream.read_line().value(), "one");
  EXPECT_EQ(stream.read_line().value(), "two");
  EXPECT_EQ(stream.read(5).value(), "12345");
  EXPECT_TRUE(stream.readable());
  EXPECT_EQ(stream.read_line().value(), "rest");
  EXPECT_FALSE(stream.readable());
  EXPECT_FALSE(stream.encrypted());
}

TEST(OutboundStream, TellsWhyItIsOver) {
  const FaultServer silent([](Peer& peer) { peer.hang(); });
  OutboundStream waiting(to(silent));
  ASSERT_TRUE(waiting.connect());
  waiting.within(50ms);
  EXPECT_EQ(waiting.read_line().error().id, "outbound.timeout");

  const FaultServer gone([](Peer& peer) { peer.send("half a li"); });
  OutboundStream cut(to(gone));
  ASSERT_TRUE(cut.connect());
  cut.within(10s);
  EXPECT_EQ(cut.read_line().error().id, "outbound.broken");
  EXPECT_TRUE(cut.readable());

  const FaultServer endless([](Peer& peer) {
    while (peer.send(std::string(4096, 'x'))) {
    }
  });
  OutboundStream flooded(to(endless));
  ASSERT_TRUE(flooded.connect());
  flooded.within(10s);
  EXPECT_EQ(flooded.read_line(100'000).error().id, "outbound.too_large");

  StreamSettings nobody;
  nobody.host = "127.0.0.1";
  nobody.port = 1;
  EXPECT_EQ(OutboundStream(nobody).connect().error().id, "outbound.unreachable");
}

TEST(OutboundStream, ClosingWakesWhoeverWaits) {
  const FaultServer silent([](Peer& peer) { peer.hang(); });
  OutboundStream stream(to(silent));
  ASSERT_TRUE(stream.connect());
  stream.within(60s);
  std::thread closer([&] { stream.close(); });
  EXPECT_EQ(stream.read_line().error().code, Errc::cancelled);
  closer.join();
}

TEST(OutboundStream, OutlivesTheSilenceOfAPatientWait) {
  std::promise<void> speak;
  const FaultServer slow([&](Peer& peer) {
    speak.get_future().wait();
    peer.send("at last\nand more");
    peer.hang();
  });
  OutboundStream stream(to(slow));
  ASSERT_TRUE(stream.connect());
  EXPECT_FALSE(stream.wait(1ms).value());
  EXPECT_FALSE(stream.wait(1ms).value());
  speak.set_value();
  EXPECT_TRUE(stream.wait(60s).value());
  stream.within(10s);
  EXPECT_EQ(stream.read_line().value(), "at last");
  std::string rest;
  while (rest.size() < 8) rest += stream.read_some().value();
  EXPECT_EQ(rest, "and more");
  EXPECT_FALSE(stream.wait(1ms).value());
}

TEST(OutboundStream, WaitsNoLongerForSilenceWhenThereIsSomethingToSay) {
  const FaultServer silent([](Peer& peer) { peer.hang(); });
  OutboundStream stream(to(silent));
  ASSERT_TRUE(stream.connect());
  stream.wake();  // before the wait
  EXPECT_FALSE(stream.wait(1h).value());
  std::thread caller([&] { stream.wake(); });
  EXPECT_FALSE(stream.wait(1h).value());
  caller.join();
  stream.within(10s);
  EXPECT_TRUE(stream.write("hello\n"));
  std::thread closer([&] { stream.close(); });
  EXPECT_EQ(stream.wait(1h).error().code, Errc::cancelled);
  closer.join();
}

TEST(OutboundStream, TellsInAWaitThatTheOtherSideEnded) {
  const FaultServer gone([](Peer&) {});
  OutboundStream stream(to(gone));
  ASSERT_TRUE(stream.connect());
  EXPECT_EQ(stream.wait(1h).error().id, "outbound.broken");
}

TEST(OutboundStream, ItsHandshakeTakesNothingThatCameUnasked) {
  const FaultServer eager([](Peer& peer) {
    peer.send("go\r\nand more\r\n");
    peer.hang();
  });
  OutboundStream stream(to(eager));
  ASSERT_TRUE(stream.connect());
  stream.within(10s);
  EXPECT_EQ(stream.read_line().value(), "go");
  EXPECT_EQ(stream.start_tls().error().id, "outbound.tls");
}

}  // namespace
}  // namespace qiao::test
