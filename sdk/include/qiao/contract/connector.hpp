#pragma once

#include "qiao/message.hpp"

/// \file
/// What every connector to an outside system answers about itself.

namespace qiao::contract {

/// How the connection to the outside system is.
struct ConnectorTested {
  std::string says;  ///< a sentence for an operator: who the hub is there, what was found
};
QIAO_FIELDS(ConnectorTested, says)

/// Tries the address and the credentials now, past caches and breakers; the error says what is wrong and what to do.
/// Served by every connector; asked of one by its instance name (RequestOptions::to) by `qiao connector test NAME`.
struct TestConnector {};
QIAO_FIELDS(TestConnector)
QIAO_REQUEST_MANY(TestConnector, ConnectorTested, "connector.test", 1)

}  // namespace qiao::contract
