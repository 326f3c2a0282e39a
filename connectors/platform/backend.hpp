#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "qiao/contract/crm.hpp"
#include "qiao/contract/erp.hpp"
#include "qiao/result.hpp"

namespace qiao::platform {

/// A system as the hub uses it: one call each for what the contracts ask. Implemented by each connector's client, which
/// knows the system's protocol and nothing of the bus. Calls wait for the network; any thread, several at a time.
///
/// `as_of`, `stale` and `source` are filled in by the service.
class Backend {
 public:
  using Stocks = std::vector<std::shared_ptr<const contract::Stock>>;

  Backend() = default;
  Backend(const Backend&) = delete;
  Backend& operator=(const Backend&) = delete;
  virtual ~Backend() = default;

  /// One entry a SKU, in their order; null where the system has no such product. All warehouses.
  virtual Result<Stocks> stock(std::span<const std::string>) { return not_here("stock"); }
  /// Best first.
  virtual Result<std::vector<contract::Product>> products(const contract::ProductSearch&) {
    return not_here("products");
  }
  /// Newest first. With a phone or an e-mail address, only orders of whom these belong to.
  virtual Result<std::vector<contract::Order>> orders(const contract::OrderQuery&) { return not_here("orders"); }
  /// Everybody who fits, at most a few, without their orders; a missing phone number is compared with nothing.
  virtual Result<std::vector<contract::CustomerCard>> customers(const contract::LookupCustomer&) {
    return not_here("customers");
  }
  /// Adds what `customers` left out to the one who fits: orders, owner, tags. Failing leaves the card as it was.
  virtual Result<void> complete(contract::CustomerCard&) { return {}; }
  /// Notes the activity with the customer of that id, unless one with its external_id is there already.
  virtual Result<void> record(const std::string& crm_id, const contract::RecordActivity&) {
    static_cast<void>(crm_id);
    return not_here("notes");
  }
  virtual Result<void> tag(const std::string& crm_id, const contract::TagCustomer&) {
    static_cast<void>(crm_id);
    return not_here("tags");
  }
  /// Are the address and the credentials right? Answers with a sentence about who the hub is there.
  virtual Result<std::string> test() = 0;

 private:
  static Error not_here(const char* what) {
    return {Errc::unsupported, "platform.unsupported",
            std::string("this system has no ") + what + " that the hub could use"};
  }
};

}  // namespace qiao::platform
