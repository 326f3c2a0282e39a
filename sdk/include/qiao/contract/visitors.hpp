#pragma once

#include "qiao/message.hpp"

/// \file
/// Customers who use the visitor protocol (docs/reference/chat-protocol.md), for plugins that serve them beside it.
/// Served by `web`.

namespace qiao::contract {

struct VerifiedVisitor {
  std::string channel;  ///< instance that the visitor writes to
  std::string user;     ///< as in ConversationView::user
  std::string site;
};
QIAO_FIELDS(VerifiedVisitor, channel, user, site)

/// Whose token this is; `unauthorized` when it is forged, over, or of somebody who was erased.
struct VerifyVisitor {
  std::string token;
};
QIAO_FIELDS(VerifyVisitor, token)
QIAO_REQUEST(VerifyVisitor, VerifiedVisitor, "visitor.verify", 1)

}  // namespace qiao::contract
