#include "connectors/erp-csv/catalogue.hpp"

#include <gtest/gtest.h>

namespace qiao::erp_csv {
namespace {

using namespace contract;

class CatalogueTest : public testing::Test {
 protected:
  CatalogueTest() {
    load(&Catalogue::add_products,
         "sku,name,barcode,price,currency,产地\nK-201,口红 豆沙色,690,129.00,CNY,上海\nK-202,口红 正红,691,129,CNY,\n"
         "A-7,Down jacket light,692,\"1,399.00\",CNY,\n");
    load(&Catalogue::add_stock, "sku,warehouse,on_hand,reserved\nK-201,SH,10,4\nK-201,HZ,5,0\nK-201,SH,2,0\n");
    load(&Catalogue::add_orders,
         "number,placed_at,phone,email,sku,quantity,tracking\nO1,2026-11-20 09:30,138 0013 8000,,K-201,2,T1\n"
         "O1,2026-11-20 09:30,138 0013 8000,,A-7,1,T1\nO2,2026/11/2,+8613900139000,Zhou@Example.com,K-202,1,\n"
         "O3,2026-1-5,,,K-202,1,\n");
  }
  void load(Result<void> (Catalogue::*add)(const CsvTable&, const Columns&, std::vector<std::string>&),
            const std::string& text, const Columns& columns = {}) {
    problems_.clear();
    const auto table = read_csv(text);
    ASSERT_TRUE(table);
    const auto added = (catalogue_.*add)(*table, columns, problems_);
    failure_ = added ? "" : added.error().message;
  }
  std::vector<std::string> found(const std::string& text) {
    std::vector<std::string> skus;
    for (const Product& p : catalogue_.search(text, 10)) skus.push_back(p.sku);
    return skus;
  }
  std::vector<std::string> orders(OrderQuery q) {
    std::vector<std::string> numbers;
    for (const Order& o : catalogue_.orders(q, "86")) numbers.push_back(o.number);
    return numbers;
  }
  Catalogue catalogue_;
  std::vector<std::string> problems_;
  std::string failure_;
};

using List = std::vector<std::string>;

TEST_F(CatalogueTest, AddsUpWarehousesAndShelves) {
  const Stock* stock = catalogue_.stock("k-201 ");
  ASSERT_NE(stock, nullptr);
  EXPECT_EQ(stock->name, "口红 豆沙色");
  EXPECT_EQ(stock->on_hand, 17);
  EXPECT_EQ(stock->available, 13);
  ASSERT_EQ(stock->levels.size(), 2u);
  EXPECT_EQ(stock->levels[1].warehouse, "SH");
  EXPECT_EQ(stock->levels[1].on_hand, 12);
}

TEST_F(CatalogueTest, AProductWithoutStockIsSoldOutAndNotUnknown) {
  ASSERT_NE(catalogue_.stock("A-7"), nullptr);
  EXPECT_EQ(catalogue_.stock("A-7")->available, 0);
  EXPECT_EQ(catalogue_.stock("Z-9"), nullptr);
}

TEST_F(CatalogueTest, FindsProductsAsPeopleCallThem) {
  EXPECT_EQ(found("K-201"), List{"K-201"});
  EXPECT_EQ(found("691"), List{"K-202"});
  EXPECT_EQ(found("豆沙色口红"), List{"K-201"});
  EXPECT_EQ(found("口红"), (List{"K-201", "K-202"}));
  EXPECT_EQ(found("light jacket"), List{"A-7"});
  EXPECT_EQ(found("冰箱"), List{});
  EXPECT_EQ(catalogue_.search("K-201", 1)[0].attributes.at("产地"), "上海");
}

TEST_F(CatalogueTest, OrdersNarrowToWhoeverAsks) {
  EXPECT_EQ(orders({"O1", "", "", "", 10}), List{"O1"});
  EXPECT_EQ(orders({"o1", "", "+86 13800138000", "", 10}), List{"O1"});
  EXPECT_EQ(orders({"O1", "", "13900139000", "", 10}), List{});
  EXPECT_EQ(orders({"", "", "13900139000", "", 10}), List{"O2"});
  EXPECT_EQ(orders({"", "", "", "zhou@example.com", 10}), List{"O2"});
  EXPECT_EQ(orders({"O2", "", "13900139000", "other@example.com", 10}), List{});
  // Nobody's order is not everybody's.
  EXPECT_EQ(orders({"O3", "", "13800138000", "", 10}), List{});
}

TEST_F(CatalogueTest, GathersTheLinesOfAnOrder) {
  const auto list = catalogue_.orders({"O1", "", "", "", 10}, "86");
  ASSERT_EQ(list.size(), 1u);
  ASSERT_EQ(list[0].lines.size(), 2u);
  EXPECT_EQ(list[0].lines[0].name, "口红 豆沙色");
  EXPECT_EQ(list[0].shipments.size(), 1u);
  EXPECT_EQ(to_iso8601(list[0].placed_at), "2026-11-20T01:30:00.000Z");
}

TEST_F(CatalogueTest, NamesTheLinesThatItCannotUse) {
  load(&Catalogue::add_stock, "sku,warehouse,on_hand\nA-1,SH,many\n,SH,1\nA-2,SH,3\n");
  ASSERT_EQ(problems_.size(), 2u);
  EXPECT_EQ(problems_[0], "line 2: on_hand: expected a number, got \"many\"");
  EXPECT_EQ(problems_[1].substr(0, 7), "line 3:");
  EXPECT_NE(catalogue_.stock("A-2"), nullptr);
}

TEST_F(CatalogueTest, ColumnsAreFoundByUsualNamesOrByTheConfiguration) {
  load(&Catalogue::add_stock, "物料编码,仓库,现存量,占用\nX-1,SH,7,2\n");
  EXPECT_EQ(catalogue_.stock("X-1")->available, 5);
  load(&Catalogue::add_stock, "Artikel,Bestand\nX-2,7\n", {{"sku", "artikel"}, {"on_hand", "Bestand"}});
  EXPECT_EQ(catalogue_.stock("X-2")->on_hand, 7);
  load(&Catalogue::add_stock, "Artikel,Bestand\nX-2,7\n");
  EXPECT_NE(failure_.find("\"sku\""), std::string::npos) << failure_;
}

}  // namespace
}  // namespace qiao::erp_csv
