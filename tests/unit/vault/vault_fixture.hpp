#pragma once

#include "core/vault/audit_log.hpp"
#include "sdk/testkit/include/qiao/testkit/manual_clock.hpp"
#include "tests/unit/store/store_fixture.hpp"

namespace qiao::core {

inline MasterKey master_of(char digit) { return *MasterKey::parse(std::string(64, digit)); }

/// A store with a vault and an audit log over it, and a table for what is sealed.
class VaultTest : public StoreTest {
 protected:
  void SetUp() override {
    masters.current = master_of('1');
    masters.file = folder.path() / "keys" / "master.key";
    open();
    const Migration steps[] = {
        {1, "sealed values", "CREATE TABLE sealed (id BIGINT NOT NULL PRIMARY KEY, text BLOB NOT NULL)"}};
    values = store->for_instance("values");
    ASSERT_TRUE(values->migrate(steps));
    open_vault();
  }
  void TearDown() override {
    audit.reset();
    vault.reset();
    values.reset();
    StoreTest::TearDown();
  }

  Result<std::unique_ptr<FieldVault>> try_vault() {
    return FieldVault::open(store->for_instance("vault"), {masters, keys, std::chrono::hours(90 * 24)},
                            logs.logger("vault"), clock);
  }
  void open_vault() {
    audit.reset();
    vault.reset();
    auto opened = try_vault();
    ASSERT_TRUE(opened) << opened.error().message;
    vault = std::move(*opened);
    auto log = AuditLog::open(store->for_instance("audit"), *vault, folder.path() / "audit.heads", logs.logger("audit"),
                              clock);
    ASSERT_TRUE(log) << log.error().message;
    audit = std::move(*log);
  }

  /// Seals a text for a person and stores it as a row.
  Result<void> put(Id subject, std::int64_t row, std::string_view text) {
    return values->write_and_wait([&, subject, row](Session& session) -> Result<void> {
      auto sealed = vault->seal(session, subject, {"sealed", "text", row}, text);
      if (!sealed) return sealed.error();
      auto done = session.run("INSERT INTO sealed (id, text) VALUES (?, ?)", row, SqlArg::blob(*sealed));
      return done ? Result<void>() : Result<void>(done.error());
    });
  }
  std::string raw(std::int64_t row) {
    std::string bytes;
    EXPECT_TRUE(values->read([&](Session& session) -> Result<void> {
      auto rows = session.query("SELECT text FROM sealed WHERE id = ?", row);
      if (rows->next()) bytes = rows->str(0);
      return rows->status();
    }));
    return bytes;
  }
  Result<std::string> open_at(const SealedPlace& place, const std::string& sealed) {
    Result<std::string> plain = std::string();
    auto done = values->read([&](Session& session) -> Result<void> {
      plain = vault->open(session, place, sealed);
      return {};
    });
    return done ? plain : Result<std::string>(done.error());
  }
  Result<std::string> get(std::int64_t row) { return open_at({"sealed", "text", row}, raw(row)); }
  Result<void> forget(std::vector<Id> subjects) {
    return values->write_and_wait([&](Session& session) { return vault->forget(session, subjects); });
  }
  Result<void> run(std::string_view sql) {
    return values->write_and_wait([&](Session& session) -> Result<void> {
      auto done = session.run(sql);
      return done ? Result<void>() : Result<void>(done.error());
    });
  }
  std::int64_t number(std::string_view sql) {
    std::int64_t found = -1;
    EXPECT_TRUE(values->read([&](Session& session) -> Result<void> {
      auto rows = session.query(sql);
      if (rows->next()) found = rows->integer(0);
      return rows->status();
    }));
    return found;
  }

  testkit::ManualClock clock;
  MasterKeys masters;
  SubjectKeys::Settings keys;
  std::unique_ptr<InstanceStore> values;
  std::unique_ptr<FieldVault> vault;
  std::unique_ptr<AuditLog> audit;
};

}  // namespace qiao::core
