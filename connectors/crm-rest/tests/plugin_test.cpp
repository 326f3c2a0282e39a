#include "qiao/contract/crm.hpp"
#include "qiao/testkit/conformance.hpp"
#include "qiao/testkit/fake_peer.hpp"

namespace {

using namespace std::chrono_literals;
using namespace qiao::contract;
using qiao::testkit::FakePeer;
using qiao::testkit::TestHub;

std::string config(const std::string& url, bool write = true) {
  return "url: " + url + "\nwrite: " + (write ? "true" : "false") + R"(
timeout: 300ms
customers:
  by_id: {path: "/people/{crm_id}"}
  by_phone: {path: /people, query: {tail: "{phone_tail}"}}
  by_email: {path: /people, query: {mail: "{email}"}}
  rows: ""
  fields:
    crm_id: /id
    name: "{/last}{/first}"
    phone: /mobile ?? /tel | phone
    email: /mail
    tier: /level | map 3=金卡
    tags: /labels
    attributes.生日: /birthday
orders:
  call: {path: "/people/{crm_id}/orders"}
  fields: {number: /no, placed_at: /at, amount: /sum}
  lines: {rows: /items, fields: {sku: /code, name: /title, quantity: /n}}
activity:
  call: {method: POST, path: /notes, body: '{"person": "{crm_id}", "key": "{external_id}", "text": "{text}"}'}
  known: {path: /notes, query: {key: "{external_id}"}}
add_tag: {method: PUT, path: "/people/{crm_id}/labels/{tag}"}
remove_tag: {method: DELETE, path: "/people/{crm_id}/labels/{tag}"}
)";
}

constexpr const char* kLin = R"({"id":7,"last":"林","first":"梅","tel":"138 0013 8000","mail":"lin@example.com",
  "level":3,"labels":["vip"],"birthday":"05-01"})";

class CrmRest : public testing::Test {
 protected:
  CrmRest() : crm_(FakePeer::http()) {
    crm_.on("GET", "/people/7", 200, kLin);
    // A rough search: the tail fits, the number does not.
    crm_.on("GET", "/people", 200,
            std::string("[") + kLin + R"(,{"id":8,"tel":"137 0013 8000","mail":"x@example.com"}])");
    crm_.on("GET", "/people/7/orders", 200,
            R"([{"no":"O1","at":"2026-11-02","sum":129,"items":[{"code":"K-203","title":"口红 橘棕色","n":1}]}])");
    hub_.start_plugin("crm-rest", config(crm_.url()), "crm");
  }
  std::size_t sent(const std::string& method) {
    std::size_t n = 0;
    for (const auto& request : crm_.requests()) n += request.method == method ? 1 : 0;
    return n;
  }
  qiao::Result<CustomerCard> look_up(LookupCustomer q) {
    qiao::RequestOptions options;
    options.to = "crm";
    return hub_.ask(std::move(q), options);
  }
  template <class Q>
  qiao::Result<Done> write(Q q) {
    qiao::RequestOptions options;
    options.to = "crm";
    return hub_.ask(std::move(q), options);
  }
  FakePeer crm_;
  TestHub hub_;
};

TEST_F(CrmRest, KnowsPeopleByIdPhoneAndEmail) {
  for (const LookupCustomer& q : {LookupCustomer{"7", "", "", "", ""}, LookupCustomer{"", "+8613800138000", "", "", ""},
                                  LookupCustomer{"", "", "LIN@example.com", "", ""}}) {
    const auto card = look_up(q);
    ASSERT_TRUE(card) << card.error().message;
    EXPECT_EQ(card->crm_id, "7");
    EXPECT_EQ(card->name, "林梅");
    EXPECT_EQ(card->phone, "13800138000");
    EXPECT_EQ(card->tier, "金卡");
    EXPECT_EQ(card->tags, std::vector<std::string>{"vip"});
    EXPECT_EQ(card->attributes.at("生日"), "05-01");
    ASSERT_EQ(card->orders.size(), 1u);
    EXPECT_EQ(card->last_purchase, "2026-11-02 口红 橘棕色");
    EXPECT_EQ(card->source, "crm");
  }
  EXPECT_EQ(look_up({"", "13600136000", "", "", ""}).error().code, qiao::Errc::not_found);
  EXPECT_EQ(look_up({"99", "", "", "", ""}).error().code, qiao::Errc::not_found);
  EXPECT_EQ(look_up({"", "", "", "web", "v-1"}).error().code, qiao::Errc::not_found);
}

TEST_F(CrmRest, TwoPeopleWithOneNumberAreAmbiguous) {
  crm_.on("GET", "/people", 200, std::string("[") + kLin + R"(,{"id":9,"tel":"13800138000"}])");
  EXPECT_EQ(look_up({"", "13800138000", "", "", ""}).error().name(), "crm.ambiguous");
}

TEST_F(CrmRest, NotesAnActivityOnce) {
  crm_.on("GET", "/notes", 200, "[]");
  crm_.on("POST", "/notes", 201, "");
  const RecordActivity note{"c-1", {"7", "", "", "", ""}, "conversation", "退货", "问了\"退货\"", "", {}};
  ASSERT_TRUE(write(note));
  EXPECT_EQ(sent("POST"), 1u);
  EXPECT_NE(crm_.requests().back().body.find(R"("text": "问了\"退货\"")"), std::string::npos);
  crm_.on("GET", "/notes", 200, R"([{"id":1}])");
  ASSERT_TRUE(write(note));
  EXPECT_EQ(sent("POST"), 1u);
}

TEST_F(CrmRest, AddsAndRemovesTagsOneByOne) {
  crm_.on("PUT", "/people/7/labels/vip", 409, "");
  crm_.on("PUT", "/people/7/labels/a%2Fb", 204, "");
  ASSERT_TRUE(write(TagCustomer{{"7", "", "", "", ""}, {"vip", "a/b"}, {"old"}}));
  EXPECT_EQ(sent("PUT"), 2u);
  EXPECT_EQ(sent("DELETE"), 1u);
}

TEST(CrmRestConfig, WritesOnlyWhenAllowed) {
  FakePeer crm = FakePeer::http();
  TestHub hub;
  hub.start_plugin("crm-rest", config(crm.url(), false), "crm");
  qiao::RequestOptions options;
  options.to = "crm";
  EXPECT_EQ(hub.ask(TagCustomer{{"7", "", "", "", ""}, {"vip"}, {}}, options).error().name(), "crm.read_only");
  EXPECT_EQ(crm.requests().size(), 0u);
}

}  // namespace

QIAO_CONFORMANCE("crm-rest", config("http://127.0.0.1:1"))
