#include "core/config/yaml_reader.hpp"

#include <gtest/gtest.h>

namespace qiao::core {
namespace {

std::string mistakes(std::string_view text, const YamlLimits& limits = {}) {
  Problems problems;
  read_yaml(text, "f.yaml", problems, limits);
  std::string out;
  for (const ConfigProblem& problem : problems) out += to_string(problem) + "\n";
  return out;
}

TEST(YamlReader, KeepsPlacesCountedFromOne) {
  Problems problems;
  const auto tree = read_yaml("a: 1\nb:\n  - x\n  - {c: 数据, d: 2}\n", "f.yaml", problems);
  ASSERT_TRUE(tree);
  const ConfigNode& d = *tree->find("b")->items[1].find("d");
  EXPECT_EQ(d.text, "2");
  EXPECT_EQ(*d.mark.file, "f.yaml");
  EXPECT_EQ(d.mark.line, 4U);
  EXPECT_EQ(d.key.column, 13U);
  EXPECT_EQ(d.mark.column, 16U);
}

TEST(YamlReader, TellsQuotedTextsFromPlainOnes) {
  Problems problems;
  const auto tree = read_yaml("a: true\nb: 'true'\nc: \"1\"\nd: |\n  text\ne: ~\nf:\n", "f.yaml", problems);
  ASSERT_TRUE(tree);
  EXPECT_FALSE(tree->find("a")->quoted);
  EXPECT_TRUE(tree->find("b")->quoted);
  EXPECT_TRUE(tree->find("c")->quoted);
  EXPECT_EQ(tree->find("d")->text, "text\n");
  EXPECT_EQ(tree->find("e")->kind, ConfigNode::Kind::null);
  EXPECT_EQ(tree->find("f")->kind, ConfigNode::Kind::null);
  EXPECT_EQ(tree->find("f")->mark.line, 7U);
}

TEST(YamlReader, FollowsAliases) {
  Problems problems;
  const auto tree = read_yaml("a: &x {k: [1, 2]}\nb: *x\n", "f.yaml", problems);
  ASSERT_TRUE(tree);
  EXPECT_TRUE(same_config(*tree->find("a"), *tree->find("b")));
  EXPECT_EQ(tree->find("b")->mark.line, 2U);
}

TEST(YamlReader, ReadsNothingAsNothing) {
  Problems problems;
  for (const char* text : {"", "\n\n", "# only a comment\n", "---\n", "\xEF\xBB\xBF"}) {
    const auto tree = read_yaml(text, "f.yaml", problems);
    ASSERT_TRUE(tree) << text;
    EXPECT_EQ(tree->kind, ConfigNode::Kind::null);
  }
  EXPECT_TRUE(problems.empty());
}

TEST(YamlReader, TakesWindowsLineEndsAndAByteOrderMark) {
  Problems problems;
  const auto tree = read_yaml(
      "\xEF\xBB\xBF"
      "a: 1\r\nb: 2\r\n",
      "f.yaml", problems);
  ASSERT_TRUE(tree);
  EXPECT_EQ(tree->find("b")->text, "2");
  EXPECT_EQ(tree->find("b")->key.line, 2U);
  EXPECT_EQ(tree->find("a")->key.column, 1U);
}

TEST(YamlReader, CapsWhatAFileMayCost) {
  EXPECT_EQ(mistakes("a: 1\n", {.bytes = 4}),
            "f.yaml:1:1: error[config.too_large]: the file has 5 bytes; at most 4 are read\n");
  EXPECT_EQ(mistakes("a: [1, 2, 3]\n", {.nodes = 3}),
            "f.yaml:1:8: error[config.too_large]: more than 3 values once aliases are followed\n");
  EXPECT_EQ(mistakes("a: &x 1\nb: [*x, *x]\n", {.aliases = 1}),
            "f.yaml:2:9: error[config.too_large]: more than 1 aliases (*name)\n");
  EXPECT_EQ(mistakes("[[[1]]]\n", {.depth = 2}),
            "f.yaml:1:3: error[config.too_large]: nested more than 2 levels deep\n");
  EXPECT_EQ(mistakes("a: &x [[1]]\nb: [*x]\n", {.depth = 3}),
            "f.yaml:2:5: error[config.too_large]: nested more than 3 levels deep\n");
  EXPECT_EQ(mistakes("a: &x abcdef\nb: [*x, *x]\n", {.expanded_bytes = 20}),
            "f.yaml:2:9: error[config.too_large]: more than 20 bytes of text once aliases are followed\n");
}

TEST(YamlReader, SurvivesAMillionBrackets) {
  EXPECT_NE(mistakes(std::string(1'000'000, '[')), "");
  EXPECT_NE(mistakes("a: " + std::string(1'000'000, '{')), "");
}

TEST(YamlReader, RefusesAnAliasInsideItsOwnValue) {
  EXPECT_NE(mistakes("a: &x [*x]\n").find("names a key, or the value that it stands in"), std::string::npos);
}

TEST(YamlReader, RefusesKeysThatAreNoTexts) {
  EXPECT_NE(mistakes("? [a]\n: b\n").find("a key must be a plain text"), std::string::npos);
  EXPECT_NE(mistakes(": x\n").find("a key must not be empty"), std::string::npos);
  EXPECT_NE(mistakes("a: {b}\n").find("\"b\" has no colon"), std::string::npos);
}

TEST(YamlReader, SaysWhatToDoAboutBrokenYaml) {
  EXPECT_EQ(mistakes("a: }\n"),
            "f.yaml:1:4: error[config.syntax]: this bracket closes nothing; put a text that begins with a bracket in "
            "quotes\n");
  EXPECT_EQ(mistakes("a: - b\n"),
            "f.yaml:1:4: error[config.syntax]: a list cannot begin on the line of its key; put \"- \" on a line of its "
            "own\n");
  EXPECT_EQ(mistakes("a: 'b\n"), "f.yaml:1:4: error[config.syntax]: the quote ' that opens here is never closed\n");
  EXPECT_EQ(mistakes("- a\nb: 1\n"),
            "f.yaml:2:1: error[config.syntax]: this does not belong to what stands above; check the indentation\n");
}

TEST(YamlReader, PointsAtTheBracketThatIsNotClosed) {
  EXPECT_EQ(mistakes("a:\n  b: [1, 2\n  c: 3\n"),
            "f.yaml:2:6: error[config.syntax]: a list that was opened with [ is not closed with ]\n");
  EXPECT_EQ(mistakes("a: {b: ${env:X}, c: 1}\n"),
            "f.yaml:1:9: error[config.syntax]: inside { } and [ ] a text with ${…} needs quotes\n");
}

TEST(SectionFromYaml, KeepsThePathForMessages) {
  const auto section = section_from_yaml("a: 1\n", "plugins.x.config");
  ASSERT_TRUE(section);
  EXPECT_EQ(section->path(), "plugins.x.config");
  EXPECT_EQ(section_from_yaml("a: 1\na: 2\n").error().id, "config.syntax");
}

}  // namespace
}  // namespace qiao::core
