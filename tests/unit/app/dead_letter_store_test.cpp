#include "core/app/dead_letter_store.hpp"

#include <gtest/gtest.h>

#include <filesystem>

#include "core/app/hub.hpp"
#include "core/vault/field_vault.hpp"

namespace qiao::core {
namespace {

class DeadLetters : public ::testing::Test {
 protected:
  DeadLetters() {
    std::string pattern = ::testing::TempDir() + "/qiao-letters-XXXXXX";
    folder = ::mkdtemp(pattern.data());
    open();
  }
  ~DeadLetters() override {
    close();
    std::filesystem::remove_all(folder);
  }
  void open() {
    StoreSettings settings;
    settings.folder = folder;
    store = std::move(*Store::open(settings, {logs.logger("store"), metrics, health.for_instance("store")}));
    FieldVault::Settings keys;
    keys.masters.current = *MasterKey::parse(std::string(64, '1'));
    vault = std::move(
        *FieldVault::open(store->for_instance("vault"), std::move(keys), logs.logger("vault"), system_clock()));
    letters = std::make_unique<DeadLetterStore>(store->for_instance("hub"), *vault, logs.logger("hub"));
    ASSERT_TRUE(letters->open());
  }
  void close() {
    letters.reset();
    vault.reset();
    store.reset();
  }
  static DeadLetter letter(std::int64_t id) {
    DeadLetter made;
    made.id = Id{id};
    made.message = "fixture.tick";
    made.body = std::string("\0\x01body", 6);
    made.partition = 0xFFFF'FFFF'FFFF'FFFFull;
    made.instance = "bad";
    made.priority = Priority::enrich;
    made.error = "plugin.threw";
    made.reason = "crime in handler";
    made.at = from_micros(1'767'603'600'000'000);
    return made;
  }

  std::filesystem::path folder;
  Logs logs{LogSettings{}, [](std::string_view) {}};
  MetricsRegistry metrics;
  HealthBoard health;
  std::unique_ptr<Store> store;
  std::unique_ptr<FieldVault> vault;
  std::unique_ptr<DeadLetterStore> letters;
};

TEST_F(DeadLetters, SayNothingReadableInTheDatabase) {
  DeadLetter secret = letter(7);
  secret.body = "planted 13800138000";
  secret.reason = "could not reach 13800138000";
  letters->add(secret);
  EXPECT_EQ(letters->list()->front().letter.reason, secret.reason);
  auto raw = store->for_instance("test");
  ASSERT_TRUE(raw->read([](Session& session) -> Result<void> {
    auto rows = session.query("SELECT body, reason FROM hub_dead_letter");
    EXPECT_TRUE(rows->next());
    EXPECT_EQ(rows->text(0).find("13800138000"), std::string_view::npos);
    EXPECT_EQ(rows->text(1).find("13800138000"), std::string_view::npos);
    return rows->status();
  }));
}

TEST_F(DeadLetters, ComeBackWholeAfterARestart) {
  letters->add(letter(7));
  close();
  open();
  EXPECT_EQ(letters->count(), 1);
  auto list = letters->list();
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), 1u);
  const DeadLetter& kept = list->front().letter;
  const DeadLetter wanted = letter(7);
  EXPECT_EQ(kept.id, wanted.id);
  EXPECT_EQ(kept.message, wanted.message);
  EXPECT_EQ(kept.body, wanted.body);
  EXPECT_EQ(kept.partition, wanted.partition);
  EXPECT_EQ(kept.priority, wanted.priority);
  EXPECT_EQ(kept.error, wanted.error);
  EXPECT_EQ(kept.at, wanted.at);
}

TEST_F(DeadLetters, DropTakesOutExactlyThoseThatAreNamed) {
  for (int i = 1; i <= 3; ++i) letters->add(letter(i));
  const auto list = letters->list();
  ASSERT_TRUE(list);
  ASSERT_EQ(list->size(), 3u);
  auto dropped = letters->drop({(*list)[1].key, Id{12345}});
  ASSERT_TRUE(dropped);
  EXPECT_EQ(*dropped, 1);
  EXPECT_EQ(letters->list()->size(), 2u);
  EXPECT_EQ(letters->count(), 2);
  EXPECT_EQ(letters->find((*list)[1].key).error().name(), "dead_letters.unknown");
}

TEST_F(DeadLetters, TheCommandListsShowsAndDrops) {
  EXPECT_EQ(dead_letters_command(*letters, {"list"}, nullptr).text, "no dead letters\n");
  letters->add(letter(7));
  const std::string key = letters->list()->front().key.str();
  EXPECT_NE(dead_letters_command(*letters, {"list"}, nullptr).text.find(key), std::string::npos);
  EXPECT_NE(dead_letters_command(*letters, {"show", key}, nullptr).text.find("\"fixture.tick\""), std::string::npos);
  EXPECT_EQ(dead_letters_command(*letters, {"drop", "x"}, nullptr).error, "dead_letters.bad_id");
  EXPECT_EQ(dead_letters_command(*letters, {"drop", "all"}, nullptr).text, "dropped 1\n");
}

}  // namespace
}  // namespace qiao::core
