#include <random>
#include <thread>

#include "tests/unit/vault/vault_fixture.hpp"

namespace qiao::core {
namespace {

using FieldVaultTest = VaultTest;

TEST_F(FieldVaultTest, OpensWhatItSealedAndStoresNothingReadable) {
  ASSERT_TRUE(put(Id{7}, 1, "王小明 13800138000"));
  EXPECT_EQ(raw(1).find("13800138000"), std::string::npos);
  EXPECT_TRUE(FieldVault::is_sealed(raw(1)));
  EXPECT_EQ(get(1).value_or("?"), "王小明 13800138000");
  EXPECT_EQ(raw(1).size(), std::string_view("王小明 13800138000").size() + 42);
}

TEST_F(FieldVaultTest, SealsTheSameTextToOtherBytesEachTime) {
  ASSERT_TRUE(put(Id{7}, 1, "same"));
  ASSERT_TRUE(put(Id{7}, 2, "same"));
  EXPECT_NE(raw(1).substr(14), raw(2).substr(14));
}

TEST_F(FieldVaultTest, LeavesAnEmptyTextEmptyAndTakesPlainTextAsItIs) {
  ASSERT_TRUE(put(Id{7}, 1, ""));
  EXPECT_EQ(raw(1), "");
  EXPECT_EQ(open_at({"sealed", "text", 1}, "from before encryption").value_or("?"), "from before encryption");
}

TEST_F(FieldVaultTest, DoesNotOpenAValueInAnotherRowColumnOrTable) {
  ASSERT_TRUE(put(Id{7}, 1, "mine"));
  for (const SealedPlace& other :
       {SealedPlace{"sealed", "text", 2}, SealedPlace{"sealed", "note", 1}, SealedPlace{"other", "text", 1}}) {
    EXPECT_EQ(open_at(other, raw(1)).error().id, "vault.wrong_place");
  }
}

TEST_F(FieldVaultTest, CallsAValueWithAForgedPlaceDamaged) {
  ASSERT_TRUE(put(Id{7}, 1, "mine"));
  ASSERT_TRUE(put(Id{7}, 2, "yours"));
  // Even with the hash of the place put right, the tag covers the place itself.
  const std::string forged = raw(1).replace(2, 4, raw(2).substr(2, 4));
  EXPECT_EQ(open_at({"sealed", "text", 2}, forged).error().id, "vault.damaged");
  const std::string cut = raw(1).substr(0, 20);
  EXPECT_EQ(open_at({"sealed", "text", 1}, cut).error().id, "vault.damaged");
}

TEST_F(FieldVaultTest, GivesEachPersonAKeyOfTheirOwnOnce) {
  for (std::int64_t row = 0; row < 20; ++row) ASSERT_TRUE(put(Id{row % 4}, row, "text"));
  EXPECT_EQ(number("SELECT COUNT(*) FROM hub_subject_key"), 4);
  EXPECT_EQ(raw(1).substr(6, 8), raw(5).substr(6, 8));
  EXPECT_NE(raw(1).substr(6, 8), raw(2).substr(6, 8));
}

TEST_F(FieldVaultTest, OpensAfterARestart) {
  ASSERT_TRUE(put(Id{7}, 1, "kept"));
  open_vault();
  EXPECT_EQ(get(1).value_or("?"), "kept");
  ASSERT_TRUE(put(Id{7}, 2, "more"));
  EXPECT_EQ(number("SELECT COUNT(*) FROM hub_subject_key"), 1);
}

TEST_F(FieldVaultTest, DestroysAPersonsKeyAndWithItAllThatWasSealed) {
  ASSERT_TRUE(put(Id{7}, 1, "to be erased"));
  ASSERT_TRUE(put(Id{8}, 2, "stays"));
  ASSERT_TRUE(forget({Id{7}}));
  EXPECT_EQ(get(1).error().id, "vault.erased");
  EXPECT_EQ(get(1).error().code, Errc::not_found);
  EXPECT_EQ(get(2).value_or("?"), "stays");
  open_vault();
  EXPECT_EQ(get(1).error().id, "vault.erased");
}

TEST_F(FieldVaultTest, SealsForAnErasedPersonWithANewKey) {
  ASSERT_TRUE(put(Id{7}, 1, "before"));
  ASSERT_TRUE(forget({Id{7}}));
  ASSERT_TRUE(put(Id{7}, 2, "after"));
  EXPECT_EQ(get(2).value_or("?"), "after");
  EXPECT_EQ(get(1).error().id, "vault.erased");
}

TEST_F(FieldVaultTest, KeepsNoKeyOfATransactionThatWasUndone) {
  const auto undone = values->write_and_wait([&](Session& session) -> Result<void> {
    auto sealed = vault->seal(session, Id{7}, {"sealed", "text", 1}, "text");
    if (!sealed) return sealed.error();
    return Error{Errc::conflict, "test.undo", "undo this"};
  });
  ASSERT_FALSE(undone);
  EXPECT_EQ(number("SELECT COUNT(*) FROM hub_subject_key"), 0);
  ASSERT_TRUE(put(Id{7}, 2, "text"));
  open_vault();
  EXPECT_EQ(get(2).value_or("?"), "text");
}

TEST_F(FieldVaultTest, RemembersAKeyWhoseDestructionWasUndone) {
  ASSERT_TRUE(put(Id{7}, 1, "kept"));
  const auto undone = values->write_and_wait([&](Session& session) -> Result<void> {
    const Id subjects[] = {Id{7}};
    if (auto done = vault->forget(session, subjects); !done) return done;
    return Error{Errc::conflict, "test.undo", "undo this"};
  });
  ASSERT_FALSE(undone);
  EXPECT_EQ(get(1).value_or("?"), "kept");
}

TEST_F(FieldVaultTest, AReadersOlderSnapshotDoesNotBringADestroyedKeyBack) {
  ASSERT_TRUE(put(Id{7}, 1, "to be erased"));
  const std::string sealed = raw(1);
  open_vault();
  ASSERT_TRUE(values->read([&](Session& session) -> Result<void> {
    auto rows = session.query("SELECT COUNT(*) FROM sealed");  // the snapshot begins
    EXPECT_TRUE(rows->next());
    rows.reset();
    std::thread([&] { EXPECT_TRUE(forget({Id{7}})); }).join();
    EXPECT_EQ(vault->open(session, {"sealed", "text", 1}, sealed).error().id, "vault.erased");
    return {};
  }));
  EXPECT_EQ(get(1).error().id, "vault.erased");
}

TEST_F(FieldVaultTest, TakesAKeyThatAnotherNodeMadeAtTheSameMoment) {
  auto other = try_vault();
  ASSERT_TRUE(other);
  const auto both = values->write_and_wait([&](Session& session) -> Result<void> {
    auto theirs = (*other)->seal(session, Id{7}, {"sealed", "text", 1}, "theirs");
    auto ours = vault->seal(session, Id{7}, {"sealed", "text", 2}, "ours");
    if (!theirs || !ours) return theirs ? ours.error() : theirs.error();
    EXPECT_EQ(theirs->substr(6, 8), ours->substr(6, 8));
    return {};
  });
  ASSERT_TRUE(both);
  EXPECT_EQ(number("SELECT COUNT(*) FROM hub_subject_key"), 1);
}

TEST_F(FieldVaultTest, LooksAgainWhetherAKeyExistsWhenOthersWriteTheDatabaseToo) {
  keys.trusted = std::chrono::seconds(60);
  open_vault();
  auto other = try_vault();
  ASSERT_TRUE(other);
  ASSERT_TRUE(put(Id{7}, 1, "text"));
  EXPECT_EQ(get(1).value_or("?"), "text");
  const Id subjects[] = {Id{7}};
  ASSERT_TRUE(values->write_and_wait([&](Session& session) { return (*other)->forget(session, subjects); }));
  clock.advance(std::chrono::seconds(61));
  EXPECT_EQ(get(1).error().id, "vault.erased");
}

TEST_F(FieldVaultTest, KeepsOnlySoManyKeysInMemory) {
  keys.cached = 8;
  open_vault();
  for (std::int64_t row = 1; row <= 50; ++row) ASSERT_TRUE(put(Id{row}, row, fmt::format("text {}", row)));
  for (std::int64_t row = 50; row >= 1; --row) EXPECT_EQ(get(row).value_or("?"), fmt::format("text {}", row));
}

TEST_F(FieldVaultTest, BlindsTheSameValueToTheSameTextForOnePurposeOnly) {
  const std::string phone = vault->blind("phone", "13800138000");
  EXPECT_EQ(phone.size(), 22U);
  EXPECT_EQ(phone, vault->blind("phone", "13800138000"));
  EXPECT_NE(phone, vault->blind("email", "13800138000"));
  EXPECT_NE(phone, vault->blind("phone", "13800138001"));
  ASSERT_TRUE(vault->rotate());
  EXPECT_EQ(phone, vault->blind("phone", "13800138000"));
  open_vault();
  EXPECT_EQ(phone, vault->blind("phone", "13800138000"));
}

TEST_F(FieldVaultTest, ManyThreadsSealOpenAndForgetWithoutMixingAnythingUp) {
  constexpr std::uint32_t kSeed = 4711;
  std::vector<std::thread> threads;
  for (std::uint32_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(kSeed + t);
      for (std::int64_t i = 0; i < 100; ++i) {
        const std::int64_t row = t * 1000 + i;
        const Id subject{static_cast<std::int64_t>(t * 10 + random() % 5)};
        const std::string text = fmt::format("text of {} in {}", subject.value, row);
        ASSERT_TRUE(put(subject, row, text));
        ASSERT_EQ(get(row).value_or("?"), text) << "seed " << kSeed;
        if (random() % 10 == 0) {
          ASSERT_TRUE(forget({subject}));
          ASSERT_EQ(get(row).error().id, "vault.erased") << "seed " << kSeed;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace qiao::core
