#include <gtest/gtest.h>

#include "connectors/common/sql.hpp"

namespace qiao::common {
namespace {

Parameters known() {
  Parameters p;
  p.set("sku", "A'; DROP TABLE stock; --");
  p.set("skus", std::vector<std::string>{"A", "B"});
  p.set("none", std::vector<std::string>{});
  return p;
}

std::string refused(const std::string& text, bool reads = true) {
  const auto made = SqlStatement::compile(text, known(), reads);
  return made ? "" : made.error().message;
}

TEST(SqlStatement, ValuesAreNeverPartOfTheText) {
  const auto made = SqlStatement::compile("SELECT * FROM stock WHERE sku = :sku OR sku IN (:skus);", known(), true);
  ASSERT_TRUE(made);
  const auto bound = made->bind(known());
  EXPECT_EQ(bound.text, "SELECT * FROM stock WHERE sku = ? OR sku IN (?, ?)");
  EXPECT_EQ(bound.values, (std::vector<std::string>{"A'; DROP TABLE stock; --", "A", "B"}));
}

TEST(SqlStatement, AnEmptyListIsNothing) {
  EXPECT_EQ(SqlStatement::compile("SELECT 1 WHERE 1 IN (:none)", known(), true)->bind(known()).text,
            "SELECT 1 WHERE 1 IN (NULL)");
}

TEST(SqlStatement, NamesInQuotesAndCommentsAreText) {
  const auto made = SqlStatement::compile(
      "SELECT ':sku', \":x\", `:y`, 'it''s', a::text /* :z ; */ FROM t -- :u ;\nWHERE b = :sku", known(), true);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->bind(known()).values.size(), 1u);
}

TEST(SqlStatement, MistakesAreFoundBeforeAnybodyAsks) {
  EXPECT_EQ(refused("SELECT :skuu"), "there is no :skuu here");
  EXPECT_EQ(refused("DELETE FROM stock"), "a query begins with SELECT or WITH");
  EXPECT_EQ(refused("SELECT 1; DELETE FROM stock"), "one statement only; there is a \";\" inside");
  EXPECT_EQ(refused("SELECT ?"), "values are named, e.g. :sku, not \"?\"");
  EXPECT_EQ(refused("SELECT 'x"), "a quote or a comment is opened and not closed");
  EXPECT_EQ(refused("DROP TABLE stock", false), "a change begins with INSERT, UPDATE, DELETE or REPLACE");
  EXPECT_EQ(refused("INSERT INTO notes VALUES (:sku)", false), "");
}

}  // namespace
}  // namespace qiao::common
