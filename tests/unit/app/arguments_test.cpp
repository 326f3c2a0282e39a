#include "core/app/arguments.hpp"

#include <gmock/gmock.h>

namespace qiao::core {
namespace {

using ::testing::ElementsAre;

constexpr OptionSpec kKnown[] = {{"config", "FILE", ""}, {"demo", "", ""}, {"help", "", ""}};

Result<Arguments> parse(const std::vector<std::string>& line) { return Arguments::parse(line, kKnown); }

TEST(Arguments, TakesValuesWithASpaceOrAnEqualsSign) {
  EXPECT_EQ(parse({"--config", "a.yaml"})->value("config"), "a.yaml");
  EXPECT_EQ(parse({"--config=a=b.yaml"})->value("config"), "a=b.yaml");
  EXPECT_EQ(parse({})->value("config", "fallback"), "fallback");
}

TEST(Arguments, SwitchesTakeNone) {
  EXPECT_TRUE(parse({"--demo"})->has("demo"));
  EXPECT_FALSE(parse({})->has("demo"));
  EXPECT_EQ(parse({"--demo=yes"}).error().name(), "usage.unexpected_value");
  EXPECT_TRUE(parse({"-h"})->has("help"));
}

TEST(Arguments, TheRestKeepsItsOrderAndTwoDashesEndTheOptions) {
  EXPECT_THAT(parse({"list", "--demo", "7", "--", "--config"})->rest(), ElementsAre("list", "7", "--config"));
}

TEST(Arguments, WhatIsUnknownOrIncompleteIsNamed) {
  EXPECT_EQ(parse({"--confg", "x"}).error().name(), "usage.unknown_option");
  EXPECT_EQ(parse({"-demo"}).error().name(), "usage.unknown_option");
  EXPECT_EQ(parse({"--config"}).error().name(), "usage.missing_value");
}

}  // namespace
}  // namespace qiao::core
