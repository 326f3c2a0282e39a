#pragma once

#include <memory>

#include "plugins/partners/config.hpp"
#include "plugins/partners/gatekeeper.hpp"
#include "plugins/partners/live_stock.hpp"
#include "plugins/partners/stock_cache.hpp"
#include "qiao/bus.hpp"
#include "qiao/http.hpp"

namespace qiao::partners {

/// Asks the ERP connectors on the bus.
StockCache::Fetch ask_erp(Bus& bus, std::chrono::milliseconds deadline);

/// The routes below /api/partner/v1. `bus` and `gate` outlive them.
void add_partner_api(Http& http, Bus& bus, const Gatekeeper& gate, const std::shared_ptr<StockCache>& cache,
                     const std::shared_ptr<LiveStock>& live, const PartnersConfig& config);

}  // namespace qiao::partners
