#include "plugins/partners/live_stock.hpp"

#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <thread>

#include "plugins/partners/secret.hpp"
#include "plugins/partners/tests/stock.hpp"
#include "qiao/testkit/manual_clock.hpp"

namespace qiao::partners {
namespace {

using namespace std::chrono_literals;

class FakeSocket final : public Socket {
 public:
  explicit FakeSocket(std::string origin) {
    upgrade_.remote = "10.0.0.1";
    if (!origin.empty()) upgrade_.headers.emplace_back("origin", std::move(origin));
  }
  bool send(std::shared_ptr<const std::string> text) override {
    const std::lock_guard lock(mutex_);
    frames.push_back(*text);
    return closed == 0;
  }
  void close(int code, std::string_view) override {
    const std::lock_guard lock(mutex_);
    if (closed == 0) closed = code;
  }
  [[nodiscard]] const HttpRequest& upgrade() const noexcept override { return upgrade_; }
  std::vector<std::string> take() { return std::exchange(frames, {}); }

  std::vector<std::string> frames;
  int closed = 0;

 private:
  std::mutex mutex_;
  HttpRequest upgrade_;
};

struct LiveStockTest : testing::Test {
  static constexpr const char* kOrigin = "https://shop.example.org";
  testkit::ManualClock clock;
  KeyRing ring;
  Gatekeeper gate{ring, clock, 1000};
  std::map<std::string, double> erp{{"A-1", 5}, {"A-2", 7}};
  bool erp_up = true;
  int asked = 0;
  std::shared_ptr<StockCache> cache =
      std::make_shared<StockCache>(clock, StockCacheSettings{1s, 1s, 0s, 100},
                                   [this](const std::string&, const std::vector<std::string>& skus,
                                          std::function<void(Result<contract::StockList>)> answer) {
                                     ++asked;
                                     if (!erp_up) return answer(Error{Errc::unavailable, "erp.unavailable", "down"});
                                     contract::StockList list;
                                     for (const std::string& sku : skus) {
                                       if (!erp.contains(sku)) {
                                         list.unknown.push_back(sku);
                                       } else {
                                         list.found.push_back(stock_of(sku, erp[sku], clock.now()));
                                       }
                                     }
                                     answer(list);
                                   });
  std::shared_ptr<LiveStock> live = std::make_shared<LiveStock>(cache, gate, clock, LiveSettings{5s, 3, 2});
  std::string secret = new_secret();
  KeyRecord key;

  LiveStockTest() {
    key.id = Id{1};
    key.kind = KeyKind::browser;
    key.name = "Shop";
    key.hash = secret_hash(secret);
    key.scopes = {"stock.read"};
    key.origins = {kOrigin};
    key.skus = {"A-*"};
    key.per_minute = 100;
    key.per_day = 1000;
    ring.put(key);
  }

  struct Client {
    std::shared_ptr<FakeSocket> socket;
    std::shared_ptr<SocketHandler> handler;
  };
  Client connect(const std::string& origin = kOrigin) {
    auto socket = std::make_shared<FakeSocket>(origin);
    return {socket, live->open(socket)};
  }
  void hello(const Client& client, const std::string& items = R"([{"sku":"A-1","warehouse":""}])") {
    client.handler->on_text(R"({"t":"hello","key":")" + secret + R"(","items":)" + items + "}");
  }
  void poll() {
    clock.advance(5s);
    live->poll();
  }
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_F(LiveStockTest, TellsTheStockAtOnceAndThenOnlyChanges) {
  const Client client = connect();
  hello(client);
  auto frames = client.socket->take();
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_TRUE(has(frames[0], R"("t":"welcome")"));
  EXPECT_TRUE(has(frames[1], R"("available":5)")) << frames[1];
  poll();
  EXPECT_TRUE(client.socket->take().empty());
  erp["A-1"] = 4;
  poll();
  frames = client.socket->take();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_TRUE(has(frames[0], R"("available":4)"));
}

TEST_F(LiveStockTest, ManyPagesCostOneQuestion) {
  std::vector<Client> clients{connect(), connect()};
  for (const Client& client : clients) hello(client);
  EXPECT_EQ(asked, 1);
  erp["A-1"] = 1;
  poll();
  EXPECT_EQ(asked, 2);
  for (const Client& client : clients) EXPECT_EQ(client.socket->take().size(), 3u);
}

TEST_F(LiveStockTest, WhatIsNotWatchedAnyMoreIsNotAskedFor) {
  const Client client = connect();
  hello(client);
  client.handler->on_text(R"({"t":"watch","items":[{"sku":"A-2","warehouse":""}]})");
  erp["A-1"] = 1;
  client.socket->take();
  poll();
  EXPECT_TRUE(client.socket->take().empty());
  client.handler->on_close(1000);
  const int before = asked;
  poll();
  EXPECT_EQ(asked, before);
  EXPECT_EQ(live->connections(), 0u);
}

TEST_F(LiveStockTest, UnknownAndUnavailableAreTold) {
  const Client client = connect();
  hello(client, R"([{"sku":"A-9","warehouse":""},{"sku":"A-1","warehouse":""}])");
  auto frames = client.socket->take();
  ASSERT_EQ(frames.size(), 3u);
  EXPECT_TRUE(has(frames[1], R"("t":"stock")"));
  EXPECT_TRUE(has(frames[2], R"("t":"unknown","sku":"A-9")"));
  erp_up = false;
  poll();
  frames = client.socket->take();
  ASSERT_EQ(frames.size(), 2u);
  EXPECT_TRUE(has(frames[0], R"("t":"unavailable")"));
  erp_up = true;
  poll();
  EXPECT_EQ(client.socket->take().size(), 2u);
}

TEST_F(LiveStockTest, WrongKeysAndPagesAreRefused) {
  const Client stranger = connect();
  stranger.handler->on_text(R"({"t":"hello","key":"qk_wrong","items":[]})");
  EXPECT_EQ(stranger.socket->closed, 4401);
  const Client elsewhere = connect("https://evil.example.org");
  hello(elsewhere);
  EXPECT_EQ(elsewhere.socket->closed, 4403);
  elsewhere.handler->on_close(4403);
  stranger.handler->on_close(4401);
  const Client rude = connect();
  rude.handler->on_text("hello");
  EXPECT_EQ(rude.socket->closed, 4400);
}

TEST_F(LiveStockTest, ARevokedKeyClosesItsConnectionsAtOnce) {
  const Client client = connect();
  hello(client);
  live->recheck();
  EXPECT_EQ(client.socket->closed, 0);
  key.revoked_at = clock.now();
  ring.put(key);
  live->recheck();
  EXPECT_EQ(client.socket->closed, 4401);
  EXPECT_TRUE(has(client.socket->frames.back(), "partners.revoked"));
}

TEST_F(LiveStockTest, ASkuThatTheKeyDoesNotOpenIsSaidSoAndTheOthersGoOn) {
  const Client client = connect();
  hello(client, R"([{"sku":"B-1","warehouse":""},{"sku":"A-1","warehouse":""}])");
  const auto frames = client.socket->take();
  ASSERT_EQ(frames.size(), 3u);
  EXPECT_TRUE(has(frames[1], R"("t":"forbidden","sku":"B-1")"));
  EXPECT_TRUE(has(frames[2], R"("available":5)"));
}

TEST_F(LiveStockTest, AKeyThatIsChangedOpensWhatItOpensNow) {
  const Client client = connect();
  hello(client, R"([{"sku":"A-1","warehouse":""},{"sku":"A-2","warehouse":""}])");
  client.socket->take();
  key.skus = {"A-2"};
  ring.put(key);
  live->recheck();
  auto frames = client.socket->take();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_TRUE(has(frames[0], R"("t":"forbidden","sku":"A-1")"));
  erp = {{"A-1", 1}, {"A-2", 1}};
  poll();
  frames = client.socket->take();
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_TRUE(has(frames[0], R"("sku":"A-2")"));
  key.origins = {"https://other.example.org"};
  ring.put(key);
  live->recheck();
  EXPECT_EQ(client.socket->closed, 4403);
}

TEST_F(LiveStockTest, EndsWithTheGraceOfAReplacedSecret) {
  const Client client = connect();
  hello(client);
  key.previous_hash = key.hash;
  key.previous_until = clock.now() + 1min;
  key.hash = secret_hash(new_secret());
  ring.put(key);
  live->recheck();
  EXPECT_EQ(client.socket->closed, 0);
  clock.advance(1min);
  live->recheck();
  EXPECT_EQ(client.socket->closed, 4401);
}

TEST_F(LiveStockTest, AKeyHasSoManyConnectionsAndTheHubTooAndWhoSaysNothingGoes) {
  const Client one = connect();
  const Client two = connect();
  hello(one);
  hello(two);
  const Client three = connect();
  hello(three);
  EXPECT_EQ(three.socket->closed, 4429);
  const Client four = connect();
  hello(four);
  EXPECT_EQ(four.socket->closed, 1013);
  two.handler->on_close(1000);
  three.handler->on_close(4429);
  four.handler->on_close(1013);
  const Client silent = connect();
  clock.advance(10s);
  live->recheck();
  EXPECT_EQ(silent.socket->closed, 4408);
  EXPECT_EQ(one.socket->closed, 0);
}

TEST(LiveStockThreads, ConnectionsComeAndGoWhileStockAndKeysChange) {
  testkit::ManualClock clock;
  KeyRing ring;
  const Gatekeeper gate(ring, clock, 1000000);
  KeyRecord key;
  const std::string secret = new_secret();
  key.id = Id{1};
  key.name = "Server";
  key.hash = secret_hash(secret);
  key.scopes = {"stock.read"};
  key.per_minute = 1000000;
  key.per_day = 1000000;
  ring.put(key);
  std::atomic<int> available{0};
  const auto cache = std::make_shared<StockCache>(clock, StockCacheSettings{0s, 0s, 1min, 100},
                                                  [&](const std::string&, const std::vector<std::string>& skus,
                                                      const std::function<void(Result<contract::StockList>)>& answer) {
                                                    contract::StockList list;
                                                    for (const std::string& sku : skus)
                                                      list.found.push_back(stock_of(sku, ++available, clock.now()));
                                                    answer(list);
                                                  });
  const auto live = std::make_shared<LiveStock>(cache, gate, clock, LiveSettings{5s, 1000, 1000});
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 200; ++i) {
        auto socket = std::make_shared<FakeSocket>("");
        const auto handler = live->open(socket);
        const std::string sku = R"([{"sku":"A-)" + std::to_string((i + t) % 5) + R"(","warehouse":""}])";
        handler->on_text(R"({"t":"hello","key":")" + secret + R"(","items":)" + sku + "}");
        handler->on_text(R"({"t":"watch","items":)" + sku + "}");
        handler->on_close(1000);
      }
    });
  }
  threads.emplace_back([&] {
    KeyRecord changed = key;
    for (int i = 0; i < 200; ++i) {
      live->poll();
      changed.per_minute = 1000000 - i;
      ring.put(changed);
      live->recheck();
    }
  });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(live->connections(), 0u);
  EXPECT_EQ(ring.of(Id{1}).activity->live.load(), 0);
}

}  // namespace
}  // namespace qiao::partners
