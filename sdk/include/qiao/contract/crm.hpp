#pragma once

#include "qiao/message.hpp"

namespace qiao::contract {

/// What a CRM knows about a customer. Empty texts are unknown.
struct CustomerCard {
  std::string crm_id;
  std::string name;
  std::string tier;
  std::string last_purchase;
  std::map<std::string, std::string> attributes;
};
QIAO_FIELDS(CustomerCard, crm_id, name, tier, last_purchase, attributes)

/// Who is this? By whichever identity is known; `not_found` when the CRM knows nobody.
struct LookupCustomer {
  std::string phone;
  std::string email;
  std::string channel;
  std::string user;
};
QIAO_FIELDS(LookupCustomer, phone, email, channel, user)
QIAO_REQUEST(LookupCustomer, CustomerCard, "crm.lookup", 1)

}  // namespace qiao::contract
