#include "core/app/hub_parts.hpp"

namespace qiao::core {
namespace {

using namespace std::chrono_literals;

constexpr auto kWorkEvery = 60s;
constexpr auto kNoteEvery = 5min;
/// Batches that one turn wraps anew before it lets others on.
constexpr int kBatches = 20;

Failure unavailable(const Error& error) {
  return {exit_code::kUnavailable, fmt::format("error[{}]: {}\n", error.name(), error.message)};
}

}  // namespace

Result<FieldVault::Settings> vault_settings(const HubConfig& config, const std::filesystem::path& data_dir) {
  std::vector<std::string> previous;
  for (const Secret& key : config.vault.previous) previous.push_back(key.reveal());
  auto masters = MasterKeys::from(config.vault.key.reveal(), previous, data_dir / "keys" / "master.key");
  if (!masters) return masters.error();
  FieldVault::Settings settings;
  settings.masters = std::move(*masters);
  settings.rotate_every = config.vault.rotate_every;
  // Several hubs may share a server; one of them may erase what another still has in memory.
  if (config.store.kind == StoreKind::mysql) settings.keys.trusted = 60s;
  return settings;
}

std::optional<Failure> Hub::open_vault() {
  Parts& parts = *parts_;
  auto settings = vault_settings(setup_.loaded.config, data_dir_);
  if (!settings) return unavailable(settings.error());
  auto vault = FieldVault::open(parts.store->for_instance("vault"), std::move(*settings), parts.logs->logger("vault"),
                                system_clock());
  if (!vault) return unavailable(vault.error());
  parts.vault = std::move(*vault);
  auto audit = AuditLog::open(parts.store->for_instance("audit"), *parts.vault, data_dir_ / "audit.heads",
                              parts.logs->logger("audit"), system_clock());
  if (!audit) return unavailable(audit.error());
  parts.audit = std::move(*audit);
  for (const std::string& old : parts.vault->data_keys().rewrapped_from()) {
    audit_own("key.master_changed", "master:" + parts.vault->data_keys().master_id(), "from " + old);
  }
  if (parts.vault->data_keys().master_in_data_folder() && !start_.demo) {
    parts.log->warn(
        "the master key of the encryption lies in the data folder, where a copy of the folder takes it along; name one "
        "elsewhere in vault.key");
  }
  return std::nullopt;
}

void Hub::audit_own(std::string action, std::string object, std::string detail) {
  parts_->audit->record(AuditEntry{std::move(action), std::move(object), std::move(detail)},
                        [log = parts_->log](const Result<void>& done) {
                          if (!done) log->error("an entry of the audit log was not stored: {}", done.error().message);
                        });
}

void Hub::keep_vault() {
  Parts& parts = *parts_;
  const SteadyTime now = system_clock().steady();
  if (parts.vault_busy) return;
  const bool work = now >= parts.vault_due || parts.vault_more.exchange(false);
  const bool note = now >= parts.head_due;
  if (!work && !note) return;
  if (work) parts.vault_due = now + kWorkEvery;
  if (note) parts.head_due = now + kNoteEvery;
  Lane lane{Lane::blocking};
  lane.name = "vault";
  parts.vault_busy = true;
  const bool taken = parts.hub_bus->post(lane, [&parts, work, note] {
    bool more = work;
    for (int i = 0; more && i < kBatches; ++i) {
      auto done = parts.vault->work();
      if (!done) parts.log->warn("keys could not be looked after, it is tried again: {}", done.error().message);
      more = done && *done;
    }
    if (note) {
      if (auto done = parts.audit->note_head(); !done) parts.log->warn("{}", done.error().message);
    }
    parts.vault_more = more;
    parts.vault_busy = false;
  });
  if (!taken) parts.vault_busy = false;
}

}  // namespace qiao::core
