#include <filesystem>
#include <fstream>
#include <sstream>

#include "plugins/contacts/archive.hpp"
#include "plugins/contacts/tests/contacts_hub.hpp"

namespace qiao::contacts::test {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

std::string content(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

/// Everything that lies below a folder, the write-ahead log included.
std::string everything_in(const fs::path& folder) {
  std::string all;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) all += entry.path().string() + content(entry.path());
  }
  return all;
}

class PersonalData : public ContactsHub {
 protected:
  PersonalData() {
    hub.serve<ExportPerson>([this](const ExportPerson& q, const Headers&) -> Result<ExportParts> {
      if (stubborn || (kept && !q.person.contacts.empty())) return ExportParts{{{"points", "[{\"points\":12}]", {}}}};
      return ExportParts{};
    });
    hub.serve<ErasePerson>([this](const ErasePerson& q, const Headers&) -> Result<ErasedCount> {
      asked.push_back(q.person);
      if (broken) return Error{Errc::unavailable, "points.away", "the points are away"};
      ErasedCount count;
      if (std::exchange(kept, false)) count.removed["points"] = 1;
      return count;
    });
  }
  Id somebody() {
    const Accepted first = wrote("v1", "我的秘密是草莓", "web", "王芳");
    const Id id = conversation(first.conversation).contact;
    ask(kAdmin, "PATCH", "/contacts/" + id.str(),
        R"({"phone":"13800138000","email":"wang@example.com","note":"对花生过敏","tags":["vip"],"attributes":{"size":"38"}})");
    talk = first.conversation;
    return id;
  }
  fs::path out(const std::string& name) { return hub.data_dir() / name; }

  bool kept = true;
  bool broken = false;
  bool stubborn = false;
  Id talk;
  std::vector<Person> asked;
};

TEST_F(PersonalData, IsCopiedIntoAFolderThatAPersonCanRead) {
  start();
  const Id id = somebody();
  auto copy =
      hub.ask(ExportContact{"phone:138 0013 8000", out("copy").string(), "zh-CN", {}, {}, {}}, RequestOptions{60s});
  ASSERT_TRUE(copy) << copy.error().message;
  EXPECT_EQ(copy->contact, id);
  EXPECT_EQ(copy->counts.at("points"), 1);
  EXPECT_EQ(copy->counts.at("conversations"), 1);
  const std::string page = content(out("copy") / "index.html");
  for (const char* text : {"我的秘密是草莓", "+8613800138000", "对花生过敏", "会话与消息", "points"}) {
    EXPECT_THAT(page, HasSubstr(text));
  }
  EXPECT_TRUE(json::accept(content(out("copy") / "conversations.json")));
  EXPECT_EQ(fs::status(out("copy")).permissions() & fs::perms::others_all, fs::perms::none);
  auto taken = hub.ask(ExportContact{id.str(), out("copy").string(), "", {}, {}, {}}, RequestOptions{60s});
  EXPECT_EQ(taken.error().id, "archive.bad_folder");
  EXPECT_EQ(hub.ask(ExportContact{id.str(), "relative", "", {}, {}, {}}).error().id, "archive.bad_folder");
  EXPECT_EQ(hub.ask(ExportContact{"phone:13900139000", out("x").string(), "", {}, {}, {}}).error().code,
            Errc::not_found);
}

TEST_F(PersonalData, IsErasedEverywhereAndTwiceErasesNothingMore) {
  start();
  const Id id = somebody();
  auto erased = hub.ask(EraseContact{id.str(), {}, {}, {}}, RequestOptions{60s});
  ASSERT_TRUE(erased) << erased.error().message;
  EXPECT_EQ(erased->removed.at("points"), 1);
  EXPECT_EQ(erased->removed.at("conversations"), 1);
  EXPECT_EQ(erased->removed.at("claims"), 2);
  ASSERT_THAT(asked, SizeIs(1));
  EXPECT_THAT(asked[0].conversations, ElementsAre(talk));
  for (const char* table : {"contacts_contact", "contacts_claim", "contacts_identity", "contacts_attribute",
                            "contacts_tag", "contacts_card", "contacts_erasure", "inbox_contact", "inbox_conversation",
                            "inbox_message", "inbox_identity"}) {
    EXPECT_EQ(count(fmt::format("SELECT COUNT(*) FROM {}", table)), 0) << table;
  }
  EXPECT_EQ(hub.ask(EraseContact{id.str(), {}, {}, {}}).error().code, Errc::not_found);
  EXPECT_EQ(call(kAdmin, "GET", "/contacts/" + id.str()).status, 404);
  const std::string all = everything_in(hub.data_dir());
  for (const char* text : {"13800138000", "wang@example.com", "我的秘密是草莓", "对花生过敏"}) {
    EXPECT_THAT(all, Not(HasSubstr(text)));
  }
}

TEST_F(PersonalData, ReachesThoseWhoWereJoined) {
  start();
  const Id id = somebody();
  const Accepted app = wrote("u9", "另一个渠道", "app");
  const Id other = conversation(app.conversation).contact;
  ask(kAdmin, "POST", "/contacts/" + id.str() + "/merge", "{\"other\":\"" + other.str() + "\"}");
  ASSERT_TRUE(hub.ask(EraseContact{other.str(), {}, {}, {}}, RequestOptions{60s}));
  EXPECT_EQ(count("SELECT COUNT(*) FROM inbox_message"), 0);
  EXPECT_EQ(count("SELECT COUNT(*) FROM contacts_contact"), 0);
  EXPECT_EQ(count("SELECT COUNT(*) FROM contacts_merge"), 0);
}

TEST_F(PersonalData, IsErasedLaterWhenSomebodyCouldNotDoItAtOnce) {
  start();
  const Id id = somebody();
  broken = true;
  auto failed = hub.ask(EraseContact{id.str(), {}, {}, {}}, RequestOptions{60s});
  EXPECT_EQ(failed.error().id, "privacy.not_erased");
  EXPECT_EQ(count("SELECT COUNT(*) FROM contacts_contact"), 1);
  hub.restart();
  hub.advance(3s);
  EXPECT_EQ(count("SELECT COUNT(*) FROM contacts_contact"), 1);
  broken = false;
  hub.advance(11min);
  EXPECT_EQ(count("SELECT COUNT(*) FROM contacts_contact"), 0);
  EXPECT_EQ(count("SELECT COUNT(*) FROM contacts_erasure"), 0);
}

TEST_F(PersonalData, IsNotCalledErasedWhileSomebodyStillHasSome) {
  start();
  const Id id = somebody();
  stubborn = true;
  auto left = hub.ask(EraseContact{id.str(), {}, {}, {}}, RequestOptions{60s});
  EXPECT_EQ(left.error().id, "privacy.left");
  EXPECT_THAT(left.error().message, HasSubstr("points"));
  EXPECT_EQ(count("SELECT COUNT(*) FROM contacts_contact"), 1);
}

TEST_F(PersonalData, IsTheBusinessOfAdministrators) {
  start();
  const std::string path = "/contacts/" + somebody().str();
  for (const char* who : {kLi, kChen, kWorker}) {
    EXPECT_EQ(call(who, "POST", path + "/erase").status, 403) << who;
    EXPECT_EQ(call(who, "POST", path + "/export", "{}").status, 403) << who;
  }
  const json copy = ask(kAdmin, "POST", path + "/export", "{}");
  EXPECT_TRUE(fs::exists(fs::path(std::string(copy["folder"])) / "index.html"));
  ask(kAdmin, "POST", path + "/erase");
  EXPECT_FALSE(fs::exists(std::string(copy["folder"])));
}

TEST_F(PersonalData, OfWhoWasNotSeenForLongGoesByItself) {
  start("retention: {inactive: 30d}\n");
  somebody();
  hub.advance(24h * 20);
  wrote("v2", "我是新来的");
  hub.advance(24h * 12);
  EXPECT_EQ(count("SELECT COUNT(*) FROM contacts_contact"), 1);
  EXPECT_EQ(count("SELECT COUNT(*) FROM inbox_conversation"), 1);
  hub.advance(24h * 30);
  EXPECT_EQ(count("SELECT COUNT(*) FROM contacts_contact"), 0);
}

TEST(ReadablePage, ShowsTextAsText) {
  const std::string page = readable_page({{"<part>", R"([{"text":"<script>alert(1)</script>"}])", {}}},
                                         {{"1", "\"><img>.png"}}, "<b>王芳</b>", "en", Time{});
  EXPECT_THAT(page, Not(HasSubstr("<script>")));
  EXPECT_THAT(page, Not(HasSubstr("<img>")));
  EXPECT_THAT(page, Not(HasSubstr("<b>")));
  EXPECT_THAT(page, HasSubstr("&lt;script&gt;"));
}

}  // namespace
}  // namespace qiao::contacts::test
