#include "qiao/testkit/conformance.hpp"

namespace qiao::testkit {
namespace {

const std::string kCrime = QIAO_FIXTURES "/crime/fixture-crime.so";

TEST(ConformanceSuite, NoticesAPluginThatOpensSomethingInConfigure) {
  EXPECT_NE(conformance::configure_opens_nothing(kCrime, "crime: open_in_configure\n"), "");
  EXPECT_EQ(conformance::configure_opens_nothing(kCrime, "crime: none\n"), "");
}

TEST(ConformanceSuite, NoticesAPluginThatLeaksWithEachStart) {
  EXPECT_NE(conformance::abandoned_start_leaves_nothing(kCrime, "crime: leak_in_start\n"), "");
  EXPECT_NE(conformance::stop_returns_everything(kCrime, "crime: leak_in_start\n"), "");
}

TEST(ConformanceSuite, NoticesAPluginThatDoesNotStart) {
  EXPECT_NE(conformance::starts_again_on_its_data(kCrime, "crime: fail_in_start\n"), "");
  EXPECT_NE(conformance::hands_over_to_its_successor(kCrime, "crime: throw_in_start\n"), "");
}

}  // namespace
}  // namespace qiao::testkit

QIAO_CONFORMANCE(QIAO_FIXTURES "/echo-1/fixture-echo.so", "suffix: x\n")
