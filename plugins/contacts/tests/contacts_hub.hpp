#pragma once

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "qiao/contract/contacts.hpp"
#include "qiao/contract/tickets.hpp"
#include "qiao/testkit/test_hub.hpp"

namespace qiao::contacts::test {

using namespace contract;
using namespace std::chrono_literals;
using nlohmann::json;
namespace kind = contract::identity_kind;

constexpr const char* kLi = "7;conversations;tickets;contacts.reveal;group:after-sales";
constexpr const char* kChen = "5;conversations;tickets;contacts.reveal;contacts.manage;group:after-sales";
constexpr const char* kWorker = "8;tickets;group:logistics";
constexpr const char* kStranger = "9;conversations;contacts.reveal;group:sales";
constexpr const char* kAdmin = "1;*";

/// A hub with contacts and the real inbox, somebody for every role, and tickets as the test says.
class ContactsHub : public testing::Test {
 protected:
  explicit ContactsHub(testkit::HubOptions o = options()) : hub(std::move(o)) {
    hub.serve<TicketsOfContacts>([this](const TicketsOfContacts& q, const Headers&) {
      TicketList list;
      for (const TicketView& t : tickets) {
        if (std::find(q.contacts.begin(), q.contacts.end(), t.contact) != q.contacts.end()) list.tickets.push_back(t);
      }
      return list;
    });
    hub.start_plugin("contacts-test-door");
    hub.start_plugin("inbox");
  }
  void start(const std::string& config = {}) {
    hub.start_plugin("contacts", config);
    hub.advance(2s);
  }
  static testkit::HubOptions options() {
    testkit::HubOptions options;
    options.http = true;
    options.plugin_dirs = {QIAO_PLUGIN_DIR, QIAO_CONTACTS_TEST_PLUGINS};
    return options;
  }

  testkit::HttpAnswer call(const std::string& who, const std::string& method, const std::string& path,
                           const std::string& body = {}) {
    std::vector<std::pair<std::string, std::string>> headers{{"Authorization", "Bearer " + who}};
    if (!body.empty()) headers.emplace_back("Content-Type", "application/json");
    auto answer = hub.http(method, "/api/v1" + path, body, headers);
    hub.run_until_idle();
    return answer;
  }
  json ask(const std::string& who, const std::string& method, const std::string& path, const std::string& body = {}) {
    const auto answer = call(who, method, path, body);
    EXPECT_LT(answer.status, 300) << method << " " << path << ": " << answer.body;
    return json::parse(answer.body, nullptr, false);
  }
  Accepted wrote(const std::string& user, const std::string& text, const std::string& channel = "web",
                 const std::string& name = {}) {
    AcceptMessage m;
    m.channel = channel;
    m.user = user;
    m.user_name = name;
    m.external_id = fmt::format("m{}", ++messages_);
    m.content.text = text;
    auto accepted = hub.ask(m);
    EXPECT_TRUE(accepted) << (accepted ? "" : accepted.error().message);
    hub.run_until_idle();
    return accepted ? *accepted : Accepted{};
  }
  ContactView identify(const std::string& user, std::vector<Claim> claims, const std::string& channel = "web",
                       const std::string& name = {}, std::map<std::string, std::string> attributes = {}) {
    auto view = hub.ask(Identify{{channel, user}, name, std::move(claims), std::move(attributes)});
    EXPECT_TRUE(view) << (view ? "" : view.error().message);
    hub.run_until_idle();
    return view ? *view : ContactView{};
  }
  ContactView contact(Id id) {
    auto view = hub.ask(GetContact{id});
    EXPECT_TRUE(view) << (view ? "" : view.error().message);
    return view ? *view : ContactView{};
  }
  ConversationView conversation(Id id) {
    auto view = hub.ask(GetConversation{id});
    EXPECT_TRUE(view);
    return view ? *view : ConversationView{};
  }
  std::int64_t count(std::string_view sql) {
    std::int64_t number = -1;
    EXPECT_TRUE(hub.store().read([&](Session& session) -> Result<void> {
      auto rows = session.query(sql);
      if (rows->next()) number = rows->integer(0);
      return rows->status();
    }));
    return number;
  }

  std::vector<TicketView> tickets;
  int messages_ = 0;
  testkit::TestHub hub;  ///< last, so that it goes before what its stand-ins use
};

}  // namespace qiao::contacts::test
