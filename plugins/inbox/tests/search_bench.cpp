// Searching in many messages. QIAO_SEARCH_MESSAGES says how many (5,000); the figures of the documentation are of
// 200,000:
//   QIAO_SEARCH_MESSAGES=200000 build/release/bin/inbox_search_bench
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <random>

#include "qiao/contract/conversation.hpp"
#include "qiao/contract/routing.hpp"
#include "qiao/testkit/test_hub.hpp"

namespace qiao::inbox::bench {
namespace {

using namespace contract;
using namespace std::chrono_literals;

constexpr const char* kWords[] = {
    "退货", "退款",     "快递",   "物流", "草莓", "牛奶", "坏了", "过期",     "订单",   "发票",  "地址",
    "电话", "什么时候", "怎么",   "收到", "没有", "已经", "三天", "客服",     "您好",   "谢谢",  "麻烦",
    "帮我", "查一下",   "优惠券", "会员", "积分", "支付", "微信", "支付宝",   "取消",   "修改",  "配送",
    "延迟", "冷链",     "包装",   "破损", "补发", "赔偿", "有机", "苹果",     "樱桃",   "海鲜",  "库存",
    "预售", "生日",     "礼盒",   "北京", "上海", "广州", "仓库", "delivery", "refund", "order", "please"};
constexpr int kCustomers = 2000;

class Shop {
 public:
  Shop() : hub_(options()), random_(42) {
    hub_.serve<DecideRoute>(
        [](const DecideRoute&, const Headers&) { return RouteDecision{"after-sales", Id{7}, "李婷", 0, 0, "bench"}; });
    hub_.start_plugin("inbox-test-door");
    hub_.start_plugin("inbox");
    const char* asked = std::getenv("QIAO_SEARCH_MESSAGES");
    const int messages = asked != nullptr ? std::atoi(asked) : 5000;
    for (int i = 0; i < 200; ++i) send(messages);
    hub_.wait_until([&] { return stored_ >= messages; }, 3600s);
    indexed_in_ = std::chrono::steady_clock::now();
    hub_.wait_until([this] { return number("SELECT position FROM inbox_text_state") >= last_; }, 3600s);
    index_seconds_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - indexed_in_).count();
  }
  void search(const std::string& words) {
    const auto answer = hub_.http("GET", "/api/v1/conversations?view=any&limit=20&search=" + words, {},
                                  {{"Authorization", "Bearer 9;conversations;conversations.all"}});
    if (answer.status != 200) std::abort();
  }
  std::int64_t number(const std::string& sql) {
    std::int64_t value = 0;
    static_cast<void>(hub_.store().read([&](Session& s) -> Result<void> {
      auto rows = s.query(sql);
      if (rows->next()) value = rows->integer(0);
      return rows->status();
    }));
    return value;
  }
  [[nodiscard]] double index_seconds() const { return index_seconds_; }

  static Shop& shared() {
    static Shop shop;
    return shop;
  }

 private:
  static testkit::HubOptions options() {
    testkit::HubOptions options;
    options.threads = true;
    options.http = true;
    options.plugin_dirs = {QIAO_PLUGIN_DIR, QIAO_INBOX_TEST_PLUGINS};
    return options;
  }
  std::string text() {
    std::string words;
    const int count = 6 + static_cast<int>(random_() % 12);
    for (int i = 0; i < count; ++i) {
      const std::string word = kWords[random_() % std::size(kWords)];
      words += (word[0] > 0 ? " " + word + " " : word);
    }
    return words + fmt::format(" SO-2026{:06}", random_() % 1'000'000);
  }
  void send(int messages) {
    AcceptMessage m;
    {
      const std::lock_guard lock(mutex_);
      if (sent_ >= messages) return;
      m.channel = "web";
      m.user = fmt::format("v{}", sent_ % kCustomers);
      m.external_id = fmt::format("{}", ++sent_);
      m.content.text = text();
    }
    hub_.bus().request(std::move(m), 60s, [this, messages](const Result<Accepted>& accepted) {
      if (accepted) {
        std::int64_t before = last_;
        while (before < accepted->message.value && !last_.compare_exchange_weak(before, accepted->message.value)) {
        }
      }
      ++stored_;
      send(messages);
    });
  }

  std::mutex mutex_;
  int sent_ = 0;
  std::atomic<int> stored_{0};
  std::atomic<std::int64_t> last_{0};
  std::chrono::steady_clock::time_point indexed_in_;
  double index_seconds_ = 0;
  testkit::TestHub hub_;
  std::mt19937 random_;
};

void search(benchmark::State& state, const std::string& words) {
  Shop& shop = Shop::shared();
  std::vector<double> took;
  for (auto _ : state) {
    const auto from = std::chrono::steady_clock::now();
    shop.search(words);
    took.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - from).count());
  }
  std::sort(took.begin(), took.end());
  state.counters["p50_ms"] = took[took.size() / 2];
  state.counters["p99_ms"] = took[std::min(took.size() - 1, took.size() * 99 / 100)];
  state.counters["index_MB"] =
      static_cast<double>(shop.number("SELECT SUM(pgsize) FROM dbstat WHERE name LIKE 'inbox_text%'")) / 1e6;
  state.counters["messages_MB"] =
      static_cast<double>(shop.number("SELECT SUM(pgsize) FROM dbstat WHERE name LIKE 'inbox_message%'")) / 1e6;
  state.counters["catch_up_s"] = shop.index_seconds();
}

BENCHMARK_CAPTURE(search, two_characters_common, "%E9%80%80%E8%B4%A7")->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(search, two_words, "%E8%8D%89%E8%8E%93%20%E7%A0%B4%E6%8D%9F")
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(search, phrase_rare, "%E6%A8%B1%E6%A1%83%E7%94%9F%E6%97%A5%E7%A4%BC%E7%9B%92")
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();
BENCHMARK_CAPTURE(search, order_number, "SO-2026123456")->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(search, english, "refund%20deliv")->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK_CAPTURE(search, not_there, "%E6%9C%88%E7%90%83")->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace qiao::inbox::bench

BENCHMARK_MAIN();
