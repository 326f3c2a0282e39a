#include <gtest/gtest.h>

#include "core/config/yaml_reader.hpp"
#include "tests/fixtures/config/plugins/stock_config.hpp"

namespace qiao::core {
namespace {

using namespace std::chrono_literals;
using fixture::StockConfig;

Section yaml(std::string_view text) {
  auto section = section_from_yaml(text);
  EXPECT_TRUE(section) << section.error().message;
  return *section;
}

TEST(Binding, FillsInWhatIsWrittenAndTheDefaults) {
  const auto config = yaml(
                          "endpoint: https://erp.example.org/v1\n"
                          "token: 007\n"
                          "timeout: 2s\n"
                          "currency: eur\n"
                          "warehouses: [{name: berlin}, {name: hamburg, priority: 2}]\n"
                          "thresholds: {A-100: 5}\n"
                          "retry: {pause: 50ms}\n")
                          .bind<StockConfig>();
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->endpoint, "https://erp.example.org/v1");
  EXPECT_EQ(config->token.reveal(), "007");
  EXPECT_EQ(config->timeout, 2s);
  EXPECT_EQ(config->cache, 4_MB);
  EXPECT_DOUBLE_EQ(config->safety_margin, 0.1);
  EXPECT_EQ(config->currency, fixture::Currency::eur);
  EXPECT_EQ(config->country, "CN");
  EXPECT_FALSE(config->port);
  ASSERT_EQ(config->warehouses.size(), 2U);
  EXPECT_EQ(config->warehouses[0].priority, 10);
  EXPECT_EQ(config->warehouses[1].priority, 2);
  EXPECT_EQ(config->thresholds.at("A-100"), 5);
  EXPECT_EQ(config->retry.attempts, 3U);
  EXPECT_EQ(config->retry.pause, 50ms);
}

TEST(Binding, TellsAllMistakesAtOnceInOneError) {
  const auto config = yaml("endpoint: erp\ntimout: 1s\n").bind<StockConfig>();
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, Errc::bad_value);
  EXPECT_EQ(config.error().id, "config.invalid");
  EXPECT_EQ(config.error().message,
            "1:1: error[config.missing_key]: token: required key is missing\n"
            "1:11: error[config.bad_value]: endpoint: expected a URL, got \"erp\"\n"
            "2:1: error[config.unknown_key]: timout: unknown key; did you mean \"timeout\"?");
}

TEST(Binding, GivesMistakesAsAListToo) {
  std::vector<ConfigProblem> problems;
  EXPECT_FALSE(yaml("endpoint: https://erp.example.org\ntoken: t\nport: 65536\n").bind<StockConfig>(problems));
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].id, "config.out_of_range");
  EXPECT_EQ(problems[0].path, "port");
  EXPECT_EQ(problems[0].line, 3U);
  EXPECT_EQ(problems[0].message, "must be between 0 and 65535, got 65536");
}

TEST(Binding, ChecksARecordWithoutKnowingItsType) {
  std::vector<ConfigProblem> problems;
  yaml("endpoint: https://erp.example.org\n").check(schema_of<StockConfig>(), problems);
  ASSERT_EQ(problems.size(), 1U);
  EXPECT_EQ(problems[0].path, "token");
}

TEST(Binding, TakesAnEmptySectionForAllDefaults) {
  const auto retry = Section().bind<fixture::Retry>();
  ASSERT_TRUE(retry);
  EXPECT_EQ(retry->attempts, 3U);
}

struct Odd {
  std::chrono::seconds whole{};
  std::vector<std::string> words;
  std::optional<fixture::Retry> retry;
  std::map<std::string, fixture::Warehouse> stores;
  Section later;
  bool on = false;
  std::uint64_t large = 0;
};
void describe(Schema<Odd>& s) {
  s.optional("whole", &Odd::whole, 5s);
  s.optional("words", &Odd::words, {"a", "b"}).choices({"a", "b", "c"});
  s.optional("retry", &Odd::retry);
  s.optional("stores", &Odd::stores);
  s.optional("later", &Odd::later);
  s.optional("on", &Odd::on, true);
  s.optional("large", &Odd::large).max(10);
}

TEST(Binding, RefusesADurationThatItsTypeCannotHold) {
  const auto odd = yaml("whole: 1500ms\n").bind<Odd>();
  ASSERT_FALSE(odd);
  EXPECT_EQ(odd.error().message, "1:8: error[config.bad_value]: whole: expected a multiple of 1s, got \"1500ms\"");
}

TEST(Binding, ReplacesADefaultListInsteadOfAddingToIt) {
  EXPECT_EQ(yaml("words: [c]\n").bind<Odd>()->words, std::vector<std::string>{"c"});
  EXPECT_EQ(yaml("words: []\n").bind<Odd>()->words, std::vector<std::string>{});
  EXPECT_EQ(yaml("on: false\n").bind<Odd>()->words, (std::vector<std::string>{"a", "b"}));
  EXPECT_FALSE(yaml("words: [d]\n").bind<Odd>());
}

TEST(Binding, KeepsAnOptionalStructEmptyUntilItIsGiven) {
  EXPECT_FALSE(yaml("on: true\n").bind<Odd>()->retry);
  EXPECT_EQ(yaml("retry: {attempts: 1}\n").bind<Odd>()->retry->attempts, 1U);
}

TEST(Binding, BindsMapsOfStructs) {
  EXPECT_EQ(yaml("stores: {north: {name: n}}\n").bind<Odd>()->stores.at("north").name, "n");
}

TEST(Binding, LeavesASectionForLater) {
  const auto odd = yaml("later: {attempts: 7}\n").bind<Odd>();
  ASSERT_TRUE(odd);
  EXPECT_EQ(odd->later.path(), "later");
  EXPECT_EQ(odd->later.bind<fixture::Retry>()->attempts, 7U);
}

TEST(Schema, KnowsWhatTheReferenceAndTheEditorNeed) {
  const SchemaInfo& schema = schema_of<StockConfig>();
  const KeyInfo* timeout = schema.find("timeout");
  ASSERT_NE(timeout, nullptr);
  EXPECT_TRUE(timeout->reloadable);
  EXPECT_FALSE(timeout->required);
  EXPECT_EQ(timeout->fallback, "\"800ms\"");
  EXPECT_EQ(timeout->min, 50'000);
  EXPECT_EQ(timeout->doc, "Upper bound for one lookup");
  EXPECT_TRUE(schema.find("token")->secret);
  EXPECT_EQ(schema.find("token")->fallback, "");
  EXPECT_EQ(schema.find("warehouses")->fallback, "[]");
  EXPECT_EQ(schema.find("nothing"), nullptr);
}

}  // namespace
}  // namespace qiao::core
