#include <gmock/gmock.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>

#include "qiao/contract/channel.hpp"
#include "qiao/contract/connector.hpp"
#include "qiao/contract/conversation.hpp"
#include "qiao/contract/files.hpp"
#include "qiao/testkit/conformance.hpp"
#include "qiao/testkit/test_hub.hpp"
#include "tests/simulators/simulator.hpp"

namespace {

using namespace qiao;
using namespace qiao::contract;
using namespace std::chrono_literals;
using nlohmann::json;
using simulators::Simulator;
using testing::HasSubstr;

/// What stands below `config:` in config/examples/webhook.yaml, which the documentation explains, with the simulator in
/// the platform's place.
std::string example(const std::string& url) {
  std::ifstream file(std::string(QIAO_SOURCE_DIR) + "/config/examples/webhook.yaml");
  std::string line, text;
  bool inside = false;
  while (std::getline(file, line)) {
    if (inside) text += (line.size() > 6 ? line.substr(6) : std::string()) + "\n";
    if (line == "    config:") inside = true;
  }
  const auto put = [&](const std::string& what, const std::string& by) {
    text = std::regex_replace(text, std::regex(what), by);
  };
  put("https://api\\.shopchat\\.example", url);
  put("\\$\\{file:secrets/shopchat-webhook\\}", "shopchat-webhook-secret-1");
  put("\\$\\{file:secrets/shopchat-webhook-old\\}", "shopchat-webhook-secret-0");
  put("\\$\\{file:secrets/shopchat-api\\}", "shopchat-api-secret-1");
  return text;
}

class Shopchat : public testing::Test {
 protected:
  void SetUp() override {
    hub.serve<StoreFile>([this](const StoreFile& q, const Headers&) -> Result<Attachment> {
      const std::lock_guard lock(mutex);
      files[next] = q;
      return Attachment{.id = Id{next++},
                        .name = q.name,
                        .media_type = "image/png",
                        .size = static_cast<std::int64_t>(q.bytes.size())};
    });
    hub.serve<ReadFile>([](const ReadFile& q, const Headers&) -> Result<StoredFile> {
      return StoredFile{{.id = q.file, .name = "label.png", .media_type = "image/png", .size = 3}, "abc"};
    });
    hub.start_plugin("inbox");
    hub.start_plugin("webhook", example(peer.url()), "shopchat");
  }

  /// Lets the platform post one call; status and body of the hub's answer.
  std::pair<int, std::string> post(const json& events, json more = json::object()) {
    more["post"] = events.is_array() ? json{{"events", events}} : events;
    more["to"] = hub.url() + "/hooks/shopchat";
    peer.control(more.dump());
    const json last = state()["posted"].back();
    return {last["status"], last["answer"]};
  }
  json state() { return json::parse(peer.state()); }
  static json message(const std::string& id, const std::string& text, const std::string& user = "c1") {
    return {{"type", "message.created"},
            {"id", id},
            {"customer", {{"id", user}, {"name", "王芳"}, {"account", "u88"}, {"level", "gold"}}},
            {"message", {{"text", text}}}};
  }
  ConversationView conversation(const std::string& user = "c1") {
    auto found = hub.ask(FindConversation{"shopchat", user});
    return found ? *found : ConversationView{};
  }
  std::vector<MessageView> messages(const std::string& user = "c1") {
    auto page = hub.ask(GetTranscript{.conversation = conversation(user).id, .notes = true});
    std::vector<MessageView> all = page ? page->messages : std::vector<MessageView>{};
    // Without a bot the inbox tells the customer that a person was asked for.
    std::erase_if(all, [](const MessageView& m) { return m.author == Author::system && !m.note; });
    return all;
  }
  std::int64_t agent_writes(Content content, const std::string& user = "c1") {
    WriteMessage m;
    m.conversation = conversation(user).id;
    m.author_id = Id{7};
    m.author_name = "李婷";
    m.content = std::move(content);
    auto accepted = hub.ask(m);
    EXPECT_TRUE(accepted) << accepted.error().message;
    return accepted ? accepted->seq : 0;
  }
  bool reaches(std::int64_t seq, Delivery wanted, const std::string& user = "c1") {
    return hub.wait_until([&] {
      for (const MessageView& m : messages(user)) {
        if (m.seq == seq) return m.delivery == wanted;
      }
      return false;
    });
  }
  /// The platform's ids of the messages with this text.
  std::vector<std::string> taken(const std::string& text) {
    std::vector<std::string> ids;
    const json written = state()["written"];
    for (std::size_t i = 0; i < written.size(); ++i) {
      if (written[i].value("text", "") == text) ids.push_back("sm-" + std::to_string(i + 1));
    }
    return ids;
  }
  json last_written() { return state()["written"].back(); }
  /// How many dead letters of a type there are.
  int dead_letters() { return static_cast<int>(hub.dead_letters()); }

  Simulator peer = Simulator::of_channel("webhook");
  std::mutex mutex;
  std::map<std::int64_t, StoreFile> files;
  std::int64_t next = 1;
  testkit::TestHub hub{{.threads = true, .http = true}};
};

TEST_F(Shopchat, TakesSignedMessagesOnceAndAnswersAfterTheyAreStored) {
  const auto [status, answer] = post(json::array({message("1", "在吗"), message("2", "有货吗")}));
  EXPECT_EQ(status, 200) << answer;
  EXPECT_EQ(answer, R"({"code":0})");
  EXPECT_EQ(messages().size(), 2U);
  EXPECT_EQ(post(json::array({message("2", "有货吗"), message("3", "?")})).first, 200);
  const auto all = messages();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[2].content.text, "?");
  EXPECT_EQ(conversation().contact_name, "王芳");
}

TEST_F(Shopchat, RefusesWhatIsNotSignedTooOldOrNoJson) {
  const json events = json::array({message("1", "在吗")});
  EXPECT_EQ(post(events, {{"unsigned", true}}).first, 401);
  EXPECT_EQ(post(events, {{"secret", "guessed"}}).first, 401);
  EXPECT_EQ(post(events, {{"late", 600}}).first, 401);
  EXPECT_EQ(post(json("{nonsense")).first, 400);
  EXPECT_EQ(post(json::object()).first, 400);
  EXPECT_TRUE(messages().empty());
  EXPECT_EQ(post(events, {{"secret", "shopchat-webhook-secret-0"}}).first, 200) << "the old secret still counts";
}

TEST_F(Shopchat, KeepsAnEventThatDoesNotFitAsADeadLetterAndTakesTheRest) {
  json nobody = message("1", "谁?");
  nobody.erase("customer");
  const auto [status, answer] = post(json::array({nobody, message("2", "在吗")}));
  EXPECT_EQ(status, 200) << answer;
  EXPECT_EQ(messages().size(), 1U);
  EXPECT_TRUE(hub.wait_until([&] { return dead_letters() == 1; }));
}

TEST_F(Shopchat, SendsWhatAgentsWriteWithOneKeyInEveryTry) {
  ASSERT_EQ(post(json::array({message("1", "在吗")})).first, 200);
  peer.control(R"({"fail":"broken","times":1})");
  const auto seq = agent_writes({.text = "在的"});
  EXPECT_TRUE(reaches(seq, Delivery::sent));
  EXPECT_EQ(taken("在的").size(), 1U);
  EXPECT_EQ(last_written()["to"], "c1");
  EXPECT_EQ(last_written()["from"], "李婷");
}

TEST_F(Shopchat, ShowsTheAgentWhatThePlatformRefusedAndKeepsIt) {
  ASSERT_EQ(post(json::array({message("1", "在吗", "gone")})).first, 200);
  ASSERT_TRUE(hub.wait_until([&] { return dead_letters() == 1; })) << "the inbox's own words";
  const auto seq = agent_writes({.text = "在的"}, "gone");
  EXPECT_TRUE(reaches(seq, Delivery::failed, "gone"));
  EXPECT_TRUE(hub.wait_until([&] { return dead_letters() == 2; }));
}

TEST_F(Shopchat, CarriesFilesBothWays) {
  json event = message("1", "");
  event["message"]["files"] = json::array({{{"link", peer.url() + "/files/goods.png"}},
                                           {{"data", "aGVsbG8="}, {"name", "hello.txt"}},
                                           {{"link", peer.url() + "/files/missing.png"}}});
  ASSERT_EQ(post(json::array({event})).first, 200);
  const auto all = messages();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].content.attachments.size(), 2U);
  EXPECT_THAT(all[0].content.text, HasSubstr("missing.png"));
  {
    const std::lock_guard lock(mutex);
    EXPECT_EQ(files[1].name, "goods.png");
    EXPECT_THAT(files[1].bytes, HasSubstr("PNG"));
    EXPECT_EQ(files[2].bytes, "hello");
  }
  const auto seq = agent_writes(
      {.text = "面单", .attachments = {{.id = Id{9}, .name = "label.png", .media_type = "image/png", .size = 3}}});
  EXPECT_TRUE(reaches(seq, Delivery::sent));
  bool data = false;
  const json written = state()["written"];
  for (const json& one : written) data = data || one.value("/file/data"_json_pointer, "") == "YWJj";
  EXPECT_TRUE(data);
}

TEST_F(Shopchat, TellsTheAgentOfFilesBeyondWhatOneMessageTakes) {
  json event = message("1", "照片");
  for (int i = 0; i < 12; ++i) event["message"]["files"].push_back({{"data", "aGVsbG8="}, {"name", "hello.txt"}});
  ASSERT_EQ(post(json::array({event})).first, 200);
  const auto all = messages();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_EQ(all[0].content.attachments.size(), 10U);
  EXPECT_THAT(all[0].content.text, HasSubstr("2 more files not received"));
}

TEST_F(Shopchat, ReadsReceiptsEventsAndTyping) {
  ASSERT_EQ(post(json::array({message("1", "在吗")})).first, 200);
  const auto typing = hub.probe<Typing>();
  const auto seq = agent_writes({.text = "在的"});
  ASSERT_TRUE(reaches(seq, Delivery::sent));
  const json customer{{"id", "c1"}};
  ASSERT_EQ(post(json::array({{{"type", "message.read"}, {"id", "r1"}, {"message_id", taken("在的").at(0)}},
                              {{"type", "customer.typing"}, {"id", "t1"}, {"customer", customer}, {"on", true}},
                              {{"type", "shop.visited"}, {"id", "v1"}, {"customer", customer}, {"note", "看了 A-100"}},
                              {{"type", "something.new"}, {"id", "n1"}}}))
                .first,
            200);
  EXPECT_TRUE(reaches(seq, Delivery::read));
  EXPECT_TRUE(typing.wait_for(1));
  EXPECT_TRUE(hub.wait_until([&] {
    for (const MessageView& m : messages()) {
      if (m.note && m.content.text.find("A-100") != std::string::npos) return true;
    }
    return false;
  }));
}

TEST_F(Shopchat, IsTestedAndDescribed) {
  RequestOptions to(10s);
  to.to = "shopchat";
  auto tested = hub.ask(TestConnector{}, to);
  EXPECT_TRUE(tested) << tested.error().message;
  peer.control(R"({"fail":"expired","times":1})");
  EXPECT_EQ(hub.ask(TestConnector{}, to).error().code, Errc::unauthorized);
  auto can = hub.ask(DescribeChannel{}, to);
  ASSERT_TRUE(can);
  EXPECT_EQ(can->title, "Shopchat");
  EXPECT_EQ(can->max_text, 500);
  EXPECT_TRUE(can->read);
}

}  // namespace

QIAO_CONFORMANCE("webhook", R"(in:
  signature: {secrets: [s]}
  fields: {id: /id, user: /user, text: /text}
out:
  url: http://127.0.0.1:1
  text: {method: POST, path: /m, body: '{"to":"{user}","text":"{text}"}'}
)",
                 [](qiao::testkit::TestHub& hub) { hub.start_plugin(qiao::testkit::built_plugin("inbox")); })
