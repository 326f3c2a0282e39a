#include "core/loader/library_peek.hpp"

#include <random>

#include "qiao/plugin.hpp"
#include "tests/unit/loader/temp_folder.hpp"

namespace qiao::core {
namespace {

TEST(LibraryPeek, ReadsNameKindAndVersionWithoutLoading) {
  auto peek = peek_library(fixture("echo-2", "fixture-echo"));
  ASSERT_TRUE(peek) << peek.error().message;
  EXPECT_EQ(peek->name, "fixture-echo");
  EXPECT_EQ(peek->kind, "service");
  EXPECT_EQ(peek->version, "2.0.0");
  EXPECT_EQ(peek->abi_tag, QIAO_ABI_TAG);
}

TEST(LibraryPeek, NamesBothTagsOfALibraryForAnotherHub) {
  auto peek = peek_library(fixture("foreign", "fixture-foreign"));
  ASSERT_FALSE(peek);
  EXPECT_EQ(peek.error().name(), "plugin.abi_mismatch");
  EXPECT_NE(peek.error().message.find("qiao-abi-0/gcc-9"), std::string::npos) << peek.error().message;
  EXPECT_NE(peek.error().message.find(QIAO_ABI_TAG), std::string::npos) << peek.error().message;
}

TEST(LibraryPeek, RefusesALibraryThatIsNoPlugin) {
  auto peek = peek_library(fixture("no-descriptor", "fixture-no-descriptor"));
  ASSERT_FALSE(peek);
  EXPECT_EQ(peek.error().name(), "plugin.no_descriptor");
}

TEST(LibraryPeek, RefusesTextEmptyAndMissingFiles) {
  TempFolder folder;
  write_bytes(folder.path() / "text.so",
              "this is not a library, and longer than an ELF header would have to be, for sure");
  write_bytes(folder.path() / "empty.so", "");
  for (const char* name : {"text.so", "empty.so", "missing.so"}) {
    auto peek = peek_library(folder.path() / name);
    ASSERT_FALSE(peek) << name;
    EXPECT_EQ(peek.error().name(), "plugin.not_a_library") << name;
  }
}

TEST(LibraryPeek, RefusesAPluginThatWasCutShort) {
  TempFolder folder;
  const std::string whole = bytes_of(fixture("echo-1", "fixture-echo"));
  write_bytes(folder.path() / "cut.so", whole.substr(0, 8192));
  auto peek = peek_library(folder.path() / "cut.so");
  ASSERT_FALSE(peek);
  EXPECT_EQ(peek.error().name(), "plugin.not_a_library");
}

TEST(LibraryPeek, SurvivesTruncatedAndDamagedLibraries) {
  TempFolder folder;
  const std::string whole = bytes_of(fixture("no-descriptor", "fixture-no-descriptor"));
  std::mt19937 random(20261122);
  for (int round = 0; round < 200; ++round) {
    std::string bytes = whole;
    for (int i = 0; i < 20; ++i) {
      bytes[std::uniform_int_distribution<std::size_t>(0, std::min<std::size_t>(bytes.size(), 4096) - 1)(random)] =
          static_cast<char>(random());
    }
    if (round % 3 == 0) bytes.resize(std::uniform_int_distribution<std::size_t>(0, bytes.size())(random));
    write_bytes(folder.path() / "damaged.so", bytes);
    EXPECT_FALSE(peek_library(folder.path() / "damaged.so"));
  }
}

}  // namespace
}  // namespace qiao::core
