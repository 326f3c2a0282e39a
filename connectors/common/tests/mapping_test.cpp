#include "connectors/common/mapping.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace qiao::common {
namespace {

using namespace contract;

CustomerCard mapped(const Fields& fields, const char* row) {
  const auto map = FieldMap::compile<CustomerCard>(fields, {});
  EXPECT_TRUE(map) << map.error().message;
  CustomerCard card;
  const auto done = map->apply(Json::parse(row), &card);
  EXPECT_TRUE(done) << done.error().message;
  return card;
}

std::string refused(const Fields& fields) {
  const auto map = FieldMap::compile<CustomerCard>(fields, {});
  return map ? "" : map.error().message;
}

template <class T>
std::string broken(const Fields& fields, const char* row) {
  const auto map = FieldMap::compile<T>(fields, {});
  T record;
  const auto done = map->apply(Json::parse(row), &record);
  return done ? "" : done.error().message;
}

TEST(Mapping, FollowsPointersIntoTheRow) {
  const auto card = mapped({{"name", "/person/names/0"}, {"company", "/a~1b/c~0d"}, {"email", "/nothing/here"}},
                           R"({"person":{"names":["林","Lin"]},"a/b":{"c~d":"Qiao"}})");
  EXPECT_EQ(card.name, "林");
  EXPECT_EQ(card.company, "Qiao");
  EXPECT_EQ(card.email, "");
}

TEST(Mapping, KnowsConstantsTemplatesAndAlternatives) {
  const auto card = mapped({{"tier", "=gold"},
                            {"name", "{/last} {/first}"},
                            {"owner", "{/x}, {/y}"},
                            {"phone", "/mobile ?? /tel ?? =none"},
                            {"crm_id", "/id"}},
                           R"({"first":"Lin","last":"Mei","tel":"138 0013 8000","mobile":"","id":17})");
  EXPECT_EQ(card.tier, "gold");
  EXPECT_EQ(card.name, "Mei Lin");
  EXPECT_EQ(card.owner, "");  // nothing was there: no lonely comma
  EXPECT_EQ(card.phone, "138 0013 8000");
  EXPECT_EQ(card.crm_id, "17");
}

TEST(Mapping, TransformsFromLeftToRight) {
  const auto card = mapped({{"phone", "/p | phone"},
                            {"tier", "/t | trim | lower | map vip=金, std=银"},
                            {"owner", "/none | default 无"},
                            {"attributes.birthday", "/b | seconds | date"},
                            {"attributes.spent", "/cents | cents"},
                            {"attributes.limit", "/n | number"}},
                           R"({"p":"+86 138-0013-8000","t":" VIP ","b":17280000,"cents":12990,"n":"1,200"})");
  EXPECT_EQ(card.phone, "13800138000");
  EXPECT_EQ(card.tier, "金");
  EXPECT_EQ(card.owner, "无");
  EXPECT_EQ(card.attributes.at("birthday"), "1970-07-20");
  EXPECT_EQ(card.attributes.at("spent"), "129.90");
  EXPECT_EQ(card.attributes.at("limit"), "1200");
}

TEST(Mapping, ListsComeAsListsOrAsText) {
  EXPECT_EQ(mapped({{"tags", "/tags"}}, R"({"tags":["vip","",7]})").tags, (std::vector<std::string>{"vip", "7"}));
  EXPECT_EQ(mapped({{"tags", "/tags | split ;"}}, R"({"tags":"vip; old"})").tags,
            (std::vector<std::string>{"vip", "old"}));
}

TEST(Mapping, ATimeWithoutAZoneIsLocal) {
  const auto map = FieldMap::compile<OrderRow>({{"placed_at", "/at"}, {"amount", "/sum"}}, {"86", 8});
  OrderRow row;
  ASSERT_TRUE(map->apply(Json::parse(R"({"at":"2026-11-20 09:30:00","sum":129.9})"), &row));
  EXPECT_EQ(to_iso8601(row.placed_at), "2026-11-20T01:30:00.000Z");
  EXPECT_EQ(row.amount, "129.90");
}

TEST(Mapping, MistakesAreFoundBeforeAnybodyAsks) {
  EXPECT_NE(refused({{"nmae", "/name"}}).find("did you mean \"name\""), std::string::npos);
  EXPECT_NE(refused({{"name", "name"}}).find("expected /pointer"), std::string::npos);
  EXPECT_NE(refused({{"name", "/n | uper"}}).find("did you mean \"upper\""), std::string::npos);
  EXPECT_NE(refused({{"name", "/n | map"}}).find("needs something behind it"), std::string::npos);
  EXPECT_NE(refused({{"name", "/n | trim x"}}).find("nothing may stand behind"), std::string::npos);
  EXPECT_NE(refused({{"name", "/a~b"}}).find("~0"), std::string::npos);
  EXPECT_NE(refused({{"name", "{name}"}}).find("between braces"), std::string::npos);
  EXPECT_NE(refused({{"name", "{/name"}}).find("between braces"), std::string::npos);
  EXPECT_NE(refused({{"name", ""}}).find("where it comes from"), std::string::npos);
  EXPECT_FALSE(refused({{"attributes", "/a"}}).empty());
  EXPECT_FALSE(refused({{"orders", "/o"}}).empty());
  EXPECT_FALSE(refused({{"name.x", "/o"}}).empty());
}

TEST(Mapping, WhatDoesNotFitIsNamedAndNotShown) {
  EXPECT_EQ(broken<StockRow>({{"on_hand", "/n"}}, R"({"n":"13800138000x"})"),
            "the system's on_hand is no number; look at fields.on_hand in the configuration");
  EXPECT_NE(broken<OrderRow>({{"placed_at", "/t"}}, R"({"t":"yesterday"})"), "");
  EXPECT_NE(broken<OrderRow>({{"placed_at", "/t | seconds"}}, R"({"t":99999999999999})"), "");
  EXPECT_EQ(broken<StockRow>({{"on_hand", "/n"}}, R"({"n":{"a":1}})"), "");
}

TEST(Mapping, ListsAreFoundWhereverTheyLie) {
  EXPECT_EQ(rows_at(Json::parse(R"({"data":{"rows":[1,2]}})"), "/data/rows").size(), 2u);
  EXPECT_EQ(rows_at(Json::parse(R"([{},{}])"), "").size(), 2u);
  EXPECT_EQ(rows_at(Json::parse(R"({"id":1})"), "").size(), 1u);
  EXPECT_EQ(rows_at(Json::parse(R"({"data":null})"), "/data").size(), 0u);
}

TEST(StockReader, PutsRowsOfASkuTogether) {
  const auto reader = StockReader::compile(
      {{"sku", "/code"}, {"name", "/name"}, {"warehouse", "/wh"}, {"on_hand", "/qty"}, {"reserved", "/res"}}, {}, {});
  ASSERT_TRUE(reader);
  const std::vector<std::string> skus{"A", "B"};
  const auto stock = reader->read(rows_at(Json::parse(R"([{"code":"A","name":"羽绒服","wh":"SH","qty":"12.5","res":2},
                              {"code":"A","wh":"SH","qty":1},{"code":"A","wh":"HZ","qty":3},{"code":"C","qty":9}])"),
                                          ""),
                                  skus);
  ASSERT_TRUE(stock);
  ASSERT_TRUE((*stock)[0]);
  EXPECT_FALSE((*stock)[1]);
  EXPECT_EQ((*stock)[0]->name, "羽绒服");
  ASSERT_EQ((*stock)[0]->levels.size(), 2u);
  EXPECT_EQ((*stock)[0]->levels[0].on_hand, 13.5);
  EXPECT_EQ((*stock)[0]->levels[0].available, 11.5);
}

TEST(StockReader, TakesWarehousesFromInsideOfARow) {
  const auto reader = StockReader::compile({{"name", "/title"}},
                                           ListMap{"/stocks", {{"warehouse", "/id"}, {"available", "/free"}}}, {});
  ASSERT_TRUE(reader);
  const std::vector<std::string> skus{"A"};
  const auto stock =
      reader->read(rows_at(Json::parse(R"({"title":"x","stocks":[{"id":1,"free":4},{"id":2,"free":-1}]})"), ""), skus);
  ASSERT_EQ((*stock)[0]->levels.size(), 2u);
  EXPECT_EQ((*stock)[0]->levels[1].available, -1);
}

class OrderReaderTest : public testing::Test {
 protected:
  OrderReaderTest() {
    OrderMap map{"",
                 {{"number", "/no"}, {"placed_at", "/at"}, {"phone", "/tel"}, {"email", "/mail"}, {"sku", "/sku"}},
                 ListMap{"/lines", {{"sku", "/code"}, {"quantity", "/n"}}},
                 ListMap{"/parcels", {{"tracking", "/nr"}}}};
    reader_ = *OrderReader::compile(map, {});
    rows_ = rows_at(Json::parse(R"([
      {"no":"1","at":"2026-01-01","tel":"138 0013 8000","lines":[{"code":"A","n":2},{"code":"B","n":1}],
       "parcels":[{"nr":"T1"}]},
      {"no":"2","at":"2026-02-01","tel":"13900139000","mail":"Z@example.com"},
      {"no":"2","sku":"C"},
      {"no":"3","at":"2026-03-01"}])"),
                    "");
  }
  std::vector<std::string> numbers(const OrderQuery& q) {
    std::vector<std::string> list;
    const auto orders = reader_.read(rows_, q);
    EXPECT_TRUE(orders);
    for (const Order& o : *orders) list.push_back(o.number);
    return list;
  }
  OrderReader reader_;
  std::vector<Json> rows_;
};

TEST_F(OrderReaderTest, GathersLinesAndShipmentsNewestFirst) {
  EXPECT_EQ(numbers({"", "x", "", "", 10}), (std::vector<std::string>{"3", "2", "1"}));
  const auto orders = reader_.read(rows_, OrderQuery{"1", "", "", "", 10});
  EXPECT_EQ((*orders)[0].lines.size(), 2u);
  EXPECT_EQ((*orders)[0].shipments[0].tracking, "T1");
  EXPECT_EQ((*reader_.read(rows_, OrderQuery{"2", "", "", "", 10}))[0].lines.at(0).sku, "C");
  EXPECT_EQ(numbers({"", "x", "", "", 1}), std::vector<std::string>{"3"});
}

TEST_F(OrderReaderTest, NobodyReadsAnothersOrder) {
  EXPECT_EQ(numbers({"1", "", "+8613800138000", "", 10}), std::vector<std::string>{"1"});
  EXPECT_EQ(numbers({"1", "", "13900139000", "", 10}), std::vector<std::string>{});
  EXPECT_EQ(numbers({"3", "", "13900139000", "", 10}), std::vector<std::string>{});
  EXPECT_EQ(numbers({"2", "", "", "z@EXAMPLE.com", 10}), std::vector<std::string>{"2"});
  EXPECT_EQ(numbers({"1", "", "", "z@example.com", 10}), std::vector<std::string>{});
}

}  // namespace
}  // namespace qiao::common
