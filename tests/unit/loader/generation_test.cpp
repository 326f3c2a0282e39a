#include "core/loader/generation.hpp"

#include "tests/unit/loader/temp_folder.hpp"

namespace qiao::core {
namespace {

class CopyStoreTest : public testing::Test {
 protected:
  CopyStoreTest() { put_in_place(fixture("echo-1", "fixture-echo"), library); }
  TempFolder folder;
  std::filesystem::path library = folder.path() / "fixture-echo.so";
  CopyStore copies{folder.path() / "generations"};
};

TEST_F(CopyStoreTest, CopiesAreReadOnlyAndNamedByTheirHash) {
  auto copy = copies.take(library);
  ASSERT_TRUE(copy) << copy.error().message;
  EXPECT_EQ(copy->file.filename(), copy->sha256 + ".so");
  EXPECT_EQ(copy->sha256.size(), 64u);
  EXPECT_EQ(bytes_of(copy->file), bytes_of(library));
  using std::filesystem::perms;
  EXPECT_EQ(
      std::filesystem::status(copy->file).permissions() & (perms::owner_write | perms::group_all | perms::others_all),
      perms::none);
}

TEST_F(CopyStoreTest, AReplacedLibraryHasAnotherCopyAndTheOldOneStays) {
  auto before = copies.take(library);
  put_in_place(fixture("echo-2", "fixture-echo"), library);
  auto after = copies.take(library);
  ASSERT_TRUE(before && after);
  EXPECT_NE(before->sha256, after->sha256);
  EXPECT_TRUE(std::filesystem::exists(before->file));
}

TEST_F(CopyStoreTest, RemembersAcrossRestartsWhatItCopied) {
  auto first = copies.take(library);
  ASSERT_TRUE(first);
  copies.settle({first->sha256});
  const auto written = std::filesystem::last_write_time(first->file);
  CopyStore next(folder.path() / "generations");
  auto second = next.take(library);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->sha256, first->sha256);
  EXPECT_EQ(std::filesystem::last_write_time(second->file), written);
}

TEST_F(CopyStoreTest, SettlingDeletesCopiesThatNobodyWants) {
  auto copy = copies.take(library);
  ASSERT_TRUE(copy);
  copies.settle({});
  EXPECT_FALSE(std::filesystem::exists(copy->file));
  EXPECT_TRUE(copies.take(library));
  EXPECT_TRUE(std::filesystem::exists(copy->file));
}

TEST_F(CopyStoreTest, LoadsTheSameBytesOnceAndCountsLeases) {
  auto copy = copies.take(library);
  ASSERT_TRUE(copy);
  auto first = Generation::load(*copy);
  auto second = Generation::load(*copy);
  ASSERT_TRUE(first && second) << first.error().message;
  EXPECT_EQ(*first, *second);
  EXPECT_STREQ((*first)->descriptor().version, "1.0.0");
  EXPECT_EQ((*first)->leases(), 0u);
  {
    const Lease lease = (*first)->lease();
    const Lease copied = lease;
    EXPECT_EQ((*first)->leases(), 2u);
  }
  EXPECT_EQ((*first)->leases(), 0u);
}

TEST_F(CopyStoreTest, TwoBuildsOfOnePluginAreTwoGenerationsSideBySide) {
  auto first = Generation::load(*copies.take(library));
  put_in_place(fixture("echo-2", "fixture-echo"), library);
  auto second = Generation::load(*copies.take(library));
  ASSERT_TRUE(first && second);
  EXPECT_NE(*first, *second);
  EXPECT_STREQ((*first)->descriptor().version, "1.0.0");
  EXPECT_STREQ((*second)->descriptor().version, "2.0.0");
  EXPECT_NE((*first)->create(), nullptr);
}

}  // namespace
}  // namespace qiao::core
