#include <atomic>
#include <thread>

#include "tests/unit/vault/vault_fixture.hpp"

namespace qiao::core {
namespace {

class RotationTest : public VaultTest {
 protected:
  void finish_work() {
    for (int i = 0; i < 1000; ++i) {
      auto more = vault->work(10);
      ASSERT_TRUE(more) << more.error().message;
      if (!*more) return;
    }
    FAIL() << "there is always more to do";
  }
  VaultStatus status() {
    auto status = vault->status();
    EXPECT_TRUE(status);
    return status.value_or(VaultStatus{});
  }
};

TEST_F(RotationTest, WrapsAllKeysAnewAndEverythingStillOpens) {
  for (std::int64_t row = 1; row <= 35; ++row) ASSERT_TRUE(put(Id{row}, row, fmt::format("text {}", row)));
  ASSERT_TRUE(vault->rotate());
  EXPECT_EQ(status().left(), 35);
  finish_work();
  EXPECT_EQ(status().left(), 0);
  open_vault();
  for (std::int64_t row = 1; row <= 35; ++row) EXPECT_EQ(get(row).value_or("?"), fmt::format("text {}", row));
}

TEST_F(RotationTest, DropsTheOldDataKeyOnceNobodyCanUseItAnyMore) {
  ASSERT_TRUE(put(Id{1}, 1, "text"));
  ASSERT_TRUE(vault->rotate());
  finish_work();
  EXPECT_EQ(status().data_keys.size(), 2U);
  clock.advance(std::chrono::hours(2));
  finish_work();
  EXPECT_EQ(status().data_keys.size(), 1U);
  EXPECT_EQ(get(1).value_or("?"), "text");
}

TEST_F(RotationTest, RotatesByItselfAfterNinetyDays) {
  ASSERT_TRUE(put(Id{1}, 1, "text"));
  const Id first = status().data_keys.back().id;
  clock.advance(std::chrono::hours(89 * 24));
  finish_work();
  EXPECT_EQ(status().data_keys.back().id, first);
  clock.advance(std::chrono::hours(2 * 24));
  finish_work();
  EXPECT_NE(status().data_keys.back().id, first);
  EXPECT_EQ(status().left(), 0);
  EXPECT_EQ(get(1).value_or("?"), "text");
}

TEST_F(RotationTest, AnotherNodeUsesANewDataKeyAtOnce) {
  auto other = try_vault();
  ASSERT_TRUE(other);
  ASSERT_TRUE((*other)->rotate());
  ASSERT_TRUE(values->write_and_wait([&](Session& session) -> Result<void> {
    auto sealed = (*other)->seal(session, Id{5}, {"sealed", "text", 5}, "theirs");
    if (!sealed) return sealed.error();
    auto done = session.run("INSERT INTO sealed (id, text) VALUES (5, ?)", SqlArg::blob(*sealed));
    return done ? Result<void>() : Result<void>(done.error());
  }));
  EXPECT_EQ(get(5).value_or("?"), "theirs");
}

TEST_F(RotationTest, KeepsAnErasedKeyErasedWhileKeysAreWrappedAnew) {
  for (std::int64_t row = 1; row <= 20; ++row) ASSERT_TRUE(put(Id{row}, row, "text"));
  ASSERT_TRUE(vault->rotate());
  ASSERT_TRUE(vault->work(5));
  ASSERT_TRUE(forget({Id{1}, Id{20}}));
  finish_work();
  EXPECT_EQ(get(1).error().id, "vault.erased");
  EXPECT_EQ(get(20).error().id, "vault.erased");
  EXPECT_EQ(get(10).value_or("?"), "text");
}

TEST_F(RotationTest, GoesOnUnderLoadWithoutAnybodyNoticing) {
  std::atomic<bool> stop{false};
  std::atomic<std::int64_t> rows{0};
  std::thread writer([&] {
    for (std::int64_t row = 1; !stop; ++row) {
      ASSERT_TRUE(put(Id{row % 50}, row, fmt::format("text {}", row)));
      rows = row;
    }
  });
  std::thread reader([&] {
    while (!stop) {
      if (const std::int64_t row = rows; row > 0) {
        ASSERT_EQ(get(row).value_or("?"), fmt::format("text {}", row));
      }
    }
  });
  for (int rotation = 0; rotation < 5; ++rotation) {
    while (rows < 40 * (rotation + 1)) std::this_thread::yield();
    ASSERT_TRUE(vault->rotate());
    finish_work();
  }
  stop = true;
  writer.join();
  reader.join();
  finish_work();
  EXPECT_EQ(status().left(), 0);
  open_vault();
  for (std::int64_t row = 1; row <= rows; ++row) ASSERT_EQ(get(row).value_or("?"), fmt::format("text {}", row));
}

}  // namespace
}  // namespace qiao::core
