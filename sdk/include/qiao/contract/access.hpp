#pragma once

#include <string>

#include "qiao/contract/conversation.hpp"
#include "qiao/http.hpp"

namespace qiao::contract {

/// Permissions that `accounts` gives and everybody checks. Membership in a group is the permission "group:KEY".
namespace permission {
inline constexpr const char* kConversations = "conversations";         ///< own ones, and the queue of own groups
inline constexpr const char* kConversationsAll = "conversations.all";  ///< every conversation of the hub
inline constexpr const char* kTickets = "tickets";                     ///< own ones and those of own departments
inline constexpr const char* kTicketsAll = "tickets.all";
inline constexpr const char* kKnowledgeRead = "knowledge.read";
inline constexpr const char* kKnowledgeEdit = "knowledge.edit";
inline constexpr const char* kAgentsManage = "agents.manage";
inline constexpr const char* kContactsReveal = "contacts.reveal";  ///< unmasks one contact at a time; audited
inline constexpr const char* kContactsManage = "contacts.manage";  ///< merge, block, segments, companies, import, CSV
inline constexpr const char* kPrivacy = "privacy";                 ///< export and erase a person; administrators only
}  // namespace permission

[[nodiscard]] inline bool in_group(const Principal& who, const std::string& group) {
  return !group.empty() && who.may("group:" + group);
}

/// Agents see what is theirs, what waits for or is served by their groups, and what is with the bot.
[[nodiscard]] inline bool may_see(const Principal& who, const ConversationView& c) {
  if (who.may(permission::kConversationsAll)) return true;
  if (!who.may(permission::kConversations)) return false;
  return c.agent == who.id || in_group(who, c.group) || c.state == ConversationState::bot;
}

}  // namespace qiao::contract
