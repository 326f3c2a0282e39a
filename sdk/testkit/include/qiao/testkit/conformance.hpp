#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "qiao/testkit/test_hub.hpp"

/// \file
/// The questions that every plugin is asked. One line in a test program:
///
///     QIAO_CONFORMANCE("erp-stock", "endpoint: http://127.0.0.1:1\ntoken: t\n")
///
/// A plugin that asks others while it starts names what stands in for them:
///
///     QIAO_CONFORMANCE("desk", "", [](qiao::testkit::TestHub& hub) { hub.serve<ListAgents>(…); })

namespace qiao::testkit {

/// Prepares a hub before the plugin starts in it.
using Preparation = std::function<void(TestHub&)>;

/// The library of a plugin of this build; the name itself when it is not among them. The folder is known where the test
/// is compiled, not in the kit's own library.
inline std::string built_plugin(const std::string& plugin) {
  const std::filesystem::path library = std::filesystem::path(kBuiltPluginDir) / (plugin + ".so");
  return std::filesystem::exists(library) ? library.string() : plugin;
}

/// Each answers "" when the plugin does what is promised, else a sentence about what it did instead.
namespace conformance {
QIAO_API std::string configure_opens_nothing(const std::string& plugin, const std::string& config);
QIAO_API std::string abandoned_start_leaves_nothing(const std::string& plugin, const std::string& config,
                                                    const Preparation& prepare = {});
QIAO_API std::string stop_returns_everything(const std::string& plugin, const std::string& config,
                                             const Preparation& prepare = {});
QIAO_API std::string drain_loses_nothing(const std::string& plugin, const std::string& config,
                                         const Preparation& prepare = {});
QIAO_API std::string starts_again_on_its_data(const std::string& plugin, const std::string& config,
                                              const Preparation& prepare = {});
QIAO_API std::string hands_over_to_its_successor(const std::string& plugin, const std::string& config,
                                                 const Preparation& prepare = {});
}  // namespace conformance

}  // namespace qiao::testkit

#define QIAO_CONFORMANCE(plugin, ...)                                                                                 \
  TEST(Conformance, ConfigureOpensNothing) {                                                                          \
    EXPECT_EQ(qiao::testkit::conformance::configure_opens_nothing(qiao::testkit::built_plugin(plugin),                \
                                                                  QIAO_CONFORMANCE_FIRST(__VA_ARGS__)),               \
              "");                                                                                                    \
  }                                                                                                                   \
  TEST(Conformance, AnAbandonedStartLeavesNothingBehind) {                                                            \
    EXPECT_EQ(                                                                                                        \
        qiao::testkit::conformance::abandoned_start_leaves_nothing(qiao::testkit::built_plugin(plugin), __VA_ARGS__), \
        "");                                                                                                          \
  }                                                                                                                   \
  TEST(Conformance, StopReturnsEverything) {                                                                          \
    EXPECT_EQ(qiao::testkit::conformance::stop_returns_everything(qiao::testkit::built_plugin(plugin), __VA_ARGS__),  \
              "");                                                                                                    \
  }                                                                                                                   \
  TEST(Conformance, DrainLosesNothingThatWasAccepted) {                                                               \
    EXPECT_EQ(qiao::testkit::conformance::drain_loses_nothing(qiao::testkit::built_plugin(plugin), __VA_ARGS__), ""); \
  }                                                                                                                   \
  TEST(Conformance, StartsAgainOnItsData) {                                                                           \
    EXPECT_EQ(qiao::testkit::conformance::starts_again_on_its_data(qiao::testkit::built_plugin(plugin), __VA_ARGS__), \
              "");                                                                                                    \
  }                                                                                                                   \
  TEST(Conformance, HandsOverToItsSuccessor) {                                                                        \
    EXPECT_EQ(                                                                                                        \
        qiao::testkit::conformance::hands_over_to_its_successor(qiao::testkit::built_plugin(plugin), __VA_ARGS__),    \
        "");                                                                                                          \
  }
#define QIAO_CONFORMANCE_FIRST(first, ...) first
