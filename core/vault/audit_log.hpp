#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/vault/field_vault.hpp"
#include "qiao/audit.hpp"
#include "qiao/fields.hpp"

namespace qiao::core {

/// One entry as it is stored.
struct AuditRecord {
  std::int64_t seq = 0;
  Time at;
  std::string action;
  std::string object;
  std::string detail;
  std::string actor_type;  ///< hub, visitor, agent or partner
  Id actor;
  std::string actor_name;
  std::string remote;
  std::string mac;  ///< over the entry and the one before, keyed, as hexadecimal digits
};
QIAO_FIELDS(AuditRecord, seq, at, action, object, detail, actor_type, actor, actor_name, remote, mac)

struct AuditFilter {
  std::string action;  ///< "contact.reveal", or "contact." for all that begin so; empty: every
  std::string object;
  Id actor;
  Time since;               ///< 1970: from the beginning
  Time until;               ///< 1970: to the end
  std::int64_t before = 0;  ///< seq; 0: from the newest
  std::int32_t limit = 100;
};

struct AuditPage {
  std::vector<AuditRecord> entries;  ///< newest first
  bool more = false;
};
QIAO_FIELDS(AuditPage, entries, more)

/// Where the chain ended at some time, as it was noted outside the database.
struct AuditHead {
  std::int64_t seq = 0;
  std::string mac;
};

struct AuditVerdict {
  std::int64_t entries = 0;
  std::size_t heads = 0;  ///< noted ones that were compared
  AuditHead head;
  std::string problem;  ///< empty: every entry is as it was written
};

/// The audit log in the table `hub_audit`. Each entry's hash covers the one before and is keyed, so that who can write
/// the database but has not the master key cannot make it right again. Entries of several nodes form one chain: a row
/// of its own is changed first, which lets one writer at a time on.
///
/// That the latest entries were cut off shows only outside: `note_head` writes the end of the chain to the log and to a
/// file, and `verify` compares. Any thread.
class AuditLog final : public Audit {
 public:
  /// `vault` and `log` outlive this object. `heads` is the file for the ends of the chain; empty: none.
  static Result<std::unique_ptr<AuditLog>> open(std::unique_ptr<InstanceStore> database, const FieldVault& vault,
                                                std::filesystem::path heads, Logger& log, const Clock& clock);

  Result<void> record(Session& session, const AuditEntry& entry) override;
  void record(AuditEntry entry, std::function<void(Result<void>)> done) override;
  Result<void> record_and_wait(AuditEntry entry) override;

  Result<AuditPage> list(const AuditFilter& filter);
  /// Reads everything. An error means that it could not be read; what is wrong in it is in the verdict.
  Result<AuditVerdict> verify();
  /// Notes where the chain ends, if it has grown. Waits.
  Result<void> note_head();

 private:
  AuditLog(std::unique_ptr<InstanceStore> database, const FieldVault& vault, std::filesystem::path heads, Logger& log,
           const Clock& clock);
  [[nodiscard]] std::string mac_of(std::string_view previous, const AuditRecord& record) const;
  Result<AuditHead> head(Session& session);
  Result<void> verify(Session& session, const std::vector<AuditHead>& noted, AuditVerdict& verdict);
  [[nodiscard]] std::vector<AuditHead> noted_heads() const;

  const std::unique_ptr<InstanceStore> database_;
  const FieldVault& vault_;
  const std::filesystem::path heads_;
  Logger& log_;
  const Clock& clock_;

  std::mutex mutex_;
  std::int64_t noted_ = 0;  ///< the latest seq in the file
};

}  // namespace qiao::core
