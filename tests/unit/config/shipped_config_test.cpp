#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>

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

/// The files that an example names as ${file:…}, which an operator would have made.
void provide_secrets(const fs::path& example, const fs::path& folder) {
  std::ifstream file(example);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::regex reference(R"(\$\{file:([^}]+)\})");
  for (std::sregex_iterator found(text.begin(), text.end(), reference), end; found != end; ++found) {
    const fs::path secret = folder / (*found)[1].str();
    fs::create_directories(secret.parent_path());
    std::ofstream(secret) << "secret";
    fs::permissions(secret, fs::perms::owner_read | fs::perms::owner_write);
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
    provide_secrets(entry.path(), folder);
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
