#include "core/loader/catalog.hpp"

#include "tests/unit/loader/temp_folder.hpp"

namespace qiao::core {
namespace {

class CatalogTest : public testing::Test {
 protected:
  CatalogTest() {
    for (const char* name : {"own", "more"}) std::filesystem::create_directory(folder.path() / name);
  }
  void put(const std::string& from, const std::string& name, const std::string& to) {
    put_in_place(fixture(from, name), folder.path() / to);
  }
  TempFolder folder;
  CopyStore copies{folder.path() / "generations"};
  PluginCatalog catalog{copies, {folder.path() / "own", folder.path() / "more", folder.path() / "missing"}};
};

TEST_F(CatalogTest, FindsThePluginsOfAllFolders) {
  put("echo-1", "fixture-echo", "own/fixture-echo.so");
  put("crime", "fixture-crime", "more/fixture-crime.so");
  catalog.scan();
  ASSERT_EQ(catalog.entries().size(), 2u);
  EXPECT_EQ(catalog.find("fixture-echo")->folder, 0u);
  EXPECT_EQ(catalog.find("fixture-crime")->folder, 1u);
  EXPECT_TRUE(catalog.refusals().empty());
}

TEST_F(CatalogTest, ShowsAReplacedLibraryAfterTheNextScan) {
  put("echo-1", "fixture-echo", "own/fixture-echo.so");
  catalog.scan();
  const std::string before = catalog.find("fixture-echo")->copy.sha256;
  put("echo-2", "fixture-echo", "own/fixture-echo.so");
  catalog.scan();
  EXPECT_NE(catalog.find("fixture-echo")->copy.sha256, before);
  EXPECT_EQ(catalog.find("fixture-echo")->about.version, "2.0.0");
}

TEST_F(CatalogTest, TakesNeitherOfTwoLibrariesWithOneName) {
  put("echo-1", "fixture-echo", "own/a.so");
  put("echo-2", "fixture-echo", "own/b.so");
  put("echo-2", "fixture-echo", "own/c.so");
  catalog.scan();
  EXPECT_EQ(catalog.find("fixture-echo"), nullptr);
  ASSERT_FALSE(catalog.refusals().empty());
  for (const auto& refusal : catalog.refusals()) EXPECT_EQ(refusal.error.name(), "plugin.duplicate");
}

TEST_F(CatalogTest, PrefersTheHubsOwnFolder) {
  put("echo-1", "fixture-echo", "own/fixture-echo.so");
  put("echo-2", "fixture-echo", "more/fixture-echo.so");
  catalog.scan();
  ASSERT_NE(catalog.find("fixture-echo"), nullptr);
  EXPECT_EQ(catalog.find("fixture-echo")->about.version, "1.0.0");
  ASSERT_EQ(catalog.refusals().size(), 1u);
  EXPECT_EQ(catalog.refusals()[0].error.name(), "plugin.duplicate");
}

TEST_F(CatalogTest, RefusesAForeignLibraryWithoutRunningIt) {
  put("foreign", "fixture-foreign", "own/fixture-foreign.so");
  catalog.scan();
  EXPECT_TRUE(catalog.entries().empty());
  auto opened = catalog.open("fixture-foreign");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().name(), "plugin.abi_mismatch");
}

TEST_F(CatalogTest, AnUnknownNameIsAnsweredWithThoseThatExist) {
  put("echo-1", "fixture-echo", "own/fixture-echo.so");
  catalog.scan();
  auto opened = catalog.open("fixture-ecko");
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().name(), "plugin.unknown");
  EXPECT_NE(opened.error().message.find("fixture-echo"), std::string::npos);
}

}  // namespace
}  // namespace qiao::core
