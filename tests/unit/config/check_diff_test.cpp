#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/config/check.hpp"
#include "core/config/diff.hpp"
#include "core/config/schema_json.hpp"
#include "core/config/yaml_reader.hpp"
#include "tests/fixtures/config/plugins/fixture_plugins.hpp"

namespace qiao::core {
namespace {

class CheckedConfig : public ::testing::Test {
 protected:
  CheckedConfig() {
    fixture::StockPlugin::describe(stock_);
    fixture::DeskPlugin::describe(desk_);
    plugins_ = {{"fixture-stock", {&stock_, {}}}, {"fixture-desk", {&desk_, {}}}};
  }

  static LoadedConfig loaded(std::string_view yaml) {
    LoadedConfig config;
    config.tree = read_yaml(yaml, "qiao.yaml", config.problems);
    if (auto bound = Section(config.tree, {}).bind<HubConfig>(config.problems)) config.config = *bound;
    return config;
  }
  ConfigDiff diff(std::string_view before, std::string_view after) {
    const LoadedConfig a = loaded(before), b = loaded(after);
    EXPECT_TRUE(a.ok() && b.ok()) << problems_text(a.problems) << problems_text(b.problems);
    return diff_config(a, b, plugins_);
  }
  static std::string stock(std::string_view more) {
    return "plugins:\n  stock:\n    use: fixture-stock\n    config:\n      endpoint: https://erp.example.org\n      "
           "token: t\n" +
           std::string(more);
  }

  Manifest stock_, desk_;
  KnownPlugins plugins_;
};

using Names = std::vector<std::string>;

TEST_F(CheckedConfig, MayStartWithoutAnOptionalInstanceThatIsBroken) {
  const auto result = check_config(
      loaded("plugins:\n  a: {use: nothing-there, required: false}\n  desk: {use: fixture-desk}\n"), plugins_);
  EXPECT_EQ(result.problems.size(), 1U);
  EXPECT_EQ(result.unusable, std::set<std::string>{"a"});
  EXPECT_TRUE(result.may_start);
}

TEST_F(CheckedConfig, MayNotStartWithoutARequiredOne) {
  const auto result = check_config(loaded("plugins:\n  a: {use: nothing-there}\n"), plugins_);
  EXPECT_FALSE(result.may_start);
  EXPECT_TRUE(result.unusable.empty());
}

TEST_F(CheckedConfig, LeavesAnInstanceThatIsOffInPeaceWhenItsPluginIsNotInstalled) {
  EXPECT_TRUE(check_config(loaded("plugins:\n  a: {use: nothing-there, enabled: false}\n"), plugins_).problems.empty());
}

TEST_F(CheckedConfig, ChecksTheSettingsOfAnInstanceThatIsOff) {
  EXPECT_FALSE(
      check_config(loaded("plugins:\n  a: {use: fixture-stock, enabled: false}\n"), plugins_).problems.empty());
}

TEST_F(CheckedConfig, SaysNothingOfSettingsThatNobodyLookedInto) {
  plugins_["fixture-stock"] = {};
  EXPECT_TRUE(check_config(loaded(stock("      timout: 1s\n")), plugins_).problems.empty());
}

TEST_F(CheckedConfig, AsksThePluginOnlyWhenItsSchemaIsContent) {
  int asked = 0;
  plugins_["fixture-stock"].configure = [&asked](const Section& section) -> Result<void> {
    ++asked;
    EXPECT_EQ(section.path(), "plugins.stock.config");
    return Error{Errc::bad_value, "erp.no_such_shop", "the ERP has no such shop"};
  };
  EXPECT_EQ(check_config(loaded(stock("      timout: 1s\n")), plugins_).problems.size(), 1U);
  EXPECT_EQ(asked, 0);
  EXPECT_EQ(problems_text(check_config(loaded(stock("")), plugins_).problems),
            "qiao.yaml:4:5: error[erp.no_such_shop]: plugins.stock.config: the ERP has no such shop\n");
  EXPECT_EQ(asked, 1);
}

TEST_F(CheckedConfig, HidesSecretsThatAPluginQuotes) {
  plugins_["fixture-stock"].configure = [](const Section& section) -> Result<void> {
    return Error{Errc::bad_value, "the token " + section.node().find("token")->text + " is too short"};
  };
  LoadedConfig config = loaded(stock(""));
  ConfigNode tree = *config.tree;
  ConfigNode& token = tree.entries[0].value.entries[0].value.entries[1].value.entries[1].value;
  token.text = "canary-5123";
  token.secret = true;
  config.tree = std::make_shared<const ConfigNode>(std::move(tree));
  const auto result = check_config(config, plugins_);
  ASSERT_EQ(result.problems.size(), 1U);
  EXPECT_EQ(result.problems[0].message, "the token *** is too short");
}

TEST_F(CheckedConfig, HandsTheWiringToTheBus) {
  const auto config = loaded("routes:\n  a.b: [{from: x, to: [y, z]}]\nbindings: {q.r: s}\n");
  const Wiring wiring = wiring_of(config.config);
  EXPECT_EQ(wiring.bindings.at("q.r"), "s");
  ASSERT_EQ(wiring.routes.at("a.b").size(), 1U);
  EXPECT_EQ(wiring.routes.at("a.b")[0].from, "x");
  EXPECT_EQ(wiring.routes.at("a.b")[0].to, (Names{"y", "z"}));
}

TEST_F(CheckedConfig, DiffIsEmptyWhenOnlyTheWritingChanged) {
  EXPECT_TRUE(diff(stock("      thresholds: {a: 1, b: 2}\n") + "hub: {}\n",
                   "# moved\nhub:\n" + stock("      thresholds:\n        b: 2\n        a: 1\n"))
                  .empty());
}

TEST_F(CheckedConfig, DiffNamesInstancesThatComeAndGo) {
  const ConfigDiff d =
      diff("plugins:\n  a: {use: fixture-desk}\n  b: {use: fixture-desk, enabled: false}\n  c: {use: fixture-desk}\n",
           "plugins:\n  b: {use: fixture-desk}\n  c: {use: fixture-desk, enabled: false}\n  d: {use: fixture-desk}\n");
  EXPECT_EQ(d.added, (Names{"b", "d"}));
  EXPECT_EQ(d.removed, (Names{"a", "c"}));
  EXPECT_TRUE(d.hub.empty());
}

TEST_F(CheckedConfig, DiffTellsReloadableKeysFromOthers) {
  EXPECT_EQ(diff(stock(""), stock("      timeout: 1s\n")).reconfigured, Names{"stock"});
  EXPECT_EQ(diff(stock("      retry: {pause: 100ms}\n"), stock("      retry: {pause: 200ms}\n")).reconfigured,
            Names{"stock"});
  EXPECT_EQ(diff(stock(""), stock("      retry: {attempts: 1}\n")).restarted, Names{"stock"});
  EXPECT_EQ(diff(stock(""), stock("      timeout: 1s\n      country: DE\n")).restarted, Names{"stock"});
  EXPECT_EQ(diff("plugins: {a: {use: fixture-desk}}\n", stock("").replace(11, 5, "a")).restarted, Names{"a"});
}

TEST_F(CheckedConfig, DiffKnowsWhichHubKeysNeedARestart) {
  const ConfigDiff soft = diff("hub: {log: {level: info}}\n", "hub: {log: {level: debug}, handler_watchdog: 3s}\n");
  ASSERT_EQ(soft.hub.size(), 2U);
  EXPECT_EQ(soft.hub[0].path, "hub.handler_watchdog");
  EXPECT_FALSE(soft.hub_restart_needed());
  const ConfigDiff hard = diff("", "hub: {workers: 3}\nstore: {readers: 2}\nplugin_dirs: [more]\n");
  ASSERT_EQ(hard.hub.size(), 3U);
  EXPECT_TRUE(hard.hub_restart_needed());
}

TEST_F(CheckedConfig, DiffNoticesTheWiring) {
  EXPECT_TRUE(diff("", "bindings: {q: a}\n").wiring);
  EXPECT_TRUE(diff("routes: {e: [{to: [a]}]}\n", "routes: {e: [{to: [b]}]}\n").wiring);
  EXPECT_FALSE(diff("", "hub: {workers: 3}\n").wiring);
}

TEST_F(CheckedConfig, SchemaForEditorsKnowsEveryPlugin) {
  const auto schema = nlohmann::json::parse(config_json_schema(plugins_));
  const auto& hub = schema["properties"]["hub"]["properties"];
  EXPECT_EQ(hub["drain"]["default"], "10s");
  EXPECT_EQ(hub["log"]["properties"]["format"]["anyOf"][0]["enum"], nlohmann::json({"text", "json"}));
  const auto& cases = schema["properties"]["plugins"]["additionalProperties"]["allOf"];
  ASSERT_EQ(cases.size(), 2U);
  EXPECT_EQ(cases[1]["if"]["properties"]["use"]["const"], "fixture-stock");
  const auto& config = cases[1]["then"]["properties"]["config"];
  EXPECT_EQ(config["required"], nlohmann::json({"endpoint", "token"}));
  EXPECT_EQ(config["additionalProperties"], false);
  EXPECT_EQ(config["properties"]["timeout"]["description"],
            "Upper bound for one lookup. At least 50ms. At most 5s. Reloadable");
  EXPECT_EQ(config["properties"]["warehouses"]["items"]["properties"]["priority"]["anyOf"][0]["maximum"], 100);
}

}  // namespace
}  // namespace qiao::core
