#pragma once

#include <span>
#include <string>
#include <vector>

#include "plugins/accounts/directory.hpp"
#include "plugins/accounts/session_table.hpp"
#include "qiao/store.hpp"

/// \file
/// The tables `accounts_*`. Every function works on the session it is given; who calls decides on the transaction.

namespace qiao::accounts::store {

std::span<const Migration> migrations();

Result<std::vector<AgentRecord>> agents(Session& db);
/// `conflict` when the login name is taken.
Result<void> insert_agent(Session& db, const AgentRecord& agent, Time now);
Result<void> update_agent(Session& db, const AgentRecord& agent, Time now);

Result<std::vector<SessionRecord>> sessions(Session& db);
Result<void> insert_session(Session& db, const SessionRecord& session);
Result<void> touch_session(Session& db, const SessionRecord& session);
Result<void> delete_session(Session& db, Id session);

/// Replaces all earlier ones.
Result<void> insert_invitation(Session& db, const std::string& token_hash, Time expires_at);
/// `not_found` when it is unknown, used or over.
Result<void> check_invitation(Session& db, const std::string& token_hash, Time now);
Result<void> use_invitation(Session& db, const std::string& token_hash, Time now);

}  // namespace qiao::accounts::store
