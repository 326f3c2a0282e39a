#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "core/config/load.hpp"

namespace qiao::core {
namespace {

namespace fs = std::filesystem;

const fs::path kConfig = fs::path(QIAO_SOURCE_DIR) / "config";

TEST(ShippedConfig, IsValidAsItStands) {
  const LoadedConfig loaded = load_config(kConfig / "qiao.yaml");
  EXPECT_TRUE(loaded.ok()) << problems_text(loaded.problems);
  for (const char* instance : {"inbox", "contacts", "accounts", "bot", "routing", "tickets", "web"}) {
    EXPECT_TRUE(loaded.config.plugins.contains(instance)) << instance;
  }
}

TEST(ShippedConfig, TakesEachExampleAsAFragment) {
  std::string name = (fs::temp_directory_path() / "qiao-examples-XXXXXX").string();
  const fs::path folder = ::mkdtemp(name.data());
  fs::create_directories(folder / "conf.d");
  fs::copy_file(kConfig / "qiao.yaml", folder / "qiao.yaml");
  std::size_t examples = 0;
  for (const auto& entry : fs::directory_iterator(kConfig / "examples")) {
    if (entry.path().extension() != ".yaml") continue;
    const fs::path fragment = folder / "conf.d" / entry.path().filename();
    fs::copy_file(entry.path(), fragment);
    const LoadedConfig loaded = load_config(folder / "qiao.yaml");
    EXPECT_TRUE(loaded.ok()) << problems_text(loaded.problems);
    fs::remove(fragment);
    ++examples;
  }
  EXPECT_GE(examples, 4U);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace qiao::core
