#include "store_fixture.hpp"

namespace qiao::core {
namespace {

using testing::ElementsAre;

class Readers : public StoreTest {
 protected:
  void SetUp() override { open(); }
  static std::int64_t count(Session& s) {
    auto rows = s.query("SELECT count(*) FROM note");
    EXPECT_TRUE(rows->next());
    return rows->integer(0);
  }
};

TEST_F(Readers, SeeOneCommittedStateWhileAWriterGoesOn) {
  ASSERT_TRUE(db->write_and_wait(insert(1, "one")));
  ASSERT_TRUE(db->read([&](Session& s) -> Result<void> {
    EXPECT_EQ(count(s), 1);
    std::thread([&] { EXPECT_TRUE(db->write_and_wait(insert(2, "two"))); }).join();
    EXPECT_EQ(count(s), 1);
    return {};
  }));
  EXPECT_THAT(texts(), ElementsAre("one", "two"));
}

TEST_F(Readers, WorkSideBySideWithAWriter) {
  std::atomic<bool> stop{false};
  std::vector<std::thread> readers;
  for (int r = 0; r < 3; ++r) {
    readers.emplace_back([&] {
      std::int64_t last = 0;
      while (!stop) {
        EXPECT_TRUE(db->read([&](Session& s) -> Result<void> {
          const auto now = count(s);
          EXPECT_GE(now, last);
          EXPECT_EQ(now % 2, 0) << "half of a write is visible";
          last = now;
          return {};
        }));
      }
    });
  }
  for (int i = 0; i < 200; ++i) {
    ASSERT_TRUE(db->write_and_wait([i](Session& s) -> Result<void> {
      EXPECT_TRUE(insert(2 * i + 1, fmt::to_string(2 * i + 1))(s));
      return insert(2 * i + 2, fmt::to_string(2 * i + 2))(s);
    }));
  }
  stop = true;
  for (auto& reader : readers) reader.join();
}

TEST_F(Readers, CannotWrite) {
  ASSERT_TRUE(db->read([](Session& s) -> Result<void> {
    EXPECT_EQ(s.run("INSERT INTO note (id, text) VALUES (1, 'a')").error().name(), "store.read_only");
    return {};
  }));
}

TEST_F(Readers, PassOnWhatTheWorkAnswersAndSurviveWhatItThrows) {
  EXPECT_EQ(db->read([](Session&) -> Result<void> {
                return Error{Errc::not_found, "x"};
              })
                .error()
                .code,
            Errc::not_found);
  EXPECT_EQ(db->read([](Session&) -> Result<void> { throw std::runtime_error("boom"); }).error().name(),
            "store.work_threw");
  EXPECT_TRUE(db->read([](Session&) -> Result<void> { return {}; }));
}

TEST_F(Readers, WaitForOneAnotherWhenAllSessionsAreLent) {
  settings.readers = 1;
  open();
  std::promise<void> inside;
  std::promise<void> leave;
  std::thread first([&] {
    EXPECT_TRUE(db->read([&](Session&) -> Result<void> {
      inside.set_value();
      leave.get_future().wait();
      return {};
    }));
  });
  inside.get_future().wait();
  std::thread second([&] { EXPECT_TRUE(db->read([](Session&) -> Result<void> { return {}; })); });
  leave.set_value();
  first.join();
  second.join();
}

}  // namespace
}  // namespace qiao::core
