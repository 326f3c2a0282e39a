#include "plugins/contacts/tests/contacts_hub.hpp"

namespace qiao::contacts::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

class Lists : public ContactsHub {
 protected:
  std::vector<std::string> names(const std::string& who, const std::string& query) {
    std::vector<std::string> all;
    const json page = ask(who, "GET", "/contacts?" + query);
    for (const json& one : page["contacts"]) all.push_back(one["name"]);
    return all;
  }
  json import(const std::string& csv, const std::string& query = {}) {
    const auto answer = hub.http("POST", "/api/v1/contacts/import?" + query, csv,
                                 {{"Authorization", std::string("Bearer ") + kAdmin}, {"Content-Type", "text/csv"}});
    EXPECT_EQ(answer.status, 200) << answer.body;
    hub.run_until_idle();
    return json::parse(answer.body, nullptr, false);
  }
};

constexpr const char* kThree =
    "姓名,手机,email,company,tags,attr:size\n"
    "王芳,13800138000,wang@example.com,鲜果行,vip|老客,38\n"
    "李雷,13900139000,,鲜果行,vip,\n"
    "Han,,han@example.com,,,40\n";

TEST_F(Lists, ImportMakesContactsAndSaysWhatItDid) {
  start();
  const json dry = import(kThree, "dry_run=true");
  EXPECT_EQ(dry["created"], 3);
  EXPECT_EQ(dry["dry_run"], true);
  EXPECT_EQ(count("SELECT COUNT(*) FROM contacts_contact"), 0);
  const json done = import(kThree);
  EXPECT_EQ(done["created"], 3);
  EXPECT_THAT(done["errors"], IsEmpty());
  EXPECT_THAT(names(kAdmin, ""), ElementsAre("Han", "李雷", "王芳"));
  const json again = import(kThree);
  EXPECT_EQ(again["created"], 0);
  EXPECT_EQ(again["unchanged"], 3);
  const json changed = import("phone,tier\n138-0013-8000,gold\n", "update_by=phone");
  EXPECT_EQ(changed["updated"], 1);
  auto wang = hub.ask(FindContact{{kind::kPhone, "13800138000", false}, {}});
  ASSERT_TRUE(wang);
  EXPECT_EQ(wang->tier, "gold");
  EXPECT_EQ(wang->company, "鲜果行");
  EXPECT_THAT(wang->tags, UnorderedElementsAre("vip", "老客"));
  EXPECT_EQ(wang->attributes.at("size"), "38");
}

TEST_F(Lists, ImportLeavesOutRowsWithMistakesAndNamesThem) {
  start();
  const json report = import("name,phone\n王芳,hello\n李雷,13900139000\n,\n赵,1,2\n");
  EXPECT_EQ(report["rows"], 4);
  EXPECT_EQ(report["created"], 1);
  ASSERT_THAT(report["errors"], SizeIs(3));
  EXPECT_EQ(report["errors"][0]["row"], 2);
  EXPECT_EQ(report["errors"][0]["column"], "phone");
  const auto unknown = hub.http("POST", "/api/v1/contacts/import", "name,phnoe\n",
                                {{"Authorization", std::string("Bearer ") + kAdmin}, {"Content-Type", "text/csv"}});
  EXPECT_EQ(unknown.status, 400);
  EXPECT_THAT(unknown.body, HasSubstr("phnoe"));
}

TEST_F(Lists, FindByExactClaimsAndByTheBeginningOfNamesAndTags) {
  start();
  import(kThree);
  EXPECT_THAT(names(kAdmin, "search=13800138000"), ElementsAre("王芳"));
  EXPECT_THAT(names(kAdmin, "search=%2B86%20138%200013%208000"), ElementsAre("王芳"));
  EXPECT_THAT(names(kAdmin, "search=HAN@example.com"), ElementsAre("Han"));
  EXPECT_THAT(names(kAdmin, "search=%E7%8E%8B"), ElementsAre("王芳"));
  EXPECT_THAT(names(kAdmin, "search=vip"), ElementsAre("李雷", "王芳"));
  EXPECT_THAT(names(kAdmin, "search=1380013"), IsEmpty());
  EXPECT_THAT(names(kAdmin, "search=%25"), IsEmpty());
}

TEST_F(Lists, ShowOnlyWhatSomebodyMaySee) {
  start();
  import(kThree);
  const Accepted first = wrote("v1", "退货", "web", "访问者");
  ASSERT_TRUE(hub.ask(Handoff{first.conversation, "after-sales", "asked"}));
  hub.run_until_idle();
  EXPECT_THAT(names(kLi, ""), ElementsAre("访问者"));
  EXPECT_THAT(names(kStranger, ""), IsEmpty());
  EXPECT_THAT(names(kStranger, "search=13800138000"), IsEmpty());
  EXPECT_THAT(names(kChen, ""), SizeIs(4));
  EXPECT_EQ(call(kWorker, "GET", "/contacts").status, 403);
}

TEST_F(Lists, ComeInPages) {
  start();
  std::string csv = "name\n";
  for (int i = 0; i < 250; ++i) csv += fmt::format("n{}\n", i);
  import(csv);
  std::vector<std::string> all;
  std::string after;
  for (int page = 0; page < 10; ++page) {
    const json some = ask(kAdmin, "GET", "/contacts?limit=60&after=" + after);
    for (const json& one : some["contacts"]) all.push_back(one["name"]);
    if (some["more"] != true) break;
    after = some["after"];
  }
  ASSERT_THAT(all, SizeIs(250));
  EXPECT_EQ(all.front(), "n249");
  EXPECT_EQ(all.back(), "n0");
}

TEST_F(Lists, SegmentsAreFiltersThatCount) {
  start();
  import(kThree);
  const auto made = [&](const std::string& filter) {
    return ask(kAdmin, "POST", "/segments", "{\"name\":\"s\",\"filter\":" + filter + "}");
  };
  const json vip = made(R"({"tag":"vip"})");
  EXPECT_EQ(vip["count"], 2);
  EXPECT_THAT(names(kAdmin, "segment=" + std::string(vip["id"])), ElementsAre("李雷", "王芳"));
  EXPECT_EQ(made(R"({"attribute":"size","value":"40"})")["count"], 1);
  EXPECT_EQ(made(R"({"attribute":"size"})")["count"], 2);
  EXPECT_EQ(made(R"({"company":"鲜果行","tag":"老客"})")["count"], 1);
  EXPECT_EQ(made(R"({"seen_within_days":7})")["count"], 3);
  EXPECT_EQ(made(R"({"not_seen_for_days":7})")["count"], 0);
  EXPECT_EQ(made(R"({"blocked":true})")["count"], 0);
  EXPECT_EQ(call(kAdmin, "POST", "/segments", R"({"name":"s","filter":{}})").status, 400);
  EXPECT_EQ(call(kLi, "POST", "/segments", R"({"name":"s","filter":{"tag":"vip"}})").status, 403);
  EXPECT_EQ(call(kAdmin, "DELETE", "/segments/" + std::string(vip["id"])).status, 204);
  EXPECT_THAT(ask(kAdmin, "GET", "/segments")["segments"], SizeIs(6));
  hub.advance(24h * 8);
  EXPECT_EQ(made(R"({"not_seen_for_days":7})")["count"], 3);
}

TEST_F(Lists, CompaniesAndTagsCountTheirContacts) {
  start();
  import(kThree);
  const json companies = ask(kAdmin, "GET", "/companies?search=%E9%B2%9C")["companies"];
  ASSERT_THAT(companies, SizeIs(1));
  EXPECT_EQ(companies[0]["contacts"], 2);
  const std::string path = "/companies/" + std::string(companies[0]["id"]);
  EXPECT_EQ(ask(kAdmin, "PATCH", path, R"({"phone":"010-6552 9988"})")["phone"], "010-6552 9988");
  EXPECT_EQ(call(kAdmin, "POST", "/companies", R"({"name":"鲜果行"})").status, 409);
  EXPECT_EQ(call(kAdmin, "POST", "/companies", R"({"name":""})").status, 400);
  const json tags = ask(kAdmin, "GET", "/tags")["tags"];
  EXPECT_EQ(tags[0]["tag"], "vip");
  EXPECT_EQ(tags[0]["contacts"], 2);
}

TEST_F(Lists, AnExportIsDefusedAndCanBeImportedAgain) {
  start();
  import("name,phone,note\n=1+1,13800138000,\"=cmd\"\n");
  const auto csv = call(kAdmin, "GET", "/contacts/export.csv");
  ASSERT_EQ(csv.status, 200);
  EXPECT_THAT(std::string(csv.header("content-type")), HasSubstr("text/csv"));
  EXPECT_THAT(csv.body, HasSubstr("'=1+1"));
  EXPECT_THAT(csv.body, HasSubstr("'+8613800138000"));
  const json again = import(csv.body);
  EXPECT_EQ(again["unchanged"], 1);
  EXPECT_EQ(call(kLi, "GET", "/contacts/export.csv").status, 403);
}

}  // namespace
}  // namespace qiao::contacts::test
