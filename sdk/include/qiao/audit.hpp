#pragma once

#include <functional>
#include <string>

#include "qiao/http.hpp"
#include "qiao/result.hpp"
#include "qiao/store.hpp"

namespace qiao {

/// Something that must be answered for later: a login, a right, a reveal, an export, a key, a changed setting.
struct AuditEntry {
  std::string action;    ///< "contact.reveal", "partner_key.create", …
  std::string object;    ///< what it was done to, by id: "contact:123"; never personal data
  std::string detail{};  ///< one line, no personal data
  Principal::Type actor_type = Principal::Type::nobody;  ///< nobody: the hub itself, or its operator's command
  Id actor{};
  std::string actor_name{};
  std::string remote{};
  static AuditEntry by(const HttpRequest& request, std::string action, std::string object, std::string detail = {}) {
    return {std::move(action),    std::move(object),      std::move(detail), request.principal.type,
            request.principal.id, request.principal.name, request.remote};
  }
};

/// The append-only log of such things; each entry carries a hash over itself and the one before. Any thread.
class QIAO_API Audit {
 public:
  virtual ~Audit() = default;
  /// As part of the caller's write: the entry is there if, and only if, the change is.
  virtual Result<void> record(Session& session, const AuditEntry& entry) = 0;
  /// In a write of its own; `done` runs on the writer's thread after the commit. For reads that must be accounted for:
  /// answer only once it is done.
  virtual void record(AuditEntry entry, std::function<void(Result<void>)> done) = 0;
  /// The same, waiting. Not on a bus worker or an I/O thread.
  virtual Result<void> record_and_wait(AuditEntry entry) = 0;
};

}  // namespace qiao
