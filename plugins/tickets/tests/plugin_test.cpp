#include <gtest/gtest.h>

#include <atomic>

#include "qiao/contract/accounts.hpp"
#include "qiao/contract/tickets.hpp"
#include "qiao/json.hpp"
#include "qiao/testkit/conformance.hpp"
#include "qiao/testkit/test_hub.hpp"

namespace qiao::tickets {
namespace {

using namespace std::chrono_literals;
using contract::Author;
using contract::CreateTicket;
using contract::ResolveTicket;
using contract::TicketState;
using contract::TicketView;
using contract::WriteMessage;
using testkit::HttpAnswer;
using testkit::HubOptions;
using testkit::TestHub;

HubOptions demo() {
  HubOptions options;
  options.http = true;
  options.demo = true;
  return options;
}

/// Tickets and accounts on the kernel; the inbox is played by the test, and can be away.
struct TicketsPlugin : testing::Test {
  TestHub hub{demo()};
  bool inbox_is_there = true;
  std::vector<WriteMessage> written;
  contract::ConversationView talk;

  TicketsPlugin() {
    talk.id = Id{1000};
    talk.contact = Id{50};
    talk.contact_name = "林小姐";
    talk.language = "zh-CN";
    talk.state = contract::ConversationState::assigned;
    talk.group = "after-sales";
    hub.serve<contract::GetConversation>(
        [this](const contract::GetConversation& q, const Headers&) -> Result<contract::ConversationView> {
          if (q.conversation != talk.id) return Error{Errc::not_found, "no such conversation"};
          return talk;
        });
    hub.serve<WriteMessage>([this](const WriteMessage& m, const Headers&) -> Result<contract::Accepted> {
      if (!inbox_is_there) return Error{Errc::unavailable, "the inbox is away"};
      contract::Accepted accepted;
      for (const WriteMessage& earlier : written)
        accepted.duplicate = accepted.duplicate || earlier.client_id == m.client_id;
      if (!accepted.duplicate) written.push_back(m);
      return accepted;
    });
    hub.start_plugin("accounts");
    hub.start_plugin("tickets");
  }
  std::string log_in(const std::string& login) {
    const HttpAnswer answer =
        hub.http("POST", "/api/v1/login", R"({"login":")" + login + R"(","password":"qiao-demo-2026","token":true})");
    const std::string key = "\"token\":\"";
    const auto at = answer.body.find(key) + key.size();
    return answer.body.substr(at, answer.body.find('"', at) - at);
  }
  HttpAnswer as(const std::string& token, const std::string& method, const std::string& path,
                const std::string& body = {}) {
    HttpAnswer answer = hub.http(method, path, body, {{"authorization", "Bearer " + token}});
    hub.run_until_idle();
    return answer;
  }
  TicketView create(const std::string& department = "logistics") {
    CreateTicket wanted;
    wanted.conversation = talk.id;
    wanted.department = department;
    wanted.subject = "快递丢失，要求赔偿";
    wanted.fields = {{"order_number", "QX-8"}, {"wish", "全额赔偿"}};
    wanted.by = Id{77};
    wanted.by_name = "李婷";
    auto made = hub.ask(wanted);
    EXPECT_TRUE(made) << (made ? "" : made.error().message);
    hub.run_until_idle();
    return made ? *made : TicketView{};
  }
  Result<TicketView> resolve(Id ticket, const std::string& text = "已全额退款") {
    auto done = hub.ask(ResolveTicket{ticket, text, Id{88}, "王强"});
    hub.run_until_idle();
    return done;
  }
};

TEST_F(TicketsPlugin, ATicketGetsANumberADeadlineAndANoteInTheConversation) {
  auto told = hub.probe<contract::TicketChanged>();
  const TicketView first = create();
  EXPECT_EQ(first.number, 1);
  EXPECT_EQ(first.deadline, hub.clock().now() + 24h);
  EXPECT_EQ(first.contact_name, "林小姐");
  EXPECT_EQ(first.fields.at("order_number"), "QX-8");
  ASSERT_EQ(first.history.size(), 1u);
  EXPECT_EQ(first.history[0].what, "created");
  EXPECT_EQ(create("tech").number, 2);
  ASSERT_EQ(written.size(), 2u);
  EXPECT_TRUE(written[0].note);
  EXPECT_EQ(written[0].author, Author::system);
  EXPECT_EQ(written[0].content.text, "工单 #1 → 物流组：快递丢失，要求赔偿");
  EXPECT_EQ(told.events()[0].what, "created");
}

TEST_F(TicketsPlugin, OnResolutionTheCustomerIsToldOnce) {
  auto told = hub.probe<contract::TicketChanged>();
  const TicketView t = create();
  auto done = resolve(t.id);
  ASSERT_TRUE(done);
  EXPECT_EQ(done->state, TicketState::resolved);
  ASSERT_EQ(written.size(), 2u);
  EXPECT_FALSE(written[1].note);
  EXPECT_EQ(written[1].content.text, "您的工单 #1 已处理：已全额退款");
  EXPECT_EQ(written[1].content.notice, "ticket.resolved") << "for channels whose window is over";
  EXPECT_EQ(written[1].content.values.at("number"), "1");
  EXPECT_EQ(written[1].content.values.at("text"), "已全额退款");
  EXPECT_EQ(written[1].client_id, "ticket:" + t.id.str() + ":resolved");
  EXPECT_EQ(told.last().what, "resolved");
  EXPECT_EQ(resolve(t.id).error().code, Errc::conflict);
  hub.advance(5min);
  EXPECT_EQ(written.size(), 2u);
}

TEST_F(TicketsPlugin, WhileTheInboxIsAwayTheMessageWaits) {
  const TicketView t = create();
  inbox_is_there = false;
  ASSERT_TRUE(resolve(t.id));
  EXPECT_EQ(written.size(), 1u);
  inbox_is_there = true;
  hub.advance(20s);
  ASSERT_EQ(written.size(), 2u);
  EXPECT_EQ(written[1].content.text, "您的工单 #1 已处理：已全额退款");
}

TEST_F(TicketsPlugin, ARestartInBetweenLosesNothing) {
  const TicketView t = create();
  inbox_is_there = false;
  ASSERT_TRUE(resolve(t.id));
  hub.restart();
  inbox_is_there = true;
  hub.advance(2s);
  EXPECT_EQ(written.size(), 2u);
}

TEST_F(TicketsPlugin, AReopenedTicketsSecondResolutionIsNewsAgain) {
  const TicketView t = create();
  ASSERT_TRUE(resolve(t.id));
  const std::string worker = log_in("wangqiang");
  EXPECT_EQ(as(worker, "POST", "/api/v1/tickets/" + t.id.str() + "/reopen", R"({"text":"钱没到"})").status, 200);
  ASSERT_TRUE(resolve(t.id, "已重新打款"));
  ASSERT_EQ(written.size(), 3u);
  EXPECT_EQ(written[2].client_id, "ticket:" + t.id.str() + ":resolved:2");
}

TEST_F(TicketsPlugin, AMissedDeadlineIsMarkedOnce) {
  auto told = hub.probe<contract::TicketChanged>();
  const TicketView t = create("tech");
  hub.advance(8h + 1min);
  EXPECT_EQ(told.last().what, "overdue");
  EXPECT_TRUE(told.last().ticket.overdue);
  const auto count = told.count();
  hub.advance(1h);
  EXPECT_EQ(told.count(), count);
}

TEST_F(TicketsPlugin, AgentsCreateTheDepartmentResolvesStrangersSeeNothing) {
  const std::string clerk = log_in("liting");
  const std::string worker = log_in("wangqiang");
  const std::string stranger = log_in("sunmin");
  const std::string body =
      R"({"conversation":"1000","department":"logistics","subject":"快递丢了","fields":{"order_number":"QX-8"}})";
  EXPECT_EQ(as(stranger, "POST", "/api/v1/tickets", body).status, 404);
  const HttpAnswer made = as(clerk, "POST", "/api/v1/tickets", body);
  ASSERT_EQ(made.status, 200) << made.body;
  auto ticket = from_json<TicketView>(made.body);
  ASSERT_TRUE(ticket);
  const std::string path = "/api/v1/tickets/" + ticket->id.str();
  EXPECT_EQ(ticket->created_by_name, "李婷");
  EXPECT_EQ(as(clerk, "GET", path).status, 200);
  EXPECT_EQ(as(worker, "GET", path).status, 200);
  EXPECT_EQ(as(stranger, "GET", path).status, 404);
  EXPECT_EQ(as(stranger, "POST", path + "/resolve", R"({"resolution":"x"})").status, 404);
  EXPECT_EQ(as(stranger, "POST", path + "/comment", R"({"text":"x"})").status, 404);
  EXPECT_EQ(as(clerk, "POST", path + "/resolve", R"({"resolution":"x"})").status, 403);
  EXPECT_EQ(as(worker, "POST", path + "/comment", R"({"text":"已联系快递公司"})").status, 200);
  EXPECT_EQ(as(worker, "POST", path + "/resolve", R"({"resolution":"已赔付 86 元"})").status, 200);
  EXPECT_EQ(hub.http("GET", path).status, 401);
  EXPECT_EQ(written.back().content.text, "您的工单 #1 已处理：已赔付 86 元");
}

TEST_F(TicketsPlugin, ListsShowWhatOneMaySee) {
  const std::string clerk = log_in("liting");
  const auto open = [&](const std::string& department) {
    return as(clerk, "POST", "/api/v1/tickets",
              R"({"conversation":"1000","department":")" + department + R"(","subject":"s"})")
        .status;
  };
  EXPECT_EQ(open("logistics"), 200);
  EXPECT_EQ(open("tech"), 200);
  EXPECT_EQ(open("sales"), 400);
  const auto numbers = [&](const std::string& token, const std::string& query) {
    const std::string body = as(token, "GET", "/api/v1/tickets" + query).body;
    std::string out;
    for (auto at = body.find("\"number\":"); at != std::string::npos; at = body.find("\"number\":", at + 1)) {
      out += body.substr(at + 9, body.find(',', at) - at - 9) + " ";
    }
    return out;
  };
  EXPECT_EQ(numbers(clerk, "?view=mine"), "2 1 ");
  EXPECT_EQ(numbers(clerk, "?view=department"), "");
  const std::string worker = log_in("wangqiang");
  EXPECT_EQ(numbers(worker, "?view=department"), "1 ");
  EXPECT_EQ(numbers(worker, "?view=mine"), "");
  EXPECT_EQ(numbers(log_in("sunmin"), "?view=all"), "");
  const std::string admin = log_in("admin");
  EXPECT_EQ(numbers(admin, "?view=all"), "2 1 ");
  EXPECT_EQ(numbers(admin, "?view=all&limit=1"), "2 ");
  EXPECT_EQ(numbers(admin, "?view=all&limit=1&before=2"), "1 ");
  EXPECT_EQ(numbers(admin, "?view=all&state=resolved"), "");
  EXPECT_EQ(numbers(log_in("emma"), "?conversation=1000"), "2 1 ");
  EXPECT_EQ(numbers(worker, "?conversation=1000"), "1 ");
  EXPECT_EQ(numbers(admin, "?view=all&before=2099-01-01T00:00:00.000Z"), "2 1 ");
  EXPECT_EQ(numbers(admin, "?view=all&before=2020-01-01T00:00:00.000Z"), "");
  EXPECT_EQ(as(admin, "GET", "/api/v1/tickets?before=yesterday").status, 400);
  EXPECT_EQ(as(admin, "GET", "/api/v1/tickets?view=some").status, 400);
}

TEST(TicketsUnderLoad, NumbersHaveNeitherGapsNorTwins) {
  constexpr int kTickets = 100;
  HubOptions options;
  options.threads = true;
  TestHub hub(options);
  std::atomic<int> notes{0};
  hub.serve<contract::GetConversation>(
      [](const contract::GetConversation& q, const Headers&) -> Result<contract::ConversationView> {
        contract::ConversationView talk;
        talk.id = q.conversation;
        return talk;
      });
  hub.serve<WriteMessage>([&notes](const WriteMessage&, const Headers&) -> Result<contract::Accepted> {
    ++notes;
    return contract::Accepted{};
  });
  hub.start_plugin("tickets");
  std::atomic<int> made{0};
  std::atomic<int> answered{0};
  for (int i = 0; i < kTickets; ++i) {
    CreateTicket wanted;
    wanted.conversation = Id{1 + i};
    wanted.department = "logistics";
    wanted.subject = "s";
    hub.bus().request(wanted, RequestOptions(60s), [&](const Result<TicketView>& ticket) {
      made += ticket ? 1 : 0;
      ++answered;
    });
  }
  ASSERT_TRUE(hub.wait_until([&] { return answered == kTickets && notes == kTickets; }, 60s));
  EXPECT_EQ(made, kTickets);
  std::int64_t expected = 0;
  ASSERT_TRUE(hub.store().read([&](Session& db) {
    auto rows = db.query("SELECT number FROM tickets_ticket ORDER BY number");
    while (rows->next()) EXPECT_EQ(rows->integer(0), ++expected);
    return rows->status();
  }));
  EXPECT_EQ(expected, kTickets);
}

}  // namespace
}  // namespace qiao::tickets

QIAO_CONFORMANCE("tickets", "")
