#include "qiao/testkit/conformance.hpp"
#include "qiao/contract/contacts.hpp"

QIAO_CONFORMANCE("contacts", "default_country: \"86\"\n", [](qiao::testkit::TestHub& hub) {
  using namespace qiao::contract;
  hub.serve<ListIdentities>([](const ListIdentities&, const qiao::Headers&) { return IdentityList{}; });
  hub.serve<ConversationsOfContacts>(
      [](const ConversationsOfContacts&, const qiao::Headers&) { return ConversationList{}; });
})
