#include <sys/stat.h>

#include <fstream>

#include "tests/unit/vault/vault_fixture.hpp"

namespace qiao::core {
namespace {

using testing::HasSubstr;

TEST(MasterKey, ReadsHexadecimalDigitsAndBase64) {
  const auto hex = MasterKey::parse(std::string(64, 'a') + "\n");
  const auto base64 = MasterKey::parse("qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=");
  ASSERT_TRUE(hex);
  ASSERT_TRUE(base64);
  EXPECT_EQ(hex->id, base64->id);
  EXPECT_EQ(hex->id.size(), 12U);
}

TEST(MasterKey, RefusesWhatIsNotThirtyTwoBytesWithoutRepeatingIt) {
  for (const char* text : {"", "planted-canary", "abcdef", "zz"}) {
    const auto key = MasterKey::parse(text);
    ASSERT_FALSE(key) << text;
    EXPECT_EQ(key.error().id, "vault.bad_key");
    if (*text != '\0') {
      EXPECT_THAT(key.error().message, testing::Not(HasSubstr(text)));
    }
  }
  const auto keys = MasterKeys::from({}, {"planted-canary"}, {});
  ASSERT_FALSE(keys);
  EXPECT_THAT(keys.error().message, HasSubstr("vault.previous[0]"));
}

using MasterKeysTest = VaultTest;

TEST_F(MasterKeysTest, MakesAFileForThisUserWhenNoKeyIsNamed) {
  TempFolder other;
  masters = {std::nullopt, {}, other.path() / "keys" / "master.key"};
  ASSERT_TRUE(run("DELETE FROM hub_data_key"));
  open_vault();
  struct stat file {};
  ASSERT_EQ(::stat(masters.file.c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777U, 0600U);
  ASSERT_EQ(::stat(masters.file.parent_path().c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777U, 0700U);
  EXPECT_TRUE(vault->data_keys().master_in_data_folder());
  ASSERT_TRUE(put(Id{1}, 1, "text"));
  open_vault();
  EXPECT_EQ(get(1).value_or("?"), "text");
}

TEST_F(MasterKeysTest, RefusesToStartWithoutTheKeyAndSaysWhichOneItNeeds) {
  masters.current.reset();
  vault.reset();
  const auto opened = try_vault();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().id, "vault.no_key");
  EXPECT_THAT(opened.error().message, HasSubstr(master_of('1').id));
  EXPECT_FALSE(std::filesystem::exists(masters.file));
}

TEST_F(MasterKeysTest, RefusesToStartWithAnotherKeyAndSaysWhichOneItNeeds) {
  masters.current = master_of('2');
  const auto opened = try_vault();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().id, "vault.wrong_key");
  EXPECT_THAT(opened.error().message, HasSubstr(master_of('1').id));
  EXPECT_THAT(opened.error().message, HasSubstr(master_of('2').id));
}

TEST_F(MasterKeysTest, RefusesAKeyFileThatHoldsSomethingElse) {
  masters.current.reset();
  std::filesystem::create_directories(masters.file.parent_path());
  std::ofstream(masters.file) << "not a key\n";
  const auto opened = try_vault();
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().id, "vault.bad_key");
}

TEST_F(MasterKeysTest, WrapsTheDataKeysAnewUnderANewMasterKey) {
  ASSERT_TRUE(put(Id{1}, 1, "text"));
  const std::string blind = vault->blind("phone", "1");
  masters.current = master_of('2');
  masters.previous = {master_of('1')};
  open_vault();
  EXPECT_THAT(vault->data_keys().rewrapped_from(), testing::ElementsAre(master_of('1').id));
  EXPECT_EQ(get(1).value_or("?"), "text");
  masters.previous.clear();
  open_vault();
  EXPECT_THAT(vault->data_keys().rewrapped_from(), testing::IsEmpty());
  EXPECT_EQ(get(1).value_or("?"), "text");
  EXPECT_EQ(vault->blind("phone", "1"), blind);
  masters.current = master_of('1');
  EXPECT_EQ(try_vault().error().id, "vault.wrong_key");
}

TEST_F(MasterKeysTest, SaysWhenADataKeyIsDamaged) {
  ASSERT_TRUE(run("UPDATE hub_data_key SET wrapped = x'00'"));
  EXPECT_EQ(try_vault().error().id, "vault.damaged");
}

}  // namespace
}  // namespace qiao::core
