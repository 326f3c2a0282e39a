#include "connectors/channel/tests/messenger.hpp"

namespace qiao::channel {

MessengerTest::MessengerTest(Messenger about)
    : it(std::move(about)), simulator(simulators::Simulator::of_channel(it.name)) {}

MessengerTest::~MessengerTest() = default;

void MessengerTest::start(const std::string& more) {
  hook = hub.url() + "/hooks/" + it.name;
  tell({{"hub", hook}, {"webhook", {{"url", hook}, {"secret", "hook-secret-1"}}}});
  hub.start_plugin(it.name, it.config(simulator.url(), hook) + more);
  hub.run_until_idle();
}

nlohmann::json MessengerTest::tell(const Json& wish) {
  std::string text = wish.dump();
  for (std::size_t at = text.find("{url}"); at != std::string::npos; at = text.find("{url}")) {
    text.replace(at, 5, simulator.url());
  }
  const std::string answer = simulator.control(text);
  return Json::parse(answer, nullptr, false);
}

nlohmann::json MessengerTest::say(const std::string& text) { return tell(it.say(text)); }

nlohmann::json MessengerTest::written() { return Json::parse(simulator.state())["written"]; }

std::string MessengerTest::last_said() {
  const Json all = written();
  const Json::json_pointer where(it.said);
  return all.empty() || !all.back().contains(where) ? std::string{} : all.back().at(where).get<std::string>();
}

std::pair<contract::Delivery, std::string> MessengerTest::answer(contract::Content content) {
  return desk.report(desk.write(it.name, it.user, std::move(content)));
}

Result<contract::ConnectorTested> MessengerTest::test() {
  RequestOptions options(std::chrono::seconds(20));
  options.to = it.name;
  return hub.ask(contract::TestConnector{}, options);
}

namespace messenger {

using contract::Delivery;

using contract::Delivery;

void answers(MessengerTest& t) {
  t.start();
  t.say("有货吗");
  ASSERT_TRUE(t.desk.wait_for(1));
  EXPECT_EQ(t.desk.arrived()[0].user, t.it.user);
  EXPECT_EQ(t.desk.arrived()[0].content.text, "有货吗");
  EXPECT_FALSE(t.desk.arrived()[0].event);
  EXPECT_EQ(t.answer({"有的，今天发货"}).first, Delivery::sent);
  EXPECT_EQ(t.last_said(), "有的，今天发货");
}

void one_of_several(MessengerTest& t) {
  t.start();
  t.tell({{"duplicate", 3}});
  t.say("一");
  t.say("二");
  ASSERT_TRUE(t.desk.wait_for(2));
  t.hub.run_until_idle();
  EXPECT_EQ(t.desk.arrived().size(), 2U);
}

void out_of_order(MessengerTest& t) {
  t.start();
  t.tell({{"reorder", true}});
  t.say("一");
  t.say("二");
  ASSERT_TRUE(t.desk.wait_for(2));
}

void while_the_hub_is_busy(MessengerTest& t) {
  t.start();
  t.desk.refuse(4);
  t.say("一");
  ASSERT_TRUE(t.desk.wait_for(1));
  EXPECT_GE(t.desk.handed_over(), 5U);
}

void tried_again(MessengerTest& t) {
  t.start();
  t.say("一");
  ASSERT_TRUE(t.desk.wait_for(1));
  t.hub.run_until_idle();
  std::size_t count = 0;
  for (const char* mode : {"busy", "broken", "garbage"}) {
    t.tell({{"fail", mode}, {"times", 1}});
    const auto report = t.answer({std::string("nach ") + mode});
    EXPECT_EQ(report.first, Delivery::sent) << mode << ": " << report.second;
    EXPECT_EQ(t.written().size(), ++count) << mode;
  }
}

void revoked(MessengerTest& t) {
  t.start();
  t.say("一");
  ASSERT_TRUE(t.desk.wait_for(1));
  t.hub.run_until_idle();
  auto alerts = t.hub.probe<contract::ConnectorAlert>();
  t.tell({{"revoke", true}});
  t.desk.write(t.it.name, t.it.user, {"好的"});
  ASSERT_TRUE(alerts.wait_for(1));
  EXPECT_EQ(alerts.last().id, "channel.token");
  EXPECT_EQ(alerts.last().instance, t.it.name);
  EXPECT_GT(alerts.last().says.size(), 40U) << "says what to do";
  const auto tested = t.test();
  ASSERT_FALSE(tested);
  EXPECT_EQ(tested.error().name(), "channel.token");
  t.tell({{"restore", true}});
  EXPECT_TRUE(t.test());
}

void forged(MessengerTest& t) {
  t.start();
  EXPECT_EQ(t.hub.http("POST", "/hooks/" + t.it.name, R"({"update_id":1})").status, 401);
  EXPECT_EQ(t.hub.http("POST", "/hooks/" + t.it.name, "").status, 401);
  for (const char* body : {"x", "{}", "[]", "[[[[", R"({"object":7,"entry":{}})"}) {
    EXPECT_EQ(t.tell({{"raw", body}})["status"], 400) << body;
  }
  EXPECT_TRUE(t.desk.arrived().empty());
}

void pictures(MessengerTest& t) {
  t.start();
  t.tell(t.it.picture);
  ASSERT_TRUE(t.desk.wait_for(1));
  const auto arrived = t.desk.arrived()[0];
  ASSERT_EQ(arrived.content.attachments.size(), 1U);
  EXPECT_EQ(arrived.content.attachments[0].media_type, "image/png");
  contract::Content content{"看这里"};
  content.attachments.push_back(t.desk.file("图 \"1\".png", "image/png", "\x89PNG picture"));
  EXPECT_EQ(t.answer(content).first, Delivery::sent);
  EXPECT_EQ(t.written().size(), 2U) << "the text and the picture";
}

void late_file(MessengerTest& t) {
  t.start();
  t.tell({{"fail", "broken"}, {"times", 1}});
  t.tell(t.it.picture);
  ASSERT_TRUE(t.desk.wait_for(1));
  EXPECT_EQ(t.desk.arrived()[0].content.attachments.size(), 1U);
}

void file_after_a_restart(MessengerTest& t) {
  t.start();
  t.tell({{"fail", "broken"}, {"times", 1000}});
  const auto told = t.tell(t.it.picture);
  EXPECT_EQ(told["status"], 200) << "what is kept is acknowledged";
  t.hub.restart();
  t.tell({{"fail", ""}});
  ASSERT_TRUE(t.desk.wait_for(1));
  EXPECT_EQ(t.desk.arrived()[0].content.attachments.size(), 1U);
}

void erased(MessengerTest& t) {
  t.start();
  t.tell({{"fail", "broken"}, {"times", 1000}});
  t.tell(t.it.picture);
  t.hub.run_until_idle();
  contract::ErasePerson erase;
  erase.person.identities = {{t.it.name, t.it.user}};
  RequestOptions options(std::chrono::seconds(20));
  options.to = t.it.name;
  const auto count = t.hub.ask(erase, options);
  ASSERT_TRUE(count) << count.error().message;
  t.tell({{"fail", ""}});
  t.hub.restart();
  t.tell({{"hub", t.hub.url() + "/hooks/" + t.it.name}});
  t.say("我又来了");
  ASSERT_TRUE(t.desk.wait_for(1));
  EXPECT_EQ(t.desk.arrived()[0].content.text, "我又来了");
}

void tested(MessengerTest& t) {
  t.start();
  const auto tested = t.test();
  ASSERT_TRUE(tested) << tested.error().message;
  EXPECT_FALSE(tested->says.empty());
}

}  // namespace messenger

}  // namespace qiao::channel
