#pragma once

#include <algorithm>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/platform/backend.hpp"

/// \file
/// What the systems' answers have in common once they are read.

namespace qiao::platform {

/// The level of a warehouse, a new one where there is none yet.
contract::StockLevel& level_of(std::vector<contract::StockLevel>& levels, const std::string& warehouse,
                               const std::string& name);

/// In the order of the question, null for what was not found; whatever the stocks were found by.
template <class Key>
Backend::Stocks in_order(std::span<const std::string> skus, const std::map<Key, contract::Stock>& found) {
  Backend::Stocks answer;
  for (const std::string& sku : skus) {
    const auto entry = std::find_if(found.begin(), found.end(), [&](const auto& e) { return e.second.sku == sku; });
    answer.push_back(entry == found.end() ? nullptr : std::make_shared<const contract::Stock>(entry->second));
  }
  return answer;
}

/// Those whose SKU or barcode is what was typed come first.
void exact_first(std::vector<contract::Product>& products, std::string_view typed);
void newest_first(std::vector<contract::Order>& orders);

/// The ids of those whose phone number, or else e-mail address, a question about orders names; `not_found` when it is
/// nobody's.
Result<std::vector<std::string>> owners_of(Backend& backend, std::string_view system, const contract::OrderQuery& q);
/// Whose orders are asked for: the customer's, or those of the owners, or of who is both. Empty when the question names
/// only a number.
Result<std::vector<std::string>> customers_asked(Backend& backend, std::string_view system,
                                                 const contract::OrderQuery& q);

/// Adds the latest orders of the customer: `complete` of systems where a card lacks nothing else.
Result<void> add_orders(Backend& backend, contract::CustomerCard& card);

/// The parts between separators, without empty ones.
std::vector<std::string> split(std::string_view list, char separator);

/// What people type taken literally in a LIKE, where % and _ stand for anything.
std::string like_literal(std::string_view typed);

}  // namespace qiao::platform
