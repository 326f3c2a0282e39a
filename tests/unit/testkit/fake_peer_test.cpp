#include "qiao/testkit/fake_peer.hpp"

#include <gtest/gtest.h>

#include "sdk/testkit/src/http_client.hpp"

namespace qiao::testkit {
namespace {

TEST(FakePeer, AnswersWhatItWasToldAndRemembersWhoAsked) {
  FakePeer peer = FakePeer::http().on("GET", "/stock/7", 200, R"({"on_hand":3})");
  const HttpAnswer answer = http_request(peer.port(), "GET", "/stock/7?warehouse=main", "", {{"Authorization", "t"}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"({"on_hand":3})");
  EXPECT_EQ(http_request(peer.port(), "GET", "/other", "", {}).status, 404);
  ASSERT_EQ(peer.requests().size(), 2u);
  EXPECT_EQ(peer.requests()[0].target, "/stock/7?warehouse=main");
  EXPECT_EQ(peer.requests()[0].header("authorization"), "t");
}

TEST(FakePeer, ResetsAndSpeaksGarbage) {
  FakePeer peer = FakePeer::http().resets();
  EXPECT_EQ(http_request(peer.port(), "POST", "/", "x", {}).status, 0);
  peer.garbage();
  EXPECT_EQ(http_request(peer.port(), "POST", "/", "x", {}).status, 0);
  peer.answers(503, "busy", "text/plain");
  EXPECT_EQ(http_request(peer.port(), "POST", "/", "x", {}).status, 503);
}

}  // namespace
}  // namespace qiao::testkit
