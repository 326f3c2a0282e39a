#pragma once

#include <string>

#include "core/app/control.hpp"
#include "core/vault/audit_log.hpp"

namespace qiao::core {

/// `qiao key …` at the vault of a running hub, or at that of a folder where none runs. Waits.
ControlReply key_command(FieldVault& vault, AuditLog& audit, const std::string& action);

/// What `qiao audit …` asks; travels as JSON.
struct AuditQuestion {
  std::string action;  ///< list or verify
  std::string of;      ///< AuditFilter::action
  std::string object;
  Time since;
  std::int32_t limit = 100;
  bool json = false;
};
QIAO_FIELDS(AuditQuestion, action, of, object, since, limit, json)

ControlReply audit_command(AuditLog& audit, const std::string& question);

}  // namespace qiao::core
