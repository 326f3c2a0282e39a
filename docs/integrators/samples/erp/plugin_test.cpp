#include <filesystem>
#include <fstream>

#include "qiao/contract/erp.hpp"
#include "qiao/testkit/conformance.hpp"

using namespace std::chrono_literals;
using qiao::contract::StockQuery;
using qiao::testkit::TestHub;

namespace {

const std::string kConfig = "file: " QIAO_SOURCE_DIR "/docs/integrators/samples/erp/stock.csv\n";

/// Each writing is newer than the last, however fast they follow each other.
void write(const std::filesystem::path& file, const std::string& rows, std::chrono::seconds age) {
  std::ofstream(file) << "sku,warehouse,on_hand,reserved\n" << rows;
  std::filesystem::last_write_time(file, std::filesystem::file_time_type::clock::now() - age);
}

}  // namespace

TEST(SampleErp, AnswersForOneWarehouseOrForAllTogether) {
  TestHub hub;
  hub.start_plugin("sample-erp", kConfig);
  EXPECT_EQ(hub.ask(StockQuery{"A-100", "berlin"})->on_hand, 12);
  EXPECT_EQ(hub.ask(StockQuery{"A-100", ""})->on_hand, 42);
  EXPECT_EQ(hub.ask(StockQuery{"A-100", "oslo"}).error().code, qiao::Errc::not_found);
}

TEST(SampleErp, TakesUpANewerFileAndKeepsTheOldStockWhenThatIsBroken) {
  TestHub hub;
  const auto file = hub.data_dir() / "stock.csv";
  write(file, "A-1,berlin,5,0\n", 60s);
  hub.start_plugin("sample-erp", "file: " + file.string() + "\n");
  write(file, "A-1,berlin,4,1\n", 40s);
  EXPECT_EQ(hub.ask(StockQuery{"A-1", ""})->on_hand, 5);
  hub.advance(5s);
  EXPECT_EQ(hub.ask(StockQuery{"A-1", ""})->on_hand, 4);
  write(file, "A-1,berlin,many,1\n", 20s);
  hub.advance(5s);
  EXPECT_EQ(hub.ask(StockQuery{"A-1", ""})->on_hand, 4);
}

TEST(SampleErp, DoesNotStartWithoutItsFile) {
  TestHub hub;
  EXPECT_FALSE(hub.try_start_plugin("sample-erp", "file: nowhere.csv\n"));
}

QIAO_CONFORMANCE("sample-erp", kConfig)
