// What encryption costs: a seal and an open of a message's text with the person's key in memory, and with a key that
// has to be read; a keyed hash; an entry of the audit log in a write of its own is the store's figure, not measured
// here.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>

#include "core/observe/health.hpp"
#include "core/observe/log.hpp"
#include "core/observe/metrics.hpp"
#include "core/vault/field_vault.hpp"

namespace {

using namespace qiao;
using namespace qiao::core;

struct Hub {
  Logs logs{{}, [](std::string_view) {}};
  MetricsRegistry metrics;
  HealthBoard health;
  std::filesystem::path folder = std::filesystem::temp_directory_path() / fmt::format("qiao-vault-bench-{}", getpid());
  std::unique_ptr<Store> store;
  std::unique_ptr<InstanceStore> db;
  std::unique_ptr<FieldVault> vault;

  explicit Hub(std::size_t cached = 16'384) {
    std::filesystem::remove_all(folder);
    StoreSettings settings;
    settings.folder = folder;
    store = std::move(*Store::open(settings, {logs.logger("store"), metrics, health.for_instance("store")}));
    FieldVault::Settings keys;
    keys.masters.current = *MasterKey::parse(std::string(64, '1'));
    keys.keys.cached = cached;
    vault = std::move(
        *FieldVault::open(store->for_instance("vault"), std::move(keys), logs.logger("vault"), system_clock()));
    db = store->for_instance("bench");
  }
  ~Hub() {
    db.reset();
    vault.reset();
    store.reset();
    std::filesystem::remove_all(folder);
  }
  /// Inside one transaction, as the writer seals; the result of `work` is thrown away.
  template <class F>
  void in_write(F&& work) {
    if (!db->write_and_wait([&](Session& session) -> Result<void> { return work(session), Result<void>(); })) {
      std::abort();
    }
  }
};

void seal(benchmark::State& state) {
  Hub hub;
  const std::string text(static_cast<std::size_t>(state.range(0)), 'x');
  hub.in_write([&](Session& session) {
    std::int64_t row = 0;
    for (auto _ : state) {
      benchmark::DoNotOptimize(hub.vault->seal(session, Id{1 + row % 1000}, {"inbox_message", "body", row}, text));
      ++row;
    }
  });
}
BENCHMARK(seal)->Arg(20)->Arg(100)->Arg(1000)->Arg(8000);

void open_cached(benchmark::State& state) {
  Hub hub;
  const std::string text(static_cast<std::size_t>(state.range(0)), 'x');
  hub.in_write([&](Session& session) {
    const std::string sealed = *hub.vault->seal(session, Id{1}, {"inbox_message", "body", 1}, text);
    for (auto _ : state) benchmark::DoNotOptimize(hub.vault->open(session, {"inbox_message", "body", 1}, sealed));
  });
}
BENCHMARK(open_cached)->Arg(20)->Arg(100)->Arg(1000)->Arg(8000);

void open_with_a_key_to_read(benchmark::State& state) {
  constexpr std::int64_t kPeople = 1000;
  Hub hub(1);
  hub.in_write([&](Session& session) {
    std::vector<std::string> sealed;
    for (std::int64_t i = 0; i < kPeople; ++i) {
      sealed.push_back(*hub.vault->seal(session, Id{i + 1}, {"inbox_message", "body", i}, std::string(100, 'x')));
    }
    std::int64_t i = 0;
    for (auto _ : state) {
      i = (i + 1) % kPeople;
      benchmark::DoNotOptimize(
          hub.vault->open(session, {"inbox_message", "body", i}, sealed[static_cast<std::size_t>(i)]));
    }
  });
}
BENCHMARK(open_with_a_key_to_read);

void blind(benchmark::State& state) {
  Hub hub;
  for (auto _ : state) benchmark::DoNotOptimize(hub.vault->blind("contacts.phone", "13800138000"));
}
BENCHMARK(blind);

}  // namespace
