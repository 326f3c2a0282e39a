#include <benchmark/benchmark.h>

#include "qiao/contract/tickets.hpp"
#include "qiao/testkit/test_hub.hpp"

namespace qiao::contacts {
namespace {

/// A file of so many customers with a name, a phone number, an address, a company, two tags and two attributes.
std::string customers(std::int64_t count) {
  std::string csv = "name,phone,email,company,tier,tags,attr:size,attr:skin\n";
  for (std::int64_t i = 0; i < count; ++i) {
    csv += fmt::format("客户{0},139{0:08},c{0}@example.com,公司{1},gold,vip|老客,{2},dry\n", i, i % 200, 36 + i % 8);
  }
  return csv;
}

class ImportBench : public benchmark::Fixture {
 public:
  void SetUp(benchmark::State& state) override {
    testkit::HubOptions options;
    options.threads = true;
    options.http = true;
    options.plugin_dirs = {QIAO_PLUGIN_DIR, QIAO_CONTACTS_TEST_PLUGINS};
    hub = std::make_unique<testkit::TestHub>(options);
    for (const char* plugin : {"contacts-test-door", "inbox", "contacts"}) hub->start_plugin(plugin);
    csv = customers(state.range(0));
  }
  void TearDown(benchmark::State&) override { hub.reset(); }

  void import(benchmark::State& state) {
    const auto answer = hub->http("POST", "/api/v1/contacts/import", csv,
                                  {{"Authorization", "Bearer 1;*"}, {"Content-Type", "text/csv"}});
    if (answer.status != 200) state.SkipWithError(answer.body.c_str());
  }

  std::unique_ptr<testkit::TestHub> hub;
  std::string csv;
};

/// First all are made, then all are found and left as they are.
BENCHMARK_DEFINE_F(ImportBench, MakesContacts)(benchmark::State& state) {
  for (auto _ : state) import(state);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK_REGISTER_F(ImportBench, MakesContacts)
    ->Arg(10'000)
    ->Iterations(1)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

BENCHMARK_DEFINE_F(ImportBench, FindsContacts)(benchmark::State& state) {
  import(state);
  for (auto _ : state) import(state);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK_REGISTER_F(ImportBench, FindsContacts)
    ->Arg(10'000)
    ->Iterations(1)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace qiao::contacts

BENCHMARK_MAIN();
