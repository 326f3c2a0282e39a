#include <gtest/gtest.h>

#include <filesystem>

#include "qiao/contract/conversation.hpp"
#include "qiao/contract/files.hpp"
#include "qiao/contract/uploads.hpp"
#include "qiao/testkit/test_hub.hpp"

namespace qiao::web {
namespace {

using namespace contract;
using namespace std::chrono_literals;

class Leftovers : public testing::Test {
 protected:
  explicit Leftovers(const std::string& config = {}) : hub({.http = true}) {
    hub.start_plugin("inbox");
    hub.start_plugin("web", config);
    hub.advance(1s);
  }
  Attachment upload(const std::string& name, const std::string& user = "u1") {
    auto kept = hub.ask(StoreFile{"wechat", user, name, "a text"});
    EXPECT_TRUE(kept) << (kept ? "" : kept.error().message);
    return kept ? *kept : Attachment{};
  }
  void send(const Attachment& file, const std::string& id) {
    AcceptMessage m;
    m.channel = "wechat";
    m.user = "u1";
    m.external_id = id;
    m.content.attachments = {file};
    auto accepted = hub.ask(m);
    EXPECT_TRUE(accepted) << (accepted ? "" : accepted.error().message);
    hub.run_until_idle();
  }
  bool there(const Attachment& file) { return hub.ask(ReadFile{file.id}).ok(); }
  void hours(int count) {
    for (int i = 0; i < count; ++i) hub.advance(1h);
    hub.run_until_idle();
  }
  [[nodiscard]] std::size_t files_on_disk() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(hub.data_dir())) {
      if (entry.is_regular_file() && entry.path().string().find("/files/") != std::string::npos) ++count;
    }
    return count;
  }

  testkit::TestHub hub;
};

TEST_F(Leftovers, AreRemovedADayLaterAndWhatWasSentStays) {
  const Attachment sent = upload("sent.txt");
  send(sent, "m1");
  const Attachment left = upload("left.txt");
  hours(22);
  EXPECT_TRUE(there(left));
  hours(6);
  EXPECT_FALSE(there(left));
  EXPECT_TRUE(there(sent));
  EXPECT_EQ(files_on_disk(), 1u);
  EXPECT_NE(hub.metrics().find("qiao_web_uploads_purged_total{instance=\"web\"} 1"), std::string::npos);
  hours(48);
  EXPECT_TRUE(there(sent));
}

TEST_F(Leftovers, KeepTheFileOfAMessageThatCameAtTheLastMoment) {
  const Attachment late = upload("late.txt");
  hours(25);  // given up by now, not yet removed
  send(late, "m1");
  hours(48);
  EXPECT_TRUE(there(late));
}

TEST_F(Leftovers, StayWhileSomebodyWhoMayReferToThemCannotSay) {
  bool away = true;
  hub.serve<AskUploadsInUse>([&](const AskUploadsInUse&, const Headers&) -> Result<UploadsInUse> {
    if (away) return Error{Errc::unavailable, "not now"};
    return UploadsInUse{};
  });
  const Attachment left = upload("left.txt");
  hours(30);
  EXPECT_TRUE(there(left));
  away = false;
  hours(3);
  EXPECT_FALSE(there(left));
}

TEST_F(Leftovers, StayWhileNobodyCanBeAsked) {
  const Attachment left = upload("left.txt");
  hub.stop_plugin("inbox");
  hours(30);
  EXPECT_TRUE(there(left));
}

TEST_F(Leftovers, HaveOwnersWithLongNames) {
  const std::string user = "oHubUser" + std::string(100, '9');
  EXPECT_TRUE(there(upload("long.txt", user)));
}

class ShortLeftovers : public Leftovers {
 protected:
  ShortLeftovers() : Leftovers("unsent_uploads_kept: 2h\n") {}
};

TEST_F(ShortLeftovers, AreRemovedWhenTheOperatorSays) {
  const Attachment left = upload("left.txt");
  hours(6);
  EXPECT_FALSE(there(left));
}

}  // namespace
}  // namespace qiao::web
