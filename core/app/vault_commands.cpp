#include "core/app/vault_commands.hpp"

#include <fmt/format.h>

#include "qiao/json.hpp"

namespace qiao::core {
namespace {

ControlReply failed(const Error& error) {
  return {false, std::string(error.name()), fmt::format("error[{}]: {}\n", error.name(), error.message)};
}

std::string day(Time at) { return to_iso8601(at).substr(0, 10); }

std::string status_text(const VaultStatus& status) {
  std::string text =
      fmt::format("master key   {}{}\n\n{:<20} {:<14} {:<12} {:<12} {}\n", status.master,
                  status.master_in_data_folder ? "  (in the data folder; name one elsewhere in vault.key)" : "",
                  "DATA KEY", "MASTER KEY", "SINCE", "RETIRED", "KEYS OF PEOPLE");
  for (const DataKeyInfo& key : status.data_keys) {
    text += fmt::format("{:<20} {:<14} {:<12} {:<12} {}\n", key.id.value, key.master, day(key.created_at),
                        key.retired_at == Time{} ? "in use" : day(key.retired_at), key.subject_keys);
  }
  if (status.left() > 0) {
    text += fmt::format("\n{} keys of people are still wrapped by a retired data key\n", status.left());
  }
  return text;
}

ControlReply verdict_reply(const AuditVerdict& verdict) {
  if (!verdict.problem.empty()) {
    return {false, "audit.broken", fmt::format("error[audit.broken]: {}\n", verdict.problem)};
  }
  return {true,
          {},
          fmt::format("the audit log is whole: {} entries, {} ends noted outside; it ends at seq={} mac={}\n",
                      verdict.entries, verdict.heads, verdict.head.seq, verdict.head.mac)};
}

}  // namespace

ControlReply key_command(FieldVault& vault, AuditLog& audit, const std::string& action) {
  if (action == "rotate") {
    auto made = vault.rotate();
    if (!made) return failed(made.error());
    if (auto noted = audit.record_and_wait(AuditEntry{"key.rotate", "data_key:" + made->str()}); !noted) {
      return failed(noted.error());
    }
  }
  auto status = vault.status();
  if (!status) return failed(status.error());
  return {true, {}, status_text(*status)};
}

ControlReply audit_command(AuditLog& audit, const std::string& question) {
  const auto asked = from_json<AuditQuestion>(question);
  if (!asked) return failed(asked.error());
  if (asked->action == "verify") {
    auto verdict = audit.verify();
    return verdict ? verdict_reply(*verdict) : failed(verdict.error());
  }
  AuditFilter filter;
  filter.action = asked->of;
  filter.object = asked->object;
  filter.since = asked->since;
  filter.limit = std::clamp(asked->limit, 1, 100'000);
  auto page = audit.list(filter);
  if (!page) return failed(page.error());
  if (asked->json) return {true, {}, to_json(*page) + "\n"};
  std::string text;
  for (auto r = page->entries.rbegin(); r != page->entries.rend(); ++r) {
    text += fmt::format("{}  {:>8}  {:<24} {:<32} {:<20} {}\n", to_iso8601(r->at), r->seq, r->action, r->object,
                        r->actor_name.empty() ? r->actor_type : r->actor_name, r->detail);
  }
  if (text.empty()) text = "no entries\n";
  if (page->more) text += fmt::format("older ones are left out; --limit {} shows more\n", filter.limit * 10);
  return {true, {}, text};
}

}  // namespace qiao::core
