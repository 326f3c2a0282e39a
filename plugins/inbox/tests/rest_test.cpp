#include <nlohmann/json.hpp>

#include "plugins/inbox/tests/inbox_hub.hpp"

namespace qiao::inbox::test {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

constexpr const char* kLi = "7;conversations;group:after-sales";
constexpr const char* kWang = "8;conversations;group:logistics";
constexpr const char* kBoss = "9;conversations;conversations.all";

class InboxRest : public testing::Test {
 protected:
  InboxRest() : inbox(options()) {
    inbox.hub.start_plugin("inbox-test-door");
    inbox.bot = [](const AskBot& q) {
      return q.text.starts_with("快递") ? InboxHub::declines("logistics") : InboxHub::declines();
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
  testkit::HttpAnswer call(const std::string& who, const std::string& method, const std::string& path,
                           const std::string& body = {}) {
    std::vector<std::pair<std::string, std::string>> headers{{"Authorization", "Bearer " + who}};
    if (!body.empty()) headers.emplace_back("Content-Type", "application/json");
    return inbox.hub.http(method, "/api/v1" + path, body, headers);
  }
  json get(const std::string& who, const std::string& path) {
    const auto answer = call(who, "GET", path);
    EXPECT_EQ(answer.status, 200) << path << ": " << answer.body;
    return json::parse(answer.body, nullptr, false);
  }
  std::vector<std::string> ids(const std::string& who, const std::string& query) {
    std::vector<std::string> all;
    const json page = get(who, "/conversations?" + query);
    for (const json& c : page["conversations"]) all.push_back(c["id"]);
    return all;
  }
  std::string opened(const std::string& user, const std::string& text) {
    inbox.hub.advance(1s);
    return inbox.accept(user, user + "-1", text).conversation.str();
  }

  InboxHub inbox;
};

TEST_F(InboxRest, ListsWhatAnAgentMaySee) {
  const std::string returns = opened("v1", "要退货");
  const std::string parcel = opened("v2", "快递丢了");
  EXPECT_THAT(ids(kLi, "view=queue"), ElementsAre(returns));
  EXPECT_THAT(ids(kWang, "view=queue"), ElementsAre(parcel));
  EXPECT_THAT(ids(kBoss, "view=queue"), ElementsAre(parcel, returns));
  EXPECT_THAT(ids(kBoss, "view=queue&group=after-sales"), ElementsAre(returns));
  EXPECT_THAT(ids(kLi, "view=mine"), IsEmpty());
  const json counts = get(kLi, "/conversations?view=mine")["counts"];
  EXPECT_EQ(counts["queue"], 1);
  EXPECT_EQ(counts["all"], 1);
  EXPECT_EQ(call(kLi, "GET", "/conversations?view=nonsense").status, 400);
  EXPECT_EQ(call("7;tickets", "GET", "/conversations").status, 403);
  EXPECT_EQ(inbox.hub.http("GET", "/api/v1/conversations").status, 401);
}

TEST_F(InboxRest, HidesWhatOthersHaveAsIfItWereNotThere) {
  const std::string parcel = opened("v2", "快递丢了");
  EXPECT_EQ(call(kLi, "GET", "/conversations/" + parcel).status, 404);
  EXPECT_EQ(call(kLi, "POST", "/conversations/" + parcel + "/take").status, 404);
  EXPECT_EQ(call(kLi, "POST", "/conversations/" + parcel + "/resolve").status, 404);
  EXPECT_EQ(call(kLi, "GET", "/conversations/12345").status, 404);
}

TEST_F(InboxRest, TakesTransfersAndResolves) {
  const std::string id = opened("v1", "要退货");
  const auto taken = call(kLi, "POST", "/conversations/" + id + "/take");
  ASSERT_EQ(taken.status, 200) << taken.body;
  EXPECT_EQ(json::parse(taken.body)["agent"], "7");
  EXPECT_EQ(json::parse(taken.body)["state"], "assigned");
  EXPECT_THAT(ids(kLi, "view=mine"), ElementsAre(id));
  const auto moved = call(kLi, "POST", "/conversations/" + id + "/transfer", R"({"to_agent":"8","note":"请看物流"})");
  ASSERT_EQ(moved.status, 200) << moved.body;
  EXPECT_EQ(json::parse(moved.body)["agent_name"], "王强");
  EXPECT_THAT(ids(kLi, "view=mine"), IsEmpty());
  EXPECT_EQ(call(kWang, "POST", "/conversations/" + id + "/transfer", "{}").status, 400);
  const auto resolved = call(kWang, "POST", "/conversations/" + id + "/resolve");
  ASSERT_EQ(resolved.status, 200) << resolved.body;
  EXPECT_EQ(json::parse(resolved.body)["state"], "resolved");
  EXPECT_THAT(ids(kWang, "view=resolved"), ElementsAre(id));
  EXPECT_EQ(call(kWang, "POST", "/conversations/" + id + "/take").status, 409);
}

TEST_F(InboxRest, PagesByTheTimeOfTheLastChange) {
  std::vector<std::string> all;
  for (int i = 0; i < 5; ++i) all.push_back(opened(fmt::format("v{}", i), "要退货"));
  const json first = get(kLi, "/conversations?view=queue&limit=2");
  ASSERT_THAT(first["conversations"], SizeIs(2));
  EXPECT_EQ(first["conversations"][0]["id"], all[4]);
  EXPECT_TRUE(first["more"]);
  const std::string before = first["conversations"][1]["changed_at"];
  EXPECT_THAT(ids(kLi, "view=queue&limit=9&before=" + before), ElementsAre(all[2], all[1], all[0]));
}

TEST_F(InboxRest, ShowsWhatHasJustChangedFirst) {
  const std::string one = opened("v1", "要退货");
  const std::string two = opened("v2", "要退货");
  inbox.hub.advance(5s);
  inbox.accept("v1", "v1-2", "还在吗");
  EXPECT_THAT(ids(kLi, "view=queue"), ElementsAre(one, two));
  EXPECT_EQ(get(kLi, "/conversations?view=queue")["conversations"][0]["preview"], "还在吗");
}

TEST_F(InboxRest, FindsWordsAndNames) {
  const std::string one = opened("v1", "草莓 100% 坏了");
  const std::string two = opened("v2", "牛奶过期了");
  inbox.hub.advance(5s);
  EXPECT_THAT(ids(kLi, "view=all&search=%E8%8D%89%E8%8E%93"), ElementsAre(one));
  EXPECT_THAT(ids(kLi, "view=all&search=100%25"), ElementsAre(one));
  EXPECT_THAT(ids(kLi, "view=all&search=%25"), IsEmpty()) << "no word at all";
  EXPECT_THAT(ids(kLi, "view=all&search=%E8%AE%BF%E5%AE%A2"), ElementsAre(two, one));
  EXPECT_THAT(ids(kLi, "view=all&search=nothing"), IsEmpty());
}

}  // namespace
}  // namespace qiao::inbox::test
