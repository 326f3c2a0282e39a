#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "qiao/contract/erp.hpp"

namespace qiao::partners {

/// Stock as partners get it, encoded once for all who ask. Immutable.
struct StockAnswer {
  std::string sku;
  std::string warehouse;
  bool known = true;  ///< false: the ERP has no such SKU
  std::string body;   ///< PartnerStock as JSON; of an unknown SKU empty
  std::string tag;    ///< ETag: changes when anything but `as_of` does
  std::string frame;  ///< the same for live connections
  contract::Stock stock;
  Time as_of;
  bool stale = false;
};
using StockAnswerRef = std::shared_ptr<const StockAnswer>;

StockAnswerRef known_stock(std::string sku, std::string warehouse, contract::Stock stock);
StockAnswerRef unknown_stock(std::string sku, std::string warehouse, Time as_of);
/// The same, marked as older than it should be.
StockAnswerRef made_stale(const StockAnswerRef& answer);
/// What live connections are told about it when there is no stock to tell: `kind` is "unknown", "unavailable" (nothing
/// is known at the moment) or "forbidden" (the key does not open it).
std::string frame_about(std::string_view kind, std::string_view sku, std::string_view warehouse);

/// A weak ETag over some text.
std::string weak_tag(std::string_view text);
/// Whether an If-None-Match names this tag.
bool names_tag(std::string_view if_none_match, std::string_view tag);

}  // namespace qiao::partners
