#include <thread>

#include "tests/unit/vault/vault_fixture.hpp"

namespace qiao::core {
namespace {

/// Two hubs with one database; only a server can be shared.
class TwoHubsTest : public VaultTest {
 protected:
  void SetUp() override {
    if (!on_mysql()) GTEST_SKIP() << "a file has one hub";
    VaultTest::SetUp();
    StoreSettings second = settings;
    second.folder = other_folder.path();
    auto opened = Store::open(second, host());
    ASSERT_TRUE(opened) << opened.error().message;
    other_store = std::move(*opened);
    other_values = other_store->for_instance("values");
    auto keys_of_other = FieldVault::open(other_store->for_instance("vault"), {masters, keys, std::chrono::hours(24)},
                                          logs.logger("vault"), clock);
    ASSERT_TRUE(keys_of_other) << keys_of_other.error().message;
    other_vault = std::move(*keys_of_other);
    auto log = AuditLog::open(other_store->for_instance("audit"), *other_vault, {}, logs.logger("audit"), clock);
    ASSERT_TRUE(log) << log.error().message;
    other_audit = std::move(*log);
  }
  void TearDown() override {
    other_audit.reset();
    other_vault.reset();
    other_values.reset();
    other_store.reset();
    VaultTest::TearDown();
  }

  TempFolder other_folder;
  std::unique_ptr<Store> other_store;
  std::unique_ptr<InstanceStore> other_values;
  std::unique_ptr<FieldVault> other_vault;
  std::unique_ptr<AuditLog> other_audit;
};

TEST_F(TwoHubsTest, WriteOneAuditLogWithoutAGapInItsChain) {
  constexpr int kEach = 60;
  const auto record = [](AuditLog& log, const char* object) {
    for (int i = 0; i < kEach; ++i) ASSERT_TRUE(log.record_and_wait(AuditEntry{"test.write", object}));
  };
  std::thread one([&] { record(*audit, "hub:1"); });
  std::thread two([&] { record(*other_audit, "hub:2"); });
  one.join();
  two.join();
  const auto verdict = audit->verify();
  ASSERT_TRUE(verdict);
  EXPECT_EQ(verdict->problem, "");
  EXPECT_EQ(verdict->entries, 2 * kEach);
}

TEST_F(TwoHubsTest, GiveAPersonOneKeyAndOpenWhatTheOtherSealed) {
  constexpr std::int64_t kPeople = 40;
  const auto write = [](Database& database, Vault& by, std::int64_t first_row) {
    for (std::int64_t person = 1; person <= kPeople; ++person) {
      const std::int64_t row = first_row + person;
      const auto done = database.write_and_wait([&](Session& session) -> Result<void> {
        auto sealed = by.seal(session, Id{person}, {"sealed", "text", row}, fmt::format("text {}", row));
        if (!sealed) return sealed.error();
        auto added = session.run("INSERT INTO sealed (id, text) VALUES (?, ?)", row, SqlArg::blob(*sealed));
        return added ? Result<void>() : Result<void>(added.error());
      });
      ASSERT_TRUE(done) << done.error().message;
    }
  };
  std::thread one([&] { write(*values, *vault, 0); });
  std::thread two([&] { write(*other_values, *other_vault, 1000); });
  one.join();
  two.join();
  EXPECT_EQ(number("SELECT COUNT(*) FROM hub_subject_key"), kPeople);
  for (std::int64_t person = 1; person <= kPeople; ++person) {
    EXPECT_EQ(get(person).value_or("?"), fmt::format("text {}", person));
    EXPECT_EQ(get(1000 + person).value_or("?"), fmt::format("text {}", 1000 + person));
  }
}

}  // namespace
}  // namespace qiao::core
