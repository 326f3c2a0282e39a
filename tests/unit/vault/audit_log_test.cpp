#include <fstream>
#include <thread>

#include "tests/unit/vault/vault_fixture.hpp"

namespace qiao::core {
namespace {

using testing::HasSubstr;

class AuditLogTest : public VaultTest {
 protected:
  void record(int count) {
    for (int i = 0; i < count; ++i) {
      AuditEntry entry;
      entry.action = i % 2 == 0 ? "contact.reveal" : "login.failed";
      entry.object = fmt::format("contact:{}", i);
      entry.actor = Id{5};
      entry.actor_type = Principal::Type::agent;
      entry.actor_name = "lin";
      entry.remote = "192.0.2.1";
      ASSERT_TRUE(audit->record_and_wait(entry));
      clock.advance(std::chrono::seconds(1));
    }
  }
  AuditVerdict verdict() {
    auto verdict = audit->verify();
    EXPECT_TRUE(verdict) << verdict.error().message;
    return verdict.value_or(AuditVerdict{});
  }
};

TEST_F(AuditLogTest, ChainsWhatItRecordsAndFindsItWhole) {
  record(10);
  EXPECT_EQ(verdict().problem, "");
  EXPECT_EQ(verdict().entries, 10);
  open_vault();
  record(3);
  EXPECT_EQ(verdict().problem, "");
  EXPECT_EQ(verdict().entries, 13);
}

TEST_F(AuditLogTest, FindsAnEditOfEveryColumn) {
  record(6);
  const std::pair<const char*, const char*> edits[] = {{"action = 'x'", "action = 'contact.reveal'"},
                                                       {"object = 'x'", "object = 'contact:2'"},
                                                       {"detail = 'x'", "detail = ''"},
                                                       {"actor_type = 3", "actor_type = 2"},
                                                       {"actor = 6", "actor = 5"},
                                                       {"actor_name = 'x'", "actor_name = 'lin'"},
                                                       {"remote = 'x'", "remote = '192.0.2.1'"},
                                                       {"at = at + 1", "at = at - 1"}};
  for (const auto& [edit, undo] : edits) {
    SCOPED_TRACE(edit);
    ASSERT_TRUE(run(fmt::format("UPDATE hub_audit SET {} WHERE seq = 3", edit)));
    EXPECT_THAT(verdict().problem, HasSubstr("entry 3 was changed"));
    ASSERT_TRUE(run(fmt::format("UPDATE hub_audit SET {} WHERE seq = 3", undo)));
    EXPECT_EQ(verdict().problem, "");
  }
}

TEST_F(AuditLogTest, FindsADeletionInTheMiddleAndAtTheBeginning) {
  record(6);
  ASSERT_TRUE(run("DELETE FROM hub_audit WHERE seq = 3"));
  EXPECT_THAT(verdict().problem, HasSubstr("entry 3 is missing"));
  ASSERT_TRUE(run("DELETE FROM hub_audit WHERE seq < 3"));
  EXPECT_THAT(verdict().problem, HasSubstr("entry 1 is missing"));
}

TEST_F(AuditLogTest, FindsADeletionThatIsRenumbered) {
  record(6);
  ASSERT_TRUE(run("DELETE FROM hub_audit WHERE seq = 3"));
  for (int seq = 4; seq <= 6; ++seq)
    ASSERT_TRUE(run(fmt::format("UPDATE hub_audit SET seq = {} WHERE seq = {}", seq - 1, seq)));
  EXPECT_THAT(verdict().problem, HasSubstr("entry 3 was changed"));
}

TEST_F(AuditLogTest, FindsADeletionAtTheEnd) {
  record(6);
  ASSERT_TRUE(run("DELETE FROM hub_audit WHERE seq = 6"));
  EXPECT_THAT(verdict().problem, HasSubstr("ends at entry 5, but 6 were written"));
}

TEST_F(AuditLogTest, FindsADeletionAtTheEndWithTheHeadPutRightByWhatWasNotedOutside) {
  record(6);
  ASSERT_TRUE(audit->note_head());
  EXPECT_EQ(verdict().heads, 1U);
  ASSERT_TRUE(run("DELETE FROM hub_audit WHERE seq > 4"));
  ASSERT_TRUE(run("UPDATE hub_audit_head SET seq = 4, mac = (SELECT mac FROM hub_audit WHERE seq = 4)"));
  EXPECT_THAT(verdict().problem, HasSubstr("ends at entry 4, but entry 6 was noted"));
  // Going on from there does not hide it.
  record(5);
  EXPECT_THAT(verdict().problem, HasSubstr("entry 6 is not the one that was noted"));
}

TEST_F(AuditLogTest, FindsAnEntryAddedByHand) {
  record(2);
  ASSERT_TRUE(
      run("INSERT INTO hub_audit SELECT 3, at, action, object, detail, actor_type, actor, actor_name, remote, mac FROM "
          "hub_audit WHERE seq = 2"));
  EXPECT_THAT(verdict().problem, HasSubstr("entry 3 was changed"));
}

TEST_F(AuditLogTest, HasAnEntryIfAndOnlyIfTheChangeWasStored) {
  const auto change = [&](std::int64_t row, bool fail) {
    return values->write_and_wait([this, row, fail](Session& session) -> Result<void> {
      if (auto done = session.run("INSERT INTO sealed (id, text) VALUES (?, 'x')", row); !done) return done.error();
      if (auto done = audit->record(session, AuditEntry{"test.change", fmt::format("row:{}", row), {}}); !done) {
        return done;
      }
      return fail ? Result<void>(Error{Errc::conflict, "test.undo", "undo this"}) : Result<void>();
    });
  };
  EXPECT_TRUE(change(1, false));
  EXPECT_FALSE(change(2, true));
  EXPECT_TRUE(change(3, false));
  EXPECT_EQ(number("SELECT COUNT(*) FROM hub_audit"), 2);
  EXPECT_EQ(verdict().problem, "");
}

TEST_F(AuditLogTest, KeepsTheOrderOfWritesThatShareACommitAlsoWhenOneIsUndone) {
  std::atomic<int> done{0};
  {
    auto release = hold_writer();
    for (int i = 0; i < 40; ++i) {
      values->write(
          0,
          [this, i](Session& session) -> Result<void> {
            if (auto kept = audit->record(session, AuditEntry{"test.write", fmt::format("n:{}", i), {}}); !kept) {
              return kept;
            }
            return i % 7 == 3 ? Result<void>(Error{Errc::conflict, "test.undo", "undo this"}) : Result<void>();
          },
          [&done](const Result<void>&) { ++done; });
    }
    release.set_value();
  }
  settle();
  while (done < 40) std::this_thread::yield();
  EXPECT_EQ(verdict().problem, "");
  EXPECT_EQ(verdict().entries, 34);
}

TEST_F(AuditLogTest, ListsNewestFirstByActionActorAndTime) {
  record(10);
  AuditFilter filter;
  filter.limit = 4;
  auto page = audit->list(filter);
  ASSERT_TRUE(page);
  ASSERT_EQ(page->entries.size(), 4U);
  EXPECT_TRUE(page->more);
  EXPECT_EQ(page->entries.front().seq, 10);
  filter.before = page->entries.back().seq;
  filter.limit = 100;
  page = audit->list(filter);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->entries.size(), 6U);
  EXPECT_FALSE(page->more);
  filter = {};
  filter.action = "login.";
  EXPECT_EQ(audit->list(filter)->entries.size(), 5U);
  filter.action = "login.failed";
  filter.object = "contact:3";
  EXPECT_EQ(audit->list(filter)->entries.size(), 1U);
  filter = {};
  filter.since = clock.now() - std::chrono::seconds(3);
  EXPECT_EQ(audit->list(filter)->entries.size(), 3U);
  EXPECT_EQ(audit->list(filter)->entries.front().actor_type, "agent");
}

TEST_F(AuditLogTest, CutsWhatIsTooLongBetweenCharacters) {
  AuditEntry entry;
  entry.action = "test.long";
  for (int i = 0; i < 500; ++i) entry.detail += "长";
  ASSERT_TRUE(audit->record_and_wait(entry));
  const auto page = audit->list({});
  ASSERT_TRUE(page);
  EXPECT_EQ(page->entries.front().detail.size(), 999U);
  EXPECT_EQ(verdict().problem, "");
}

TEST_F(AuditLogTest, IsMadeRightAgainByNobodyWithoutTheMasterKey) {
  record(3);
  masters.current = master_of('2');
  masters.previous = {master_of('1')};
  open_vault();
  EXPECT_EQ(verdict().problem, "");
  // The keys of the chain follow from the vault's root, not from what stands in the table.
  ASSERT_TRUE(run("UPDATE hub_audit SET mac = (SELECT mac FROM hub_audit WHERE seq = 2) WHERE seq = 3"));
  EXPECT_THAT(verdict().problem, HasSubstr("entry 3 was changed"));
}

}  // namespace
}  // namespace qiao::core
