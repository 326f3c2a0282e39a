#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "front_fixture.hpp"

namespace qiao::test {
namespace {

Route route(std::string path, qiao::Run run = qiao::Run::direct) {
  return {.method = "GET", .path = std::move(path), .access = Access::anyone(), .run = run};
}

Http::RawHandler says(std::string text) {
  return [text](const auto&, const HttpReply& reply) { reply({.content_type = "text/plain", .body = text}); };
}

class Quiet final : public SocketHandler {
 public:
  explicit Quiet(std::atomic<int>& alive) : alive_(alive) { ++alive_; }
  ~Quiet() override { --alive_; }
  void on_text(std::string_view) override {}
  void on_close(int code) override { last_code = code; }
  inline static std::atomic<int> last_code{0};

 private:
  std::atomic<int>& alive_;
};

TEST(Instances, AreReachableFromActivateToRevoke) {
  FrontFixture front;
  RawClient client(front.port());
  front.http->raw(route("/x"), says("here"));
  EXPECT_EQ(client.ask(get("/x"))->status, 404);
  ASSERT_TRUE(front.http->activate());
  EXPECT_EQ(client.ask(get("/x"))->body, "here");
  EXPECT_TRUE(front.http->revoke());
  EXPECT_EQ(client.ask(get("/x"))->status, 404);
  EXPECT_TRUE(front.http->revoke()) << "again does nothing";
}

TEST(Instances, CannotTakeARouteTwice) {
  FrontFixture front;
  front.http->raw(route("/x/{id}"), says("first"));
  ASSERT_TRUE(front.http->activate());
  const auto other = front.gateway->attach("other");
  other->raw(route("/y"), says("y"));
  other->raw(route("/x/{name}"), says("second"));
  const auto activated = other->activate();
  ASSERT_FALSE(activated);
  EXPECT_EQ(activated.error().id, "http.route_taken");
  EXPECT_NE(activated.error().message.find("GET /x/{name} of other is taken by /x/{id} of test"), std::string::npos)
      << activated.error().message;
  RawClient client(front.port());
  EXPECT_EQ(client.ask(get("/y"))->status, 404) << "nothing of it became visible";
}

TEST(Instances, ReportAllMistakesAtOnce) {
  FrontFixture front;
  front.http->raw({.method = "FETCH", .path = "/a", .access = Access::anyone()}, says(""));
  front.http->raw({.method = "GET", .path = "b/{", .access = Access::anyone()}, says(""));
  front.http->raw({.method = "GET", .path = "/c", .access = {}}, says(""));
  front.http->files("d", "/tmp", {}, "");
  const auto activated = front.http->activate();
  ASSERT_FALSE(activated);
  for (const char* part : {"FETCH /a", "\"b/{\"", "GET /c: says nothing about who may call it", "\"d\""}) {
    EXPECT_NE(activated.error().message.find(part), std::string::npos) << activated.error().message;
  }
}

TEST(Instances, AreReplacedBetweenTwoRequestsWithoutAGap) {
  FrontFixture front;
  front.http->raw(route("/x"), says("0"));
  ASSERT_TRUE(front.http->activate());
  std::atomic<bool> stop{false};
  std::atomic<int> asked{0};
  std::atomic<int> wrong{0};
  std::thread visitor([&] {
    RawClient client(front.port());
    int newest = 0;
    while (!stop) {
      const auto response = client.ask(get("/x"));
      const int version = response && response->status == 200 ? std::stoi(response->body) : -1;
      if (version < newest) ++wrong;
      newest = version;
      ++asked;
    }
  });
  for (int version = 1; version <= 50; ++version) {
    const int before = asked;
    ASSERT_TRUE(FrontFixture::eventually([&] { return asked > before; }));
    auto fresh = front.gateway->attach("test");
    fresh->raw(route("/x"), says(std::to_string(version)));
    ASSERT_TRUE(front.gateway->replace(*front.http, *fresh));
    ASSERT_TRUE(front.http->revoke());
    front.http = std::move(fresh);
  }
  stop = true;
  visitor.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Instances, AnswerARequestWhoseBodyArrivedAcrossAReplacement) {
  FrontFixture front;
  const Route upload{.method = "POST", .path = "/up", .access = Access::anyone(), .run = qiao::Run::direct};
  front.http->raw(upload, says("old"));
  front.http->raw(route("/x"), says("x"));
  ASSERT_TRUE(front.http->activate());
  RawClient client(front.port());
  client.send(get("/x") + "POST /up HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nab");
  EXPECT_EQ(client.read_response()->body, "x");
  auto fresh = front.gateway->attach("test");
  fresh->raw(upload, says("new"));
  ASSERT_TRUE(front.gateway->replace(*front.http, *fresh));
  ASSERT_TRUE(front.http->revoke());
  EXPECT_EQ(client.ask("cd")->body, "new");
  front.http = std::move(fresh);
}

TEST(Instances, WaitForTheirRunningHandlersWhenRevoked) {
  FrontFixture front;
  std::promise<void> entered;
  std::promise<void> leave;
  front.http->raw(route("/x", qiao::Run::blocking), [&](const auto&, const HttpReply& reply) {
    entered.set_value();
    leave.get_future().wait();
    reply({.body = "done"});
  });
  ASSERT_TRUE(front.http->activate());
  RawClient client(front.port());
  client.send(get("/x"));
  entered.get_future().wait();
  EXPECT_FALSE(front.http->revoke(std::chrono::milliseconds(10))) << "it says so when one does not come back";
  std::thread releaser([&] { leave.set_value(); });
  EXPECT_TRUE(front.http->revoke());
  EXPECT_EQ(client.read_response()->body, "done");
  releaser.join();
}

TEST(Instances, FinishWhatIsQueuedForThePoolWhenRevoked) {
  FrontFixture front;
  front.http->raw(route("/x", qiao::Run::blocking), says("queued"));
  ASSERT_TRUE(front.http->activate());
  front.pool.hold();
  RawClient client(front.port());
  client.send(get("/x"));
  RawClient other(front.port());
  EXPECT_EQ(other.ask(get("/api/openapi.json"))->status, 200);
  EXPECT_TRUE(FrontFixture::eventually([&] { return !front.http->revoke(std::chrono::milliseconds(1)) || true; }));
  front.pool.release();
  EXPECT_TRUE(front.http->revoke());
  const auto response = client.read_response();
  EXPECT_TRUE(response->body == "queued" || response->status == 404) << "answered either way, never dropped";
}

TEST(Instances, DestroyWhatThePluginGaveWhenRevoked) {
  FrontFixture front;
  const auto witness = std::make_shared<int>(1);
  front.http->raw(route("/x"), [witness](const auto&, const HttpReply& reply) { reply({.body = "{}"}); });
  front.http->websocket({.path = "/ws"}, [witness](const std::shared_ptr<Socket>&) { return nullptr; });
  front.http->authenticator([witness](const HttpRequest&) -> Result<Principal> { return Principal{}; });
  ASSERT_TRUE(front.http->activate());
  RawClient client(front.port());
  EXPECT_EQ(client.ask(get("/x"))->status, 200);
  EXPECT_GT(witness.use_count(), 1);
  EXPECT_TRUE(front.http->revoke());
  EXPECT_EQ(witness.use_count(), 1);
}

TEST(Instances, CloseTheirSocketsWhenRevoked) {
  FrontFixture front;
  std::atomic<int> alive{0};
  front.http->websocket({.path = "/ws"},
                        [&](const std::shared_ptr<Socket>&) { return std::make_shared<Quiet>(alive); });
  ASSERT_TRUE(front.http->activate());
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 20; ++i) {
    clients.push_back(std::make_unique<RawClient>(front.port()));
    ASSERT_EQ(clients.back()->upgrade("/ws")->status, 101);
  }
  EXPECT_EQ(alive, 20);
  Quiet::last_code = 0;
  EXPECT_TRUE(front.http->revoke());
  EXPECT_EQ(alive, 0) << "no object of the plugin is left when revoke returns";
  EXPECT_EQ(Quiet::last_code, 1012);
  for (auto& client : clients) EXPECT_EQ(client->read_close(), 1012);
}

TEST(GatewayStop, FinishesWhatRunsAndSaysGoodbyeToSockets) {
  FrontFixture front;
  std::atomic<int> alive{0};
  std::promise<HttpReply> pending;
  front.http->websocket({.path = "/ws"},
                        [&](const std::shared_ptr<Socket>&) { return std::make_shared<Quiet>(alive); });
  front.http->raw(route("/x"), [&](const auto&, const HttpReply& reply) { pending.set_value(reply); });
  ASSERT_TRUE(front.http->activate());
  RawClient idle(front.port());
  RawClient busy(front.port());
  RawClient socket(front.port());
  EXPECT_EQ(idle.ask(get("/none"))->status, 404);
  ASSERT_EQ(socket.upgrade("/ws")->status, 101);
  busy.send(get("/x"));
  HttpReply reply = pending.get_future().get();
  std::thread stopping([&] { front.gateway->stop(); });
  EXPECT_TRUE(idle.closed_by_server());
  EXPECT_EQ(socket.read_close(), 1001);
  socket.send(RawClient::frame(8, std::string("\x03\xe9", 2)));
  reply({.body = "late but whole"});
  const auto response = busy.read_response();
  EXPECT_EQ(response->body, "late but whole");
  EXPECT_EQ(response->header("connection"), "close");
  busy.finish_sending();
  EXPECT_TRUE(busy.closed_by_server());
  stopping.join();
  EXPECT_EQ(front.gateway->open_connections(), 0u);
  EXPECT_EQ(alive, 0);
}

// What the kernel announces once only must not be lost.

TEST(GatewayEvents, AClientThatClosesItsSideWithTheRequestIsAnswered) {
  FrontFixture front;
  front.http->raw(route("/x"), [](const auto&, const HttpReply& reply) { reply({.body = "answer"}); });
  ASSERT_TRUE(front.http->activate());
  RawClient client(front.port());
  client.send(get("/x"));
  client.finish_sending();
  EXPECT_EQ(client.read_response()->body, "answer");
  EXPECT_TRUE(client.closed_by_server());
}

TEST(GatewayEvents, WhatArrivesWhileAHandlerWorksIsReadAfterwards) {
  FrontFixture front;
  std::promise<HttpReply> pending;
  front.http->raw(route("/slow"), [&](const auto&, const HttpReply& reply) { pending.set_value(reply); });
  front.http->raw(route("/x"), [](const auto&, const HttpReply& reply) { reply({.body = "second"}); });
  ASSERT_TRUE(front.http->activate());
  RawClient client(front.port());
  client.send(get("/slow"));
  const HttpReply reply = pending.get_future().get();
  client.send(get("/x"));
  reply({.body = "first"});
  EXPECT_EQ(client.read_response()->body, "first");
  EXPECT_EQ(client.read_response()->body, "second");
}

TEST(GatewayEvents, ABodyLargerThanManyReadsArrivesWhole) {
  FrontFixture front;
  Route upload{.method = "POST", .path = "/up", .access = Access::anyone(), .run = Run::direct};
  upload.max_body = 8 << 20;
  front.http->raw(upload,
                  [](const auto& r, const HttpReply& reply) { reply({.body = std::to_string(r->body.size())}); });
  ASSERT_TRUE(front.http->activate());
  RawClient client(front.port());
  EXPECT_EQ(client.ask(post("/up", std::string(5 << 20, 'x')))->body, std::to_string(5 << 20));
}

TEST(GatewayEvents, AnAnswerLargerThanTheSocketTakesArrivesWhole) {
  FrontFixture front;
  const std::string large(16 << 20, 'y');
  front.http->raw(route("/x"), [&](const auto&, const HttpReply& reply) { reply({.body = large}); });
  ASSERT_TRUE(front.http->activate());
  RawClient client(front.port());
  EXPECT_EQ(client.ask(get("/x"))->body.size(), large.size());
}

TEST(GatewayStop, DropsRepliesThatComeAfterwards) {
  FrontFixture front;
  std::promise<HttpReply> pending;
  front.http->raw(route("/x"), [&](const auto&, const HttpReply& reply) { pending.set_value(reply); });
  ASSERT_TRUE(front.http->activate());
  RawClient client(front.port());
  client.send(get("/x"));
  HttpReply reply = pending.get_future().get();
  front.gateway->stop(std::chrono::milliseconds(1));
  EXPECT_TRUE(client.closed_by_server());
  reply({.body = "nobody listens"});
}

TEST(GatewayThreads, AreMarkedAndShareTheConnections) {
  CapturingLogger log;
  core::MetricsRegistry metrics;
  std::atomic<int> started{0};
  auto options = quick_options();
  options.threads = 3;
  core::Gateway gateway(options,
                        {log, metrics, [](const std::function<void()>&) { return false; }, [&] { ++started; }});
  auto http = gateway.attach("test");
  std::mutex mutex;
  std::set<std::thread::id> threads;
  http->raw(route("/x"), [&](const auto&, const HttpReply& reply) {
    std::lock_guard lock(mutex);
    threads.insert(std::this_thread::get_id());
    reply({.body = "{}"});
  });
  ASSERT_TRUE(http->activate());
  ASSERT_TRUE(gateway.start());
  EXPECT_EQ(started, 3);
  for (int i = 0; i < 9; ++i) {
    RawClient client(gateway.port());
    EXPECT_EQ(client.ask(get("/x"))->status, 200);
  }
  std::lock_guard lock(mutex);
  EXPECT_EQ(threads.size(), 3u);
}

}  // namespace
}  // namespace qiao::test
