#include <nlohmann/json.hpp>

#include "plugins/inbox/tests/inbox_hub.hpp"

namespace qiao::inbox::test {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr const char* kLi = "7;conversations;group:after-sales";
constexpr const char* kWang = "8;conversations;group:logistics";
constexpr const char* kBoss = "9;conversations;conversations.all";

std::string encoded(std::string_view text) {
  std::string out;
  for (const char c : text) out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  return out;
}

/// Each question is asked twice, of the messages as they were just written and once they are in the index.
class InboxSearch : public testing::Test {
 protected:
  InboxSearch() : inbox(options()) {
    inbox.hub.start_plugin("inbox-test-door");
    inbox.bot = [](const AskBot& q) {
      return q.text.find("快递") != std::string::npos ? InboxHub::declines("logistics") : InboxHub::declines();
    };
    inbox.routing = [](const DecideRoute& q) {
      return RouteDecision{q.group_hint.empty() ? "after-sales" : q.group_hint, {}, {}, 0, 0, "nobody is free"};
    };
    inbox.start();
  }
  static testkit::HubOptions options() {
    testkit::HubOptions options;
    options.http = true;
    options.plugin_dirs = {QIAO_PLUGIN_DIR, QIAO_INBOX_TEST_PLUGINS};
    return options;
  }
  std::string opened(const std::string& user, const std::string& text) {
    inbox.hub.advance(1s);
    return inbox.accept(user, fmt::format("{}-{}", user, ++count_), text).conversation.str();
  }
  json search(const std::string& who, const std::string& words, const std::string& more = "&view=all") {
    const auto answer = inbox.hub.http("GET", "/api/v1/conversations?search=" + encoded(words) + more, {},
                                       {{"Authorization", "Bearer " + who}});
    EXPECT_EQ(answer.status, 200) << answer.body;
    return json::parse(answer.body, nullptr, false);
  }
  std::vector<std::string> ids(const std::string& who, const std::string& words,
                               const std::string& more = "&view=all") {
    std::vector<std::string> all;
    const json page = search(who, words, more);
    for (const json& c : page["conversations"]) all.push_back(c["id"]);
    return all;
  }
  std::int64_t position() { return inbox.count("SELECT position FROM inbox_text_state"); }
  /// Every message is old enough for the index from now on.
  void index_everything() {
    inbox.hub.clock().set(system_clock().now() + 24h);
    inbox.hub.advance(20s);
    ASSERT_EQ(position(), inbox.count("SELECT MAX(id) FROM inbox_message"));
  }
  template <class F>
  void before_and_after_indexing(F questions) {
    {
      SCOPED_TRACE("not indexed");
      ASSERT_EQ(position(), 0);
      questions();
    }
    SCOPED_TRACE("indexed");
    index_everything();
    questions();
  }

  InboxHub inbox;
  int count_ = 0;
};

TEST_F(InboxSearch, FindsChineseEnglishAndNumbersIndexedOrNot) {
  const std::string berries = opened("v1", "我要退货，草莓坏了，订单 SO-20261122-001");
  const std::string milk = opened("v2", "The milk was sour, can I have a refund?");
  const std::string old = opened("v3", "退貨流程是什麼");
  before_and_after_indexing([&] {
    EXPECT_THAT(ids(kLi, "退货"), ElementsAre(old, berries));
    EXPECT_THAT(ids(kLi, "草莓"), ElementsAre(berries));
    EXPECT_THAT(ids(kLi, "退貨流程"), ElementsAre(old)) << "traditional finds traditional";
    EXPECT_THAT(ids(kLi, "退货流程"), ElementsAre(old)) << "simplified finds traditional";
    EXPECT_THAT(ids(kLi, "草莓壞了"), ElementsAre(berries)) << "traditional finds simplified";
    EXPECT_THAT(ids(kLi, "so-2026"), ElementsAre(berries));
    EXPECT_THAT(ids(kLi, "20261122-001"), ElementsAre(berries));
    EXPECT_THAT(ids(kLi, "REFUND milk"), ElementsAre(milk));
    EXPECT_THAT(ids(kLi, "草莓 SO-2026"), ElementsAre(berries));
    EXPECT_THAT(ids(kLi, "草莓 milk"), IsEmpty());
    EXPECT_THAT(ids(kLi, "莓"), ElementsAre(berries)) << "one character";
    EXPECT_THAT(ids(kLi, "货退"), IsEmpty());
    EXPECT_THAT(ids(kLi, "!?"), IsEmpty());
  });
}

TEST_F(InboxSearch, ShowsWhereTheWordsStand) {
  const std::string id = opened("v1", "你好，我要退货");
  before_and_after_indexing([&] {
    const json page = search(kLi, "退货");
    ASSERT_THAT(page["hits"], SizeIs(1));
    const json& hit = page["hits"][0];
    EXPECT_EQ(hit["conversation"], id);
    EXPECT_EQ(hit["seq"], 1);
    EXPECT_EQ(hit["author"], "customer");
    EXPECT_EQ(hit["snippet"], "你好，我要退货");
    EXPECT_EQ(hit["marks"][0]["from"], 5);
    EXPECT_EQ(hit["marks"][0]["to"], 7);
  });
}

TEST_F(InboxSearch, FindsOnlyWhatTheAgentMaySee) {
  const std::string returns = opened("v1", "要退货");
  const std::string parcel = opened("v2", "快递丢了，要退货");
  before_and_after_indexing([&] {
    EXPECT_THAT(ids(kLi, "退货"), ElementsAre(returns));
    EXPECT_THAT(ids(kWang, "退货"), ElementsAre(parcel));
    EXPECT_THAT(search(kWang, "退货")["hits"], SizeIs(1));
    EXPECT_THAT(ids(kBoss, "退货"), ElementsAre(parcel, returns));
  });
}

TEST_F(InboxSearch, FiltersByChannelGroupStateAndTime) {
  const std::string first = opened("v1", "要退货");
  const std::string second = opened("v2", "快递丢了，要退货");
  ASSERT_TRUE(inbox.hub.ask(Resolve{parse_id(first).value_or(Id{}), Id{7}, "李婷"}));
  inbox.hub.run_until_idle();
  const auto at = [&](const std::string& id) {
    return to_iso8601(from_micros(inbox.count("SELECT MIN(written_at) FROM inbox_message WHERE conversation = " + id)));
  };
  before_and_after_indexing([&] {
    EXPECT_THAT(ids(kBoss, "退货", "&view=all"), ElementsAre(second));
    EXPECT_THAT(ids(kBoss, "退货", "&view=resolved"), ElementsAre(first));
    EXPECT_THAT(ids(kBoss, "退货", "&view=any"), ElementsAre(second, first));
    EXPECT_THAT(ids(kBoss, "退货", "&view=any&group=logistics"), ElementsAre(second));
    EXPECT_THAT(ids(kBoss, "退货", "&view=any&channel=web"), ElementsAre(second, first));
    EXPECT_THAT(ids(kBoss, "退货", "&view=any&channel=mail"), IsEmpty());
    EXPECT_THAT(ids(kBoss, "退货", "&view=any&since=" + at(second)), ElementsAre(second));
    EXPECT_THAT(ids(kBoss, "退货", "&view=any&until=" + at(second)), ElementsAre(first));
  });
}

TEST_F(InboxSearch, PagesFromTheNewestToTheOldest) {
  std::vector<std::string> all;
  for (int i = 0; i < 7; ++i) all.push_back(opened(fmt::format("v{}", i), fmt::format("第{}次要退货", i)));
  before_and_after_indexing([&] {
    std::vector<std::string> found;
    std::string cursor;
    for (int page = 0; page < 9; ++page) {
      const json answer = search(kLi, "退货", "&view=all&limit=2" + (cursor.empty() ? "" : "&cursor=" + cursor));
      for (const json& c : answer["conversations"]) found.push_back(c["id"]);
      if (!answer["more"].get<bool>()) break;
      cursor = answer["cursor"];
    }
    std::reverse(found.begin(), found.end());
    EXPECT_EQ(found, all);
  });
}

TEST_F(InboxSearch, GoesOnWhereItStoodAfterARestart) {
  const std::string one = opened("v1", "要退货");
  index_everything();
  const std::int64_t reached = position();
  inbox.hub.restart();
  inbox.hub.run_until_idle();
  EXPECT_EQ(position(), reached);
  const std::string two = opened("v2", "也要退货");
  EXPECT_THAT(ids(kLi, "退货"), ElementsAre(two, one));
  index_everything();
  EXPECT_GT(position(), reached);
  EXPECT_THAT(ids(kLi, "退货"), ElementsAre(two, one));
}

TEST_F(InboxSearch, IndexesInManyBatches) {
  std::string last;
  for (int i = 0; i < 400; ++i) last = opened(fmt::format("v{}", i % 5), fmt::format("消息{:04}", i));
  index_everything();
  EXPECT_THAT(search(kLi, "消息0000")["hits"], SizeIs(1));
  EXPECT_THAT(ids(kLi, "消息0399"), ElementsAre(last));
}

}  // namespace
}  // namespace qiao::inbox::test
