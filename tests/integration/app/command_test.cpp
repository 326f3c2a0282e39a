#include <gtest/gtest.h>

#include "tests/integration/app/fixture_hub.hpp"

namespace qiao::testing {
namespace {

TEST(Command, EveryCommandExplainsItself) {
  for (const char* name : {"run", "check", "reload", "plugins", "plugin", "dead-letters", "schema", "backup", "restore",
                           "migrate", "version"}) {
    const CommandResult help = run_qiao({name, "--help"});
    EXPECT_EQ(help.exit_code, 0) << name;
    EXPECT_NE(help.out.find(std::string("Usage: qiao ") + name), std::string::npos) << help.out;
  }
  EXPECT_EQ(run_qiao({"--help"}).exit_code, 0);
}

TEST(Command, AWrongCommandLineEndsWith64AndSaysWhatIsWrong) {
  const CommandResult unknown = run_qiao({"relaod"});
  EXPECT_EQ(unknown.exit_code, 64);
  EXPECT_NE(unknown.err.find("did you mean \"reload\"?"), std::string::npos) << unknown.err;
  EXPECT_EQ(run_qiao({}).exit_code, 64);
  EXPECT_EQ(run_qiao({"run", "--prot", "1"}).exit_code, 64);
  EXPECT_EQ(run_qiao({"run", "--config"}).exit_code, 64);
  EXPECT_EQ(run_qiao({"run", "--demo=yes"}).exit_code, 64);
  EXPECT_EQ(run_qiao({"run", "--log-format", "xml"}).exit_code, 64);
  EXPECT_EQ(run_qiao({"dead-letters", "burn"}).exit_code, 64);
  EXPECT_EQ(run_qiao({"dead-letters", "drop"}).exit_code, 64);
  EXPECT_EQ(run_qiao({"plugin", "new", "toaster", "x"}).exit_code, 64);
  EXPECT_EQ(run_qiao({"plugin", "new", "erp", "Not_Kebab"}).exit_code, 64);
}

TEST(Command, ToolsOfPluginsAreCommandsToo) {
  const CommandResult list = run_qiao({"--help"});
  EXPECT_NE(list.out.find("\n  bot           teach the bot a knowledge base"), std::string::npos) << list.out;
  const CommandResult help = run_qiao({"bot", "--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_NE(help.out.find("Usage: qiao bot train|eval|ask"), std::string::npos) << help.out;
  const CommandResult unknown = run_qiao({"bto"});
  EXPECT_EQ(unknown.exit_code, 64);
  EXPECT_NE(unknown.err.find("did you mean \"bot\"?"), std::string::npos) << unknown.err;
}

TEST(Command, CheckPointsAtTheMistakeAndEndsWith78) {
  const FixtureFolder folder;
  folder.put("echo-1", "fixture-echo");
  folder.configure_echo("{sufix: x}");
  const CommandResult check = run_qiao({"check", "--config", folder.config()});
  EXPECT_EQ(check.exit_code, 78);
  EXPECT_NE(check.err.find("qiao.yaml:5:14: error[config.unknown_key]"), std::string::npos) << check.err;
  EXPECT_NE(check.err.find("did you mean \"suffix\"?"), std::string::npos) << check.err;
  folder.configure_echo("{suffix: x}");
  EXPECT_EQ(run_qiao({"check", "--config", folder.config()}).exit_code, 0);
}

TEST(Command, CheckSaysWhichLibraryWasRefusedAndWhy) {
  const FixtureFolder folder;
  folder.put("foreign", "fixture-foreign");
  folder.configure("  one:\n    use: fixture-foreign\n");
  const CommandResult check = run_qiao({"check", "--config", folder.config()});
  EXPECT_EQ(check.exit_code, 78);
  EXPECT_NE(check.err.find("plugin.abi_mismatch"), std::string::npos) << check.err;
  EXPECT_NE(check.err.find("qiao-abi-0/gcc-9"), std::string::npos) << check.err;
  EXPECT_NE(check.err.find("qiao-abi-1/gcc-"), std::string::npos) << check.err;
}

TEST(Command, SchemaKnowsTheSettingsOfThePlugins) {
  const FixtureFolder folder;
  folder.put("echo-1", "fixture-echo");
  folder.configure_echo();
  const CommandResult schema = run_qiao({"schema", "--config", folder.config()});
  EXPECT_EQ(schema.exit_code, 0) << schema.err;
  EXPECT_NE(schema.out.find("Comes back with every answer"), std::string::npos);
}

TEST(Command, PluginsWithoutAHubListsWhatLiesInTheFolders) {
  const FixtureFolder folder;
  folder.put("echo-1", "fixture-echo");
  folder.put("no-descriptor", "fixture-no-descriptor");
  folder.configure_echo();
  const CommandResult list = run_qiao({"plugins", "--config", folder.config(), "--data", folder.data()});
  EXPECT_EQ(list.exit_code, 0) << list.err;
  EXPECT_NE(list.out.find("fixture-echo"), std::string::npos) << list.out;
  EXPECT_NE(list.out.find("refused: "), std::string::npos) << list.out;
}

TEST(Command, WhatNeedsARunningHubSaysSo) {
  const TempFolder folder;
  const CommandResult reload = run_qiao({"reload", "--data", folder.path()});
  EXPECT_EQ(reload.exit_code, 69);
  EXPECT_NE(reload.err.find("control.no_hub"), std::string::npos) << reload.err;
  EXPECT_EQ(run_qiao({"dead-letters", "replay", "all", "--data", folder.path()}).exit_code, 69);
}

TEST(Command, VersionTellsTheTagThatPluginsMustMatch) {
  const CommandResult version = run_qiao({"version"});
  EXPECT_EQ(version.exit_code, 0);
  EXPECT_NE(version.out.find("plugin ABI qiao-abi-1/"), std::string::npos);
}

}  // namespace
}  // namespace qiao::testing
