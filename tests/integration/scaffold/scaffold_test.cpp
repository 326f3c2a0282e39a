#include <gtest/gtest.h>

#include <fmt/format.h>

#include "tests/integration/support/http_connection.hpp"
#include "tests/integration/support/hub_process.hpp"

#include <csignal>

namespace qiao::testing {
namespace {

namespace fs = std::filesystem;

constexpr const char* kKinds[] = {"channel", "crm", "erp", "bot", "routing", "ticket", "service"};

/// What a kind's scaffold needs in its settings to start, and beside it.
std::string settings_of(const std::string& kind) {
  if (kind == "channel") return "{secret: s3cret}";
  if (kind == "erp") return "{url: \"http://erp.example.org\"}";
  if (kind == "routing") return "{default_group: after-sales}";
  return "{}";
}

TEST(Scaffold, EveryKindBuildsTestsAndLoadsOutOfTreeAgainstTheInstalledSdk) {
  const TempFolder folder;
  const fs::path prefix = folder.path() / "prefix";
  const CommandResult install = run_program({"cmake", "--install", QIAO_BINARY_DIR, "--prefix", prefix});
  ASSERT_EQ(install.exit_code, 0) << install.out;
  const std::string qiao = prefix / "bin/qiao";

  // One project around all of them, so that one configuration and one build do.
  std::string project =
      "cmake_minimum_required(VERSION 3.25)\nproject(all LANGUAGES CXX)\nenable_testing()\n"
      "set(QIAO_PLUGIN_OUTPUT_DIR ${CMAKE_BINARY_DIR}/plugins)\n";
  std::string instances;
  for (const std::string kind : kKinds) {
    const std::string name = "my-" + kind;
    const CommandResult made = run_program({qiao, "plugin", "new", kind, name, "--dir", folder.path() / name});
    ASSERT_EQ(made.exit_code, 0) << made.out;
    project += fmt::format("add_subdirectory({})\n", name);
    // The installed hub brings an inbox, without which a channel does not start.
    instances += fmt::format("  {0}:\n    use: {0}\n    config: {1}\n", name, settings_of(kind));
  }
  instances += "  inbox:\n    use: inbox\n  accounts:\n    use: accounts\n";
  write_file(folder.path() / "CMakeLists.txt", project);
  const std::string build = folder.path() / "build";
  const CommandResult configured =
      run_program({"cmake", "-S", folder.path(), "-B", build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug",
                   "-DCMAKE_CXX_FLAGS_DEBUG=-O0", "-DCMAKE_PREFIX_PATH=" + prefix.string()});
  ASSERT_EQ(configured.exit_code, 0) << configured.out;
  const CommandResult built = run_program({"cmake", "--build", build});
  ASSERT_EQ(built.exit_code, 0) << built.out;
  const CommandResult tested = run_program({"ctest", "--test-dir", build, "--output-on-failure", "-j", "2"});
  EXPECT_EQ(tested.exit_code, 0) << tested.out;

  write_file(folder.path() / "qiao.yaml",
             "plugins:\n" + instances + "bindings:\n  bot.ask: my-bot\n  routing.decide: my-routing\n");
  const CommandResult check = run_program(
      {qiao, "check", "--config", folder.path() / "qiao.yaml", "--plugin-dir", folder.path() / "build/plugins"});
  EXPECT_EQ(check.exit_code, 0) << check.out;
  HubProcess hub(folder.path() / "qiao.yaml", folder.path() / "data", {"--plugin-dir", folder.path() / "build/plugins"},
                 qiao);
  EXPECT_EQ(HttpConnection(hub.port()).request("GET", "/readyz").status, 200);
  EXPECT_EQ(HttpConnection(hub.port()).request("GET", "/hooks/my-channel").status, 401);
  hub.signal(SIGTERM);
  EXPECT_EQ(hub.wait(), 0) << hub.output();
}

}  // namespace
}  // namespace qiao::testing
