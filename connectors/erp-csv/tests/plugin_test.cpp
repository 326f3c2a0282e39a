#include <filesystem>
#include <fstream>

#include "qiao/contract/connector.hpp"
#include "qiao/contract/erp.hpp"
#include "qiao/testkit/conformance.hpp"

namespace {

using namespace std::chrono_literals;
using namespace qiao::contract;
using qiao::testkit::HubOptions;
using qiao::testkit::TestHub;
namespace fs = std::filesystem;

HubOptions demo() {
  HubOptions options;
  options.demo = true;
  options.share_dir = fs::path(QIAO_BINARY_DIR) / "share/qiao";
  return options;
}

/// Under another name first, as the documentation asks for.
void replace(const fs::path& file, const std::string& text) {
  const fs::path fresh = file.string() + ".new";
  std::ofstream(fresh) << text;
  fs::rename(fresh, file);
}

/// What `QIAO_CONFORMANCE` starts: a file that lies beside this test.
std::string conformance_config() { return "stock: {file: " QIAO_SOURCE_DIR "/connectors/erp-csv/share/stock.csv}\n"; }

TEST(ErpCsv, TheDemoShopHasItsGoods) {
  TestHub hub(demo());
  hub.start_plugin("erp-csv", "", "erp");
  const auto stock = hub.ask(StockQuery{"A-7", ""});
  ASSERT_TRUE(stock) << stock.error().message;
  EXPECT_EQ(stock->name, "轻薄羽绒服");
  EXPECT_EQ(stock->available, 140);
  EXPECT_EQ(stock->levels.size(), 3u);
  EXPECT_FALSE(stock->stale);
  EXPECT_EQ(stock->source, "erp");
  EXPECT_EQ(hub.ask(StockQuery{"A-7", "HZ"})->available, 34);
  EXPECT_EQ(hub.ask(ProductSearch{"象牙白粉底", 5})->products.at(0).sku, "F-101");
  EXPECT_EQ(hub.ask(OrderQuery{"", "", "13800138000", "", 10})->orders.size(), 2u);
  const auto list = hub.ask(StockBatchQuery{{"K-201", "Z-9"}, ""});
  EXPECT_EQ(list->found.size(), 1u);
  EXPECT_EQ(list->unknown, std::vector<std::string>{"Z-9"});
  EXPECT_TRUE(hub.ask(TestConnector{}, [] {
    qiao::RequestOptions o;
    o.to = "erp";
    return o;
  }()));
}

TEST(ErpCsv, WithoutFilesAndDemoThereIsNoErp) {
  TestHub hub;
  hub.start_plugin("erp-csv");
  EXPECT_EQ(hub.ask(StockQuery{"A-7", ""}).error().name(), "bus.no_server");
}

TEST(ErpCsv, TakesUpANewerFileAndKeepsTheOldOneWhenThatIsBroken) {
  TestHub hub;
  const fs::path file = hub.data_dir() / "stock.csv";
  replace(file, "sku,warehouse,on_hand\nA-1,SH,5\n");
  hub.start_plugin("erp-csv", "stock: {file: " + file.string() + "}\n");
  EXPECT_EQ(hub.ask(StockQuery{"A-1", ""})->on_hand, 5);
  replace(file, "sku,warehouse,on_hand\nA-1,SH,4\n");
  hub.advance(5s);
  EXPECT_EQ(hub.ask(StockQuery{"A-1", ""})->on_hand, 4);
  replace(file, "sku,warehouse,on_hand\nA-1,SH,3\nA-2,SH,lots\n");
  hub.advance(5s);
  EXPECT_EQ(hub.ask(StockQuery{"A-1", ""})->on_hand, 4);
  EXPECT_NE(hub.log().find("stock.csv: line 3: on_hand: expected a number"), std::string::npos);
  fs::remove(file);
  hub.advance(5s);
  EXPECT_EQ(hub.ask(StockQuery{"A-1", ""})->on_hand, 4);
  replace(file, "sku,warehouse,on_hand\nA-1,SH,2\n");
  hub.advance(5s);
  EXPECT_EQ(hub.ask(StockQuery{"A-1", ""})->on_hand, 2);
}

TEST(ErpCsv, AtTheStartGoodLinesAreUsedInSpiteOfBadOnes) {
  TestHub hub;
  const fs::path file = hub.data_dir() / "stock.csv";
  replace(file, "sku,on_hand\nA-1,lots\nA-2,3\n");
  hub.start_plugin("erp-csv", "stock: {file: " + file.string() + "}\n");
  EXPECT_EQ(hub.ask(StockQuery{"A-2", ""})->on_hand, 3);
  EXPECT_NE(hub.log().find("line 2"), std::string::npos);
}

TEST(ErpCsv, AnOldFileIsAnsweredAsStale) {
  TestHub hub;
  const fs::path file = hub.data_dir() / "stock.csv";
  replace(file, "sku,on_hand\nA-2,3\n");
  fs::last_write_time(file, fs::file_time_type::clock::now() - 24h * 365 * 2);
  hub.start_plugin("erp-csv", "stock: {file: " + file.string() + "}\n");
  EXPECT_TRUE(hub.ask(StockQuery{"A-2", ""})->stale);
}

TEST(ErpCsv, QuestionsWithoutAnybodyAreRefused) {
  TestHub hub(demo());
  hub.start_plugin("erp-csv");
  EXPECT_EQ(hub.ask(OrderQuery{}).error().code, qiao::Errc::bad_value);
  EXPECT_EQ(hub.ask(OrderQuery{"QF20261120093015", "", "13900139000", "", 10})->orders.size(), 0u);
  EXPECT_EQ(hub.ask(ProductSearch{"", 10}).error().code, qiao::Errc::bad_value);
}

}  // namespace

QIAO_CONFORMANCE("erp-csv", conformance_config())
