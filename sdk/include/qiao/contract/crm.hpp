#pragma once

#include "qiao/contract/conversation.hpp"
#include "qiao/contract/erp.hpp"

/// \file
/// What a CRM knows about a customer, and what is written back to it. Several CRMs may be enabled at once: `contacts`
/// asks each of them, so these requests are served by many (see Bus::gather).

namespace qiao::contract {

/// What a CRM knows about a customer. Empty texts are unknown.
struct CustomerCard {
  std::string crm_id;
  std::string name;
  std::string phone;
  std::string email;
  std::string company;
  std::string tier;
  std::string owner;          ///< who looks after the customer there
  std::string last_purchase;  ///< one line for the screen pop, e.g. "2026-11-02 口红 豆沙色"
  std::string url;            ///< opens the record in the CRM; may be empty
  std::vector<std::string> tags;
  std::map<std::string, std::string> attributes;
  std::vector<Order> orders;  ///< newest first, at most ten
  Time as_of;
  bool stale = false;  ///< the CRM did not answer in time; this is what it said at `as_of`
  std::string source;  ///< instance name of the connector
};
QIAO_FIELDS(CustomerCard, crm_id, name, phone, email, company, tier, owner, last_purchase, url, tags, attributes,
            orders, as_of, stale, source)

/// Who is this? By whichever identity is known, the surest first: crm_id, phone, email, then channel and user.
/// `not_found` when the CRM knows nobody; `crm.ambiguous` (Errc::conflict) when several people fit.
struct LookupCustomer {
  std::string crm_id;
  std::string phone;
  std::string email;
  std::string channel;  ///< instance name
  std::string user;     ///< the channel's id of the customer
};
QIAO_FIELDS(LookupCustomer, crm_id, phone, email, channel, user)
QIAO_REQUEST_MANY(LookupCustomer, CustomerCard, "crm.lookup", 1)

/// Something that happened with a customer, to be noted in the CRM: a call, a resolved conversation, a ticket. Written
/// once for each `external_id`.
struct RecordActivity {
  std::string external_id;  ///< ours, at most 64 bytes
  LookupCustomer customer;
  std::string kind;  ///< call, conversation, ticket
  std::string subject;
  std::string text;
  std::string url;  ///< into the workspace; may be empty
  Time at;
};
QIAO_FIELDS(RecordActivity, external_id, customer, kind, subject, text, url, at)
QIAO_REQUEST_MANY(RecordActivity, Done, "crm.record_activity", 1)

struct TagCustomer {
  LookupCustomer customer;
  std::vector<std::string> add;
  std::vector<std::string> remove;
};
QIAO_FIELDS(TagCustomer, customer, add, remove)
QIAO_REQUEST_MANY(TagCustomer, Done, "crm.tag", 1)

}  // namespace qiao::contract
