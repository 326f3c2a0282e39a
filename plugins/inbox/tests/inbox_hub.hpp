#pragma once

#include <gmock/gmock.h>

#include "qiao/contract/accounts.hpp"
#include "qiao/contract/bot.hpp"
#include "qiao/contract/conversation.hpp"
#include "qiao/contract/routing.hpp"
#include "qiao/testkit/test_hub.hpp"

namespace qiao::inbox::test {

using namespace contract;
using namespace std::chrono_literals;

/// A hub with the inbox, a bot and a routing that do what the test says.
class InboxHub {
 public:
  explicit InboxHub(testkit::HubOptions options = {}) : hub(std::move(options)) {
    hub.serve<AskBot>([this](const AskBot& q, const Headers&, Responder<BotAnswer> answer) {
      asked.push_back(q);
      if (bot)
        answer(bot(q));
      else
        kept.push_back(answer);
    });
    hub.serve<DecideRoute>([this](const DecideRoute& q, const Headers&) {
      questions.push_back(q);
      return routing ? routing(q) : RouteDecision{q.group_hint, {}, {}, 0, 0, "nobody is there"};
    });
    hub.serve<ListAgents>([](const ListAgents&, const Headers&) {
      AgentList list;
      for (const auto& [id, name] : {std::pair{7, "李婷"}, std::pair{8, "王强"}}) {
        AgentView agent;
        agent.id = Id{id};
        agent.name = name;
        list.agents.push_back(agent);
      }
      list.groups = {{"after-sales", "售后组", "After-sales", true}, {"logistics", "物流组", "Logistics", true}};
      return list;
    });
  }

  void start(const std::string& config = {}) {
    hub.start_plugin("inbox", config);
    hub.advance(1s);
  }

  static AcceptMessage message(const std::string& user, const std::string& id, const std::string& text) {
    AcceptMessage m;
    m.channel = "web";
    m.user = user;
    m.external_id = id;
    m.content.text = text;
    return m;
  }
  Accepted accept(const std::string& user, const std::string& id, const std::string& text) {
    auto accepted = hub.ask(message(user, id, text));
    EXPECT_TRUE(accepted) << (accepted ? "" : accepted.error().message);
    hub.run_until_idle();
    return accepted ? *accepted : Accepted{};
  }
  Result<Accepted> write(Id conversation, Author author, const std::string& text, bool note = false,
                         const std::string& client_id = {}, Id agent = Id{7}) {
    WriteMessage m;
    m.conversation = conversation;
    m.author = author;
    m.author_id = author == Author::agent ? agent : Id{};
    m.author_name = author == Author::agent ? "李婷" : "";
    m.note = note;
    m.content.text = text;
    m.client_id = client_id;
    auto accepted = hub.ask(m);
    hub.run_until_idle();
    return accepted;
  }
  ConversationView view(Id conversation) {
    auto found = hub.ask(GetConversation{conversation});
    EXPECT_TRUE(found) << (found ? "" : found.error().message);
    return found ? *found : ConversationView{};
  }
  std::vector<MessageView> transcript(Id conversation, bool notes = true) {
    auto page = hub.ask(GetTranscript{conversation, 0, 0, 500, notes});
    EXPECT_TRUE(page) << (page ? "" : page.error().message);
    return page ? page->messages : std::vector<MessageView>{};
  }
  std::vector<std::string> texts(Id conversation) {
    std::vector<std::string> all;
    for (const MessageView& m : transcript(conversation)) all.push_back(m.content.text);
    return all;
  }
  std::int64_t count(std::string_view sql) {
    std::int64_t number = -1;
    auto read = hub.store().read([&](Session& session) -> Result<void> {
      auto rows = session.query(sql);
      if (rows->next()) number = rows->integer(0);
      return rows->status();
    });
    EXPECT_TRUE(read);
    return number;
  }
  Result<ConversationView> handoff(Id conversation, const std::string& group = {}) {
    auto view = hub.ask(Handoff{conversation, group, "asked"});
    hub.run_until_idle();
    return view;
  }
  void online(Id agent) {
    AgentView view;
    view.id = agent;
    view.presence = Presence::online;
    EXPECT_TRUE(hub.publish(AgentChanged{view}));
  }

  static BotAnswer says(const std::string& text) {
    BotAnswer answer;
    answer.outcome = BotOutcome::answer;
    answer.content.text = text;
    answer.intent = "return_process";
    return answer;
  }
  static BotAnswer declines(const std::string& group = {}) {
    BotAnswer answer;
    answer.outcome = BotOutcome::decline;
    answer.group = group;
    answer.reason = "no_match";
    return answer;
  }
  static RouteDecision gives(Id agent, const std::string& name, const std::string& group = "after-sales") {
    return {group, agent, name, 0, 0, "least loaded"};
  }

  std::function<BotAnswer(const AskBot&)> bot = [](const AskBot&) { return says("好的"); };
  std::function<RouteDecision(const DecideRoute&)> routing;
  std::vector<AskBot> asked;
  std::vector<Responder<BotAnswer>> kept;  ///< questions that the bot has not answered
  std::vector<DecideRoute> questions;
  testkit::TestHub hub;  ///< last, so that it goes before what its stand-ins use
};

}  // namespace qiao::inbox::test
