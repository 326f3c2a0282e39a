#include "core/bus/wiring.hpp"

#include <gmock/gmock.h>

#include "tests/unit/bus/fixture.hpp"

namespace qiao::core::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Property;

struct Net {
  Manifest& instance(const std::string& name) {
    manifests.push_back(std::make_unique<Manifest>());
    instances.push_back({name, manifests.back().get()});
    return *manifests.back();
  }
  [[nodiscard]] std::vector<std::string> problems() const {
    std::vector<std::string> lines;
    for (const auto& p : check_wiring(instances, wiring)) lines.push_back(p.path + ": " + p.id + ": " + p.text);
    return lines;
  }
  std::vector<std::unique_ptr<Manifest>> manifests;
  std::vector<WiredInstance> instances;
  Wiring wiring;
};

TEST(Wiring, IsQuietWhenEverythingFits) {
  Net net;
  net.instance("sum").serves<Add>().subscribes<Ping>();
  net.instance("desk").asks<Add>().publishes<Ping>();
  net.wiring.bindings["test.sum.add"] = "sum";
  net.wiring.routes["test.ping.sent"] = {{"desk", {"sum"}}, {"", {"sum"}}};
  EXPECT_THAT(net.problems(), IsEmpty());
}

TEST(Wiring, NamesARequestThatNobodyServes) {
  Net net;
  net.instance("desk").asks<Add>().asks<Nested>(true);
  EXPECT_THAT(net.problems(),
              ElementsAre("plugins.desk: wiring.no_server: desk needs test.sum.add version 1, but no enabled "
                          "instance serves it; enable a plugin that does, or disable desk"));
}

TEST(Wiring, AsksForABindingWhenSeveralServe) {
  Net net;
  net.instance("one").serves<Add>();
  net.instance("two").serves<Add>();
  EXPECT_THAT(
      net.problems(),
      ElementsAre("bindings.test.sum.add: wiring.ambiguous: test.sum.add is served by one and two; say under bindings "
                  "which one: `test.sum.add: one`"));
  net.wiring.bindings["test.sum.add"] = "two";
  EXPECT_THAT(net.problems(), IsEmpty());
}

TEST(Wiring, LetsManyServeARequestThatIsMeantForMany) {
  Net net;
  net.instance("one").serves<AskCard>();
  net.instance("two").serves<AskCard>();
  EXPECT_THAT(net.problems(), IsEmpty());
}

TEST(Wiring, RefusesBindingsAndRoutesToWhatIsNotThere) {
  Net net;
  net.instance("one").serves<Add>();
  net.instance("two").subscribes<Ping>();
  net.wiring.bindings = {{"test.sum.add", "two"}, {"test.sum.nested", "one"}, {"test.sum.other", "three"}};
  net.wiring.routes["test.ping.sent"] = {{"", {"one", "nowhere"}}, {"ghost", {"two"}}, {"", {"two"}}};
  net.wiring.routes["test.nothing"] = {{"", {"two"}}};
  EXPECT_THAT(
      net.problems(),
      ElementsAre(
          "bindings.test.sum.add: wiring.no_server: two does not serve test.sum.add; one does",
          "bindings.test.sum.nested: wiring.unknown_message: no enabled instance serves a request \"test.sum.nested\"",
          "bindings.test.sum.other: wiring.unknown_instance: there is no enabled instance \"three\"",
          "routes.test.nothing: wiring.unknown_message: no enabled instance publishes or subscribes to "
          "\"test.nothing\"",
          "routes.test.ping.sent: wiring.no_subscriber: one does not subscribe to test.ping.sent",
          "routes.test.ping.sent: wiring.unknown_instance: there is no enabled instance \"nowhere\"",
          "routes.test.ping.sent: wiring.unknown_instance: there is no enabled instance \"ghost\"",
          "routes.test.ping.sent: wiring.ambiguous: there are two routes without `from`"));
}

namespace older {
struct Ping {
  std::int64_t number = 0;
};
QIAO_FIELDS(Ping, number)
QIAO_EVENT(Ping, "test.ping.sent", 1)
struct Add {
  std::int64_t left = 0;
};
QIAO_FIELDS(Add, left)
QIAO_REQUEST(Add, Ping, "test.sum.add", 2)
}  // namespace older

TEST(Wiring, FindsPluginsThatWereBuiltWithDifferentDefinitions) {
  Net net;
  net.instance("new").publishes<Ping>();
  net.instance("old").subscribes<older::Ping>();
  EXPECT_THAT(net.problems(),
              ElementsAre(HasSubstr("plugins.old: wiring.mismatch: new and old were built with different "
                                    "definitions of test.ping.sent version 1")));
}

TEST(Wiring, SaysWhichOtherVersionIsServed) {
  Net net;
  net.instance("server").serves<older::Add>();
  net.instance("desk").asks<Add>();
  EXPECT_THAT(net.problems(), ElementsAre(HasSubstr("no enabled instance serves it; server serves version 2")));
}

}  // namespace
}  // namespace qiao::core::test
