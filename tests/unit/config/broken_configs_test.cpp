#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "core/config/check.hpp"
#include "tests/fixtures/config/plugins/fixture_plugins.hpp"

namespace qiao::core {
namespace {

namespace fs = std::filesystem;

const fs::path kFixtures = fs::path(QIAO_SOURCE_DIR) / "tests/fixtures/config";

std::vector<std::string> fixture_names() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kFixtures)) {
    if (fs::exists(entry.path() / "qiao.yaml")) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string read(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

class BrokenConfig : public ::testing::TestWithParam<std::string> {
 protected:
  BrokenConfig() {
    fixture::StockPlugin::describe(stock_);
    fixture::DeskPlugin::describe(desk_);
    plugins_ = {{"fixture-stock", {&stock_, [](const Section& s) { return fixture::StockPlugin().configure(s); }}},
                {"fixture-desk", {&desk_, [](const Section& s) { return fixture::DeskPlugin().configure(s); }}}};
  }
  Manifest stock_, desk_;
  KnownPlugins plugins_;
};

TEST_P(BrokenConfig, IsReportedByFileLineColumnAndSentence) {
  const fs::path folder = kFixtures / GetParam();
  const CheckResult result = check_config(load_config(folder / "qiao.yaml"), plugins_);
  std::string text = problems_text(result.problems);
  // The expectations are written as somebody in the folder would see them.
  const std::string prefix = folder.string() + "/";
  for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix))
    text.erase(at, prefix.size());
  EXPECT_EQ(text, read(folder / "expected.txt"));
  EXPECT_FALSE(result.may_start);
}

INSTANTIATE_TEST_SUITE_P(All, BrokenConfig, ::testing::ValuesIn(fixture_names()), [](const auto& fixture) {
  std::string name = fixture.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(BrokenConfigs, AreAtLeastForty) { EXPECT_GE(fixture_names().size(), 40U); }

}  // namespace
}  // namespace qiao::core
