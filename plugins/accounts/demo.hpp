#pragma once

#include <string_view>
#include <vector>

#include "plugins/accounts/directory.hpp"

namespace qiao::accounts {

inline constexpr std::string_view kDemoPassword = "qiao-demo-2026";

/// True for an account whose password is still the demo's: outside a demo nobody may log in with it.
bool has_demo_password(const AgentRecord& agent);

/// The staff of the demo shop, all with kDemoPassword. Ids are fresh.
std::vector<AgentRecord> demo_staff(const std::vector<contract::GroupView>& groups);

}  // namespace qiao::accounts
