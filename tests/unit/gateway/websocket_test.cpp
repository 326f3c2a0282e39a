#include <gtest/gtest.h>
#include <sys/socket.h>

#include <future>

#include "front_fixture.hpp"

namespace qiao::test {
namespace {

/// Answers each text with itself twice; remembers how it ended.
class Echo final : public SocketHandler {
 public:
  Echo(std::shared_ptr<Socket> socket, std::promise<int>* closed) : socket_(std::move(socket)), closed_(closed) {}
  void on_text(std::string_view text) override {
    if (text == "throw") throw std::runtime_error("dropped a plate");
    if (text == "bye") return socket_->close(4001, "as you wish");
    socket_->send(std::string(text));
    socket_->send(std::string(text));
  }
  void on_close(int code) override {
    if (closed_) closed_->set_value(code);
  }

 private:
  std::shared_ptr<Socket> socket_;
  std::promise<int>* closed_;
};

struct WebSocketFront : testing::Test {
  void start(SocketRoute route = {.path = "/ws"}, core::GatewayOptions options = quick_options()) {
    front = std::make_unique<FrontFixture>(std::move(options));
    front->http->websocket(std::move(route), [this](std::shared_ptr<Socket> s) {
      {
        std::lock_guard lock(mutex);
        socket = s;
      }
      return std::make_shared<Echo>(std::move(s), &closed);
    });
    ASSERT_TRUE(front->http->activate());
  }
  std::shared_ptr<Socket> server_side() {
    std::lock_guard lock(mutex);
    return socket;
  }
  int closed_with() {
    auto future = closed.get_future();
    return future.wait_for(std::chrono::seconds(20)) == std::future_status::ready ? future.get() : -1;
  }
  std::mutex mutex;
  std::shared_ptr<Socket> socket;
  std::promise<int> closed;
  std::unique_ptr<FrontFixture> front;
};

TEST_F(WebSocketFront, OpensAndCarriesTextBothWays) {
  start();
  RawClient client(front->port());
  const auto opened = client.upgrade("/ws?site=1");
  ASSERT_EQ(opened->status, 101);
  EXPECT_EQ(opened->header("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  client.text("你好");
  EXPECT_EQ(client.read_frame().payload, "你好");
  EXPECT_EQ(client.read_frame().payload, "你好");
  EXPECT_EQ(server_side()->upgrade().query_value("site"), "1");
  EXPECT_EQ(server_side()->upgrade().header("host"), "localhost");
}

TEST_F(WebSocketFront, ReadsFramesSentTogetherWithTheHandshake) {
  start();
  RawClient client(front->port());
  client.send(
      "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n" +
      RawClient::frame(1, "early"));
  EXPECT_EQ(client.read_response()->status, 101);
  EXPECT_EQ(client.read_frame().payload, "early");
}

TEST_F(WebSocketFront, RefusesHandshakesThatAreNone) {
  start();
  const auto ask = [&](const std::string& lines, std::string_view method = "GET",
                       std::string_view version = "HTTP/1.1") {
    RawClient client(front->port());
    return client
        .ask(std::string(method) + " /ws " + std::string(version) + "\r\nHost: localhost\r\n" + lines + "\r\n")
        ->status;
  };
  const std::string upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
  const std::string key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  const std::string version = "Sec-WebSocket-Version: 13\r\n";
  EXPECT_EQ(ask(""), 426);
  EXPECT_EQ(ask(upgrade + key), 426) << "no version";
  EXPECT_EQ(ask(upgrade + key + "Sec-WebSocket-Version: 8\r\n"), 426);
  EXPECT_EQ(ask("Upgrade: h2c\r\nConnection: Upgrade\r\n" + key + version), 426);
  EXPECT_EQ(ask("Upgrade: websocket\r\n" + key + version), 426) << "no Connection: Upgrade";
  EXPECT_EQ(ask(upgrade + version), 400) << "no key";
  EXPECT_EQ(ask(upgrade + version + "Sec-WebSocket-Key: short\r\n"), 400);
  EXPECT_EQ(ask(upgrade + key + version, "POST"), 405);
  EXPECT_EQ(ask(upgrade + key + version, "GET", "HTTP/1.0"), 426);
  EXPECT_EQ(ask(upgrade + key + version + "Content-Length: 3\r\n"), 413) << "a body";
}

TEST_F(WebSocketFront, ChecksTheOrigin) {
  const auto status = [&](std::string_view origin) {
    RawClient client(front->port());
    return client.upgrade("/ws", "Origin: " + std::string(origin) + "\r\n")->status;
  };
  start();
  EXPECT_EQ(status("http://localhost"), 101) << "the same host";
  front.reset();
  closed = {};
  start();
  EXPECT_EQ(status("https://evil.example"), 403);
  EXPECT_EQ(status("null"), 403);
  EXPECT_EQ(front->refused("origin"), 2u);
  start({.path = "/ws", .origins = {"https://shop.example"}});
  EXPECT_EQ(status("http://localhost"), 403);
  EXPECT_EQ(status("https://shop.example.evil.example"), 403);
  EXPECT_EQ(status("https://shop.example"), 101);
  front.reset();
  closed = {};
  start({.path = "/ws", .origins = {"*"}});
  EXPECT_EQ(status("https://anything.example"), 101);
}

TEST_F(WebSocketFront, ClosesOnViolationsWithTheirCode) {
  const std::pair<std::string, int> violations[] = {
      {RawClient::frame(1, "x", true, false), 1002},
      {RawClient::frame(1, "x", true, true, 4), 1002},
      {RawClient::frame(2, "x"), 1003},
      {RawClient::frame(1, "\xff"), 1007},
      {RawClient::frame(1, std::string(65 * 1024, 'x')), 1009},
      {RawClient::frame(0, "x"), 1002},
      {RawClient::frame(1, "throw"), 1011},
  };
  for (const auto& [bytes, code] : violations) {
    closed = {};
    start();
    RawClient client(front->port());
    ASSERT_EQ(client.upgrade("/ws")->status, 101);
    client.send(bytes);
    EXPECT_EQ(client.read_close(), code);
    EXPECT_EQ(closed_with(), code);
    EXPECT_TRUE(client.closed_by_server());
    front.reset();
  }
}

TEST_F(WebSocketFront, AnswersPingsBetweenFragments) {
  start();
  RawClient client(front->port());
  client.upgrade("/ws");
  client.send(RawClient::frame(1, "a", false) + RawClient::frame(9, "hi") + RawClient::frame(0, "b"));
  const auto pong = client.read_frame();
  EXPECT_EQ(pong.opcode, 10);
  EXPECT_EQ(pong.payload, "hi");
  EXPECT_EQ(client.read_frame().payload, "ab");
}

TEST_F(WebSocketFront, EchoesTheCloseOfTheOtherSide) {
  start();
  RawClient client(front->port());
  client.upgrade("/ws");
  client.send(RawClient::frame(8, std::string("\x0f\xa1", 2) + "done"));
  EXPECT_EQ(client.read_close(), 4001);
  EXPECT_EQ(closed_with(), 4001);
  EXPECT_TRUE(client.closed_by_server());
  EXPECT_FALSE(server_side()->send("too late"));
}

TEST_F(WebSocketFront, ClosesFromItsSideAndWaitsForTheAnswer) {
  start();
  RawClient client(front->port());
  client.upgrade("/ws");
  client.text("bye");
  EXPECT_EQ(client.read_close(), 4001);
  client.send(RawClient::frame(8, std::string("\x0f\xa1", 2)));
  EXPECT_EQ(closed_with(), 4001);
  EXPECT_TRUE(client.closed_by_server());
}

TEST_F(WebSocketFront, DoesNotWaitForeverForTheAnswerToItsClose) {
  auto options = quick_options();
  options.close_timeout = std::chrono::milliseconds(30);
  start({.path = "/ws"}, options);
  RawClient client(front->port());
  client.upgrade("/ws");
  client.text("bye");
  EXPECT_EQ(client.read_close(), 4001);
  EXPECT_EQ(closed_with(), 1006);
  EXPECT_TRUE(client.closed_by_server());
}

TEST_F(WebSocketFront, NoticesAPeerThatVanishes) {
  start();
  {
    RawClient client(front->port());
    client.upgrade("/ws");
  }
  EXPECT_EQ(closed_with(), 1006);
}

TEST_F(WebSocketFront, ClosesOneThatTalksTooFast) {
  start({.path = "/ws", .messages_per_second = 5});
  RawClient client(front->port());
  client.upgrade("/ws");
  std::string burst;
  for (int i = 0; i < 12; ++i) burst += RawClient::frame(1, std::to_string(i));
  client.send(burst);
  int texts = 0;
  for (;;) {
    const auto frame = client.read_frame();
    if (frame.opcode != 1) {
      EXPECT_EQ(frame.close_code(), 4429);
      break;
    }
    ++texts;
  }
  EXPECT_EQ(texts, 20) << "twice the rate at once, each answered twice";
  EXPECT_EQ(closed_with(), 4429);
}

TEST_F(WebSocketFront, PingsAQuietPeerAndClosesADeadOne) {
  auto options = quick_options();
  start({.path = "/ws", .idle = std::chrono::seconds(1)}, options);
  RawClient client(front->port());
  client.upgrade("/ws");
  EXPECT_EQ(client.read_frame().opcode, 9);
  client.send(RawClient::frame(10, ""));
  EXPECT_EQ(client.read_frame().opcode, 9) << "answering keeps it open";
  EXPECT_EQ(client.read_close(), 4408);
  EXPECT_EQ(closed_with(), 4408);
}

TEST_F(WebSocketFront, ClosesAReaderThatIsTooSlow) {
  auto options = quick_options();
  options.socket_queue = 256 * 1024;
  start({.path = "/ws"}, options);
  RawClient client(front->port());
  client.upgrade("/ws");
  ASSERT_TRUE(FrontFixture::eventually([&] { return server_side() != nullptr; }));
  const auto text = std::make_shared<const std::string>(32 * 1024, 'x');
  const auto peer = server_side();
  int taken = 0;
  while (peer->send(text)) ++taken;
  EXPECT_GE(taken, 7);
  EXPECT_EQ(closed_with(), 1013);
  EXPECT_EQ(client.read_close(), 1013) << "what was on its way arrives whole, then the close";
  EXPECT_FALSE(peer->send(text));
}

TEST_F(WebSocketFront, KeepsTheOrderOfFramesSentFromOtherThreads) {
  start({.path = "/ws", .messages_per_second = 0});
  RawClient client(front->port());
  client.upgrade("/ws");
  ASSERT_TRUE(FrontFixture::eventually([&] { return server_side() != nullptr; }));
  std::vector<std::thread> senders;
  for (int t = 0; t < 4; ++t) {
    senders.emplace_back([socket = server_side(), t] {
      for (int i = 0; i < 2000; ++i) socket->send(std::to_string(t) + ":" + std::to_string(i));
    });
  }
  int next[4] = {};
  for (int i = 0; i < 8000; ++i) {
    const std::string text = client.read_frame().payload;
    ASSERT_GE(text.size(), 3u);
    const auto sender = static_cast<std::size_t>(text[0] - '0');
    ASSERT_EQ(std::stoi(text.substr(2)), next[sender]++);
  }
  for (auto& sender : senders) sender.join();
}

TEST_F(WebSocketFront, SendsLargeFramesWhole) {
  start({.path = "/ws", .max_frame = 1 << 20});
  RawClient client(front->port());
  client.upgrade("/ws");
  for (const std::size_t size : {125u, 126u, 65535u, 65536u, 400000u}) {
    const std::string text(size, 'y');
    client.text(text);
    EXPECT_EQ(client.read_frame().payload, text);
    EXPECT_EQ(client.read_frame().payload, text);
  }
}

TEST_F(WebSocketFront, RefusesWhenTheFactoryDoesNotWantTheSocket) {
  front = std::make_unique<FrontFixture>();
  std::shared_ptr<Socket> kept;
  front->http->websocket({.path = "/none"}, [&](std::shared_ptr<Socket> s) {
    kept = std::move(s);
    return nullptr;
  });
  front->http->websocket({.path = "/throws"}, [](const std::shared_ptr<Socket>&) -> std::shared_ptr<SocketHandler> {
    throw std::runtime_error("no seats");
  });
  ASSERT_TRUE(front->http->activate());
  for (const char* path : {"/none", "/throws"}) {
    RawClient client(front->port());
    EXPECT_EQ(client.upgrade(path)->status, 500);
  }
  EXPECT_FALSE(kept->send("anything"));
  EXPECT_TRUE(front->log.contains("no seats"));
}

TEST_F(WebSocketFront, NeedsTheRoutesPermission) {
  front = std::make_unique<FrontFixture>();
  front->http->websocket({.path = "/ws", .access = Access::signed_in()},
                         [](std::shared_ptr<Socket> s) { return std::make_shared<Echo>(std::move(s), nullptr); });
  front->http->authenticator([](const HttpRequest& r) -> Result<Principal> {
    Principal who;
    if (r.header("authorization") == "Bearer good") who.type = Principal::Type::agent;
    return who;
  });
  ASSERT_TRUE(front->http->activate());
  RawClient stranger(front->port());
  EXPECT_EQ(stranger.upgrade("/ws")->status, 401);
  RawClient agent(front->port());
  EXPECT_EQ(agent.upgrade("/ws", "Authorization: Bearer good\r\n")->status, 101);
}

}  // namespace
}  // namespace qiao::test
