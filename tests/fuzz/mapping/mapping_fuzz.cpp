// What the generic connectors read: CSV files, rows of foreign JSON through a mapping, and what operators write about
// them (expressions, templates, queries, URLs). The first byte of an input chooses; nothing may crash, and what comes
// out must be fit for JSON.
#include <cstdlib>
#include <nlohmann/json.hpp>

#include "connectors/common/customers.hpp"
#include "connectors/common/sql.hpp"
#include "connectors/erp-csv/catalogue.hpp"
#include "connectors/platform/json_answer.hpp"
#include "qiao/json.hpp"
#include "qiao/outbound.hpp"

using namespace qiao;

namespace {

template <class T>
void check(const T& value) {
  if (to_json(value).empty()) std::abort();
}

void csv(const std::string& text) {
  const auto table = erp_csv::read_csv(text);
  if (!table) return;
  erp_csv::Catalogue catalogue;
  std::vector<std::string> problems;
  static_cast<void>(catalogue.add_products(*table, {}, problems));
  static_cast<void>(catalogue.add_stock(*table, {}, problems));
  static_cast<void>(catalogue.add_orders(*table, {}, problems));
  for (const auto& product : catalogue.search("口红", 10)) check(product);
  for (const auto& order : catalogue.orders({"1", "", "", "", 10}, "86")) check(order);
  if (const auto* stock = catalogue.stock("A")) check(*stock);
}

void rows(const std::string& text) {
  const auto json = platform::read_json(text, "fuzz");
  if (!json) return;
  const auto all = common::rows_at(*json, "");
  static const auto stock =
      common::StockReader::compile({{"sku", "/a"}, {"on_hand", "/b | number"}, {"name", "{/a} {/c/0}"}},
                                   common::ListMap{"/d", {{"on_hand", "/b"}}}, {});
  static const auto orders = common::OrderReader::compile(
      {"",
       {{"number", "/a"}, {"placed_at", "/b | time"}, {"phone", "/c | phone"}, {"amount", "/b | cents"}},
       common::ListMap{"/d", {{"sku", "/a"}, {"quantity", "/b"}}},
       common::ListMap{"/d", {{"shipped_at", "/b | seconds"}}}},
      {});
  static const auto people = common::CustomerReader::compile(
      {{"crm_id", "/a"}, {"name", "/c ?? /b ?? =x"}, {"tags", "/d | split ;"}, {"attributes.k", "/b | millis | date"}},
      {}, true);
  const std::vector<std::string> skus{"1", "x"};
  if (const auto read = stock->read(all, skus)) {
    for (const auto& one : *read) {
      if (one) check(*one);
    }
  }
  if (const auto read = orders->read(all, contract::OrderQuery{"", "1", "", "", 10})) {
    for (const auto& one : *read) check(one);
  }
  contract::LookupCustomer q;
  q.crm_id = "1";
  if (const auto read = people->read(all, q)) {
    for (const auto& one : *read) check(one);
  }
}

void expressions(const std::string& text) {
  const common::Parameters known = common::stock_parameters(std::vector<std::string>{"a\"b", "c"});
  if (const auto map = common::FieldMap::compile<contract::CustomerCard>({{"name", text}, {"tags", text}}, {})) {
    contract::CustomerCard card;
    if (map->apply(common::Json::parse(R"({"a":[1,{"b":"2"}],"c":"x;y"})"), &card)) check(card);
  }
  if (const auto made = common::Template::compile(text, known)) {
    static_cast<void>(made->fill(known, common::Template::Escape::json));
    static_cast<void>(made->fill(known, common::Template::Escape::url));
  }
  for (const bool reads : {true, false}) {
    if (const auto made = common::SqlStatement::compile(text, known, reads)) {
      // A value never becomes a part of the statement.
      if (made->bind(known).text.find("a\"b") != std::string::npos && text.find("a\"b") == std::string::npos)
        std::abort();
    }
  }
  static_cast<void>(host_and_port(text));
}

}  // namespace

extern "C" void qiao_fuzz_seeds(void (*add)(const char* data, std::size_t size));
extern "C" void qiao_fuzz_seeds(void (*add)(const char* data, std::size_t size)) {
  const std::string seeds[] = {
      std::string(1, '\0') +
          "sku,name,warehouse,on_hand,reserved,number,placed_at,quantity\nA,\"口\"\"红\",SH,1,2,1,2026-1-5,3\n",
      std::string(1, '\0') + "\xB1\xE0\xC2\xEB;\xC3\xFB\xB3\xC6\nA;\xBF\xDA\xBA\xEC\n",
      std::string(1, '\1') +
          R"([{"a":"1","b":"12.5","c":["x"],"d":[{"a":"x","b":3}]},{"a":1,"b":"2026-01-05 08:00","c":"138"}])",
      std::string(1, '\2') + "/a/1/b ?? {/c} x | trim | map a=b, c=d | default z",
      std::string(1, '\2') + "SELECT ':x', `y` FROM t WHERE sku IN (:skus) -- :z",
      std::string(1, '\2') + "{\"sku\": \"{sku}\", \"n\": {}}",
      std::string(1, '\2') + "https://[2001:db8::1]:8443/a?b=c",
  };
  for (const std::string& seed : seeds) add(seed.data(), seed.size());
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 3) {
    case 0:
      csv(text);
      break;
    case 1:
      rows(text);
      break;
    default:
      expressions(text);
  }
  return 0;
}
