#include "plugins/partners/stock_answer.hpp"

#include <fmt/format.h>

#include "plugins/partners/partner_types.hpp"
#include "qiao/json.hpp"

namespace qiao::partners {
std::string frame_about(std::string_view kind, std::string_view sku, std::string_view warehouse) {
  std::string out = fmt::format(R"({{"t":"{}","sku":)", kind);
  append_json_string(out, sku);
  out += R"(,"warehouse":)";
  append_json_string(out, warehouse);
  return out + '}';
}

StockAnswerRef known_stock(std::string sku, std::string warehouse, contract::Stock stock) {
  auto answer = std::make_shared<StockAnswer>();
  PartnerStock out{sku, warehouse, stock.name, stock.unit, stock.available, {}, {}, stock.stale};
  for (const contract::StockLevel& level : stock.levels)
    out.warehouses.push_back({level.warehouse, level.warehouse_name, level.available});
  answer->tag = weak_tag(to_json(out));
  out.as_of = stock.as_of;
  answer->body = to_json(out);
  answer->frame = R"({"t":"stock","item":)" + answer->body + '}';
  answer->sku = std::move(sku);
  answer->warehouse = std::move(warehouse);
  answer->as_of = stock.as_of;
  answer->stale = stock.stale;
  answer->stock = std::move(stock);
  return answer;
}

StockAnswerRef unknown_stock(std::string sku, std::string warehouse, Time as_of) {
  auto answer = std::make_shared<StockAnswer>();
  answer->known = false;
  answer->tag = "unknown";
  answer->frame = frame_about("unknown", sku, warehouse);
  answer->sku = std::move(sku);
  answer->warehouse = std::move(warehouse);
  answer->as_of = as_of;
  return answer;
}

StockAnswerRef made_stale(const StockAnswerRef& answer) {
  if (answer->stale || !answer->known) return answer;
  contract::Stock stock = answer->stock;
  stock.stale = true;
  return known_stock(answer->sku, answer->warehouse, std::move(stock));
}

std::string weak_tag(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325ull;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ull;
  return fmt::format("W/\"{:016x}\"", hash);
}

bool names_tag(std::string_view if_none_match, std::string_view tag) {
  if (if_none_match.empty()) return false;
  const std::string_view quoted = tag.substr(tag.find('"'));
  return if_none_match == "*" || if_none_match.find(quoted) != std::string_view::npos;
}

}  // namespace qiao::partners
