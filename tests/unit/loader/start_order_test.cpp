#include "core/loader/start_order.hpp"

#include <gmock/gmock.h>

#include "tests/fixtures/plugins/fixture_messages.hpp"

namespace qiao::core {
namespace {

using fixture::Other;
using testing::ElementsAre;

TEST(StartOrder, KeepsTheOrderGivenWhenNobodyAsks) {
  const Manifest none;
  EXPECT_THAT(start_order(std::vector<OrderedInstance>{{"a", &none}, {"b", &none}, {"c", &none}}),
              ElementsAre(0, 1, 2));
}

TEST(StartOrder, StartsTheServerBeforeWhoAsksIt) {
  const Manifest none;
  Manifest asker;
  asker.asks<fixture::Echo>();
  Manifest server;
  server.serves<fixture::Echo>();
  EXPECT_THAT(start_order(std::vector<OrderedInstance>{{"asker", &asker}, {"none", &none}, {"server", &server}}),
              ElementsAre(1, 2, 0));
}

TEST(StartOrder, FallsBackToTheOrderGivenInsideACircle) {
  Manifest first;
  first.asks<fixture::Echo>().serves<Other>();
  Manifest second;
  second.asks<Other>().serves<fixture::Echo>();
  Manifest last;
  last.asks<Other>();
  EXPECT_THAT(start_order(std::vector<OrderedInstance>{{"last", &last}, {"first", &first}, {"second", &second}}),
              ElementsAre(0, 1, 2));
}

TEST(StartOrder, AnInstanceThatAsksItselfWaitsForNobody) {
  Manifest self;
  self.asks<fixture::Echo>().serves<fixture::Echo>();
  EXPECT_THAT(start_order(std::vector<OrderedInstance>{{"self", &self}}), ElementsAre(0));
}

}  // namespace
}  // namespace qiao::core
