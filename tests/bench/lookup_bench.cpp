// What an answer from memory costs. Repeat: build/release/bin/lookup_bench
#include <benchmark/benchmark.h>

#include "qiao/contract/erp.hpp"
#include "qiao/lookup.hpp"
#include "qiao/testkit/test_hub.hpp"
#include "tests/unit/sdk/lookup_host.hpp"

namespace {

using namespace qiao;
using namespace std::chrono_literals;

struct World {
  World() : host(hub.bus(), system_clock()) {
    LookupSettings settings;
    settings.fresh_for = 24h;
    stock.emplace(host, "stock", settings, [](std::span<const std::string> skus) {
      Lookup<contract::Stock>::Values values;
      for (const std::string& sku : skus) {
        auto one = std::make_shared<contract::Stock>();
        one->sku = sku;
        one->name = "轻薄羽绒服";
        one->levels.resize(3);
        values.push_back(std::move(one));
      }
      return Result<Lookup<contract::Stock>::Values>(std::move(values));
    });
    for (int i = 0; i < 1000; ++i) {
      keys.push_back("SKU-" + std::to_string(i));
      stock->get(keys.back(), [](const Result<Aged<contract::Stock>>&) {});
    }
    hub.run_until_idle();
  }
  testkit::TestHub hub;
  test::LookupHost host;
  std::optional<Lookup<contract::Stock>> stock;
  std::vector<std::string> keys;
};

World& world() {
  static World w;
  return w;
}

/// With the copy of the stock (three warehouses) that the asker gets.
void lookup_from_memory(benchmark::State& state) {
  World& w = world();
  std::size_t i = static_cast<std::size_t>(state.thread_index()) * 37;
  double sum = 0;
  for (auto _ : state) {
    w.stock->get(w.keys[i++ % w.keys.size()], [&](const Result<Aged<contract::Stock>>& a) { sum += a->value.on_hand; });
  }
  benchmark::DoNotOptimize(sum);
}
BENCHMARK(lookup_from_memory)->Threads(1)->Threads(2);

/// The same without it: what the lookup itself takes.
void lookup_itself(benchmark::State& state) {
  World& w = world();
  static Lookup<int>* const numbers = [&w] {
    LookupSettings settings;
    settings.fresh_for = 24h;
    auto* made = new Lookup<int>(w.host, "numbers", settings, [](std::span<const std::string> keys) {
      return Result<Lookup<int>::Values>(Lookup<int>::Values(keys.size(), std::make_shared<const int>(1)));
    });
    for (const std::string& key : w.keys) made->get(key, [](const Result<Aged<int>>&) {});
    w.hub.run_until_idle();
    return made;
  }();
  std::size_t i = 0;
  int sum = 0;
  for (auto _ : state) {
    numbers->get(w.keys[i++ % w.keys.size()], [&](const Result<Aged<int>>& a) { sum += a->value; });
  }
  benchmark::DoNotOptimize(sum);
}
BENCHMARK(lookup_itself);

}  // namespace

BENCHMARK_MAIN();
