#include <benchmark/benchmark.h>

#include "qiao/contract/conversation.hpp"
#include "qiao/contract/routing.hpp"
#include "qiao/testkit/test_hub.hpp"

namespace qiao::inbox::bench {
namespace {

using namespace contract;
using namespace std::chrono_literals;

/// 100 customers in service, each with one message of 100 bytes in flight; counted until all of a round are synced and
/// told.
class Customers {
 public:
  Customers() : hub_(options()) {
    hub_.serve<DecideRoute>(
        [](const DecideRoute&, const Headers&) { return RouteDecision{"after-sales", Id{7}, "李婷", 0, 0, "bench"}; });
    hub_.start_plugin("inbox");
    for (int i = 0; i < kCustomers; ++i) {
      auto opened = hub_.ask(message(i));
      if (opened) static_cast<void>(hub_.ask(Handoff{opened->conversation, "", "asked"}, {10s}));
    }
    hub_.run_until_idle();
  }

  void round(int messages) {
    left_ = messages;
    to_send_ = messages;
    for (int i = 0; i < kCustomers; ++i) send(i);
    hub_.wait_until([this] { return left_ <= 0; }, 60s);
  }

 private:
  static constexpr int kCustomers = 100;
  static testkit::HubOptions options() {
    testkit::HubOptions options;
    options.threads = true;
    return options;
  }
  AcceptMessage message(int customer) {
    AcceptMessage m;
    m.channel = "web";
    m.user = fmt::format("7301000000000{:06}", customer);
    // As random as the UUIDs of clients: the unique key is the part that hurts.
    const auto number = static_cast<std::uint64_t>(++number_);
    m.external_id = fmt::format("{:016x}-{:016x}", number * 0x9E3779B97F4A7C15ull, number);
    m.content.text = std::string(100, 'x');
    return m;
  }
  void send(int customer) {
    if (to_send_.fetch_sub(1) <= 0) return;
    hub_.bus().request(message(customer), 10s, [this, customer](const Result<Accepted>&) {
      left_.fetch_sub(1);
      send(customer);
    });
  }

  std::atomic<std::int64_t> number_{0};
  std::atomic<int> to_send_{0};
  std::atomic<int> left_{0};
  testkit::TestHub hub_;
};

void accept(benchmark::State& state) {
  Customers customers;
  constexpr int kMessages = 10'000;
  for (auto _ : state) customers.round(kMessages);
  state.SetItemsProcessed(state.iterations() * kMessages);
}
BENCHMARK(accept)->Iterations(5)->Unit(benchmark::kMillisecond)->MeasureProcessCPUTime()->UseRealTime();

}  // namespace
}  // namespace qiao::inbox::bench

BENCHMARK_MAIN();
